//! What people should know of a payout beside the reason that its case rests for.

use model::payout::KeptItem;
use model::reason::{Reason, ReasonCode};
use model::receipt::DocumentKind;

use super::by_hand::ByHand;
use super::deposit::Book;
use super::routes::Carrier;
use super::{name_some, proof};

impl Book<'_> {
    /// What people should know beside the reason.
    pub(super) fn attention(&self) -> Vec<Reason> {
        let facts = self.facts;
        let mut attention = Vec::new();
        // One that was matched since is its own case's business.
        let foreign: Vec<String> = self
            .with(Carrier::Suspense)
            .filter(|kept| self.facts.is_foreign(&kept.item))
            .map(payment_name)
            .collect();
        if !foreign.is_empty() {
            attention.push(Reason::new(ReasonCode::ForeignPayment, name_some(&foreign)));
        }
        let receipts = self.by_people.receipts.values();
        let by_person: Vec<String> =
            receipts.map(|one| format!("{} over {}", one.id, one.amount)).collect();
        if !by_person.is_empty() {
            let names = name_some(&by_person);
            let detail = match facts.by_hand {
                ByHand::Shown(_) => names,
                ByHand::NotShown => format!(
                    "{names}; the ERP's API does not show that deposit, it is taken to be without \
                     deductions and on account {}",
                    self.bank
                ),
            };
            attention.push(Reason::new(ReasonCode::DepositByPerson, detail));
        }
        if self.payout.amount.minor < 0 {
            let amount = self.payout.amount.to_string();
            attention.push(Reason::new(ReasonCode::PayoutNegative, amount));
        }
        let deposited =
            self.own.iter().any(|own| own.kind == DocumentKind::Deposit && !own.is_gone());
        attention.extend(self.exchange().filter(|_| deposited));
        attention
    }

    /// Both amounts of a payout whose bank receives another currency.
    fn exchange(&self) -> Option<Reason> {
        let exchange =
            self.payout.exchange.as_ref().filter(|_| proof::is_exchanged(self.payout))?;
        let received = exchange.amount?;
        let mut detail = format!("collected {}, received {received}", self.payout.amount);
        if let Some(rate) = exchange.rate {
            detail = format!("{detail} at {rate}");
        }
        Some(Reason::new(ReasonCode::PayoutExchange, detail))
    }
}

/// How the payment of an item is named to people.
pub(super) fn payment_name(kept: &KeptItem) -> String {
    kept.item.collection.as_ref().map_or_else(|| "no payment".to_owned(), ToString::to_string)
}
