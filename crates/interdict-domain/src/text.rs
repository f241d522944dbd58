//! Free text that people write: reasons, names, messages, metadata. Each type has a limit, refuses
//! control characters and card numbers, and keeps the text exactly as it was sent.
//!
//! Deliberately not here: escaping, which is the business of whoever shows a text.

mod addresses;
mod metadata;

pub use addresses::Addresses;
pub use metadata::Metadata;

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
    /// Metadata with too many keys or too much text, or an address of another shape.
    #[error("{0}")]
    Metadata(&'static str),
}

/// Checks a text against a limit in characters, control characters and card numbers.
fn check(text: &str, max_chars: usize, line_breaks: bool) -> Result<(), TextError> {
    if text.len() > max_chars && text.chars().count() > max_chars {
        return Err(TextError::TooLong { max_chars });
    }
    // C0, DEL and C1: what NUL does to PostgreSQL, and escapes to a terminal.
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

/// Checks a key of metadata or of an address.
fn check_key(key: &str) -> Result<(), TextError> {
    if key.is_empty() {
        return Err(TextError::Metadata("must have keys of 1 to 64 characters"));
    }
    check(key, KEY_CHARS_MAX, false)
}

/// The longest key of metadata or of an address, in characters.
const KEY_CHARS_MAX: usize = 64;

/// Checks that a number is none of a card. The digits behind a decimal point are no card's.
fn check_number(number: &serde_json::Number) -> Result<(), TextError> {
    let holds_pan = match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(integer), _, _) => pan::holds_pan(&integer.to_string()),
        (_, Some(integer), _) => pan::holds_pan(&integer.to_string()),
        (_, _, Some(float)) => pan::holds_pan(&format!("{:.0}", float.trunc())),
        _ => false,
    };
    if holds_pan { Err(TextError::CardNumber) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_kept_exactly() {
        let text = "  Chargeback\r\n\tof the 3rd\u{202e} – „fraud“ ";
        assert_eq!(Reason::parse(text).unwrap().as_str(), text);
        assert!(Name::parse("Zoë\u{301} O'Neil").is_ok());
        assert!(Reason::parse("").is_ok());
    }

    #[test]
    fn limits_are_counted_in_characters() {
        assert!(Name::parse(&"é".repeat(200)).is_ok());
        assert_eq!(Name::parse(&"é".repeat(201)), Err(TextError::TooLong { max_chars: 200 }));
        assert!(PublicMessage::parse(&"é".repeat(300)).is_ok());
        assert!(Reason::parse(&"é".repeat(1001)).is_err());
    }

    #[test]
    fn control_characters_are_refused() {
        for c in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}') {
            let text = format!("a{c}b");
            let line_break = matches!(c, '\n' | '\r' | '\t');
            assert_eq!(Reason::parse(&text).is_ok(), line_break, "{c:?}");
            assert_eq!(Name::parse(&text), Err(TextError::ControlCharacter), "{c:?}");
        }
    }

    #[test]
    fn card_numbers_are_refused_and_not_repeated() {
        let error = Reason::parse("paid with 4242 4242 4242 4242").unwrap_err();
        assert_eq!(error, TextError::CardNumber);
        assert!(!error.to_string().contains("4242"));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_kept_and_taken_again(text: String) {
            if let Ok(reason) = Reason::parse(&text) {
                prop_assert_eq!(reason.as_str(), &text);
                prop_assert!(Reason::parse(reason.as_str()).is_ok());
            }
        }
    }
}
