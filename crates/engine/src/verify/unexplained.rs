//! Which documents of ours make up a difference in undeposited funds: each that waits there must have
//! moved its amount, and what is deposited must leave nothing behind together with its deposit.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::{ErpRefundId, ReceiptId};
use model::key::Key;
use model::ledger::AccountLine;
use model::money::{Currency, Money};
use model::receipt::{ErpDocument, Receipt};

use super::accounts::Seen;

/// What must move the account by a known amount together.
struct Group {
    name: String,
    /// Minor units that wait there.
    expected: i64,
}

/// Documents that belong together, by what the ERP's lines are stamped with.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    of_stamp: BTreeMap<String, usize>,
}

impl Groups {
    /// Of one currency: `waiting` are the documents that stand in the account now, `seen` all of ours as
    /// their cases saw them last, `theirs` receipts of others, whose lines carry nothing of ours, and
    /// `stamps_of` what the ERP's lines carry of a key.
    pub(super) fn of(
        waiting: &BTreeMap<Key, Money>,
        seen: &Seen,
        theirs: &[Receipt],
        currency: Currency,
        stamps_of: impl Fn(&Key) -> Vec<String>,
    ) -> Groups {
        let mut groups = Groups::default();
        let stamps_of = |key: &Key, document: Option<&ErpDocument>| {
            let apart = seen.taken_apart.iter().filter(|(_, receipt)| match document {
                Some(ErpDocument::Receipt(one)) => one.id == **receipt,
                Some(_) | None => false,
            });
            let keys = std::iter::once(key).chain(apart.map(|(key, _)| key));
            keys.flat_map(&stamps_of).collect::<Vec<String>>()
        };
        let seen = &seen.documents;
        for (key, amount) in waiting.iter().filter(|(_, amount)| amount.currency == currency) {
            let document = seen.get(key).and_then(Option::as_ref);
            groups.add(named(key, document), amount.minor, stamps_of(key, document));
        }
        let mut receipts: BTreeMap<&ReceiptId, &Key> = BTreeMap::new();
        let mut refunds: BTreeMap<&ErpRefundId, &Key> = BTreeMap::new();
        for (key, document) in seen {
            match document {
                Some(ErpDocument::Receipt(receipt)) => {
                    receipts.insert(&receipt.id, key);
                }
                Some(ErpDocument::Refund(refund)) => {
                    refunds.insert(&refund.id, key);
                }
                Some(ErpDocument::Deposit(_) | ErpDocument::Journal(_)) | None => {}
            }
        }
        for (key, document) in seen {
            let Some(ErpDocument::Deposit(deposit)) = document else { continue };
            let inside = deposit.receipts.iter().filter_map(|id| receipts.get(id));
            let taken = deposit.refunds.iter().filter_map(|id| refunds.get(id));
            let keys = std::iter::once(key).chain(inside.copied()).chain(taken.copied());
            let stamps =
                keys.flat_map(|key| stamps_of(key, seen.get(key).and_then(Option::as_ref)));
            let stamps = stamps.collect();
            let apart = theirs.iter().filter(|one| deposit.receipts.contains(&one.id));
            let apart: i64 = apart.map(|one| one.amount.minor).sum();
            groups.add(named(key, document.as_ref()), -apart, stamps);
        }
        for (key, document) in seen {
            groups.add(named(key, document.as_ref()), 0, stamps_of(key, document.as_ref()));
        }
        groups
    }

    /// Stamps that are in a group already stay there: what waits, then what a deposit holds.
    fn add(&mut self, name: String, expected: i64, stamps: Vec<String>) {
        let free: Vec<String> =
            stamps.into_iter().filter(|stamp| !self.of_stamp.contains_key(stamp)).collect();
        if free.is_empty() {
            return;
        }
        let nth = self.groups.len();
        self.groups.push(Group { name, expected });
        self.of_stamp.extend(free.into_iter().map(|stamp| (stamp, nth)));
    }

    /// A sentence per group that moved another amount than it should have, each once.
    pub(super) fn told(&self, lines: &[&AccountLine], currency: Currency) -> Vec<String> {
        let mut moved = vec![(0_i64, BTreeSet::new()); self.groups.len()];
        for line in lines {
            let nth = line.stamp.as_ref().and_then(|stamp| self.of_stamp.get(stamp));
            let Some((sum, names)) = nth.and_then(|nth| moved.get_mut(*nth)) else { continue };
            *sum = sum.saturating_add(line.amount.minor);
            names.insert(super::accounts::named(line));
        }
        let differ = self.groups.iter().zip(moved);
        let differ = differ.filter(|(group, (sum, _))| group.expected != *sum);
        differ
            .map(|(group, (sum, names))| {
                let (should, is) =
                    (Money::new(group.expected, currency), Money::new(sum, currency));
                let names: Vec<String> = names.into_iter().collect();
                let names = match names.as_slice() {
                    [] => "no line".to_owned(),
                    [_, ..] => names.join(", "),
                };
                format!("{}: {should} should stand there, {is} do ({names})", group.name)
            })
            .collect()
    }
}

/// What people look for in the ERP, and the key that says what it is about.
fn named(key: &Key, document: Option<&ErpDocument>) -> String {
    match document {
        Some(document) => format!("{key} {}", document.id()),
        None => key.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stamp: &str, number: &str, minor: i64) -> AccountLine {
        AccountLine {
            document: number.to_owned(),
            kind: "Payment".to_owned(),
            number: number.to_owned(),
            on: jiff::civil::date(2026, 3, 9),
            amount: Money::new(minor, Currency::GBP),
            stamp: Some(stamp.to_owned()),
        }
    }

    fn told(waiting: &[(&str, i64)], lines: &[AccountLine]) -> Vec<String> {
        let key = |text: &str| Key::from_stored(text);
        let money = |minor: i64| Money::new(minor, Currency::GBP);
        let waiting = waiting.iter().map(|(text, minor)| (key(text), money(*minor))).collect();
        let documents = ["receipt/PM1/PO1", "receipt/PM2/PO1"].map(|text| (key(text), None)).into();
        let seen = Seen { documents, ..Seen::default() };
        let stamps = |key: &Key| vec![key.to_string(), format!("{key}/part")];
        let groups = Groups::of(&waiting, &seen, &[], Currency::GBP, stamps);
        let lines: Vec<&AccountLine> = lines.iter().collect();
        groups.told(&lines, Currency::GBP)
    }

    #[test]
    fn what_moved_another_amount_than_waits_is_named() {
        let (first, second) = ("receipt/PM1/PO1", "receipt/PM2/PO1");
        let both = [(first, 500), (second, 120)];
        let whole = [line(first, "P1", 500), line(second, "P2", 100)];
        let part = line("receipt/PM2/PO1/part", "P3", 20);
        assert_eq!(told(&both, &[&whole[..], &[part]].concat()), Vec::<String>::new());
        assert_eq!(
            told(&both, &whole),
            [
                "receipt/PM2/PO1: 1.20 GBP should stand there, 1.00 GBP do (Payment P2 of 2026-03-09 over \
              1.00 GBP)"
            ]
        );
        assert_eq!(
            told(&both, &whole[..1]),
            ["receipt/PM2/PO1: 1.20 GBP should stand there, 0.00 GBP do (no line)"]
        );
        // Nothing takes it out again, and it does not wait.
        assert_eq!(
            told(&both[..1], &whole),
            [
                "receipt/PM2/PO1: 0.00 GBP should stand there, 1.00 GBP do (Payment P2 of 2026-03-09 over \
              1.00 GBP)"
            ]
        );
    }
}
