//! Phone numbers in E.164: `+`, the country's code, the number. What is none by itself is read as it is dialled in a
//! region, where there is one.
//!
//! Deliberately not here: extensions, short codes, and numbers spelled with letters; which region is whose. Validity
//! is libphonenumber's to judge, whose metadata loads once, at first use.

mod as_written;
mod automaton;

use std::borrow::Cow;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::{IdentifierError, country};
use crate::pan::decimal_digit;

/// Digits that are looked at: E.164 has at most 15, libphonenumber takes a few more where a country gives them out, and
/// prefixes in front of a national number add a few.
const DIGITS_MAX: usize = 20;
/// Bytes that are looked at, separators included.
const TEXT_BYTES_MAX: usize = 128;

const REFUSED: IdentifierError =
    IdentifierError("must be a phone number with its country's code, such as +2348012345678");
const REFUSED_IN_REGION: IdentifierError = IdentifierError(
    "must be a phone number as it is dialled in the phoneRegion of the settings, or with its country's code, such as \
     +2348012345678",
);
const NO_REGION: IdentifierError = IdentifierError(
    "must be a country's two letters of ISO 3166-1 whose phone numbers are known, such as NG",
);

canonical_text!(
    /// A phone number in E.164.
    Phone,
    IdentifierError,
    normalise
);

impl Phone {
    /// The same for a number that may be dialled in a region.
    pub fn parse_in(
        text: &str,
        region: impl FnOnce() -> Option<PhoneRegion>,
    ) -> Result<Self, IdentifierError> {
        normalise_in(text, region).map(|value| Self(value.into_owned()))
    }
}

/// Where people dial numbers without their country's code: a country of ISO 3166-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneRegion {
    code: &'static str,
    region: Region,
}

impl PhoneRegion {
    /// From the country's two letters.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let code = country::code(text).ok_or(NO_REGION)?;
        let region = Region::from_code(code).map_err(|_| NO_REGION)?;
        // Nobody lives in some of them.
        let is_dialled = PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some();
        if is_dialled { Ok(Self { code, region }) } else { Err(NO_REGION) }
    }

    /// The country's two letters.
    pub fn as_str(self) -> &'static str {
        self.code
    }
}

impl serde::Serialize for PhoneRegion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for PhoneRegion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The canonical form of an international number, with or without `+` (or `00`). Spaces, dots,
/// hyphens and parentheses are ignored; borrowed when the text is canonical already.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    normalise_in(text, || None)
}

/// The same, and what is no international number is read as it is dialled in a region. That is asked for only then;
/// a number that begins with `+` is international whatever the region.
pub fn normalise_in(
    text: &str,
    region: impl FnOnce() -> Option<PhoneRegion>,
) -> Result<Cow<'_, str>, IdentifierError> {
    if as_written::is_canonical(text) {
        return Ok(Cow::Borrowed(text));
    }
    let text = text.trim();
    let dialled = Dialled::parse(text).ok_or(REFUSED)?;
    if let Some(canonical) = dialled.as_international() {
        return Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical.into_owned()) });
    }
    match if dialled.has_plus { None } else { region() } {
        Some(region) => dialled.as_in(region).map(Cow::Owned).ok_or(REFUSED_IN_REGION),
        None => Err(REFUSED),
    }
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

    /// With a `+` in front.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.text.get(..self.length)?).ok()
    }

    fn as_international(&self) -> Option<Cow<'_, str>> {
        let text = self.text()?;
        if as_written::is_canonical(text) {
            return Some(Cow::Borrowed(text));
        }
        match text.strip_prefix("+00") {
            // No country's code begins with 0: this is the international prefix, spelled out.
            Some(rest) if !self.has_plus => in_e164(&format!("+{rest}"), None),
            _ => in_e164(text, None),
        }
        .map(Cow::Owned)
    }

    fn as_in(&self, region: PhoneRegion) -> Option<String> {
        in_e164(self.text()?.strip_prefix('+')?, Some(region.region))
    }
}

/// What libphonenumber takes for a valid number.
fn in_e164(text: &str, region: Option<Region>) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    PHONE_NUMBER_UTIL
        .is_valid_number(&number)
        .then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
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

    fn dialled_in(region: &str, text: &str) -> Result<String, IdentifierError> {
        normalise_in(text, || Some(PhoneRegion::parse(region).unwrap())).map(Cow::into_owned)
    }

    #[test]
    fn a_national_number_needs_its_region() {
        assert_eq!(dialled_in("NG", "0801 234 5678").unwrap(), "+2348012345678");
        assert_eq!(dialled_in("NG", "+49 30 901820").unwrap(), "+4930901820");
        assert_eq!(dialled_in("DE", "(030) 901820").unwrap(), "+4930901820");
        assert_eq!(
            dialled_in("US", "011 49 30 901820").unwrap(),
            "+4930901820",
            "as abroad is dialled there"
        );
        assert_eq!(normalise("0801 234 5678"), Err(REFUSED));
        assert_eq!(dialled_in("DE", "0801 234 5678 999 9"), Err(REFUSED_IN_REGION));
        assert_eq!(dialled_in("NG", "+0801 234 5678"), Err(REFUSED), "a plus is international");
    }

    #[test]
    fn what_is_international_asks_for_no_region() {
        for text in ["+2348012345678", "2348012345678", "00234 801 234 5678", "+1", "call me"] {
            let _ = normalise_in(text, || panic!("{text}"));
        }
    }

    /// A number of ten digits in the United States that is one of Egypt, too: whoever means the first sends a plus.
    #[test]
    fn digits_that_are_an_international_number_are_that_in_every_region() {
        assert_eq!(dialled_in("US", "(201) 555-0123").unwrap(), "+2015550123");
        assert_eq!(dialled_in("US", "+1 201 555 0123").unwrap(), "+12015550123");
        assert_eq!(dialled_in("US", "(415) 555-0123").unwrap(), "+14155550123");
    }

    #[test]
    fn a_region_is_a_country_with_numbers() {
        for text in ["NG", " de ", "US", "GB"] {
            assert_eq!(PhoneRegion::parse(text).unwrap().as_str(), text.trim().to_uppercase());
        }
        for text in ["", "Nigeria", "UK", "XX", "001", "XK", "AC", "AQ", "BV"] {
            assert_eq!(PhoneRegion::parse(text), Err(NO_REGION), "{text}");
        }
        let written = serde_json::to_string(&PhoneRegion::parse("NG").unwrap()).unwrap();
        assert_eq!(written, "\"NG\"");
        assert_eq!(serde_json::from_str::<PhoneRegion>(&written).unwrap().as_str(), "NG");
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
