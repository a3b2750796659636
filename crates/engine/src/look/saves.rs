//! Whether somebody else than us saved an invoice: what clears a refusal (DESIGN.md section 2, "A
//! rejection is not sent again until it is cleared"). A query may show a save of ours minutes after
//! it, so a version counts from the look that first showed it, and not from each that shows it again.

use jiff::Timestamp;
use model::command::Write;
use model::invoice::Invoice;
use ports::Depth;
use serde::{Deserialize, Serialize};
use store::rows::{CaseContext, CommandRow, FactRow};

use super::fact;

/// The newest version that looks of one depth were shown, and the sequence of the look that last
/// could tell it from our own saves.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    version: String,
    since: i64,
}

/// Stamps of queries and of direct reads are not comparable.
fn subject(depth: Depth) -> &'static str {
    match depth {
        Depth::Cheap => "saved",
        Depth::Direct => "saved_direct",
    }
}

fn known(context: &CaseContext, depth: Depth) -> Option<Known> {
    let (_, body) = context.facts.get(subject(depth))?;
    body.read()
}

/// Our saves in the ERP that were sent since a look.
fn ours_since(context: &CaseContext, since: i64) -> impl Iterator<Item = &CommandRow> {
    let of_erp = context.commands.iter().filter(|row| matches!(row.view.write, Write::Erp(_)));
    of_erp.filter(move |row| row.sent_seq.is_some_and(|sent| sent > since))
}

/// The record was saved by somebody else than us since the version that looks of this depth knew.
fn person_saved(context: &CaseContext, invoice: &Invoice, depth: Depth) -> bool {
    known(context, depth).is_some_and(|known| {
        ours_since(context, known.since).next().is_none() && invoice.version > known.version
    })
}

/// As the look itself sees it, or the cheap one that a direct one follows: our own writes may have come
/// between this record's direct reads.
pub(super) fn person_saved_lately(
    context: &CaseContext,
    found: &Invoice,
    cheap: Option<&Invoice>,
    depth: Depth,
) -> bool {
    person_saved(context, found, depth)
        || cheap.is_some_and(|seen| person_saved(context, seen, Depth::Cheap))
}

/// What is known from a look on, and from the cheap one that a direct one follows: of the two only the
/// direct one is saved, and what the cheap one was shown is no news to the next. `at` is when reading
/// began: a save of ours whose watch ended since may not have been shown yet.
pub(super) fn seen_by_both(
    context: &CaseContext,
    found: &Invoice,
    cheap: Option<&Invoice>,
    depth: Depth,
    seq: i64,
    at: Timestamp,
) -> impl Iterator<Item = FactRow> {
    let before = cheap.filter(|_| depth == Depth::Direct);
    let before = before.and_then(|one| seen(context, one, Depth::Cheap, seq, at));
    seen(context, found, depth, seq, at).into_iter().chain(before)
}

