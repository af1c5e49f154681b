//! Amounts and lines as people read them.

use alloy_primitives::U256;
use alloy_primitives::utils::format_units;

/// Wei in native coins, with six places and no more zeros than needed.
pub(super) fn coins(wei: U256) -> String {
    let whole = format_units(wei, 18_u8).unwrap_or_else(|_| wei.to_string());
    let Some((coins, fraction)) = whole.split_once('.') else { return whole };
    let places = if coins == "0" { 9 } else { 6 };
    let fraction = fraction.get(..places).unwrap_or(fraction).trim_end_matches('0');
    if fraction.is_empty() { coins.to_owned() } else { format!("{coins}.{fraction}") }
}

/// Wei for a unit of gas, in gwei.
pub(super) fn gwei(wei: u128) -> String {
    let whole = format_units(U256::from(wei), 9_u8).unwrap_or_else(|_| wei.to_string());
    let trimmed = whole.trim_end_matches('0').trim_end_matches('.');
    trimmed.to_owned()
}

/// A number with its digits in threes.
pub(super) fn grouped(number: &impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_exact_where_it_matters() {
        assert_eq!(coins(U256::from(1_500_000_000_000_000_000_u128)), "1.5");
        assert_eq!(coins(U256::from(12_345_678_901_234_u128)), "0.000012345");
        assert_eq!(coins(U256::ZERO), "0");
        assert_eq!(
            (gwei(1_500_000_000), gwei(7), gwei(2_000_000_000)),
            ("1.5".into(), "0.000000007".into(), "2".into())
        );
        assert_eq!((grouped(&999), grouped(&1_234_567)), ("999".into(), "1_234_567".into()));
    }
}
