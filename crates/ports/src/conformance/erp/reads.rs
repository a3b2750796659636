//! Reads give what was written, by every way that leads to it, and say plainly what is not there.

use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::{Approval, InvoiceStatus};
use model::receipt::{DocumentKind, ErpDocument};

use super::expect::{found, not_done, ok, only, unsupported};
use super::world::{BOTH, World, key};
use crate::conformance::subject::{ErpSubject, Need};
use crate::erp::{AccountUse, ChoiceKind, NamedAccount};
use crate::{Depth, Read};

super::suite! {
    ErpSubject:
    an_invoice_reads_as_it_was_written,
    cheap_and_direct_reads_of_an_invoice_agree,
    a_customer_reads_as_it_was_written,
    cheap_and_direct_reads_of_a_customer_agree,
    records_come_in_the_order_asked,
    a_whole_slice_is_read_at_once,
    a_voided_invoice_owes_nothing,
    an_empty_slice_gives_nothing,
    an_unknown_id_is_missing_and_no_error,
    what_can_not_be_an_id_is_no_error,
    an_unknown_key_is_missing_and_no_error,
    cheap_and_direct_reads_of_documents_agree,
    a_receipt_reads_the_same_by_key_and_by_id,
    a_document_is_found_under_its_own_kind_only,
    a_voided_receipt_is_voided_and_not_missing needs [Need::VoidedReceipts],
    periods_tell_what_is_closed,
    choices_name_the_chart needs [Need::Choices],
    accounts_that_can_be_used_are_not_refused,
    the_balance_of_an_unknown_account_is_not_zero needs [Need::AccountBalances],
    lines_of_an_account_sum_to_its_balance needs [Need::AccountLines],
    lines_are_listed_or_unsupported,
    health_names_the_account,
    the_description_is_usable,
}

const KINDS: [DocumentKind; 4] =
    [DocumentKind::Receipt, DocumentKind::Refund, DocumentKind::Deposit, DocumentKind::Journal];

async fn an_invoice_reads_as_it_was_written(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let wanted = world.new_invoice(&world.customer, "INV-1", world.money(24_001));
    let id = subject.add_invoice(&wanted);
    for depth in BOTH {
        let read = found(only(ok(world.erp.invoices(std::slice::from_ref(&id), depth).await)));
        assert_eq!(read.id, id);
        assert_eq!((&read.number, &read.customer), (&wanted.number, &wanted.customer));
        assert_eq!((read.total, read.due), (wanted.total, wanted.total));
        assert_eq!((read.issued_on, read.due_on), (wanted.issued_on, Some(wanted.due_on)));
        assert_eq!((read.status, read.approval), (InvoiceStatus::Open, Approval::Approved));
        assert!(read.flagged && !read.retry_requested, "{read:?}");
        assert_eq!(read.annotation, model::invoice::Annotation::default());
        assert!(!read.version.is_empty(), "{read:?}");
    }
}

async fn cheap_and_direct_reads_of_an_invoice_agree(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let ids = ["INV-1", "INV-2", "INV-3"].map(|number| world.invoice(number, 24_000));
    let part = world.receipt_for(&ids[1], 9_999, 9_999).await;
    ok(world.record("part", &part).await);
    world.paid("whole", &ids[2]).await;
    let direct = ok(world.erp.invoices(&ids, Depth::Direct).await);
    assert_eq!(ok(world.erp.invoices(&ids, Depth::Cheap).await), direct);
    let due: Vec<i64> = direct.into_iter().map(|read| found(read).due.minor).collect();
    assert_eq!(due, [24_000, 14_001, 0]);
}

async fn a_customer_reads_as_it_was_written(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for depth in BOTH {
        let ids = std::slice::from_ref(&world.customer);
        let read = found(only(ok(world.erp.customers(ids, depth).await)));
        assert_eq!(read.id, world.customer);
        assert_eq!(read.company_name.as_deref(), Some("Brightmill Ltd"));
        assert!(!read.code.is_empty() && !read.version.is_empty() && !read.inactive, "{read:?}");
        assert_eq!(read.stored, model::customer::CustomerFields::default());
    }
}

