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

/// What a byte is, as bits.
pub(super) mod class {
    /// May stand in a label, or is the dot between two.
    pub const DOMAIN: u8 = 1;
    /// May stand in a local part, dots included.
    pub const LOCAL: u8 = 2;
    /// A dot.
    pub const DOT: u8 = 4;
    /// A dot or a hyphen: no label begins or ends with a hyphen, none is empty. And two hyphens may
    /// be an A-label, whose content has to be checked.
    pub const EDGE: u8 = 8;
    /// In a label, makes it no number.
    pub const NO_NUMBER: u8 = 16;
    /// An upper-case letter.
    pub const UPPER: u8 = 32;

    /// The class of each byte.
    const TABLE: [u8; 256] = table();

    /// The class of a byte. A table, because decisions wait for it.
    pub fn of(byte: u8) -> u8 {
        TABLE.get(usize::from(byte)).copied().unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
    const fn table() -> [u8; 256] {
        let mut table = [0; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            table[byte as usize] = match byte {
                b'a'..=b'z' => DOMAIN | LOCAL | NO_NUMBER,
                b'A'..=b'Z' => DOMAIN | LOCAL | NO_NUMBER | UPPER,
                b'0'..=b'9' => DOMAIN | LOCAL,
                b'-' => DOMAIN | LOCAL | NO_NUMBER | EDGE,
                b'.' => DOMAIN | LOCAL | DOT | EDGE,
                // What else RFC 5321 lets an unquoted local part hold.
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'/' | b'=' | b'?' | b'^' | b'_'
                | b'`' | b'{' | b'|' | b'}' | b'~' => LOCAL,
                _ => 0,
            };
            byte += 1;
        }
        table
    }
}

/// Judges an ordinary ASCII domain in one pass. It never says good of what the long way refuses.
pub(super) fn scan(domain: &[u8]) -> Scan {
    let (mut all, mut any, mut doubled, mut label) = (class::DOMAIN, 0, 0, 0);
    let mut labels = 1_usize;
    let mut label_begin = 0_usize;
    let mut label_bytes_max = 0_usize;
    // As if a dot stood before the domain, so that an edge at its start is a double one.
    let mut previous = class::EDGE;
    for (position, &byte) in domain.iter().enumerate() {
        let class = class::of(byte);
        all &= class;
        any |= class;
        doubled |= class & previous;
        previous = class;
        label |= class;
        if class & class::DOT != 0 {
            label_bytes_max = label_bytes_max.max(position - label_begin);
            label_begin = position + 1;
            labels += 1;
            label = 0;
        }
    }
    label_bytes_max = label_bytes_max.max(domain.len() - label_begin);
    let is_good = all != 0
        && (doubled | previous) & class::EDGE == 0
        && label & class::NO_NUMBER != 0
        && labels >= 2
        && label_bytes_max <= LABEL_BYTES_MAX
        && domain.len() <= BYTES_MAX;
    match (is_good, any & class::UPPER) {
        (false, _) => Scan::Unclear,
        (true, 0) => Scan::Canonical,
        (true, _) => Scan::UpperCase,
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
            "",
            ".",
            "localhost",
            "a..b",
            ".a.b",
            "a.b.",
            "-a.b",
            "a-.b",
            "a.b-",
            "a_b.co",
            "a b.co",
            "1.2.3.4",
            "a.123",
            "ab--cd.co",
            "xn--.co",
            "xn--a.co",
            "[1.2.3.4]",
            "a.b\0",
            "a@b.co",
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
                Scan::Canonical => prop_assert_eq!(judge(&domain), Some(Cow::Borrowed(domain.as_str()))),
                Scan::UpperCase => {
                    prop_assert_eq!(judge(&domain), Some(Cow::Owned(domain.to_ascii_lowercase())));
                }
            }
        }
    }
}
