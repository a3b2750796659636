//! Daily payouts per creditor and currency: items with tenths of a minor unit that add up, fees
//! and tax, debits carried until a balance is positive, foreign exchange
//! (gocardless sheet sections 14, 15 and 29).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::calendar::Calendar;
use super::events::{Actor, Draft};
use super::lifecycle::Task;
use super::money::{divide_half_away, tenths_to_minor};
use super::records::Fx;
use super::records::party::Creditor;
use super::records::payment::PaymentStatus;
use super::records::payout::{Item, ItemType, Payout, PayoutStatus, Tax};
use super::schemes;
use super::time::{at_minute, day, minutes_after, months_after};
use super::world::World;

/// Minutes from `payouts.paid` to the final exchange rate of an FX payout.
const RATE_MINUTES: i64 = 60;
/// Minute of the first day of the next month at which tax exchange rates are final.
const TAX_RATE_MINUTE: i64 = 12 * 60;

/// What waits for the next payout of a creditor in a currency.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Payments that are collected but in no payout, by their place in the order of creation.
    pub waiting: BTreeMap<u64, String>,
    /// Debits and credits that are no collection.
    pub items: Vec<Item>,
}

/// Country, tax currency and the id of the rate (section 15, tax).
const TAXES: [(&str, &str, &str); 2] = [("GB", "GBP", "GB_VAT_1"), ("FR", "EUR", "FR_VAT_1")];

/// Indicative value of one unit in hundred-thousandths of a pound.
const POUNDS: [(&str, i64); 8] = [
    ("GBP", 100_000),
    ("EUR", 86_210),
    ("USD", 78_640),
    ("SEK", 7_512),
    ("DKK", 11_560),
    ("AUD", 51_230),
    ("NZD", 46_870),
    ("CAD", 56_940),
];

/// Net fee and tax of an amount under a creditor's plan, in tenths (section 29).
fn fee_of(creditor: &Creditor, amount: i64) -> (i64, i64) {
    let fees = &creditor.fees;
    let share = i128::from(amount) * 10 * i128::from(fees.parts_per_million);
    let mut net = divide_half_away(share, 1_000_000) + fees.fixed * 10;
    if fees.cap > 0 {
        net = net.min(fees.cap * 10);
    }
    (net, tax_of(creditor, net))
}

fn tax_of(creditor: &Creditor, net_tenths: i64) -> i64 {
    if tax_rule(creditor).is_none() {
        return 0;
    }
    divide_half_away(i128::from(net_tenths) * i128::from(creditor.fees.tax_percent), 100)
}

fn tax_rule(creditor: &Creditor) -> Option<(&'static str, &'static str)> {
    TAXES
        .iter()
        .find(|(country, _, _)| *country == creditor.country_code)
        .map(|(_, currency, rate)| (*currency, *rate))
}

/// A fee item of `sign` (-1 taken, 1 given back) with the tax inside.
fn fee_item(
    creditor: &Creditor,
    currency: &str,
    kind: ItemType,
    payment: &str,
    sign: i64,
    (net, tax): (i64, i64),
) -> Item {
    let taxes = match tax_rule(creditor) {
        Some((tax_currency, rate_id)) if tax != 0 => vec![Tax {
            tenths: sign * tax,
            currency: currency.to_owned(),
            rate_id: rate_id.to_owned(),
            destination_currency: tax_currency.to_owned(),
            destination_tenths: (tax_currency == currency).then_some(sign * tax),
            rate: None,
        }],
        _ => Vec::new(),
    };
    payment_item(kind, payment, sign * (net + tax), taxes)
}

fn payment_item(kind: ItemType, payment: &str, tenths: i64, taxes: Vec<Tax>) -> Item {
    Item { kind, tenths, taxes, payment: Some(payment.to_owned()), mandate: None, refund: None }
}

