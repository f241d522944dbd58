//! Domains of email addresses: the same canonical form as in an address; and which of them an entry may name. What
//! strangers register under (`co.uk`, `github.io`) it may not: it would stand for all of them.
//!
//! Deliberately not here: which subdomains an entry covers ([`super::Reach`]).

use std::borrow::Cow;

use super::{IdentifierError, domain};

const REFUSED: IdentifierError = IdentifierError("must be a domain of email addresses such as example.com");
const PUBLIC: IdentifierError = IdentifierError(
    "must be a domain that one party has, such as example.co.uk or somebody.github.io: this one is a public suffix, \
     under which strangers register",
);

/// The canonical form: lower-case A-labels. White space around it and one `@` before it are ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    domain::canonical(text.strip_prefix('@').unwrap_or(text)).ok_or(REFUSED)
}

/// Whether an entry may name it. Asked when one is made, and never of what is there: a list of another year would take the
/// entry away.
pub(super) fn listable(domain: &str) -> Result<(), IdentifierError> {
    if is_public(domain) { Err(PUBLIC) } else { Ok(()) }
}

/// Whether the Public Suffix List has it, be it a registry's (`co.uk`) or a company's that gives out names under a domain
/// of its own (`uk.com`, `github.io`).
fn is_public(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix == domain)
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

    fn listed(text: &str) -> Result<(), IdentifierError> {
        normalise(text).and_then(|domain| listable(&domain))
    }

    #[test]
    fn what_anybody_may_register_under_is_refused() {
        for text in ["co.uk", "@Co.Uk", "com.ng", "xn--55qx5d.cn", "公司.cn", "k12.ca.us"] {
            assert_eq!(listed(text), Err(PUBLIC), "{text}");
        }
        // Companies that give out names under domains of their own.
        for text in ["uk.com", "eu.org", "github.io", "@GitHub.io", "herokuapp.com", "anybody.user.fm"] {
            assert_eq!(listed(text), Err(PUBLIC), "{text}");
            // An entry that was made before, and an attempt that comes with it, are read.
            assert!(normalise(text).is_ok(), "{text}");
        }
        for text in [
            "example.co.uk",
            "example.uk.com",
            "somebody.github.io",
            "github.com",
            "gmail.com",
            "shop.example",
            "unknown.zz",
        ] {
            assert!(listed(text).is_ok(), "{text}");
        }
    }
}
