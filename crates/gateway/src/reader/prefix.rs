//! The beginnings of hashes and addresses.

use rusqlite::types::Value;

/// Digits of a hash.
const DIGITS_MAX: usize = 64;

/// The first hex digits of hashes or addresses, upper or lower case, with or without 0x; or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    digits: [u8; DIGITS_MAX],
    len: usize,
    number: Option<u32>,
}

impl Prefix {
    /// Of 1 to 64 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number = if hex.is_none() && text.len() <= 10 { text.parse().ok() } else { None };
        let text = hex.unwrap_or(text);
        let mut digits = [0; DIGITS_MAX];
        for (digit, place) in text.chars().zip(&mut digits) {
            *place = u8::try_from(digit.to_digit(16)?).ok()?;
        }
        let len = text.chars().count();
        (1..=DIGITS_MAX).contains(&len).then_some(Self { digits, len, number })
    }

    /// How many digits there are.
    pub fn digits(&self) -> usize {
        self.len
    }

    /// The number that it is, too, if it is one.
    pub fn number(&self) -> Option<u32> {
        self.number
    }

    /// The first and the last of `N` bytes that begin so; `NULL`, which nothing lies between, if it is longer.
    pub(super) fn range<const N: usize>(&self) -> [Value; 2] {
        [0, 15].map(|rest| {
            if self.len > 2 * N {
                return Value::Null;
            }
            let digit = |at: usize| {
                let digit = self.digits.get(at).copied().unwrap_or(rest);
                if at < self.len { digit } else { rest }
            };
            Value::Blob((0..N).map(|byte| digit(2 * byte) << 4 | digit(2 * byte + 1)).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_begins_so() {
        let range = |text: &str| Prefix::parse(text).map(|prefix| prefix.range::<3>());
        let blobs = |from: [u8; 3], to: [u8; 3]| Some([from, to].map(|bytes| Value::Blob(bytes.to_vec())));
        assert_eq!(range("0xaB"), blobs([0xab, 0, 0], [0xab, 0xff, 0xff]));
        assert_eq!(range("ABC"), blobs([0xab, 0xc0, 0], [0xab, 0xcf, 0xff]));
        assert_eq!(range("0Xabcdef"), blobs([0xab, 0xcd, 0xef], [0xab, 0xcd, 0xef]));
        assert_eq!(range("abcdef0"), Some([Value::Null, Value::Null]));
        for wrong in ["", "0x", "xyz", "0x0x1", "é", &"1".repeat(65), "ab cd"] {
            assert_eq!(Prefix::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn decimal_digits_are_a_number_too() {
        let number = |text: &str| Prefix::parse(text).and_then(|prefix| prefix.number());
        assert_eq!(
            [number("12"), number("0x12"), number("1a"), number("4294967296")],
            [Some(12), None, None, None]
        );
    }
}