impl World {
    /// What waits for the next payout.
    pub fn account(&mut self, creditor: &str, currency: &str) -> &mut Account {
        self.accounts.entry((creditor.to_owned(), currency.to_owned())).or_default()
    }

    /// The currency that a creditor is paid in for what was collected in `currency`.
    pub fn payout_currency(&self, creditor: &str, currency: &str) -> String {
        self.creditors
            .get(creditor)
            .and_then(|creditor| creditor.fx_payout_currency.clone())
            .unwrap_or_else(|| currency.to_owned())
    }

    /// One unit of `source` in `target` on a day: the indicative rate, moved a little by the seed
    /// and the day.
    pub fn exchange_rate(&self, on: Date, source: &str, target: &str) -> Decimal {
        let pounds = |currency: &str| {
            POUNDS.iter().find(|(name, _)| *name == currency).map_or(100_000, |(_, value)| *value)
        };
        if source == target {
            return Decimal::ONE;
        }
        let day_number = i64::from(on.day_of_year()) + i64::from(on.year()) * 367;
        let mixed = self.seed.wrapping_add(day_number.unsigned_abs()).wrapping_mul(0x9E37_79B9);
        let wobble = i64::try_from((mixed >> 16) % 400).unwrap_or(0) - 200;
        let numerator = Decimal::from(pounds(source) * (100_000 + wobble));
        let rate = numerator / Decimal::from(pounds(target) * 100_000);
        rate.round_dp(10).normalize()
    }

    fn creditor_and_currency(&self, payment: &str) -> Option<(Creditor, &'static str)> {
        let payment = self.payments.get(payment)?;
        let creditor = self.creditors.get(&payment.creditor)?.clone();
        Some((creditor, payment.scheme.currency))
    }

    /// A confirmed payment waits for a payout.
    pub fn wait_for_payout(&mut self, payment: &str) {
        let Some((creditor, currency)) = self.creditor_and_currency(payment) else { return };
        let Some(sequence) = self.payments.sequence(payment) else { return };
        self.account(&creditor.id, currency).waiting.insert(sequence, payment.to_owned());
    }

    /// The payment failed or was charged back before its payout.
    pub fn stop_waiting_for_payout(&mut self, payment: &str) {
        let Some((creditor, currency)) = self.creditor_and_currency(payment) else { return };
        let Some(sequence) = self.payments.sequence(payment) else { return };
        self.account(&creditor.id, currency).waiting.remove(&sequence);
    }

    /// Debits a payment that was settled: the amount, the fee credit and the surcharge.
    pub fn debit_payment(&mut self, payment: &str, kind: ItemType, surcharge: bool) {
        let Some((creditor, currency)) = self.creditor_and_currency(payment) else { return };
        let Some(amount) = self.payments.get(payment).map(|payment| payment.amount) else { return };
        let mut items = vec![payment_item(kind, payment, -amount * 10, Vec::new())];
        if creditor.fees.deducted {
            let fee = fee_of(&creditor, amount);
            items.push(fee_item(&creditor, currency, ItemType::GocardlessFee, payment, 1, fee));
            let net = creditor.fees.surcharge * 10;
            if surcharge && net > 0 {
                let fee = (net, tax_of(&creditor, net));
                items.push(fee_item(&creditor, currency, ItemType::SurchargeFee, payment, -1, fee));
            }
        }
        self.account(&creditor.id, currency).items.extend(items);
    }

    /// Takes back a debit that no payout holds yet.
    pub fn forget_debit(&mut self, payment: &str) {
        let Some((creditor, currency)) = self.creditor_and_currency(payment) else { return };
        self.account(&creditor.id, currency)
            .items
            .retain(|item| item.payment.as_deref() != Some(payment) || item.refund.is_some());
    }

