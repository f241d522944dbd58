//! stub

use std::borrow::Cow;

use super::IdentifierError;

/// The canonical form.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    Ok(Cow::Borrowed(text.trim()))
}
