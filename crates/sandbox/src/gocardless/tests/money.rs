//! Exact tenths.

use crate::gocardless::money::{divide_half_away, tenths_text, tenths_to_minor};

#[test]
fn halves_go_away_from_zero() {
    for (value, divisor, expected) in
        [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (-4, 10, 0), (15, 10, 2), (-15, 10, -2), (14, 10, 1)]
    {
        assert_eq!(divide_half_away(value, divisor), expected, "{value}/{divisor}");
    }
    assert_eq!(tenths_to_minor(354_324), 35_432);
    assert_eq!(tenths_to_minor(11_166), 1_117);
}

#[test]
fn tenths_have_one_decimal() {
    for (tenths, text) in
        [(0, "0.0"), (450, "45.0"), (-1680, "-168.0"), (-3246, "-324.6"), (-4, "-0.4")]
    {
        assert_eq!(tenths_text(tenths), text);
    }
}