    /// Gives the surcharge of a cancelled chargeback back (section 15, surcharge_fee).
    pub fn credit_surcharge(&mut self, payment: &str) {
        let Some((creditor, currency)) = self.creditor_and_currency(payment) else { return };
        let net = creditor.fees.surcharge * 10;
        if !creditor.fees.deducted || net == 0 || !self.surcharge_was_taken(payment) {
            return;
        }
        let fee = (net, tax_of(&creditor, net));
        let item = fee_item(&creditor, currency, ItemType::SurchargeFee, payment, 1, fee);
        self.account(&creditor.id, currency).items.push(item);
    }

    fn surcharge_was_taken(&self, payment: &str) -> bool {
        let of_payment = |item: &&Item| {
            item.kind == ItemType::SurchargeFee && item.payment.as_deref() == Some(payment)
        };
        let settled = self.payouts.all().flat_map(|(_, payout)| payout.items.iter());
        let pending = self.accounts.values().flat_map(|account| account.items.iter());
        settled.chain(pending).filter(of_payment).map(|item| item.tenths).sum::<i64>() < 0
    }

    /// What a refund may use: collected funds and pending debits, in minor units.
    pub fn confirmed_balance(&self, creditor: &str, currency: &str) -> i64 {
        let Some(account) = self.accounts.get(&(creditor.to_owned(), currency.to_owned())) else {
            return 0;
        };
        let waiting: i64 = account
            .waiting
            .values()
            .filter_map(|payment| self.payments.get(payment))
            .map(|payment| payment.amount)
            .sum();
        let items: i64 = account.items.iter().map(|item| item.tenths).sum();
        waiting + tenths_to_minor(items)
    }

    /// The payouts of one morning.
    pub fn payout_run(&mut self, now: Timestamp) {
        let accounts: Vec<(String, String)> = self.accounts.keys().cloned().collect();
        for (creditor, currency) in accounts {
            let calendar =
                schemes::by_currency(&currency).map_or(Calendar::Target, |scheme| scheme.calendar);
            if calendar.is_working(day(now)) {
                self.payout_make(now, &creditor, &currency);
            }
        }
    }

    /// Makes a payout of everything that is due, if the creditor is verified and the balance is
    /// above zero; otherwise everything waits on.
    pub fn payout_make(
        &mut self,
        now: Timestamp,
        creditor: &str,
        currency: &str,
    ) -> Option<String> {
        let merchant = self.creditors.get(creditor)?.clone();
        if merchant.verification_status != "successful" {
            return None;
        }
        let account = self.accounts.get(&(creditor.to_owned(), currency.to_owned()))?;
        let due = |payment: &str| {
            self.payments.get(payment).is_some_and(|payment| payment.payout_on <= day(now))
        };
        let (collected, later): (BTreeMap<u64, String>, BTreeMap<u64, String>) =
            account.waiting.clone().into_iter().partition(|(_, payment)| due(payment));
        let mut items = Vec::new();
        for payment in collected.values() {
            let Some(amount) = self.payments.get(payment).map(|payment| payment.amount) else {
                continue;
            };
            items.push(payment_item(ItemType::PaymentPaidOut, payment, amount * 10, Vec::new()));
            if merchant.fees.deducted {
                let fee = fee_of(&merchant, amount);
                let kind = ItemType::GocardlessFee;
                items.push(fee_item(&merchant, currency, kind, payment, -1, fee));
            }
        }
        items.extend(account.items.iter().cloned());
        let amount = tenths_to_minor(items.iter().map(|item| item.tenths).sum());
        if amount <= 0 {
            return None;
        }
        *self.account(creditor, currency) = Account { waiting: later, ..Account::default() };
        Some(self.payout_add(now, &merchant, currency, amount, items))
    }

    /// Makes a payout of what waits at once, if the balance allows one (simulators).
    pub fn settle_debits_now(&mut self, now: Timestamp, creditor: &str, currency: &str) {
        if let Some(payout) = self.payout_make(now, creditor, currency) {
            self.payout_paid(now, &payout);
        }
    }

