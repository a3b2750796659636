//! Exact money: integer minor units of a known currency, and exact decimals of minor units where a
//! processor itself has fractions. Binary floats never touch it (promise P10).

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency whose exponent (0, 2 or 3 decimals) is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const GBP: Currency = Currency(*b"GBP");
    pub const EUR: Currency = Currency(*b"EUR");
    pub const SEK: Currency = Currency(*b"SEK");
    pub const USD: Currency = Currency(*b"USD");

    /// Decimals of the major unit: 0 (JPY), 2 (most), 3 (KWD).
    #[must_use]
    pub fn exponent(self) -> u32 {
        // `parse_currency` admits only codes with an exponent, so the fallback never answers.
        iso_currency::Currency::from_code(self.code())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency(text.to_owned());
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        let known = iso_currency::Currency::from_code(text).ok_or_else(unknown)?;
        match known.exponent() {
            Some(0 | 2 | 3) => Ok(Currency(bytes)),
            Some(_) | None => Err(unknown()),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why an amount was refused. The sentence is fit for the person who has to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("\"{0}\" is not a currency that ml-connector knows (ISO 4217 with 0, 2 or 3 decimals)")]
    UnknownCurrency(String),
    #[error("\"{0}\" is not a decimal number")]
    NotANumber(String),
    #[error("{amount} {currency} has more decimals than the currency's {exponent}")]
    TooManyDecimals { amount: String, currency: Currency, exponent: u32 },
    #[error("the amount does not fit into 64 bits of minor units")]
    OutOfRange,
    #[error("{0} and {1} can not be added: different currencies")]
    CurrencyMismatch(Currency, Currency),
}

/// An exact amount: `minor` units of `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units (pence, cents, öre; whole yen).
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    #[must_use]
    pub fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.minor == 0
    }

    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.minor > 0
    }

    /// Reads an amount in major units ("240.5") exactly, or refuses it.
    pub fn parse_major(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let decimal = parse_decimal(text)?;
        let exponent = currency.exponent();
        let scaled = decimal
            .checked_mul(Decimal::from(10_i64.pow(exponent)))
            .ok_or(MoneyError::OutOfRange)?
            .normalize();
        if scaled.scale() > 0 {
            let amount = text.to_owned();
            return Err(MoneyError::TooManyDecimals { amount, currency, exponent });
        }
        let minor = i64::try_from(scaled.mantissa()).map_err(|_| MoneyError::OutOfRange)?;
        Ok(Money { minor, currency })
    }

    /// The amount in major units with exactly the currency's decimals ("240.50").
    #[must_use]
    pub fn to_major(&self) -> String {
        let exponent = self.currency.exponent();
        Decimal::from_i128_with_scale(i128::from(self.minor), exponent).to_string()
    }

    pub fn checked_add(&self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Money { minor, currency: self.currency })
    }

    pub fn checked_sub(&self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Money { minor, currency: self.currency })
    }

    /// The smaller of two amounts of one currency.
    pub fn checked_min(&self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        Ok(Money { minor: self.minor.min(other.minor), currency: self.currency })
    }

    fn same_currency(&self, other: Money) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

/// An exact decimal of minor units: payout items and their taxes have tenths of a penny
/// (`"-324.6"` pence is real; gocardless sheet section 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemAmount(#[serde(with = "rust_decimal::serde::str")] Decimal);

impl ItemAmount {
    pub const ZERO: ItemAmount = ItemAmount(Decimal::ZERO);

    /// Reads a decimal number of minor units as text.
    pub fn parse_minor(text: &str) -> Result<ItemAmount, MoneyError> {
        parse_decimal(text).map(ItemAmount)
    }

    #[must_use]
    pub fn from_minor(minor: i64) -> ItemAmount {
        ItemAmount(Decimal::from(minor))
    }

    #[must_use]
    pub fn decimal(&self) -> Decimal {
        self.0
    }

    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    #[must_use]
    pub fn negated(&self) -> ItemAmount {
        ItemAmount(-self.0)
    }

    pub fn checked_add(&self, other: ItemAmount) -> Result<ItemAmount, MoneyError> {
        self.0.checked_add(other.0).map(ItemAmount).ok_or(MoneyError::OutOfRange)
    }

    pub fn checked_sub(&self, other: ItemAmount) -> Result<ItemAmount, MoneyError> {
        self.0.checked_sub(other.0).map(ItemAmount).ok_or(MoneyError::OutOfRange)
    }

