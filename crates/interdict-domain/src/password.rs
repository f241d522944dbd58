//! Passwords, by the rules of NIST SP 800-63B: long enough, of any characters, and none of those that
//! everybody tries first. No rule asks for digits or signs.
//!
//! Deliberately not here: hashes, which are the use cases'.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::identifier::{Email, email};

/// The fewest characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The most: nobody waits for the hash of a book.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// The commonest ones that are long enough, one a line, in lower case.
const COMMON: &str = include_str!("password/common.txt");

/// Why a password is refused. The message never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("must be at least {PASSWORD_CHARS_MIN} characters long: several words make a good password")]
    TooShort,
    /// It is too long.
    #[error("must be at most {PASSWORD_CHARS_MAX} characters long")]
    TooLong,
    /// Everybody tries it first.
    #[error("is one of those that are tried first: choose another one")]
    Common,
    /// It is the email.
    #[error("must not be the email")]
    IsEmail,
}

/// A password that somebody chose, in NFC. It is wiped from memory when it goes.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Checks what somebody wants as a password.
    pub fn parse(text: &str, email: &Email) -> Result<Self, PasswordError> {
        // Beyond any text that could have as few characters after NFC.
        if text.len() > PASSWORD_CHARS_MAX * 16 {
            return Err(PasswordError::TooLong);
        }
        let password = Self::shown(text);
        let chars = password.as_str().chars().count();
        if chars < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        if chars > PASSWORD_CHARS_MAX {
            return Err(PasswordError::TooLong);
        }
        if email::normalise(password.as_str()).is_ok_and(|shown| shown == email.as_str()) {
            return Err(PasswordError::IsEmail);
        }
        let lower = Zeroizing::new(password.as_str().to_lowercase());
        if is_one_character(&lower) || COMMON.lines().any(|common| common == lower.as_str()) {
            return Err(PasswordError::Common);
        }
        Ok(password)
    }

    /// What somebody shows as the password that was chosen before: only compared, by no rule of today.
    pub fn shown(text: &str) -> Self {
        let short = text.chars().take(PASSWORD_CHARS_MAX * 16);
        Self(Zeroizing::new(short.nfc().collect()))
    }

    /// The password itself, for the hash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One character, over and over.
fn is_one_character(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|char| Some(char) == first)
}

/// A password never reaches a log.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, PasswordError> {
        let email = Email::parse("ada@example.com").unwrap();
        Password::parse(text, &email).map(|password| password.as_str().to_owned())
    }

    #[test]
    fn what_is_long_enough_and_not_tried_first_is_good() {
        for good in [
            "correct horse battery",
            "          x          ",
            "Zwölf Boxkämpfer",
            "пароль никому",
            "\u{1f40e}\u{1f50b}🧷🪶🫐🍋🧭🛶🪁🦉",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        assert_eq!(parse("short"), Err(PasswordError::TooShort));
        assert_eq!(parse(&"ab".repeat(64)).map(|text| text.len()), Ok(128));
        assert_eq!(parse(&"ab".repeat(65)), Err(PasswordError::TooLong));
        assert_eq!(parse(&"ab".repeat(5_000)), Err(PasswordError::TooLong));
        assert_eq!(parse("aaaaaaaaaaaaaaa"), Err(PasswordError::Common));
        assert_eq!(parse("Password123"), Err(PasswordError::Common));
        assert_eq!(parse("ADA@example.COM"), Err(PasswordError::IsEmail));
    }

    #[test]
    fn two_ways_to_type_one_password_are_one_password() {
        let composed = "caf\u{e9} caf\u{e9} caf\u{e9}";
        let decomposed = "cafe\u{301} cafe\u{301} cafe\u{301}";
        assert_eq!(parse(composed), parse(decomposed));
        assert_eq!(Password::shown(decomposed).as_str(), composed);
        assert_eq!(parse(&"e\u{301}".repeat(9)), Err(PasswordError::TooShort), "counted after NFC");
    }

    #[test]
    fn the_list_holds_what_could_be_chosen() {
        for line in COMMON.lines() {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN, "{line} is refused anyway");
            assert_eq!(line, line.to_lowercase());
        }
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert_eq!(format!("{:?}", Password::shown("correct horse battery")), "Password(…)");
    }
}
