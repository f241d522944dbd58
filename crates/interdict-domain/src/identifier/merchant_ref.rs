//! The merchant's own ids of its customers: Idenza's `customer_reference_id`.
//!
//! Exempt from the search for card numbers: references are often long numbers. Deliberately not here:
//! that a reference is unique per merchant, which the store keeps.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::IdentifierError;
use super::opaque::holds_control;

/// The longest reference, in characters.
const CHARS_MAX: usize = 128;

const REFUSED: IdentifierError =
    IdentifierError("must be a reference of 1 to 128 characters, without control characters");

canonical_text!(
    /// A merchant's own id of a customer.
    MerchantRef,
    IdentifierError,
    normalise
);

/// The canonical form: without white space around it, in NFC, case kept.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    if text.is_empty() || holds_control(text) {
        return Err(REFUSED);
    }
    let canonical =
        if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect::<String>()) };
    if canonical.len() > CHARS_MAX && canonical.chars().count() > CHARS_MAX {
        return Err(REFUSED);
    }
    Ok(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_keeps_its_case_and_may_look_like_a_card() {
        assert!(matches!(normalise(" Ref-1 "), Ok(Cow::Borrowed("Ref-1"))));
        assert!(normalise("4242424242424242").is_ok());
        assert_eq!(normalise("e\u{301}").unwrap(), "é");
        assert!(normalise(&"é".repeat(128)).is_ok());
        assert!(normalise(&"é".repeat(129)).is_err());
        for text in ["", " ", "a\0b", "a\tb", "a\u{9f}b"] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