async fn cheap_and_direct_reads_of_a_customer_agree(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let ids = [world.customer.clone(), world.customer_in(world.chart.currency)];
    let direct = ok(world.erp.customers(&ids, Depth::Direct).await);
    assert_eq!(ok(world.erp.customers(&ids, Depth::Cheap).await), direct);
}

async fn records_come_in_the_order_asked(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = (world.invoice("INV-1", 100), world.invoice("INV-2", 200));
    let nobody = InvoiceId::new(subject.unknown_id());
    let asked = [second.clone(), nobody, first.clone(), second.clone()];
    for depth in BOTH {
        let reads = ok(world.erp.invoices(&asked, depth).await);
        let due = |read: &Read<_>| read.found().map(|one: &model::invoice::Invoice| one.due.minor);
        let dues: Vec<Option<i64>> = reads.iter().map(due).collect();
        assert_eq!(dues, [Some(200), None, Some(100), Some(200)], "{depth:?}");
    }
}

async fn a_whole_slice_is_read_at_once(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let many = 120.min(world.erp.description().slice_max);
    let mut ids: Vec<InvoiceId> = Vec::new();
    for (nth, minor) in (0..many).zip(1_i64..) {
        ids.push(world.invoice(&format!("INV-{nth}"), minor));
    }
    ids.reverse();
    for depth in BOTH {
        let reads = ok(world.erp.invoices(&ids, depth).await);
        assert_eq!(reads.len(), many);
        for (id, read) in ids.iter().zip(reads) {
            assert_eq!(found(read).id, *id, "{depth:?}");
        }
    }
}

async fn a_voided_invoice_owes_nothing(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    subject.void_invoice(&invoice);
    for depth in BOTH {
        let ids = std::slice::from_ref(&invoice);
        let read = found(only(ok(world.erp.invoices(ids, depth).await)));
        assert_eq!((read.status, read.due), (InvoiceStatus::Voided, world.money(0)), "{depth:?}");
    }
    let open = ok(world.erp.open_invoices(None).await);
    assert!(open.records.iter().all(|seen| seen.id != invoice), "listed as open");
    not_done(world.record("receipt", &write).await);
    world.nothing_under(DocumentKind::Receipt, "receipt").await;
}

async fn an_empty_slice_gives_nothing(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for depth in BOTH {
        assert!(ok(world.erp.invoices(&[], depth).await).is_empty());
        assert!(ok(world.erp.customers(&[], depth).await).is_empty());
        assert!(ok(world.erp.documents(&[], depth).await).is_empty());
    }
    assert!(ok(world.erp.receipts(&[]).await).is_empty());
}

async fn an_unknown_id_is_missing_and_no_error(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = subject.unknown_id();
    for depth in BOTH {
        let invoices = world.erp.invoices(&[InvoiceId::new(id.as_str())], depth).await;
        assert_eq!(ok(invoices), [Read::Missing], "{depth:?}");
        let customers = world.erp.customers(&[ErpCustomerId::new(id.as_str())], depth).await;
        assert_eq!(ok(customers), [Read::Missing], "{depth:?}");
    }
    let receipts = world.erp.receipts(&[ReceiptId::new(id.as_str())]).await;
    assert_eq!(ok(receipts), [Read::Missing]);
}

/// A person may type anything into a field that holds an id.
async fn what_can_not_be_an_id_is_no_error(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let known = world.invoice("INV-1", 100);
    for text in ["", " ", "no such id", "1' OR '1'='1", "../1", "ä"] {
        let ids = [InvoiceId::new(text), known.clone()];
        for depth in BOTH {
            let reads = ok(world.erp.invoices(&ids, depth).await);
            assert!(reads[0].found().is_none(), "{text:?}: {reads:?}");
            assert!(reads[1].found().is_some(), "{text:?}: {reads:?}");
            let reads = ok(world.erp.customers(&[ErpCustomerId::new(text)], depth).await);
            assert!(reads[0].found().is_none(), "{text:?}: {reads:?}");
        }
        let reads = ok(world.erp.receipts(&[ReceiptId::new(text)]).await);
        assert!(reads[0].found().is_none(), "{text:?}: {reads:?}");
    }
}

