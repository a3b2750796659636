//! Exact money of payout items: tenths of a minor unit as integers (gocardless sheet section 15).

/// `value / divisor`, halves away from zero (section 28, item 5).
pub fn divide_half_away(value: i128, divisor: i128) -> i64 {
    let (value, divisor) = if divisor < 0 { (-value, -divisor) } else { (value, divisor) };
    let magnitude = (value.abs() * 2 + divisor) / (divisor * 2);
    let signed = if value < 0 { -magnitude } else { magnitude };
    i64::try_from(signed).unwrap_or(if signed < 0 { i64::MIN } else { i64::MAX })
}

/// Tenths rounded to whole minor units.
pub fn tenths_to_minor(tenths: i64) -> i64 {
    divide_half_away(i128::from(tenths), 10)
}

/// The wire form: signed, one decimal (`"-168.0"`).
pub fn tenths_text(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
}
