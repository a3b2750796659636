//! The direct debit schemes as data: currency, limits and the working days of each step
//! (gocardless sheet section 6). Scheme facts live here and nowhere else.

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar::Calendar;
use super::time::{day, minute_of_day, months_after};

/// A payment created after this minute of the UTC day counts as made on the next working day
/// (16:00; the sheet gives it for Bacs in UK time, taken for all schemes in UTC).
pub const CUT_OFF_MINUTE: i64 = 16 * 60;

/// One scheme.
#[derive(Debug, PartialEq, Eq)]
pub struct Scheme {
    /// API name.
    pub name: &'static str,
    /// Currency of every payment of the scheme.
    pub currency: &'static str,
    /// Country of a bank account made up for the scheme.
    pub country: &'static str,
    /// Whose working days count.
    pub calendar: Calendar,
    /// Working days from creation to submission, charge, confirmation, payout.
    pub submit: i64,
    /// See `submit`.
    pub charge: i64,
    /// See `submit`.
    pub confirm: i64,
    /// See `submit`.
    pub payout: i64,
    /// Further working days while the mandate is not active yet.
    pub new_mandate_extra: i64,
    /// Longest payment reference; 0: none may be given.
    pub reference_max: usize,
    /// Least and largest amount in minor units (account limits, configurable).
    pub amount_min: i64,
    /// See `amount_min`.
    pub amount_max: i64,
    /// The mandate is submitted with its first payment, not before (section 9, deadlock).
    pub waits_for_first_payment: bool,
    /// Working days from the submission of a mandate to its activation.
    pub activation: i64,
    /// Months without a payment after which a mandate expires.
    pub dormancy_months: Option<i64>,
    /// Collected in monthly runs (Betalingsservice).
    pub monthly: bool,
}

impl Scheme {
    /// Payers of this country can be debited (section 6, "Payer countries"). Which countries are in
    /// SEPA is not listed there: any that has no scheme of its own is taken.
    pub fn reaches(&self, country: &str) -> bool {
        match self.name {
            "bacs" => ["GB", "GG", "JE", "IM", "GI"].contains(&country),
            // The United Kingdom, Sweden and Denmark are in SEPA too.
            "sepa_core" => !["US", "CA", "AU", "NZ"].contains(&country),
            _ => self.country == country,
        }
    }
}