    fn payout_add(
        &mut self,
        now: Timestamp,
        merchant: &Creditor,
        currency: &str,
        amount: i64,
        items: Vec<Item>,
    ) -> String {
        let id = self.ids.id("PO");
        let items = Arc::new(items);
        let fees: i64 =
            items.iter().filter(|item| item.kind.is_fee()).map(|item| item.tenths).sum();
        let target = self.payout_currency(&merchant.id, currency);
        let fx = if target == currency {
            Fx::default()
        } else {
            let estimated = Some(self.exchange_rate(day(now), currency, &target));
            Fx { currency: Some(target.clone()), amount: None, rate: None, estimated }
        };
        let account = merchant.payout_accounts.get(&target).cloned().unwrap_or_default();
        let reference = format!("{}-{}", merchant.bank_reference_prefix, self.ids.text(5));
        let payout = Payout {
            id: id.clone(),
            created_at: now,
            amount,
            deducted_fees: tenths_to_minor(-fees),
            currency: currency.to_owned(),
            fx,
            reference,
            status: PayoutStatus::Pending,
            arrival_date: None,
            tax_currency: tax_rule(merchant).map(|(tax_currency, _)| tax_currency.to_owned()),
            creditor: merchant.id.clone(),
            creditor_bank_account: account,
            metadata: BTreeMap::new(),
            items: Arc::clone(&items),
        };
        let organisation = self.organisation_of_creditor(&merchant.id);
        self.payouts.insert(now, &organisation, &id, &[&merchant.id], payout);
        for item in items.iter() {
            self.settle(now, item, &id);
        }
        let minutes = i64::from(self.config.payout_pending_minutes);
        self.agenda.plan(minutes_after(now, minutes), Task::PayoutPaid(id.clone()));
        id
    }

    /// What an item means for its payment or refund, with the event of the same day
    /// (section 15, type table).
    fn settle(&mut self, now: Timestamp, item: &Item, payout: &str) {
        let payment = item.payment.as_deref().unwrap_or_default();
        match item.kind {
            ItemType::PaymentPaidOut => self.payment_pay_out(now, payment, payout),
            ItemType::PaymentFailed => {
                self.reversal_settled(now, payment, "late_failure_settled");
            }
            ItemType::PaymentChargedBack => {
                self.reversal_settled(now, payment, "chargeback_settled");
            }
            ItemType::SurchargeFee if item.tenths < 0 => {
                let action = "surcharge_fee_debited";
                let draft =
                    Draft::new("payments", action, "payment", payment, Actor::Gocardless, action);
                self.payment_event(now, payment, draft);
            }
            ItemType::PaymentRefunded | ItemType::Refund => {
                let refund = item.refund.clone().unwrap_or_default();
                self.refunds.edit(now, &refund, |refund| refund.settled = true);
                self.refund_event(now, &refund, "refund_settled", "refund_settled");
            }
            ItemType::RefundFundsReturned | ItemType::GocardlessFee | ItemType::SurchargeFee => {}
        }
    }

    fn reversal_settled(&mut self, now: Timestamp, payment: &str, action: &'static str) {
        self.payments.edit(now, payment, |payment| payment.reversal_pending = false);
        let draft = Draft::new("payments", action, "payment", payment, Actor::Gocardless, action);
        self.payment_event(now, payment, draft);
    }

