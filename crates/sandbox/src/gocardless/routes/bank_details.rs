//! Local bank details and IBANs: format checks per country (gocardless sheet section 8).

use crate::gocardless::ids::Ids;
use crate::gocardless::schemes::Scheme;
use crate::gocardless::validate::Fields;

/// The members of a body that describe an account.
pub const BANK_FIELDS: [&str; 9] = [
    "account_holder_name",
    "account_number",
    "account_number_suffix",
    "account_type",
    "bank_code",
    "branch_code",
    "country_code",
    "currency",
    "iban",
];

/// Banks see at most this many characters of a name.
const HOLDER_MAX: usize = 18;

/// Countries whose default currency is not the euro.
const CURRENCIES: [(&str, &str); 8] = [
    ("GB", "GBP"),
    ("SE", "SEK"),
    ("DK", "DKK"),
    ("US", "USD"),
    ("AU", "AUD"),
    ("NZ", "NZD"),
    ("CA", "CAD"),
    ("GI", "GBP"),
];

/// An account, as far as the emulator looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankDetails {
    /// Upper case, cut.
    pub holder: String,
    /// ISO code.
    pub country: String,
    /// ISO code.
    pub currency: String,
    /// Only for USD.
    pub account_type: Option<String>,
    /// Equal for equal accounts.
    pub fingerprint: String,
    /// Last digits.
    pub ending: String,
}

/// How many digits a local detail has, per country: bank code, branch code, account number.
struct Shape {
    country: &'static str,
    bank: Option<(usize, usize)>,
    branch: Option<(usize, usize)>,
    account: (usize, usize),
}

const SHAPES: [Shape; 7] = [
    Shape { country: "GB", bank: None, branch: Some((6, 6)), account: (6, 8) },
    Shape { country: "US", bank: Some((9, 9)), branch: None, account: (1, 17) },
    Shape { country: "CA", bank: Some((3, 4)), branch: Some((5, 5)), account: (7, 12) },
    Shape { country: "AU", bank: None, branch: Some((6, 6)), account: (5, 9) },
    Shape { country: "NZ", bank: Some((2, 2)), branch: Some((4, 4)), account: (7, 10) },
    Shape { country: "SE", bank: None, branch: Some((4, 5)), account: (1, 10) },
    Shape { country: "DK", bank: Some((1, 4)), branch: None, account: (1, 10) },
];

impl BankDetails {
    /// Reads the bank members of a body; wrong ones are noted in `fields`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let holder = fields.required_text("account_holder_name");
        let account_type = fields.choice("account_type", &["savings", "checking"]);
        let currency = fields.text("currency");
        let (country, fingerprint, ending) = match fields.text("iban") {
            Some(iban) => read_iban(fields, &iban)?,
            None => read_local(fields)?,
        };
        let home = CURRENCIES.iter().find(|(code, _)| *code == country).map_or("EUR", |it| it.1);
        let currency = currency.unwrap_or_else(|| home.to_owned());
        match (currency.as_str(), &account_type) {
            ("USD", None) => fields.refuse("account_type", "is required"),
            ("USD", Some(_)) => {}
            (_, Some(_)) => fields.refuse("account_type", "must not be set for this currency"),
            (_, None) => {}
        }
        if currency == "SEK" && fields.has("iban") {
            fields.refuse("iban", "is not supported for SEK accounts");
        }
        let holder = holder?.to_uppercase().chars().take(HOLDER_MAX).collect();
        Some(Self { holder, country, currency, account_type, fingerprint, ending })
    }

    /// A name for the bank, made from the details.
    pub fn bank_name(&self) -> String {
        let bank = match self.country.as_str() {
            "GB" => "BARCLAYS BANK PLC",
            "DE" => "COMMERZBANK",
            "FR" => "LA BANQUE POSTALE",
            "SE" => "SEB",
            "US" => "JPMORGAN CHASE",
            "AU" => "NATIONAL AUSTRALIA BANK",
            "NZ" => "ASB BANK",
            "CA" => "ROYAL BANK OF CANADA",
            "DK" => "DANSKE BANK",
            _ => "EUROPEAN BANK",
        };
        bank.to_owned()
    }
}

