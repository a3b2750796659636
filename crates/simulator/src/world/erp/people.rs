//! What people do in the ERP.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use model::command::DepositLine;
use model::customer::{CustomerFields, ErpCustomer};
use model::ids::{
    CollectionId, DepositId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, PayoutId,
    ReceiptId,
};
use model::invoice::{Annotation, Approval};

use super::rows::{DepositRow, InvoiceRow, ReceiptRow};
use super::{BANK, Books, CURRENCY, pounds};

impl Books {
    pub fn add_customer(&mut self, nth: u64) -> ErpCustomerId {
        let id = ErpCustomerId::new(format!("C{nth}"));
        let customer = ErpCustomer {
            id: id.clone(),
            code: format!("CUST{nth}"),
            company_name: Some(format!("Customer {nth}")),
            given_name: None,
            family_name: None,
            email: Some(format!("c{nth}@example.com")),
            country: Some("GB".to_owned()),
            language: None,
            inactive: false,
            subsidiary: None,
            stored: CustomerFields::default(),
            version: self.next_version(),
        };
        self.customers.insert(id.clone(), customer);
        id
    }

    pub fn add_invoice(
        &mut self,
        customer: &ErpCustomerId,
        total: i64,
        due_on: Date,
        flagged: bool,
        now: Timestamp,
    ) -> InvoiceId {
        let id = InvoiceId::new(self.next_id());
        let row = InvoiceRow {
            number: format!("INV{id}"),
            customer: customer.clone(),
            currency: CURRENCY,
            total,
            credited: 0,
            voided: false,
            issued_on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            due_on: Some(due_on),
            approval: Approval::Approved,
            flagged,
            retry_requested: false,
            annotation: Annotation::default(),
            version: self.next_version(),
            changed_at: now,
        };
        self.invoices.insert(id.clone(), row);
        id
    }

    /// A change of one customer by a person.
    pub fn edit_customer(&mut self, id: &ErpCustomerId, edit: impl FnOnce(&mut ErpCustomer)) {
        let version = self.next_version();
        if let Some(customer) = self.customers.get_mut(id) {
            edit(customer);
            customer.version = version;
        }
    }

    /// Everything of one customer is another's from now on, as when an ERP merges two records.
    pub fn merge_customer(
        &mut self,
        id: &ErpCustomerId,
        into: &ErpCustomerId,
        now: Timestamp,
    ) -> bool {
        let stand = |id| self.customers.get(id).is_some_and(|row: &ErpCustomer| !row.inactive);
        if id == into || !stand(id) || !stand(into) {
            return false;
        }
        self.edit_customer(id, |customer| customer.inactive = true);
        let theirs: Vec<InvoiceId> = self
            .invoices
            .iter()
            .filter(|(_, row)| row.customer == *id)
            .map(|(invoice, _)| invoice.clone())
            .collect();
        for invoice in theirs {
            self.edit_invoice(&invoice, now, |row| row.customer = into.clone());
        }
        for row in self.receipts.values_mut().filter(|row| row.customer == *id) {
            row.customer = into.clone();
        }
        true
    }

    /// The payer pays an invoice by bank transfer: a receipt of nobody's but the person's.
    pub fn pay_by_transfer(&mut self, id: &InvoiceId, minor: i64, now: Timestamp) -> bool {
        let Some(customer) = self.invoices.get(id).map(|row| row.customer.clone()) else {
            return false;
        };
        if minor <= 0 || minor > self.due(id) {
            return false;
        }
        let receipt = ReceiptRow {
            key: None,
            customer,
            amount: minor,
            applications: BTreeMap::from([(id.clone(), minor)]),
            refunded: 0,
            account: None,
            deposit: None,
            voided: false,
            dated_on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            memo: "bank transfer".to_owned(),
            version: self.next_version(),
            collection: None,
            payout: None,
            touched: false,
        };
        let receipt_id = ReceiptId::new(self.next_id());
        self.receipts.insert(receipt_id, receipt);
        self.saved(id, now);
        true
    }

