//! Bank debit schemes: currency, the longest payment reference that each admits, and the amounts
//! (gocardless sheet section 6). A mandate names its scheme only.

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

/// The smallest and the largest payment of a scheme in an account as it is handed out, in minor units;
/// `None`: none is published.
pub fn usual(name: &str) -> Option<(i64, i64)> {
    match name {
        "bacs" | "sepa_core" => Some((100, 500_000)),
        "autogiro" | "betalingsservice" => Some((1_000, 5_000_000)),
        "becs" | "becs_nz" => Some((200, 1_000_000)),
        "pad" => Some((200, 500_000)),
        _ => None,
    }
}

/// Currency and reference limit of a scheme; `None`: a scheme that is not known here.
pub fn of(name: &str) -> Option<(Currency, Option<usize>)> {
    let scheme = SCHEMES.iter().find(|scheme| scheme.name == name)?;
    Some((scheme.currency.parse().ok()?, scheme.reference_max))
}
