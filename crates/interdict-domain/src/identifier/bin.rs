//! BINs: the first 6 to 11 digits of card numbers.
//!
//! Deliberately not here: which longer BIN a shorter one covers ([`super::Reach`]).

use std::borrow::Cow;

use super::IdentifierError;
use super::reach::{BIN_DIGITS_MAX, BIN_DIGITS_MIN};

/// The canonical form: 6 to 11 ASCII digits. White space around them is ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    let is_long_enough = |digits: u8| (BIN_DIGITS_MIN..=BIN_DIGITS_MAX).contains(&digits);
    if u8::try_from(text.len()).is_ok_and(is_long_enough) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(Cow::Borrowed(text))
    } else {
        Err(IdentifierError("must be the first 6 to 11 digits of a card number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_has_6_to_11_digits() {
        assert_eq!(normalise(" 424242 ").unwrap(), "424242");
        assert!(normalise("42424242424").is_ok());
        for text in ["", "42424", "424242424242", "42424x", "4242 42", "４２４２４２"] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
