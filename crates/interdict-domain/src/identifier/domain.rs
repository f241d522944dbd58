//! Domains of email addresses, for [`super::email`] and [`super::email_domain`]: UTS 46 strict, as
//! lower-case A-labels.
//!
//! Deliberately not here: whether the domain exists or takes mail, and public suffixes.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The longest domain that DNS can carry, in bytes, without the root's dot.
const BYTES_MAX: usize = 253;
/// The longest label, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// What one pass over an ASCII text has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// Good, and canonical as it stands.
    Canonical,
    /// Good, and canonical once in lower case.
    UpperCase,
    /// Bad, or for the long way to judge.
    Unclear,
}

/// Judges an ordinary ASCII domain in one pass. It never says good of what the long way refuses.
pub(super) fn scan(domain: &[u8]) -> Scan {
    let mut upper_case = false;
    let mut label_bytes = 0_usize;
    let mut labels = 1_usize;
    let mut label_has_letter = false;
    let mut previous = b'.';
    for &byte in domain {
        match byte {
            b'a'..=b'z' => label_has_letter = true,
            b'A'..=b'Z' => (label_has_letter, upper_case) = (true, true),
            b'0'..=b'9' => {}
            // Two hyphens may be an A-label, whose content has to be checked.
            b'-' if previous != b'.' && previous != b'-' => label_has_letter = true,
            b'.' if previous != b'.' && previous != b'-' && label_bytes <= LABEL_BYTES_MAX => {
                label_bytes = 0;
                labels += 1;
                label_has_letter = false;
                previous = byte;
                continue;
            }
            _ => return Scan::Unclear,
        }
        label_bytes += 1;
        previous = byte;
    }
    let ends_well = label_has_letter && previous != b'-' && label_bytes <= LABEL_BYTES_MAX;
    if labels < 2 || !ends_well || domain.len() > BYTES_MAX {
        Scan::Unclear
    } else if upper_case {
        Scan::UpperCase
    } else {
        Scan::Canonical
    }
}

/// The canonical form of a domain, which must have a dot and a last label that is no number: so a
/// bare host name and an address are none. None when it is not a good one.
pub(super) fn canonical(domain: &str) -> Option<Cow<'_, str>> {
    match scan(domain.as_bytes()) {
        Scan::Canonical => Some(Cow::Borrowed(domain)),
        Scan::UpperCase => Some(Cow::Owned(domain.to_ascii_lowercase())),
        Scan::Unclear => judge(domain),
    }
}

/// The long way, for everything but ordinary ASCII.
pub(super) fn judge(domain: &str) -> Option<Cow<'_, str>> {
    let ascii = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .ok()?;
    let (_, last) = ascii.rsplit_once('.')?;
    (!last.bytes().all(|byte| byte.is_ascii_digit())).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn international_domains_become_a_labels() {
        assert_eq!(canonical("Bücher.Example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(canonical("faß.de").unwrap(), "xn--fa-hia.de");
        assert_eq!(canonical("XN--BCHER-KVA.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(canonical("例え。テスト").unwrap(), "xn--r8jz45g.xn--zckzah");
    }

    #[test]
    fn what_is_no_domain_of_addresses_is_refused() {
        for domain in [
            "", ".", "localhost", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "a.b-", "a_b.co", "a b.co",
            "1.2.3.4", "a.123", "ab--cd.co", "xn--.co", "xn--a.co", "[1.2.3.4]", "a.b\0", "a@b.co",
        ] {
            assert_eq!(canonical(domain), None, "{domain}");
        }
        assert_eq!(canonical(&format!("{}.co", "a".repeat(64))), None);
        assert_eq!(canonical(&format!("{}co", "abcdefg.".repeat(32))), None);
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(domain in "[a-cA-C0-2.\\-]{1,12}") {
            match scan(domain.as_bytes()) {
                Scan::Unclear => {}
                Scan::Canonical => prop_assert_eq!(judge(&domain).as_deref(), Some(domain.as_str())),
                Scan::UpperCase => {
                    prop_assert_eq!(judge(&domain), Some(Cow::Owned(domain.to_ascii_lowercase())));
                }
            }
        }
    }
}
