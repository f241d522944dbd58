//! stub

use std::borrow::Cow;

use super::IdentifierError;

/// The canonical form.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    Ok(Cow::Borrowed(text.trim()))
}

/// A normalised value.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct MerchantRef(String);

impl MerchantRef {
    /// Parses and normalises.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        normalise(text).map(|value| Self(value.into_owned()))
    }

    /// A value that was normalised when it was stored.
    pub fn from_stored(value: String) -> Self {
        Self(value)
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifiers never reach a log.
impl std::fmt::Debug for MerchantRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MerchantRef(…)")
    }
}
