//! Numbers in the one spelling that equal numbers share.

/// The canonical form of what `numeric_out` or a float output function prints: no trailing zeros
/// behind the point, no negative zero. 7, 7.0 and 7.00 are equal and become `7`.
///
/// `NaN`, `Infinity` and spellings with an exponent (floats only, where equal values already
/// print the same) are left as they are.
pub fn canonical(printed: &str) -> &str {
    let plain = printed.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let trimmed = if plain && printed.contains('.') {
        printed.trim_end_matches('0').trim_end_matches('.')
    } else {
        printed
    };
    if trimmed == "-0" { "0" } else { trimmed }
}

/// Whether the text is a number that every numeric type reads: digits with at most one point among
/// them and a sign before, and not many of them.
pub fn is_short_decimal(text: &str) -> bool {
    const SHORT: usize = 30;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    text.len() <= SHORT
        && [whole, part].iter().all(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{canonical, is_short_decimal};

    #[test]
    fn short_decimals() {
        for text in ["0", "-1", "12.50", "-0.5"] {
            assert!(is_short_decimal(text), "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "1.2.3", "1e3", "NaN", " 1", "+1", &"1".repeat(31)] {
            assert!(!is_short_decimal(text), "{text}");
        }
    }

    #[test]
    fn equal_numbers_share_one_spelling() {
        for (printed, expected) in [
            ("7", "7"),
            ("7.00", "7"),
            ("7.10", "7.1"),
            ("-0.50", "-0.5"),
            ("0.000", "0"),
            ("-0", "0"),
            ("100", "100"),
            ("1200.0", "1200"),
            ("NaN", "NaN"),
            ("Infinity", "Infinity"),
            ("1e+20", "1e+20"),
        ] {
            assert_eq!(canonical(printed), expected);
        }
    }
}
