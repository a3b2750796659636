//! Refunds. After a void the money stands on the clearing account again: a batch takes it to where
//! the processor took it from. An open rest of a payment that stands is refunded by an AR document of
//! type Refund (acumatica sheet sections 11.3 and 11.4).

use serde_json::Value;

use model::command::{ErpWrite, RecordRefund, WriteAnswer};
use model::ids::LedgerAccountId;
use model::key::Key;
use model::receipt::Receipt;
use ports::{PortError, Read};

use super::super::Acumatica;
use super::super::fields::{REFERENCE_LENGTH_MAX, cut};
use super::super::mapping::batch::{Head, Label, Line, Purpose};
use super::super::mapping::receipt::{PAYMENT, Part, REFUND, RefundName, named_payout};
use super::super::reads::documents::stamp;
use super::super::reads::parts::Chain;
use super::super::wire::{Entity, wrapped, wrapped_money};
use super::batch::BatchPlan;
use super::payment::{Plan, Row};
use super::{document_body, invalid, memo_text, no_rate};

impl Acumatica {
    /// Refunds a part of a receipt that nothing is applied to. The receipt is read again first.
    pub(super) async fn record_refund(
        &self,
        key: &Key,
        write: &RecordRefund,
    ) -> Result<WriteAnswer, PortError> {
        no_rate(write.exchange_rate)?;
        let gone = || PortError::Stale(format!("receipt {} does not exist", write.receipt));
        let (body, chain) = self.chain(&write.receipt).await?.ok_or_else(gone)?;
        let receipt = match self.receipt_of_chain(&body, &chain).await? {
            Read::Found(receipt) => receipt,
            Read::Missing => return Err(gone()),
            Read::Odd(why) => {
                return Err(invalid(format!("receipt {} can not be read: {why}", write.receipt)));
            }
        };
        if receipt.customer != write.customer {
            let words = format!("receipt {} belongs to customer {}", receipt.id, receipt.customer);
            return Err(PortError::Stale(words));
        }
        let whole = ErpWrite::RecordRefund(write.clone());
        let short = receipt.unapplied.currency != write.amount.currency
            || receipt.unapplied.minor < write.amount.minor;
        if short || receipt.voided {
            // An earlier send of this very refund may be why; one that is begun is gone on with.
            match self.find_effect(key, &whole).await {
                Ok(Some(answer)) => return Ok(answer),
                Err(PortError::OutcomeUnknown(_)) => {}
                Ok(None) => {
                    return Err(PortError::Stale(format!(
                        "receipt {} has {} unapplied, less than {}",
                        receipt.id, receipt.unapplied, write.amount
                    )));
                }
                Err(error) => return Err(error),
            }
        }
        let number = if chain.voids.is_empty() {
            write.receipt.to_string()
        } else {
            // What was freed in part stands as a payment of its own, and is refunded as any other.
            let able = |part: &&Part| part.unapplied.minor >= write.amount.minor;
            match chain.parts.iter().find(able) {
                Some(part) => part.number.clone(),
                None => return self.refund_after_void(key, write, &receipt, &whole, &chain).await,
            }
        };
        let body = self.refund_body(write).map_err(invalid)?;
        let row = Row { kind: PAYMENT, number, amount: write.amount };
        self.stand(key, Plan { kind: REFUND, body, row: Some(row), write: &whole }).await
    }

    fn refund_body(&self, write: &RecordRefund) -> Result<serde_json::Map<String, Value>, String> {
        let mut body = document_body(REFUND, write.dated_on, write.true_date, &write.memo);
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("CustomerID", wrapped(write.customer.as_str()));
        put("PaymentMethod", wrapped(self.settings.payment_method.as_str()));
        let account = match &write.from {
            Some(account) => account,
            None => self.settings.clearing(write.amount.currency)?,
        };
        put("CashAccount", wrapped(account.as_str()));
        put("CurrencyID", wrapped(write.amount.currency.code()));
        put("PaymentAmount", wrapped_money(write.amount));
        put("PaymentRef", wrapped(cut(write.receipt.as_str(), REFERENCE_LENGTH_MAX)));
        let branch = write.subsidiary.as_ref().map(|id| id.as_str());
        if let Some(branch) = branch.or(self.settings.branch.as_deref()) {
            put("Branch", wrapped(branch));
        }
        Ok(body)
    }

    /// The void credited its cash account; the batch debits it and credits the account that the money
    /// left. Where both are one nothing has to move: the batch then states the refund, with two
    /// lines that cancel out.
    async fn refund_after_void(
        &self,
        key: &Key,
        write: &RecordRefund,
        receipt: &Receipt,
        whole: &ErpWrite,
        chain: &Chain,
    ) -> Result<WriteAnswer, PortError> {
        let inside: i64 = chain.parts.iter().map(|part| part.unapplied.minor).sum();
        if receipt.unapplied.minor.saturating_sub(inside) < write.amount.minor {
            return Err(invalid(format!(
                "{} of receipt {} is free in several payments: refund it by hand, or in parts",
                write.amount, write.receipt
            )));
        }
        // Of a payment that a person deposited the void takes the money from the bank account, unless
        // the payment method says otherwise (acumatica sheet section 21, row 6).
        let voiding = self.voiding(write.receipt.as_str()).await?;
        let credited = voiding.as_ref().and_then(|body| Entity(body).text("CashAccount"));
        let undeposited = || self.settings.clearing(write.amount.currency).map_err(invalid);
        let credited = match credited.map(LedgerAccountId::new).or(receipt.account.clone()) {
            Some(account) => account,
            None => undeposited()?.clone(),
        };
        // What stood on suspense, or was deposited, is taken from undeposited funds all the same.
        let from = match &write.from {
            Some(from) => from.clone(),
            None if self.settings.is_clearing(credited.as_str()) => credited.clone(),
            None => undeposited()?.clone(),
        };
        let memo = memo_text(&write.memo, write.dated_on, write.true_date);
        let label = Label {
            stamp: stamp(key),
            purpose: Purpose::Refund,
            bank: Some(from.to_string()),
            payout: named_payout(&write.memo),
            receipt: Some(write.receipt.to_string()),
            memo,
        };
        let words = format!("refund after the void of payment {}", write.receipt);
        let negative = model::money::Money::new(-write.amount.minor, write.amount.currency);
        let lines = vec![
            Line::other(&credited, write.amount, &words),
            Line::other(&from, negative, &words),
        ];
        let head = Head {
            label: &label,
            dated_on: write.dated_on,
            currency: write.amount.currency,
            branch: write.subsidiary.as_ref().map(ToString::to_string),
        };
        let number = self.stand_batch(key, BatchPlan { head, lines, write: whole }).await?;
        let id = RefundName::Batch(number.id).id().to_string();
        Ok(WriteAnswer { id, adopted: number.adopted, url: None })
    }
}
