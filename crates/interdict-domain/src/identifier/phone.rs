//! Phone numbers in E.164: `+`, the country's code, the number.
//!
//! Deliberately not here: extensions, short codes, and numbers spelled with letters. Validity is
//! libphonenumber's to judge, whose metadata loads once, at first use.

use std::borrow::Cow;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::IdentifierError;
use crate::pan::decimal_digit;

/// Digits that are looked at: E.164 has at most 15, and prefixes in front of a national number add a
/// few.
const DIGITS_MAX: usize = 20;
/// Bytes that are looked at, separators included.
const TEXT_BYTES_MAX: usize = 128;

const REFUSED: IdentifierError =
    IdentifierError("must be a phone number with its country's code, such as +2348012345678");

canonical_text!(
    /// A phone number in E.164.
    Phone,
    IdentifierError,
    normalise
);

/// The canonical form of an international number, with or without `+` (or `00`). Spaces, dots,
/// hyphens and parentheses are ignored; borrowed when the text is canonical already.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    let dialled = Dialled::parse(text).ok_or(REFUSED)?;
    let canonical = dialled.in_e164(None).ok_or(REFUSED)?;
    Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical) })
}

/// The canonical form of a number as it is dialled in a region (ISO 3166-1, two letters in upper
/// case). A number that begins with `+` is international whatever the region.
pub fn normalise_in_region(text: &str, region: &str) -> Result<String, IdentifierError> {
    let region = Region::from_code(region)
        .map_err(|_| IdentifierError("must come with a region of two letters, such as NG"))?;
    Dialled::parse(text.trim()).and_then(|dialled| dialled.in_e164(Some(region))).ok_or(REFUSED)
}

/// A number reduced to ASCII digits, with a `+` in front.
struct Dialled {
    text: [u8; 1 + DIGITS_MAX],
    length: usize,
    has_plus: bool,
}

impl Dialled {
    /// Keeps the digits. None when something stands there that numbers are not written with.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut dialled = Self { text: [b'+'; 1 + DIGITS_MAX], length: 1, has_plus: false };
        for c in text.chars() {
            if let Some(digit) = decimal_digit(c) {
                *dialled.text.get_mut(dialled.length)? = b'0' + digit;
                dialled.length += 1;
            } else if matches!(c, '+' | '\u{ff0b}') {
                if dialled.has_plus || dialled.length > 1 {
                    return None;
                }
                dialled.has_plus = true;
            } else if !is_separator(c) {
                return None;
            }
        }
        Some(dialled)
    }

    /// Judged by libphonenumber: international, unless a region says how it is dialled.
    fn in_e164(&self, region: Option<Region>) -> Option<String> {
        let with_plus = std::str::from_utf8(self.text.get(..self.length)?).ok()?;
        let digits = with_plus.get(1..)?;
        let number = match (region, digits.strip_prefix("00")) {
            (Some(region), _) if !self.has_plus => PHONE_NUMBER_UTIL.parse(digits, Some(region)),
            // No country's code begins with 0: this is the international prefix, spelled out.
            (_, Some(rest)) if !self.has_plus => PHONE_NUMBER_UTIL.parse(format!("+{rest}"), None),
            _ => PHONE_NUMBER_UTIL.parse(with_plus, None),
        };
        let number = number.ok()?;
        PHONE_NUMBER_UTIL
            .is_valid_number(&number)
            .then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
    }
}

/// What may stand between the digits: spaces of all widths, dots, parentheses, hyphens and dashes.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        '.' | '-' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{ff08}' | '\u{ff09}'
    ) || (c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_a_number_are_one() {
        for text in [
            "+2348012345678",
            "2348012345678",
            "002348012345678",
            " +234 801 234 5678 ",
            "+234-801.234(5678)",
            "+234\u{a0}801\u{2011}234\u{2011}5678",
            "+２３４８０１２３４５６７８",
        ] {
            assert_eq!(normalise(text).unwrap(), "+2348012345678", "{text}");
        }
        assert!(matches!(normalise("+2348012345678"), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn a_national_number_needs_its_region() {
        assert_eq!(normalise_in_region("0801 234 5678", "NG").unwrap(), "+2348012345678");
        assert_eq!(normalise_in_region("+49 30 901820", "NG").unwrap(), "+4930901820");
        assert!(normalise("0801 234 5678").is_err());
        assert!(normalise_in_region("0801 234 5678", "Nigeria").is_err());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "++2348012345678",
            "+234",
            "+999123456789",
            "call me",
            "+234801234567x",
            "1+2348012345678",
            "+1 800 FLOWERS",
            "+2348012345678;ext=5",
            "+234\08012345678",
            "+234801234567890123456789",
        ] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
