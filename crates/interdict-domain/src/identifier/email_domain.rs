//! Domains of email addresses, as entries name them: the same canonical form as in an address. What strangers
//! register under (`co.uk`) is none: it would stand for all of them.
//!
//! Deliberately not here: which subdomains an entry covers ([`super::Reach`]).

use std::borrow::Cow;

use super::{IdentifierError, domain};

const REFUSED: IdentifierError = IdentifierError("must be a domain of email addresses such as example.com");
const PUBLIC: IdentifierError = IdentifierError(
    "must be a domain that somebody has registered: under a public suffix such as co.uk anybody may register",
);

/// The canonical form: lower-case A-labels. White space around it and one `@` before it are ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    let domain = domain::canonical(text.strip_prefix('@').unwrap_or(text)).ok_or(REFUSED)?;
    if is_public(&domain) { Err(PUBLIC) } else { Ok(domain) }
}

/// Whether a registry says that anybody may register under it. What companies say of their own domains
/// (`github.io`) does not count: a merchant may well want those.
fn is_public(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| {
        suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == domain.as_bytes()
    })
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

    #[test]
    fn what_anybody_may_register_under_is_refused() {
        for text in ["co.uk", "@Co.Uk", "com.ng", "xn--55qx5d.cn", "公司.cn", "k12.ca.us"] {
            assert_eq!(normalise(text), Err(PUBLIC), "{text}");
        }
        for text in ["example.co.uk", "github.io", "uk.com", "gmail.com", "shop.example", "unknown.zz"] {
            assert!(normalise(text).is_ok(), "{text}");
        }
    }
}
