//! The form of bank details, as far as it is certain per country (gocardless sheet section 8): what is
//! wrong is said field by field before anything is stored or sent, and never with a value.

use model::money::Currency;
use ports::{BankDetails, DetailsFor};

use super::schemes;

/// The fields that a person may give. The identity numbers belong to the customer (section 7).
pub const FIELDS: [&str; 10] = [
    "account_holder_name",
    "account_number",
    "account_type",
    "bank_code",
    "branch_code",
    "country_code",
    "currency",
    "danish_identity_number",
    "iban",
    "swedish_identity_number",
];

/// The fields of local details, which an IBAN stands for.
const LOCAL: [&str; 3] = ["account_number", "bank_code", "branch_code"];

/// Shortest and longest IBAN (ISO 13616).
const IBAN_CHARS: (usize, usize) = (15, 34);

/// How many characters a part of local details has; `None`: the country has no such part.
type Size = Option<(usize, usize)>;

struct Shape {
    country: &'static str,
    currency: &'static str,
    bank: Size,
    branch: Size,
    account: Size,
}

const fn shape(
    country: &'static str,
    currency: &'static str,
    (bank, branch, account): (Size, Size, Size),
) -> Shape {
    Shape { country, currency, bank, branch, account }
}

/// Countries whose local details the sheet gives. Others take an IBAN.
const SHAPES: [Shape; 9] = [
    shape("GB", "GBP", (None, Some((6, 6)), Some((6, 8)))),
    shape("FR", "EUR", (Some((5, 5)), Some((5, 5)), Some((13, 13)))),
    shape("DE", "EUR", (Some((8, 8)), None, Some((1, 10)))),
    shape("US", "USD", (Some((9, 9)), None, Some((1, 17)))),
    shape("CA", "CAD", (Some((3, 4)), Some((5, 5)), Some((7, 12)))),
    shape("AU", "AUD", (None, Some((6, 6)), Some((5, 9)))),
    shape("NZ", "NZD", (Some((2, 2)), Some((4, 4)), Some((9, 10)))),
    shape("SE", "SEK", (None, Some((4, 5)), Some((1, 10)))),
    shape("DK", "DKK", (Some((1, 4)), None, Some((1, 10)))),
];

/// A value as it is sent: codes and numbers without the spaces and hyphens that people write.
pub fn sent(name: &str, value: &str) -> String {
    match name {
        "account_holder_name" => value.trim().to_owned(),
        "account_type" => value.trim().to_lowercase(),
        "iban" | "country_code" | "currency" => bare(value).to_uppercase(),
        _ => bare(value),
    }
}

fn bare(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// Everything that is certainly wrong, or what the details are for.
pub fn read(details: &BankDetails, scheme: Option<&str>) -> Result<DetailsFor, Vec<String>> {
    let mut wrong = unknown(details);
    if details.get("account_holder_name").is_none() {
        wrong.push("account_holder_name is missing".to_owned());
    }
    let country = country(details, &mut wrong);
    let currency = currency(details, country.as_deref(), &mut wrong);
    match details.get("iban") {
        Some(iban) => check_iban(details, iban, currency, &mut wrong),
        None => check_local(details, country.as_deref(), &mut wrong),
    }
    if let Some(currency) = currency {
        check_type(details, currency, &mut wrong);
        check_identity(details, currency, &mut wrong);
    }
    let scheme = currency.and_then(|currency| scheme_for(currency, scheme, &mut wrong));
    match (country, currency, scheme) {
        (Some(country), Some(currency), Some(scheme)) if wrong.is_empty() => {
            Ok(DetailsFor { scheme, currency, country })
        }
        _ => Err(wrong),
    }
}

fn unknown(details: &BankDetails) -> Vec<String> {
    let odd = details.names().filter(|name| !FIELDS.contains(name));
    odd.map(|name| format!("{name} is not a field; there are: {}", FIELDS.join(", "))).collect()
}

/// The country of the IBAN, or the one that is named.
fn country(details: &BankDetails, wrong: &mut Vec<String>) -> Option<String> {
    let named = details.get("country_code").map(|code| sent("country_code", code));
    let well = |code: &str| code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    if named.as_deref().is_some_and(|code| !well(code)) {
        wrong.push("country_code is not an ISO 3166-1 code of two letters".to_owned());
        return None;
    }
    let of_iban = details.get("iban").map(|iban| sent("iban", iban));
    let of_iban =
        of_iban.and_then(|iban| iban.get(..2).map(str::to_owned)).filter(|code| well(code));
    match (named, of_iban) {
        (Some(named), Some(of_iban)) if named != of_iban => {
            wrong.push("country_code is not the country of the IBAN".to_owned());
            None
        }
        (named, of_iban) => {
            let country = of_iban.or(named);
            if country.is_none() && details.get("iban").is_none() {
                wrong.push("country_code is missing; only an IBAN names its country".to_owned());
            }
            country
        }
    }
}

/// The one that is named, else the country's own (section 8: an EUR account elsewhere names it).
fn currency(
    details: &BankDetails,
    country: Option<&str>,
    wrong: &mut Vec<String>,
) -> Option<Currency> {
    let named = details.get("currency").map(|code| sent("currency", code));
    let home = country.map(home_currency);
    let code = named.as_deref().or(home)?;
    let known = code.parse().ok().filter(|currency| schemes::direct(*currency).is_some());
    if known.is_none() {
        wrong.push("currency is not one that can be debited directly".to_owned());
    }
    known
}

fn home_currency(country: &str) -> &'static str {
    let found = SHAPES.iter().find(|shape| shape.country == country);
    match (found, country) {
        (Some(shape), _) => shape.currency,
        // Of the scheme's payer countries (section 6).
        (None, "GI" | "GG" | "JE" | "IM") => "GBP",
        (None, _) => "EUR",
    }
}

