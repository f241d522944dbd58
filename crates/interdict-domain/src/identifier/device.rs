//! Device fingerprints, opaque, case and all.
//!
//! Deliberately not here: how a fingerprint is made, and what it says.

use std::borrow::Cow;

use super::{IdentifierError, opaque};

const REFUSED: IdentifierError =
    IdentifierError("must be a device fingerprint of 1 to 256 characters, without control characters");

/// The canonical form: without white space around it, otherwise as it came.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    opaque::normalise(text, REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_kept_as_it_is() {
        assert!(matches!(normalise(" fp_Ab12 "), Ok(Cow::Borrowed("fp_Ab12"))));
        assert!(normalise(&"é".repeat(256)).is_ok());
        assert!(normalise(&"é".repeat(257)).is_err());
        for text in ["", "  ", "a\0b", "a\nb", "4242 4242 4242 4242", "card-4242424242424242"] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
