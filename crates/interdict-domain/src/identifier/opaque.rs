//! What the opaque kinds have in common: device fingerprints and card fingerprints. Whatever the
//! other side made up is kept as it is, case included.
//!
//! Deliberately not here: merchant references, which may look like card numbers.

use std::borrow::Cow;

use super::IdentifierError;
use crate::pan;

/// The longest value, in characters.
pub(super) const CHARS_MAX: usize = 256;

/// The text without white space around it, or the error for what it should have been.
pub(super) fn normalise(text: &str, refused: IdentifierError) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    if text.is_empty() || (text.len() > CHARS_MAX && text.chars().count() > CHARS_MAX) || holds_control(text)
    {
        return Err(refused);
    }
    if pan::holds_pan(text) {
        return Err(IdentifierError("must be a fingerprint or a token, never a card number"));
    }
    Ok(Cow::Borrowed(text))
}

/// Whether a control character is in a text, which is read character by character only where a byte may be a part of one.
pub(super) fn holds_control(text: &str) -> bool {
    if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    }
}