fn check_iban(
    details: &BankDetails,
    iban: &str,
    currency: Option<Currency>,
    wrong: &mut Vec<String>,
) {
    let local: Vec<&str> = LOCAL.into_iter().filter(|name| details.get(name).is_some()).collect();
    if !local.is_empty() {
        wrong.push(format!("iban stands for {}: give one or the other", local.join(", ")));
    }
    if currency.is_some_and(|currency| currency.code() == "SEK") {
        wrong.push("iban is not taken for SEK; give branch_code and account_number".to_owned());
    }
    let iban = sent("iban", iban);
    let fits = (IBAN_CHARS.0..=IBAN_CHARS.1).contains(&iban.len())
        && iban.chars().all(|c| c.is_ascii_alphanumeric())
        && checks_out(&iban);
    if !fits {
        wrong.push("iban is not valid: its length, letters or check digits are wrong".to_owned());
    }
}

/// ISO 13616: moved by four, letters as numbers, remainder 1 of 97.
fn checks_out(iban: &str) -> bool {
    let digits = iban.chars().cycle().skip(4).take(iban.len()).filter_map(|c| c.to_digit(36));
    let remainder = digits.fold(0_u32, |sum, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        (sum * shift + digit) % 97
    });
    remainder == 1
}

fn check_local(details: &BankDetails, country: Option<&str>, wrong: &mut Vec<String>) {
    let Some(country) = country else { return };
    let Some(shape) = SHAPES.iter().find(|shape| shape.country == country) else {
        wrong.push(format!("iban is missing; it is the form taken for {country}"));
        return;
    };
    let parts = [
        ("bank_code", shape.bank),
        ("branch_code", shape.branch),
        ("account_number", shape.account),
    ];
    for (name, size) in parts {
        match (details.get(name), size) {
            (None, None) => {}
            (None, Some(_)) => wrong.push(format!("{name} is missing; {country} needs it")),
            (Some(_), None) => wrong.push(format!("{name} is not used in {country}; leave it out")),
            (Some(value), Some(size)) => check_part(name, &sent(name, value), country, size, wrong),
        }
    }
}

fn check_part(
    name: &str,
    value: &str,
    country: &str,
    (least, most): (usize, usize),
    wrong: &mut Vec<String>,
) {
    // French account numbers hold letters.
    let letters = country == "FR" && name == "account_number";
    let fits = |c: char| c.is_ascii_digit() || letters && c.is_ascii_alphabetic();
    if (least..=most).contains(&value.len()) && value.chars().all(fits) {
        return;
    }
    let what = if letters { "letters or digits" } else { "digits" };
    let count = if least == most { least.to_string() } else { format!("{least} to {most}") };
    wrong.push(format!("{name} must be {count} {what} for {country}"));
}

fn check_type(details: &BankDetails, currency: Currency, wrong: &mut Vec<String>) {
    let given = details.get("account_type").map(|kind| sent("account_type", kind));
    match (currency.code(), given.as_deref()) {
        ("USD", Some("savings" | "checking")) => {}
        ("USD", _) => wrong.push("account_type must be savings or checking for USD".to_owned()),
        (_, None) => {}
        (_, Some(_)) => wrong.push("account_type is for USD only; leave it out".to_owned()),
    }
}

/// The customer may have one at the processor already, so none is asked for here (section 7).
fn check_identity(details: &BankDetails, currency: Currency, wrong: &mut Vec<String>) {
    for (name, of) in [("swedish_identity_number", "SEK"), ("danish_identity_number", "DKK")] {
        if details.get(name).is_some() && currency.code() != of {
            wrong.push(format!("{name} is for {of} only; leave it out"));
        }
    }
}

