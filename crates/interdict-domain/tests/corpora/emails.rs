//! Email addresses: isemail's and fuzzdb's.

use interdict_domain::identifier::Kind;

use crate::corpus;
use crate::departures::Departures;

/// Takes the text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inner, _)| inner)
}

/// Resolves XML's entities. isemail writes control characters as their pictures, from U+2400 on.
fn resolve(xml: &str) -> String {
    let mut text = String::new();
    let mut rest = xml;
    while let Some((before, entity)) = rest.split_once('&') {
        let (name, after) = entity.split_once(';').unwrap();
        text.push_str(before);
        text.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let code = u32::from_str_radix(name.strip_prefix("#x").unwrap(), 16).unwrap();
                char::from_u32(if (0x2400..0x2420).contains(&code) { code - 0x2400 } else { code }).unwrap()
            }
        });
        rest = after;
    }
    text + rest
}

/// Notes whether we accept an address, whatever its canonical form.
fn compare(departures: &mut Departures, case: &str, address: &str, is_valid: bool) {
    let accepted = Kind::Email.normalise(address).is_ok();
    departures.compare(case, is_valid.then_some("accepted"), accepted.then_some("accepted"));
}

#[test]
fn isemail() {
    let Some(xml) = corpus("isemail-tests.xml") else { return };
    let mut departures = Departures::default();
    for test in xml.split("<test id=\"").skip(1) {
        let (id, _) = test.split_once('"').unwrap();
        let address = resolve(between(test, "<address>", "</address>").unwrap_or_default());
        // isemail's own threshold: fit for SMTP, DNS aside.
        let is_valid = matches!(
            between(test, "<category>", "</category>").unwrap(),
            "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" | "ISEMAIL_RFC5321"
        );
        compare(&mut departures, id, &address, is_valid);
    }
    departures.assert_listed(
        164,
        &[
            ("no quoted local parts", &["42", "43", "45", "46", "48", "55"]),
            ("no address literals", &["61", "68", "72", "75", "77", "79", "81"]),
            ("no bare host names", &["5", "166"]),
            ("a last label of digits only is no domain (RFC 3696)", &["23", "24"]),
            (
                "white space around an address is trimmed, line breaks included, folded or not",
                &[
                    "88", "89", "99", "127", "128", "132", "141", "142", "143", "144", "145", "146", "147",
                    "148", "149", "150", "151", "152", "153", "154", "155", "156", "157", "158",
                ],
            ),
        ],
    );
}

#[test]
fn fuzzdb() {
    let mut departures = Departures::default();
    for (file, is_valid) in [("email-valid.txt", true), ("email-invalid.txt", false)] {
        let Some(lines) = corpus(file) else { return };
        for line in lines.lines() {
            compare(&mut departures, line, line, is_valid);
        }
    }
    departures.assert_listed(59, &[
            (
                "no quoted local parts",
                &[
                    r#"" "@address.org"#,
                    r#""()<>[]:,;@\\\"!#$%&'*+-/=?^_`{}| ~.a"@address.org"#,
                    r#""Jacco van Tuijl"@address.com"#,
                    r#""Jacco@test"@address.com"#,
                    r#""Jacco\@test"@address.com"#,
                    r#""Jacco\\test"@address.com"#,
                    r#""jacco.vantuijl.@.address.com"@address.com"#,
                    r#"much."more\ unusual"@address.com"#,
                    r#"very."(),:;<>[]".VERY."very@\\ "very".unusual@strange.address.com"#,
                    r#"very.unusual."@".unusual.com@address.com"#,
                ],
            ),
            ("a backslash needs quotes (RFC 5322), so this one is not valid", &[r"\$A12345@address.com"]),
            ("no bare host names", &["jacco@mailserver1"]),
            ("no addresses for domains", &["name@129.129.129.129", "name@[129.129.129.129]"]),
            ("white space around an address is trimmed", &[" notallowed@example.com", "notallowed@example.com "]),
            (
                "apostrophes and equals signs are atext (RFC 5322): what SQL makes of them is not our parser's fear",
                &["sql'or'1'='1'or'test@email.com"],
            ),
            (
                "letters and signs beyond ASCII may stand in a local part (RFC 6531)",
                &["うえあいお@address.com", "“email”@address.com"],
            ),
        ]);
}