    /// A receipt that somebody else recorded for a payment that was made, applied as far as the
    /// invoice owes.
    pub fn receipt_of_others(
        &mut self,
        id: &InvoiceId,
        payment: &CollectionId,
        minor: i64,
        now: Timestamp,
    ) -> Option<ReceiptId> {
        let customer = self.invoices.get(id)?.customer.clone();
        let applied = minor.min(self.due(id));
        let receipt = ReceiptRow {
            key: None,
            customer,
            amount: minor,
            applications: BTreeMap::from([(id.clone(), applied)]),
            refunded: 0,
            account: None,
            deposit: None,
            voided: false,
            dated_on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            memo: format!("payment {payment}"),
            version: self.next_version(),
            collection: Some(payment.clone()),
            payout: None,
            touched: false,
        };
        let receipt_id = ReceiptId::new(self.next_id());
        self.receipts.insert(receipt_id.clone(), receipt);
        self.saved(id, now);
        Some(receipt_id)
    }

    /// A change of one invoice by a person.
    pub fn edit_invoice(
        &mut self,
        id: &InvoiceId,
        now: Timestamp,
        edit: impl FnOnce(&mut InvoiceRow),
    ) {
        if let Some(row) = self.invoices.get_mut(id) {
            edit(row);
            self.saved(id, now);
        }
    }

    /// Refused (`false`) below what is credited and applied already.
    pub fn amend(&mut self, id: &InvoiceId, total: i64, now: Timestamp) -> bool {
        let taken = self.invoices.get(id).map_or(0, |row| row.credited) + self.applied(id);
        let fits = total >= taken && self.invoices.get(id).is_some_and(|row| !row.voided);
        if fits {
            self.edit_invoice(id, now, |row| row.total = total);
        }
        fits
    }

    /// A credit memo, or a payment by other means: at most what is due.
    pub fn credit(&mut self, id: &InvoiceId, minor: i64, now: Timestamp) -> bool {
        let fits = minor > 0 && minor <= self.due(id);
        if fits {
            self.edit_invoice(id, now, |row| row.credited += minor);
        }
        fits
    }

    /// Refused while anything is applied or credited.
    pub fn void_invoice(&mut self, id: &InvoiceId, now: Timestamp) -> bool {
        let free = self.applied(id) == 0
            && self.invoices.get(id).is_some_and(|row| row.credited == 0 && !row.voided);
        if free {
            self.edit_invoice(id, now, |row| row.voided = true);
        }
        free
    }

    /// Refused once it is deposited or refunded.
    pub fn void_receipt(&mut self, id: &ReceiptId, now: Timestamp) -> bool {
        let Some(row) = self.receipts.get_mut(id) else { return false };
        if row.voided || row.deposit.is_some() || row.refunded > 0 {
            return false;
        }
        row.voided = true;
        row.touched = true;
        let invoices: Vec<InvoiceId> = std::mem::take(&mut row.applications).into_keys().collect();
        for invoice in invoices {
            self.touched.insert(invoice.clone());
            self.saved(&invoice, now);
        }
        true
    }

    /// Takes a receipt off its invoices.
    pub fn unapply_by_hand(&mut self, id: &ReceiptId, now: Timestamp) -> bool {
        let Some(row) = self.receipts.get_mut(id).filter(|row| !row.voided) else { return false };
        let applied: BTreeMap<InvoiceId, i64> = row
            .applications
            .iter()
            .filter(|(_, m)| **m > 0)
            .map(|(i, m)| (i.clone(), *m))
            .collect();
        row.touched |= !applied.is_empty();
        for (invoice, minor) in &applied {
            self.touched.insert(invoice.clone());
            self.change_application(id, invoice, -minor, now);
        }
        !applied.is_empty()
    }

    /// A deposit of receipts by a person, with something taken from it for fees as the person likes.
    pub fn deposit_by_hand(
        &mut self,
        ids: &[ReceiptId],
        bank: &str,
        fee: i64,
        on: Date,
    ) -> Option<DepositId> {
        let free: Vec<ReceiptId> = ids
            .iter()
            .filter(|id| {
                self.receipts
                    .get(*id)
                    .is_some_and(|row| !row.voided && row.is_undeposited() && row.refunded == 0)
            })
            .cloned()
            .collect();
        if free.is_empty() || !self.periods.is_open(on) {
            return None;
        }
        let deposit = DepositId::new(self.next_id());
        let mut total = 0;
        for id in &free {
            if let Some(row) = self.receipts.get_mut(id) {
                row.deposit = Some(deposit.clone());
                total += row.amount;
            }
        }
        let fee = DepositLine {
            account: LedgerAccountId::from("fees"),
            amount: pounds(-fee.min(total)),
            memo: String::new(),
        };
        let row = DepositRow {
            key: None,
            bank: LedgerAccountId::from(bank),
            total: total + fee.amount.minor,
            dated_on: on,
            receipts: free,
            refunds: Vec::new(),
            lines: Some(fee).filter(|fee| !fee.amount.is_zero()).into_iter().collect(),
            voided: false,
        };
        self.deposits.insert(deposit.clone(), row);
        Some(deposit)
    }

