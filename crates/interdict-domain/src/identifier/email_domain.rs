//! Domains of email addresses, as entries name them: the same canonical form as in an address.
//!
//! Deliberately not here: which subdomains an entry covers, which is the index's to say.

use std::borrow::Cow;

use super::{IdentifierError, domain};

const REFUSED: IdentifierError = IdentifierError("must be a domain of email addresses such as example.com");

/// The canonical form: lower-case A-labels. White space around it and one `@` before it are ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    domain::canonical(text.strip_prefix('@').unwrap_or(text)).ok_or(REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_written_as_in_an_address() {
        assert_eq!(normalise(" @Bücher.example ").unwrap(), "xn--bcher-kva.example");
        assert!(matches!(normalise("example.com"), Ok(Cow::Borrowed("example.com"))));
        for text in ["com", "@@example.com", "a@example.com", "*.example.com", "", "@", "1.2.3.4"] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