fn scheme_for(currency: Currency, asked: Option<&str>, wrong: &mut Vec<String>) -> Option<String> {
    let own = schemes::direct(currency)?;
    match asked {
        Some(asked) if asked != own => {
            wrong.push(format!("scheme {asked} does not debit {currency} accounts; {own} does"));
            None
        }
        Some(_) | None => Some(own.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn details(text: &str) -> BankDetails {
        BankDetails::new(text.split(';').filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            Some((name.to_owned(), SecretString::from(value.to_owned())))
        }))
    }

    fn check(text: &str, scheme: Option<&str>, expected: &str) {
        let said = match read(&details(&format!("account_holder_name=Ada;{text}")), scheme) {
            Ok(found) => format!("{} {} {}", found.scheme, found.currency, found.country),
            Err(wrong) => wrong.join(" | "),
        };
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn right_details_tell_their_scheme() {
        for (text, expected) in [
            ("country_code=gb;branch_code=20-00-00;account_number=55779911", "bacs GBP GB"),
            ("iban=GB60 BARC 2000 0055 7799 11", "bacs GBP GB"),
            ("iban=de89 3704 0044 0532 0130 00", "sepa_core EUR DE"),
            ("iban=FR1420041010050500013M02606", "sepa_core EUR FR"),
            ("iban=GB60BARC20000055779911;currency=EUR", "sepa_core EUR GB"),
            (
                "country_code=FR;bank_code=20041;branch_code=01005;account_number=0500013M02606",
                "sepa_core EUR FR",
            ),
            (
                "country_code=US;bank_code=026073150;account_number=2715500356;account_type=Checking",
                "ach USD US",
            ),
            ("country_code=SE;branch_code=5491;account_number=0000003", "autogiro SEK SE"),
            (
                "country_code=DK;bank_code=345;account_number=3179681;danish_identity_number=0101701234",
                "betalingsservice DKK DK",
            ),
            ("country_code=AU;branch_code=082-082;account_number=012345678", "becs AUD AU"),
            (
                "country_code=NZ;bank_code=12;branch_code=3113;account_number=0003869-00",
                "becs_nz NZD NZ",
            ),
            (
                "country_code=CA;bank_code=0003;branch_code=00006;account_number=1234567",
                "pad CAD CA",
            ),
        ] {
            check(text, None, expected);
        }
    }

    #[test]
    fn every_wrong_field_is_named_and_none_is_shown() {
        for (text, expected) in [
            (
                "country_code=GB;branch_code=2000;account_number=5577991x",
                "branch_code must be 6 digits for GB | account_number must be 6 to 8 digits for GB",
            ),
            (
                "country_code=GB;bank_code=1;account_number=55779911",
                "bank_code is not used in GB; leave it out | branch_code is missing; GB needs it",
            ),
            (
                "iban=DE89370400440532013001",
                "iban is not valid: its length, letters or check digits are wrong",
            ),
            (
                "iban=DE89370400440532013000;account_number=1;country_code=FR",
                "country_code is not the country of the IBAN | iban stands for account_number: give \
                 one or the other",
            ),
            (
                "iban=SE4550000000058398257466",
                "iban is not taken for SEK; give branch_code and account_number",
            ),
            ("country_code=ES;account_number=1", "iban is missing; it is the form taken for ES"),
            ("account_number=1", "country_code is missing; only an IBAN names its country"),
            (
                "country_code=US;bank_code=026073150;account_number=1",
                "account_type must be savings or checking for USD",
            ),
            (
                "iban=DE89370400440532013000;account_type=checking;swedish_identity_number=1",
                "account_type is for USD only; leave it out | swedish_identity_number is for SEK \
                 only; leave it out",
            ),
            (
                "iban=DE89370400440532013000;currency=JPY",
                "currency is not one that can be debited directly",
            ),
        ] {
            check(text, None, expected);
        }
        let odd = read(&details("sort_code=1;iban=DE89370400440532013000"), None).unwrap_err();
        assert!(odd[0].starts_with("sort_code is not a field; there are: "), "{odd:?}");
        assert_eq!(odd[1], "account_holder_name is missing");
    }

    #[test]
    fn the_scheme_must_fit_the_currency() {
        let german = "iban=DE89370400440532013000";
        check(german, Some("sepa_core"), "sepa_core EUR DE");
        let wrong = "scheme bacs does not debit EUR accounts; sepa_core does";
        check(german, Some("bacs"), wrong);
    }
}
