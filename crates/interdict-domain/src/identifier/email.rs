//! Email addresses: `local@domain`, the local part in NFC and full case folding, the domain as
//! lower-case A-labels.
//!
//! Refused: quoted local parts, comments, address literals, bare host names. Deliberately not here:
//! folding of dots and plus-tags, which is a policy by provider and never for every domain (incident
//! 2 of the peers).

use std::borrow::Cow;

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

use super::IdentifierError;
use super::domain::{self, Scan, class};

/// The longest address, in bytes of its canonical form (RFC 5321, as corrected by erratum 1690).
const BYTES_MAX: usize = 254;
/// The longest local part, in bytes of its canonical form.
const LOCAL_BYTES_MAX: usize = 64;
/// The longest text that is looked at: what is longer cannot shrink to an address.
const TEXT_BYTES_MAX: usize = 2048;

const REFUSED: IdentifierError =
    IdentifierError("must be an email address such as name@example.com, of at most 254 bytes");

canonical_text!(
    /// An email address in canonical form.
    Email,
    IdentifierError,
    normalise
);

/// The canonical form of an address; borrowed when the text is canonical already. White space around
/// it is ignored.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = trim(text);
    match scan(text.as_bytes()) {
        Scan::Canonical => Ok(Cow::Borrowed(text)),
        Scan::UpperCase => Ok(Cow::Owned(text.to_ascii_lowercase())),
        Scan::Unclear => match judge(text).ok_or(REFUSED)? {
            same if same == text => Ok(Cow::Borrowed(text)),
            other => Ok(Cow::Owned(other)),
        },
    }
}

/// Trims white space, sparing the ordinary text the search for it.
fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// Judges an ordinary ASCII address in one pass. It never says good of what the long way refuses.
fn scan(text: &[u8]) -> Scan {
    let (mut any, mut doubled) = (0, 0);
    // As if a dot stood before the address, so that one at its start is a double one.
    let mut previous = class::DOT;
    for (position, &byte) in text.iter().enumerate() {
        let class = class::of(byte);
        if class & class::LOCAL != 0 {
            any |= class;
            doubled |= class & previous;
            previous = class;
            continue;
        }
        let is_good = byte == b'@'
            && (doubled | previous) & class::DOT == 0
            && position <= LOCAL_BYTES_MAX
            && text.len() <= BYTES_MAX;
        return match (is_good, domain::scan(text.get(position + 1..).unwrap_or_default())) {
            (true, Scan::Canonical) if any & class::UPPER != 0 => Scan::UpperCase,
            (true, rest) => rest,
            (false, _) => Scan::Unclear,
        };
    }
    Scan::Unclear
}

/// The long way, for everything but ordinary ASCII.
fn judge(text: &str) -> Option<String> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    let mut address = fold(local);
    let well_dotted = address.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char));
    if !well_dotted || address.len() > LOCAL_BYTES_MAX {
        return None;
    }
    address.push('@');
    address.push_str(&domain::canonical(domain)?);
    (address.len() <= BYTES_MAX).then_some(address)
}

/// Canonical caseless form (Unicode, D145), composed again. The decomposition first makes folding it
/// twice the same as folding it once.
fn fold(local: &str) -> String {
    local.nfd().default_case_fold().nfc().collect()
}

/// What RFC 5321 lets an unquoted local part hold, and with RFC 6531 other letters and signs, but none
/// that nobody can see. No dots.
fn is_atom_char(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => class::of(byte) & (class::LOCAL | class::DOT) == class::LOCAL,
        _ => !c.is_whitespace() && !c.is_control() && !is_format(c),
    }
}

/// General category Cf (Unicode 16): soft hyphen, joiners, directions, tags.
const fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        normalise(text).unwrap().into_owned()
    }

    #[test]
    fn case_and_white_space_do_not_matter() {
        assert_eq!(canonical(" John.Doe+Shop@Example.COM\n"), "john.doe+shop@example.com");
        assert_eq!(canonical("STRASSE@example.com"), canonical("straße@example.com"));
        assert_eq!(canonical("Ünal@bücher.example"), "ünal@xn--bcher-kva.example");
        assert_eq!(canonical("u\u{308}nal@example.com"), "ünal@example.com");
        assert_eq!(canonical("ΣΊΣΥΦΟΣ@example.com"), canonical("σίσυφος@example.com"));
    }

    #[test]
    fn the_canonical_form_is_borrowed() {
        // The second one goes the long way: it might hold an A-label.
        for text in ["a.b@example.com", "a@c--n.com"] {
            assert!(matches!(normalise(&format!(" {text} ")), Ok(Cow::Borrowed(same)) if same == text));
        }
    }

    #[test]
    fn tags_and_dots_stay() {
        assert_eq!(canonical("a.b+c@gmail.com"), "a.b+c@gmail.com");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b.co",
            "a@b",
            "a@localhost",
            "a@1.2.3.4",
            "a@b.123",
            "a@[1.2.3.4]",
            "\"a\"@b.co",
            "(c)a@b.co",
            "a@b.co (c)",
            ".a@b.co",
            "a.@b.co",
            "a..b@c.co",
            "a@b..co",
            "a@b.co.",
            "a@@b.co",
            "a@b@c.co",
            "a b@c.co",
            "a\0@b.co",
            "a@b.co\0",
            "a\u{85}b@c.co",
            "a\u{200b}b@c.co",
            "a\u{202e}b@c.co",
            "a\u{37e}b@c.co",
            "a,b@c.co",
            "a@b_c.co",
            "a@-b.co",
            "<a@b.co>",
        ] {
            let error = normalise(text).expect_err(text);
            assert!(text.len() < 4 || !error.to_string().contains(text));
        }
    }

    #[test]
    fn the_lengths_are_limited_in_bytes() {
        assert!(normalise(&format!("{}@example.com", "a".repeat(64))).is_ok());
        assert!(normalise(&format!("{}@example.com", "a".repeat(65))).is_err());
        assert!(normalise(&format!("{}@example.com", "é".repeat(32))).is_ok());
        assert!(normalise(&format!("{}@example.com", "é".repeat(33))).is_err());
        let domain = |last: usize| format!("{0}.{0}.{0}.{1}", "d".repeat(57), "e".repeat(last));
        assert!(normalise(&format!("{}@{}", "a".repeat(64), domain(15))).is_ok());
        assert!(normalise(&format!("{}@{}", "a".repeat(64), domain(16))).is_err());
    }

    #[test]
    fn folding_any_character_twice_is_folding_it_once() {
        for c in '\u{80}'..=char::MAX {
            let folded = fold(&format!("a{c}\u{345}\u{301}b"));
            assert_eq!(fold(&folded), folded, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(text in "[a-cA-C.+@0]{1,6}@?[a-cA-C0.\\-]{1,8}") {
            match scan(text.as_bytes()) {
                Scan::Unclear => {}
                Scan::Canonical => prop_assert_eq!(judge(&text), Some(text)),
                Scan::UpperCase => prop_assert_eq!(judge(&text), Some(text.to_ascii_lowercase())),
            }
        }
    }
}