async fn an_unknown_key_is_missing_and_no_error(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let keys = KINDS.map(|kind| (kind, key("never")));
    for depth in BOTH {
        let reads = ok(world.erp.documents(&keys, depth).await);
        assert!(reads.iter().all(|read| *read == Read::Missing), "{depth:?}: {reads:?}");
        assert_eq!(reads.len(), keys.len());
    }
}

async fn cheap_and_direct_reads_of_documents_agree(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let deposit = world.deposit_of(&[&receipt], 100, 23_900);
    ok(world.write("deposit", &model::command::ErpWrite::RecordDeposit(deposit)).await);
    let keys = [
        (DocumentKind::Deposit, key("deposit")),
        (DocumentKind::Journal, key("never")),
        (DocumentKind::Receipt, key("receipt")),
    ];
    let direct = ok(world.erp.documents(&keys, Depth::Direct).await);
    let mut cheap = ok(world.erp.documents(&keys, Depth::Cheap).await);
    // Queries need not show the receivable account.
    if let (Some(Read::Found(ErpDocument::Receipt(cheap))), Read::Found(ErpDocument::Receipt(it))) =
        (cheap.get_mut(2), &direct[2])
    {
        cheap.receivable_account = it.receivable_account.clone();
    }
    assert_eq!(cheap, direct);
}

async fn a_receipt_reads_the_same_by_key_and_by_id(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let by_key = world.paid("receipt", &invoice).await;
    let by_id = found(only(ok(world.erp.receipts(std::slice::from_ref(&by_key.id)).await)));
    assert_eq!(by_id, by_key);
    let description = world.erp.description();
    let stamp = key("receipt").stamp(description.key_alphabet, description.key_max_len);
    assert_eq!(by_key.stamp, Some(stamp));
}

async fn a_document_is_found_under_its_own_kind_only(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    world.paid("receipt", &invoice).await;
    for kind in KINDS.into_iter().filter(|kind| *kind != DocumentKind::Receipt) {
        world.nothing_under(kind, "receipt").await;
    }
}

async fn a_voided_receipt_is_voided_and_not_missing(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    subject.void_receipt(&receipt.id);
    for depth in BOTH {
        match found(world.read(DocumentKind::Receipt, "receipt", depth).await) {
            ErpDocument::Receipt(read) => assert!(read.voided, "{depth:?}: {read:?}"),
            other => panic!("{other:?}"),
        }
    }
    let by_id = found(only(ok(world.erp.receipts(&[receipt.id]).await)));
    assert!(by_id.voided, "{by_id:?}");
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn periods_tell_what_is_closed(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let day = world.chart.day;
    let open = ok(world.erp.periods().await);
    assert!(!open.periods.is_empty() && open.is_open(day), "{open:?}");
    assert!(open.periods.is_sorted_by_key(|period| period.starts_on), "{open:?}");
    subject.set_period(day, false);
    let closed = ok(world.erp.periods().await);
    assert!(!closed.is_open(day), "{closed:?}");
    assert!(closed.next_open_day(day).is_some_and(|next| next > day), "{closed:?}");
    subject.set_period(day, true);
    assert_eq!(ok(world.erp.periods().await), open);
}

async fn choices_name_the_chart(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let accounts = ok(world.erp.choices(ChoiceKind::Accounts).await);
    for (account, kind) in [(&world.chart.bank, "bank"), (&world.chart.undeposited, "undeposited")]
    {
        let choice = accounts.iter().find(|choice| choice.id == account.as_str());
        let choice = choice.unwrap_or_else(|| panic!("{account} is not listed: {accounts:?}"));
        assert_eq!(choice.kind, kind, "{choice:?}");
        assert!(!choice.name.is_empty());
    }
    let unknown = world.chart.unknown.as_str();
    assert!(accounts.iter().all(|choice| choice.id != unknown));
    let currencies = ok(world.erp.choices(ChoiceKind::Currencies).await);
    let own = Some(world.chart.currency);
    assert!(currencies.iter().any(|choice| choice.currency == own), "{currencies:?}");
}

/// Only what is known against an account refuses it: what no read tells is "not checked".
async fn accounts_that_can_be_used_are_not_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let chart = &world.chart;
    let named = |setting: &str, account: &LedgerAccountId, purpose: AccountUse| NamedAccount {
        setting: setting.to_owned(),
        account: account.clone(),
        purpose,
        subsidiary: None,
        currency: Some(chart.currency).filter(|_| purpose == AccountUse::Bank),
    };
    let all = [
        named("banks", &chart.bank, AccountUse::Bank),
        named("fees", &chart.fees, AccountUse::Line),
    ];
    let checks = ok(world.erp.check_accounts(&all).await);
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    assert!(checks.iter().all(|check| !check.name.is_empty()), "{checks:?}");
    assert_eq!(ok(world.erp.check_accounts(&[]).await), Vec::new());
}

