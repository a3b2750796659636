//! What an invoice that no link serves tells of the payments that name it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use model::case::Actor;
use model::decision::{Decision, Stage};
use model::ids::{AccountId, CollectionId, MandateId, PayoutId};
use model::money::{Currency, ItemAmount, Money};
use model::payment::{Collection, CollectionStatus};
use model::payout::{ItemRoute, KeptItem, PayoutItem, PayoutItemKind};
use model::person::{PersonFact, PersonSaid};
use model::reason::{Reason, ReasonCode};

use crate::collection::unserved::{Strangers, tell};

fn payment(id: &str, status: CollectionStatus) -> Collection {
    Collection {
        id: CollectionId::new(id),
        amount: Money::new(1_200, Currency::GBP),
        refunded: Money::zero(Currency::GBP),
        status,
        charge_on: None,
        mandate: MandateId::new("MD1"),
        creditor: None,
        description: None,
        reference: None,
        metadata: BTreeMap::new(),
        automatic_retry: false,
        created_at: Timestamp::UNIX_EPOCH,
        payout_hint: None,
    }
}

fn item(payout: &str, payment: &str) -> (AccountId, KeptItem) {
    let item = PayoutItem {
        ordinal: 0,
        kind: PayoutItemKind::PaymentPaidOut,
        amount: ItemAmount::from_minor(1_200),
        taxes: Vec::new(),
        collection: Some(CollectionId::new(payment)),
        refund: None,
        mandate: None,
    };
    let kept = KeptItem {
        payout: PayoutId::new(payout),
        item,
        route: ItemRoute::InDeposit,
        arrival_on: date(2026, 11, 2),
        currency: Currency::GBP,
        bank_account: None,
        exchanged: false,
        made_at: None,
    };
    (AccountId::new("pro:1"), kept)
}

/// What is told and who is woken, for these payments and items as words.
fn check(code: ReasonCode, last: Option<ReasonCode>, known: &str, expected: &str) {
    let (mut payments, mut items, mut person) = (Vec::new(), Vec::new(), Vec::new());
    for word in known.split_whitespace() {
        match word.split(':').collect::<Vec<_>>().as_slice() {
            ["live", id] => payments.push(payment(id, CollectionStatus::Confirmed)),
            ["over", id] => payments.push(payment(id, CollectionStatus::Cancelled)),
            ["in", payout, id] => items.push(item(payout, id)),
            ["left"] => person.push(PersonFact {
                nth: 1,
                actor: Actor::Person("ada".to_owned()),
                at: Timestamp::UNIX_EPOCH,
                said: PersonSaid::Leave { code: ReasonCode::ForeignPayment },
            }),
            other => panic!("{other:?}"),
        }
    }
    let last = last.map(Reason::plain);
    let mut decision = Decision::rest(Stage::Open, Reason::plain(code));
    tell(
        &mut decision,
        Strangers {
            payments: &payments,
            items: &items,
            person: &person,
            last_reason: last.as_ref(),
        },
    );
    let told = decision.attention.iter().map(|one| format!("{} {}", one.code.code(), one.detail));
    let woken = decision.hints.iter().map(|case| format!("wakes {case}"));
    let all: Vec<String> = told.chain(woken).collect();
    assert_eq!(all.join("; "), expected, "{} {known}", code.code());
}

#[test]
fn payments_that_name_an_invoice_no_link_collects_are_told_until_a_payout_holds_them() {
    let (currency, link) = (ReasonCode::CurrencyNotMapped, ReasonCode::NoLink);
    check(currency, None, "", "");
    check(currency, None, "live:PM1", "foreign_payment PM1 over 12.00 GBP");
    check(link, None, "live:PM1", "foreign_payment PM1 over 12.00 GBP");
    check(currency, Some(currency), "live:PM1", "foreign_payment PM1 over 12.00 GBP");
    check(
        currency,
        None,
        "live:PM1 live:PM2",
        "foreign_payment PM1 over 12.00 GBP, PM2 over 12.00 GBP",
    );
    check(currency, None, "over:PM1", "");
    check(currency, None, "live:PM1 left", "");
    // Its payout tells of it from now on, and is woken once.
    check(currency, None, "live:PM1 in:PO1:PM1", "wakes payout/pro:1/PO1");
    check(currency, Some(link), "live:PM1 in:PO1:PM1", "wakes payout/pro:1/PO1");
    check(currency, Some(currency), "live:PM1 in:PO1:PM1", "");
    check(
        currency,
        None,
        "live:PM1 in:PO1:PM1 live:PM2 left in:PO2:PM1",
        "wakes payout/pro:1/PO1; wakes payout/pro:1/PO2",
    );
    // Two links that could: that question is a person's already, and its payments wait for it.
    check(ReasonCode::LinkAmbiguous, None, "live:PM1 in:PO1:PM1", "");
    check(ReasonCode::Unavailable, None, "live:PM1 in:PO1:PM1", "");
}