/// What a look of the sequence `seq` knows from then on; `None`: no more than was known before.
fn seen(
    context: &CaseContext,
    invoice: &Invoice,
    depth: Depth,
    seq: i64,
    at: Timestamp,
) -> Option<FactRow> {
    let news = known(context, depth).is_none_or(|known| {
        // The same version again tells nothing while a save of ours may still show up.
        let mut ours = ours_since(context, known.since).peekable();
        let all_shown =
            ours.peek().is_some() && ours.all(|row| row.watch_until.is_none_or(|until| until < at));
        invoice.version > known.version || (invoice.version == known.version && all_shown)
    });
    let known = Known { version: invoice.version.clone(), since: seq };
    if news { fact(subject(depth), &known) } else { None }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, civil::date};
    use model::case::{Actor, CaseKey};
    use model::command::{AnnotateInvoice, CommandState, CommandView, ErpWrite};
    use model::ids::{AccountId, ConnectionId, ErpCustomerId, InvoiceId};
    use model::invoice::{Annotation, Approval, InvoiceStatus};
    use model::key::Key;
    use model::money::{Currency, Money};

    use super::*;

    const WATCHED_SECONDS: i64 = 600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    fn invoice(version: &str) -> Invoice {
        let due = Money::new(100, Currency::GBP);
        Invoice {
            id: InvoiceId::new("1"),
            number: "INV1".to_owned(),
            customer: ErpCustomerId::new("C1"),
            total: due,
            due,
            issued_on: date(2026, 1, 1),
            due_on: None,
            status: InvoiceStatus::Open,
            approval: Approval::Approved,
            flagged: true,
            retry_requested: false,
            subsidiary: None,
            receivable_account: None,
            exchange_rate: None,
            annotation: Annotation::default(),
            version: version.to_owned(),
        }
    }

    /// Our own save of the invoice, sent under this sequence.
    fn our_save(seq: i64) -> CommandRow {
        let (account, invoice) = (AccountId::new("erp:1"), InvoiceId::new("1"));
        let write = AnnotateInvoice {
            invoice: invoice.clone(),
            annotation: Annotation::default(),
            clear_retry: false,
        };
        CommandRow {
            case: 1,
            case_key: CaseKey::collection(&account, &invoice),
            connection: ConnectionId::new("books"),
            account,
            view: CommandView {
                key: Key::new(&["annotate", "1"]),
                write: Write::Erp(ErpWrite::AnnotateInvoice(write)),
                state: CommandState::Done,
                answer: None,
                rejection: None,
                sends: 1,
            },
            actor: Actor::System,
            decided_at: at(0),
            sent_seq: Some(seq),
            last_sent_at: Some(at(seq)),
            watch_until: Some(at(seq + WATCHED_SECONDS)),
            heard: 0,
            maybe_sent: false,
        }
    }

    /// A cheap look whose query showed the one version, and the direct one that followed and read the
    /// other. Gives whether each held that a person had saved the invoice; what they saw is kept.
    fn look(context: &mut CaseContext, shown: &str, read: &str, seq: i64) -> (bool, bool) {
        let (shown, read) = (invoice(shown), invoice(read));
        let cheap = person_saved_lately(context, &shown, Some(&shown), Depth::Cheap);
        let direct = person_saved_lately(context, &read, Some(&shown), Depth::Direct);
        let rows = seen_by_both(context, &read, Some(&shown), Depth::Direct, seq, at(seq));
        for row in rows.collect::<Vec<_>>() {
            context.facts.insert(row.subject, (seq, row.body));
        }
        (cheap, direct)
    }

    #[test]
    fn a_save_by_a_person_is_news_to_one_look() {
        let mut context = CaseContext::default();
        assert_eq!(look(&mut context, "v1", "w1", 1), (false, false), "nothing was known");
        assert_eq!(look(&mut context, "v1", "w1", 2), (false, false));
        assert_eq!(look(&mut context, "v2", "w2", 3), (true, true));
        assert_eq!(look(&mut context, "v2", "w2", 4), (false, false));
        // A query that lags shows it to the cheap look later: news once more, and once.
        assert_eq!(look(&mut context, "v2", "w3", 5), (false, true));
        assert_eq!(look(&mut context, "v3", "w3", 6), (true, true));
        assert_eq!(look(&mut context, "v3", "w3", 7), (false, false));
    }

    #[test]
    fn our_own_saves_are_no_news() {
        let mut context = CaseContext::default();
        look(&mut context, "v1", "w1", 1);
        context.commands.push(our_save(2));
        assert_eq!(look(&mut context, "v1", "w2", 3), (false, false), "it shows up late");
        assert_eq!(look(&mut context, "v2", "w2", 4), (false, false));
        // What comes after all of ours were shown is somebody else's.
        assert_eq!(look(&mut context, "v3", "w3", 5 + WATCHED_SECONDS), (true, true));
    }
}
