//! Domains: Unicode's conformance test of UTS 46, by its column for non-transitional ToASCII.

use interdict_domain::identifier::Kind;

use crate::corpus;
use crate::departures::Departures;

/// Resolves `\uXXXX` and `\x{X…}`. None where that is no text: unpaired surrogates.
fn resolve(escaped: &str) -> Option<String> {
    if escaped == "\"\"" {
        return Some(String::new());
    }
    let mut text = String::new();
    let mut rest = escaped;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let (code, after) = match escape.strip_prefix("x{") {
            Some(braced) => braced.split_once('}').unwrap(),
            None => escape.strip_prefix('u').unwrap().split_at(4),
        };
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap())?);
        rest = after;
    }
    Some(text + rest)
}

/// A column, or the one that it stands for when it is blank.
fn column<'a>(own: &'a str, other: &'a str) -> &'a str {
    if own.trim().is_empty() { other } else { own.trim() }
}

/// What a domain of addresses needs besides: a dot, and no number after the last one.
fn is_for_addresses(domain: &str) -> bool {
    domain.rsplit_once('.').is_some_and(|(_, last)| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn unicode() {
    let Some(lines) = corpus("IdnaTestV2.txt") else { return };
    let mut departures = Departures::default();
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(';').collect();
        let source = columns[0].trim();
        let (unicode, unicode_status) = (column(columns[1], source), column(columns[2], "[]"));
        let (ascii, status) = (column(columns[3], unicode), column(columns[4], unicode_status));
        let Some(text) = resolve(source) else { continue };
        // A bare label is none of ours, and neither is white space or an `@` around a domain.
        if !text.contains(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'])
            || text.trim() != text
            || text.contains('@')
        {
            continue;
        }
        let expected = resolve(ascii).filter(|domain| status == "[]" && is_for_addresses(domain));
        let actual = Kind::EmailDomain.normalise(&text).ok();
        departures.compare(source, expected.as_deref(), actual.as_deref());
        let address = format!("a@{text}");
        let address = Kind::Email.normalise(&address).ok();
        if actual.as_ref().is_none_or(|domain| domain.len() < 250) {
            assert_eq!(address.as_deref().and_then(|address| address.strip_prefix("a@")), actual.as_deref());
        }
    }
    departures.assert_listed(4_000, &[
            (
                "CJK Extension J: unassigned in the collection's Unicode 16, assigned in our Unicode 17",
                &["xn--9-i0j5967eg3qz.ss"],
            ),
            (
                "unassigned code points of plane 3, which idna's tables take as valid; no registry gives them out",
                &[
                    "xn--5cb172r175fug38a.xn--mlj",
                    "xn--t92s.xn--znb.xn--5-y88f",
                    "\u{3e8ac}\u{3002}\\u0729\u{3002}\u{cbd9}5",
"\u{3e8ac}\u{3002}\\u0729\u{3002}\u{110d}\u{1173}\u{11ac}5",
                ],
            ),
        ]);
}
