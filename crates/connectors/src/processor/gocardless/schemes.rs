//! Bank debit schemes: currency, and the longest payment reference that each admits (gocardless sheet
//! section 6). A mandate names its scheme only.

use model::money::Currency;

struct Scheme {
    name: &'static str,
    currency: &'static str,
    /// `None`: no reference may be sent.
    reference_max: Option<usize>,
}

const fn scheme(
    name: &'static str,
    currency: &'static str,
    reference_max: Option<usize>,
) -> Scheme {
    Scheme { name, currency, reference_max }
}

const SCHEMES: [Scheme; 14] = [
    scheme("bacs", "GBP", Some(10)),
    scheme("sepa_core", "EUR", Some(140)),
    // Other spellings of the same scheme, in scheme identifiers and old records.
    scheme("sepa", "EUR", Some(140)),
    scheme("sepa_cor1", "EUR", Some(140)),
    scheme("ach", "USD", Some(10)),
    scheme("autogiro", "SEK", Some(11)),
    scheme("betalingsservice", "DKK", Some(30)),
    scheme("becs", "AUD", Some(30)),
    scheme("becs_nz", "NZD", Some(12)),
    scheme("pad", "CAD", None),
    scheme("pay_to", "AUD", Some(18)),
    scheme("faster_payments", "GBP", None),
    scheme("sepa_credit_transfer", "EUR", None),
    scheme("sepa_instant_credit_transfer", "EUR", None),
];

/// The scheme that debits accounts of a currency directly; `None`: there is none.
pub fn direct(currency: Currency) -> Option<&'static str> {
    const DIRECT: [&str; 8] =
        ["bacs", "sepa_core", "ach", "autogiro", "betalingsservice", "becs", "becs_nz", "pad"];
    DIRECT.into_iter().find(|name| of(name).is_some_and(|(known, _)| known == currency))
}

/// Currency and reference limit of a scheme; `None`: a scheme that is not known here.
pub fn of(name: &str) -> Option<(Currency, Option<usize>)> {
    let scheme = SCHEMES.iter().find(|scheme| scheme.name == name)?;
    Some((scheme.currency.parse().ok()?, scheme.reference_max))
}