    /// A person's deposit of everything of these payouts that waits for one: receipts, and refunds
    /// paid from undeposited funds. Made only when it is worth something; when its refunds are worth
    /// more than its receipts, with a line of what else was paid, up to `worth`.
    pub fn deposit_payouts_by_hand(
        &mut self,
        payouts: &[PayoutId],
        worth: i64,
        on: Date,
    ) -> Option<DepositId> {
        let of_payout = |id: &str| payouts.iter().any(|payout| payout.as_str() == id);
        let receipts: Vec<ReceiptId> = self
            .receipts
            .iter()
            .filter(|(_, row)| !row.voided && row.is_undeposited())
            .filter(|(_, row)| row.payout.as_ref().is_some_and(|id| of_payout(id.as_str())))
            .map(|(id, _)| id.clone())
            .collect();
        let refunds: Vec<ErpRefundId> = self
            .refunds
            .iter()
            .filter(|(_, row)| !row.voided && row.deposit.is_none() && row.from.is_none())
            .filter(|(_, row)| row.key.as_str().split('/').nth(1).is_some_and(of_payout))
            .map(|(id, _)| id.clone())
            .collect();
        let taken: i64 =
            refunds.iter().filter_map(|id| self.refunds.get(id)).map(|r| r.amount).sum();
        let held: i64 =
            receipts.iter().filter_map(|id| self.receipts.get(id)).map(|row| row.amount).sum();
        let negative = held < taken;
        if receipts.is_empty() || negative && worth <= 0 || !self.periods.is_open(on) {
            return None;
        }
        let total = if negative { worth } else { held - taken };
        let others = DepositLine {
            account: LedgerAccountId::from("fees"),
            amount: pounds(total - (held - taken)),
            memo: String::new(),
        };
        let deposit = DepositId::new(self.next_id());
        for id in &receipts {
            self.receipts.entry(id.clone()).and_modify(|row| row.deposit = Some(deposit.clone()));
        }
        for id in &refunds {
            self.refunds.entry(id.clone()).and_modify(|row| row.deposit = Some(deposit.clone()));
        }
        let row = DepositRow {
            key: None,
            bank: LedgerAccountId::from(BANK),
            total,
            dated_on: on,
            receipts,
            refunds,
            lines: Some(others).filter(|line| !line.amount.is_zero()).into_iter().collect(),
            voided: false,
        };
        self.deposits.insert(deposit.clone(), row);
        Some(deposit)
    }

    /// Voids a deposit of ours: its receipts and refunds are undeposited again.
    pub fn void_deposit(&mut self, id: &DepositId) -> bool {
        let Some(row) = self.deposits.get_mut(id).filter(|row| !row.voided) else { return false };
        let Some(payout) = row.key.as_ref().and_then(|key| key.as_str().split('/').nth(1)) else {
            return false;
        };
        row.voided = true;
        self.touched_payouts.insert(PayoutId::new(payout));
        for receipt in self.receipts.values_mut().filter(|row| row.deposit.as_ref() == Some(id)) {
            receipt.deposit = None;
            receipt.touched = true;
            self.touched_payouts.extend(receipt.payout.clone());
        }
        for refund in self.refunds.values_mut().filter(|row| row.deposit.as_ref() == Some(id)) {
            refund.deposit = None;
        }
        true
    }

    /// Opens or closes every period that ends before `on`, as bookkeepers do at month end.
    pub fn set_periods_before(&mut self, on: Date, open: bool) {
        for period in self.periods.periods.iter_mut().filter(|period| period.ends_on < on) {
            period.open = open;
        }
    }
}