/// A side that could not be read is not proved, never zero (DESIGN.md section 5, Proof).
async fn the_balance_of_an_unknown_account_is_not_zero(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    assert_eq!(world.balance(&world.chart.bank).await, 0);
    let read = world.erp.account_balance(&world.chart.unknown).await;
    assert!(read.is_err(), "an account that is not there has a balance: {read:?}");
}

async fn lines_of_an_account_sum_to_its_balance(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = (world.invoice("INV-1", 24_000), world.invoice("INV-2", 6_025));
    let one = world.paid("first", &first).await;
    world.paid("second", &second).await;
    let deposit = world.deposit_of(&[&one], 240, 23_760);
    ok(world.write("deposit", &model::command::ErpWrite::RecordDeposit(deposit)).await);
    for account in [&world.chart.undeposited, &world.chart.bank, &world.chart.fees] {
        let lines = ok(world.erp.account_lines(account, world.chart.day).await);
        let sum: i64 = lines.iter().map(|line| line.amount.minor).sum();
        assert_eq!(sum, world.balance(account).await, "{account}: {lines:?}");
        assert!(lines.iter().all(|line| line.on == world.chart.day), "{lines:?}");
    }
    let lines = ok(world.erp.account_lines(&world.chart.undeposited, world.chart.day).await);
    let of = |id: &str| lines.iter().filter(|line| line.document == id).count();
    assert_eq!((lines.len(), of(one.id.as_str())), (3, 1), "{lines:?}");
    let ours = lines.iter().find(|line| line.document == one.id.as_str());
    assert_eq!(ours.and_then(|line| line.stamp.clone()), one.stamp);
}

async fn lines_are_listed_or_unsupported(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    match world.erp.account_lines(&world.chart.bank, world.chart.day).await {
        Ok(lines) => assert!(lines.is_empty(), "{lines:?}"),
        refused => unsupported(refused),
    }
}

async fn health_names_the_account(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let health = ok(world.erp.check_health().await);
    assert!(!health.account.is_empty());
    let again = ok(world.erp.check_health().await);
    assert_eq!(again.account, health.account, "cases are identified by it");
    for check in &health.checks {
        assert!(check.ok || !check.advice.is_empty(), "no advice: {check:?}");
    }
}

async fn the_description_is_usable(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let description = world.erp.description();
    assert!(!description.slug.is_empty() && !description.slug.contains(':'));
    assert!(description.slice_max > 0 && description.concurrency > 0);
    assert!(description.key_max_len >= 20, "stamps need a readable head: {description:?}");
    assert!(description.watch() >= description.deadline + description.server_cut_off);
}