fn ending(number: &str, country: &str) -> String {
    let count = if country == "NZ" { 4 } else { 2 };
    let skip = number.chars().count().saturating_sub(count);
    number.chars().skip(skip).collect()
}

fn read_iban(fields: &mut Fields<'_>, text: &str) -> Option<(String, String, String)> {
    let iban: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let iban = iban.to_uppercase();
    let plain =
        iban.len() >= 15 && iban.len() <= 34 && iban.chars().all(|c| c.is_ascii_alphanumeric());
    if !plain || !iban_checks(&iban) {
        fields.refuse("iban", "is invalid");
        return None;
    }
    let country = iban.get(0..2)?.to_owned();
    let ending = ending(&iban, &country);
    Some((country, format!("iban:{iban}"), ending))
}

/// ISO 13616: moved by four, letters as numbers, remainder 1 of 97.
fn iban_checks(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let mut remainder = 0_u32;
    for character in tail.chars().chain(head.chars()) {
        let Some(value) = character.to_digit(36) else { return false };
        remainder =
            if value < 10 { (remainder * 10 + value) % 97 } else { (remainder * 100 + value) % 97 };
    }
    remainder == 1
}

fn read_local(fields: &mut Fields<'_>) -> Option<(String, String, String)> {
    let country = fields.required_text("country_code")?.to_uppercase();
    let Some(shape) = SHAPES.iter().find(|shape| shape.country == country) else {
        // Euro countries: an IBAN is preferred, local details are taken as they are.
        let number = fields.required_text("account_number")?;
        let ending = ending(&number, &country);
        return Some((country.clone(), format!("{country}:{number}"), ending));
    };
    let bank = read_part(fields, "bank_code", shape.bank);
    let branch = read_part(fields, "branch_code", shape.branch);
    let account = read_part(fields, "account_number", Some(shape.account));
    if country == "US" && bank.as_ref().is_some_and(|code| !routing_checks(code)) {
        fields.refuse("bank_code", "is not a valid routing number");
    }
    let suffix = fields.text("account_number_suffix").unwrap_or_default();
    let account = account?;
    let account = if country == "GB" { format!("{account:0>8}") } else { account };
    let fingerprint = format!(
        "{country}:{}:{}:{account}{suffix}",
        bank.unwrap_or_default(),
        branch.unwrap_or_default()
    );
    let ending = ending(&account, &country);
    Some((country, fingerprint, ending))
}

fn read_part(
    fields: &mut Fields<'_>,
    name: &str,
    digits: Option<(usize, usize)>,
) -> Option<String> {
    let Some((least, most)) = digits else {
        if fields.text(name).is_some() {
            fields.refuse(name, "must not be set for this country");
        }
        return None;
    };
    let text = fields.required_text(name)?;
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let fits = plain.chars().all(|c| c.is_ascii_digit()) && (least..=most).contains(&plain.len());
    if !fits {
        fields.refuse(name, "is the wrong length or has characters that are not digits");
        return None;
    }
    Some(plain)
}

/// The checksum of US routing numbers (weights 3, 7, 1).
fn routing_checks(code: &str) -> bool {
    let sum: u32 = code
        .chars()
        .filter_map(|c| c.to_digit(10))
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum.is_multiple_of(10)
}

/// A made-up account that fits a scheme (hosted page without details, seeds).
pub fn sample_details(scheme: &Scheme, holder: &str, ids: &mut Ids) -> BankDetails {
    let number = ids.digits(9);
    BankDetails {
        holder: holder.to_uppercase().chars().take(HOLDER_MAX).collect(),
        country: scheme.country.to_owned(),
        currency: scheme.currency.to_owned(),
        account_type: (scheme.currency == "USD").then(|| "checking".to_owned()),
        fingerprint: format!("sample:{number}"),
        ending: ending(&number, scheme.country),
    }
}