    /// This amount with the sign of `other`: the sign of taxes is uncertain, so the tax takes that
    /// of its item (gocardless sheet section 28, row 4).
    #[must_use]
    pub fn with_sign_of(&self, other: ItemAmount) -> ItemAmount {
        let magnitude = self.0.abs();
        ItemAmount(if other.is_negative() { -magnitude } else { magnitude })
    }

    /// Whole minor units, half away from zero: the one rounding rule of a document.
    pub fn round_to_minor(&self) -> Result<i64, MoneyError> {
        let rounded = self.0.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        i64::try_from(rounded.normalize().mantissa()).map_err(|_| MoneyError::OutOfRange)
    }

    /// Whole minor units when there is no fraction.
    #[must_use]
    pub fn whole_minor(&self) -> Option<i64> {
        let normal = self.0.normalize();
        if normal.scale() == 0 { i64::try_from(normal.mantissa()).ok() } else { None }
    }

    /// The exact sum.
    pub fn sum<'a>(
        amounts: impl IntoIterator<Item = &'a ItemAmount>,
    ) -> Result<ItemAmount, MoneyError> {
        let mut total = ItemAmount::ZERO;
        for amount in amounts {
            total = total.checked_add(*amount)?;
        }
        Ok(total)
    }
}

impl fmt::Display for ItemAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

/// Reads a plain decimal ("12", "-0.5"); exponents, spaces and separators are refused.
pub fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    let refused = || MoneyError::NotANumber(text.to_owned());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain || !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with('.') {
        return Err(refused());
    }
    Decimal::from_str_exact(text).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, code: &str, expected: Result<i64, &str>) {
        let parsed = code
            .parse::<Currency>()
            .and_then(|currency| Money::parse_major(text, currency))
            .map(|money| money.minor)
            .map_err(|error| error.to_string());
        match expected {
            Ok(minor) => assert_eq!(parsed, Ok(minor), "{text} {code}"),
            Err(part) => {
                let error = parsed.expect_err(text);
                assert!(error.contains(part), "{text} {code}: {error}");
            }
        }
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        check("240", "GBP", Ok(24_000));
        check("240.5", "GBP", Ok(24_050));
        check("-0.01", "EUR", Ok(-1));
        check("1.10", "SEK", Ok(110));
        check("1.100", "GBP", Ok(110));
        check("17", "JPY", Ok(17));
        check("17.5", "JPY", Err("more decimals"));
        check("1.234", "KWD", Ok(1_234));
        check("1.005", "GBP", Err("more decimals"));
        check("1e3", "GBP", Err("not a decimal"));
        check("1,000", "GBP", Err("not a decimal"));
        check("", "GBP", Err("not a decimal"));
        check(".5", "GBP", Err("not a decimal"));
        check("5.", "GBP", Err("not a decimal"));
        check("--5", "GBP", Err("not a decimal"));
        check("999999999999999999999", "GBP", Err("64 bits"));
        check("1", "XXX", Err("not a currency"));
        check("1", "gbp", Err("not a currency"));
        check("1", "ABCD", Err("not a currency"));
    }

    #[test]
    fn fractions_of_a_penny_round_half_away_from_zero() {
        for (text, expected) in
            [("-324.6", -325), ("0.5", 1), ("-0.5", -1), ("0.49", 0), ("35432.4", 35_432)]
        {
            let amount = ItemAmount::parse_minor(text).unwrap();
            assert_eq!(amount.round_to_minor(), Ok(expected), "{text}");
        }
        assert_eq!(ItemAmount::parse_minor("12000.0").unwrap().whole_minor(), Some(12_000));
        assert_eq!(ItemAmount::parse_minor("0.1").unwrap().whole_minor(), None);
    }

    #[test]
    fn different_currencies_never_mix() {
        let pounds = Money::new(1, Currency::GBP);
        let euros = Money::new(1, Currency::EUR);
        assert!(pounds.checked_add(euros).is_err());
        assert!(pounds.checked_min(euros).is_err());
    }

    proptest! {
        #[test]
        fn major_text_survives_the_round_trip(minor in any::<i64>(), which in 0_usize..4) {
            let code = ["GBP", "JPY", "KWD", "SEK"][which];
            let money = Money::new(minor, code.parse().unwrap());
            prop_assert_eq!(Money::parse_major(&money.to_major(), money.currency), Ok(money));
        }
    }
}