/// All schemes that the emulator collects with. USD limits are a choice: the sheet has none.
pub static SCHEMES: [Scheme; 8] = [
    Scheme {
        name: "bacs",
        currency: "GBP",
        country: "GB",
        calendar: Calendar::UnitedKingdom,
        submit: 1,
        charge: 3,
        confirm: 4,
        payout: 5,
        new_mandate_extra: 1,
        reference_max: 10,
        amount_min: 100,
        amount_max: 500_000,
        waits_for_first_payment: false,
        activation: 2,
        dormancy_months: Some(13),
        monthly: false,
    },
    Scheme {
        name: "sepa_core",
        currency: "EUR",
        country: "DE",
        calendar: Calendar::Target,
        submit: 1,
        charge: 3,
        confirm: 4,
        payout: 6,
        new_mandate_extra: 0,
        reference_max: 140,
        amount_min: 100,
        amount_max: 500_000,
        waits_for_first_payment: true,
        activation: 2,
        dormancy_months: Some(36),
        monthly: false,
    },
    Scheme {
        name: "ach",
        currency: "USD",
        country: "US",
        calendar: Calendar::UnitedStates,
        submit: 1,
        charge: 2,
        confirm: 4,
        payout: 5,
        new_mandate_extra: 0,
        reference_max: 10,
        amount_min: 100,
        amount_max: 1_000_000,
        waits_for_first_payment: true,
        activation: 1,
        dormancy_months: Some(15),
        monthly: false,
    },
    Scheme {
        name: "autogiro",
        currency: "SEK",
        country: "SE",
        calendar: Calendar::Sweden,
        submit: 6,
        charge: 8,
        confirm: 8,
        payout: 10,
        new_mandate_extra: 0,
        reference_max: 11,
        amount_min: 1_000,
        amount_max: 5_000_000,
        waits_for_first_payment: false,
        activation: 5,
        dormancy_months: None,
        monthly: false,
    },
    Scheme {
        name: "betalingsservice",
        currency: "DKK",
        country: "DK",
        calendar: Calendar::Denmark,
        submit: 1,
        charge: 8,
        confirm: 8,
        payout: 12,
        new_mandate_extra: 5,
        reference_max: 30,
        amount_min: 1_000,
        amount_max: 5_000_000,
        waits_for_first_payment: false,
        activation: 4,
        dormancy_months: Some(15),
        monthly: true,
    },
    Scheme {
        name: "becs",
        currency: "AUD",
        country: "AU",
        calendar: Calendar::Australia,
        submit: 0,
        charge: 1,
        confirm: 3,
        payout: 4,
        new_mandate_extra: 0,
        reference_max: 30,
        amount_min: 200,
        amount_max: 1_000_000,
        waits_for_first_payment: true,
        activation: 1,
        dormancy_months: Some(15),
        monthly: false,
    },
    Scheme {
        name: "becs_nz",
        currency: "NZD",
        country: "NZ",
        calendar: Calendar::NewZealand,
        submit: 1,
        charge: 2,
        confirm: 5,
        payout: 6,
        new_mandate_extra: 0,
        reference_max: 12,
        amount_min: 200,
        amount_max: 1_000_000,
        waits_for_first_payment: true,
        activation: 1,
        dormancy_months: None,
        monthly: false,
    },
    Scheme {
        name: "pad",
        currency: "CAD",
        country: "CA",
        calendar: Calendar::Canada,
        submit: 0,
        charge: 3,
        confirm: 5,
        payout: 6,
        new_mandate_extra: 0,
        reference_max: 0,
        amount_min: 200,
        amount_max: 500_000,
        waits_for_first_payment: false,
        activation: 3,
        dormancy_months: None,
        monthly: false,
    },
];

/// The days on which a payment moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Sent to the banks at the cut-off of this day.
    pub submit_on: Date,
    /// Considered collected on this day, unless it fails.
    pub confirm_on: Date,
    /// First day on which it can be in a payout.
    pub payout_on: Date,
}

/// The scheme of that API name.
pub fn by_name(name: &str) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|scheme| scheme.name == name)
}

/// The scheme that collects a currency.
pub fn by_currency(currency: &str) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|scheme| scheme.currency == currency)
}

impl Scheme {
    /// The working day that counts as the day of `now`: the next one after the cut-off.
    pub fn business_day(&self, now: Timestamp) -> Date {
        let today = day(now);
        if minute_of_day(now) >= CUT_OFF_MINUTE {
            self.calendar.add(today, 1)
        } else {
            self.calendar.forward(today)
        }
    }

    /// Earliest charge date of a payment created at `now` (section 9: moves every day).
    pub fn earliest_charge(&self, now: Timestamp, mandate_active: bool) -> Date {
        let extra = if mandate_active { 0 } else { self.new_mandate_extra };
        let start = self.business_day(now);
        if !self.monthly {
            return self.calendar.add(start, self.charge + extra);
        }
        let mut month = months_after(start.first_of_month(), 1);
        while self.calendar.add(month, -(self.charge + extra)) < start {
            month = months_after(month, 1);
        }
        self.calendar.forward(month)
    }

    /// When a payment with this (working) charge date moves.
    pub fn timing(&self, charge_on: Date) -> Timing {
        let submit_on = if self.monthly {
            self.calendar.add(charge_on.first_of_month(), -(self.charge - self.submit))
        } else {
            self.calendar.add(charge_on, self.submit - self.charge)
        };
        Timing {
            submit_on,
            confirm_on: self.calendar.add(charge_on, self.confirm - self.charge),
            payout_on: self.calendar.add(charge_on, self.payout - self.charge),
        }
    }
}