    fn payout_event(&mut self, now: Timestamp, id: &str, action: &'static str, cause: &str) {
        let Some(payout) = self.payouts.get(id) else { return };
        let draft = Draft::new("payouts", action, "payout", id, Actor::Gocardless, cause)
            .about(&payout.metadata);
        let creditor = payout.creditor.clone();
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, draft);
    }

    /// The payout leaves; with FX its status stays pending until the rate is final (section 14).
    pub fn payout_paid(&mut self, now: Timestamp, id: &str) {
        let Some(payout) = self.payouts.get(id) else { return };
        if payout.status != PayoutStatus::Pending || payout.arrival_date.is_some() {
            return;
        }
        let foreign = payout.fx.currency.is_some();
        let own_tax = payout.tax_currency.as_ref() == Some(&payout.currency);
        let taxed = payout.items.iter().any(|item| !item.taxes.is_empty());
        self.payouts.edit(now, id, |payout| {
            payout.arrival_date = Some(day(now));
            if !foreign {
                payout.status = PayoutStatus::Paid;
            }
        });
        self.payout_event(now, id, "paid", "payout_paid");
        if foreign {
            self.agenda.plan(minutes_after(now, RATE_MINUTES), Task::PayoutRate(id.to_owned()));
        }
        if taxed && !own_tax {
            let next_month = months_after(day(now).first_of_month(), 1);
            let at = at_minute(next_month, TAX_RATE_MINUTE);
            self.agenda.plan(at, Task::PayoutTaxRate(id.to_owned()));
        }
    }

    /// The exchange rate of an FX payout is final; its payments show it too.
    pub fn payout_rate_confirmed(&mut self, now: Timestamp, id: &str) {
        let Some(payout) = self.payouts.get(id) else { return };
        let Some(target) = payout.fx.currency.clone() else { return };
        let rate = self.exchange_rate(day(now), &payout.currency, &target);
        let amount = exchanged(payout.amount, rate);
        let payments: Vec<String> = payout
            .items
            .iter()
            .filter(|item| item.kind == ItemType::PaymentPaidOut)
            .filter_map(|item| item.payment.clone())
            .collect();
        self.payouts.edit(now, id, |payout| {
            payout.status = PayoutStatus::Paid;
            payout.fx.rate = Some(rate);
            payout.fx.amount = Some(amount);
        });
        for payment in payments {
            self.payments.edit(now, &payment, |payment| {
                if payment.status == PaymentStatus::PaidOut {
                    payment.fx.rate = Some(rate);
                    payment.fx.amount = Some(exchanged(payment.amount, rate));
                }
            });
        }
        self.payout_event(now, id, "fx_rate_confirmed", "payout_fx_rate_confirmed");
    }

    /// The tax exchange rate is final: destination amounts appear (section 15, tax).
    pub fn payout_tax_rate_confirmed(&mut self, now: Timestamp, id: &str) {
        let Some(payout) = self.payouts.get(id) else { return };
        let Some(target) = payout.tax_currency.clone() else { return };
        let rate = self.exchange_rate(day(now), &payout.currency, &target);
        self.payouts.edit(now, id, |payout| {
            let items = Arc::make_mut(&mut payout.items);
            for tax in items.iter_mut().flat_map(|item| item.taxes.iter_mut()) {
                tax.rate = Some(rate);
                tax.destination_tenths = Some(exchanged(tax.tenths, rate));
            }
        });
        let cause = "payout_tax_exchange_rates_confirmed";
        self.payout_event(now, id, "tax_exchange_rates_confirmed", cause);
    }

    /// The bank sends a payout back; there is no event of the payout itself (section 14).
    pub fn payout_bounce(&mut self, now: Timestamp, id: &str) {
        let Some(creditor) = self.payouts.get(id).map(|payout| payout.creditor.clone()) else {
            return;
        };
        self.payouts.edit(now, id, |payout| payout.status = PayoutStatus::Bounced);
        let organisation = self.organisation_of_creditor(&creditor);
        let draft = Draft::new(
            "creditors",
            "bounced_payout",
            "creditor",
            &creditor,
            Actor::Gocardless,
            "bounced_payout",
        )
        .link("payout", id);
        self.emit(now, &organisation, draft);
    }
}

fn exchanged(amount: i64, rate: Decimal) -> i64 {
    let exact = Decimal::from(amount) * rate;
    let rounded =
        exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(rounded).unwrap_or(0)
}
