//! Free text that people write: reasons, names, messages, metadata. Each type has a limit, refuses
//! control characters and card numbers, and keeps the text exactly as it was sent.

use serde::{Deserialize, Serialize};

use crate::pan;

/// Why a text is refused. The message never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Over the limit.
    #[error("must be at most {max_chars} characters long")]
    TooLong {
        /// The limit.
        max_chars: usize,
    },
    /// NUL, or another control character than a line break or tab where those are allowed.
    #[error("must not hold control characters")]
    ControlCharacter,
    /// A card number where none may stand.
    #[error("must not hold a card number: remove it, and send a token or a fingerprint instead")]
    CardNumber,
    /// Metadata with too many keys or too much text.
    #[error("{0}")]
    Metadata(&'static str),
}

/// Checks a text against a limit in characters, control characters and card numbers.
fn check(text: &str, max_chars: usize, line_breaks: bool) -> Result<(), TextError> {
    if text.len() > max_chars && text.chars().count() > max_chars {
        return Err(TextError::TooLong { max_chars });
    }
    let refused = |c: char| c.is_control() && !(line_breaks && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(refused) {
        return Err(TextError::ControlCharacter);
    }
    if pan::holds_pan(text) {
        return Err(TextError::CardNumber);
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, max_chars: $max:literal, line_breaks: $breaks:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The most characters that it may have.
            pub const MAX_CHARS: usize = $max;

            /// Checks a text that came from outside.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                check(text, Self::MAX_CHARS, $breaks)?;
                Ok(Self(text.to_owned()))
            }

            /// A text that was checked when it was stored.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }

            /// The text, exactly as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Texts of people never reach a log.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

text!(
    /// Why something was done, for the merchant's own people.
    Reason, max_chars: 1000, line_breaks: true
);
text!(
    /// What a payer is told instead of the reason.
    PublicMessage, max_chars: 300, line_breaks: true
);
text!(
    /// A name of a person, a role, a merchant or a key.
    Name, max_chars: 200, line_breaks: false
);

/// Whatever the merchant attached to a customer.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(pub serde_json::Map<String, serde_json::Value>);

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metadata(…)")
    }
}

impl Metadata {
    /// Metadata that was checked when it was stored.
    pub fn from_stored(map: serde_json::Map<String, serde_json::Value>) -> Self {
        Self(map)
    }

    /// stub
    pub fn parse(map: serde_json::Map<String, serde_json::Value>) -> Result<Self, TextError> {
        Ok(Self(map))
    }

    /// stub
    pub fn merge(
        &mut self,
        _patch: Option<serde_json::Map<String, serde_json::Value>>,
    ) -> Result<(), TextError> {
        Ok(())
    }
}

text!(
    /// stub
    DateOfBirth, max_chars: 10, line_breaks: false
);

/// Odus's two addresses, as they were sent.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addresses {
    /// Where bills go.
    pub billing: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where goods go.
    pub shipping: Option<serde_json::Map<String, serde_json::Value>>,
}

impl std::fmt::Debug for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Addresses(…)")
    }
}
