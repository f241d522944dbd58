//! Bank accounts: IBANs (ISO 13616), in upper case without spaces.
//!
//! Checked are the country, the length and the check digits. Deliberately not here: the structure
//! within each country, and whether the account exists.

use std::borrow::Cow;

use super::IdentifierError;

/// The longest IBAN that the standard allows, in characters.
const CHARS_MAX: usize = 34;

const REFUSED: IdentifierError = IdentifierError(
    "must be an IBAN with its country, length and check digits right, such as DE89 3704 0044 0532 0130 00",
);

/// Characters of an IBAN by country (SWIFT's IBAN registry, release 100), sorted.
#[rustfmt::skip]
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22),
    ("BH", 22), ("BI", 27), ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24),
    ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28), ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18),
    ("FK", 18), ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23), ("GL", 18), ("GR", 27),
    ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26),
    ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20),
    ("LU", 20), ("LV", 21), ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MN", 20),
    ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28), ("NL", 18), ("NO", 15), ("OM", 23), ("PK", 24),
    ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22), ("RU", 33), ("SA", 24),
    ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25),
    ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20),
    ("YE", 30),
];

/// The canonical form: upper case, no spaces.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    if text.len() <= CHARS_MAX && is_valid(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    let mut canonical = String::with_capacity(CHARS_MAX);
    for c in text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')) {
        if !c.is_ascii_alphanumeric() || canonical.len() == CHARS_MAX {
            return Err(REFUSED);
        }
        canonical.push(c.to_ascii_uppercase());
    }
    if is_valid(canonical.as_bytes()) { Ok(Cow::Owned(canonical)) } else { Err(REFUSED) }
}

/// Whether a text in canonical form is an IBAN.
fn is_valid(iban: &[u8]) -> bool {
    let Some((head, account)) = iban.split_first_chunk::<4>() else { return false };
    let [country @ .., tens, units] = head;
    let length = LENGTHS
        .binary_search_by(|(code, _)| code.as_bytes().cmp(country))
        .ok()
        .and_then(|index| LENGTHS.get(index))
        .map(|(_, length)| *length);
    // Other check digits than 02 to 98 are never given out, though the sum may come out right.
    length == Some(iban.len())
        && tens.is_ascii_digit()
        && units.is_ascii_digit()
        && !matches!([*tens, *units], [b'0', b'0' | b'1'] | [b'9', b'9'])
        && remainder(account.iter().chain(head)) == Some(1)
}

/// The number modulo 97, letters written as 10 to 35. None for other characters.
fn remainder<'a>(characters: impl Iterator<Item = &'a u8>) -> Option<u32> {
    let mut remainder = 0_u32;
    for byte in characters {
        remainder = match byte {
            b'0'..=b'9' => remainder * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => remainder * 100 + u32::from(byte - b'A' + 10),
            _ => return None,
        } % 97;
    }
    Some(remainder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One example from each of some countries (SWIFT's registry).
    const EXAMPLES: &[&str] = &[
        "AD1200012030200359100100",
        "AE070331234567890123456",
        "BE68539007547034",
        "BR9700360305000010009795493P1",
        "CH9300762011623852957",
        "DE89370400440532013000",
        "EG380019000500000000263180002",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "IT60X0542811101000000123456",
        "LC55HEMM000100010012001200023015",
        "MT84MALT011000012345MTLCAST001S",
        "NL91ABNA0417164300",
        "NO9386011117947",
        "SA0380000000608010167519",
        "UA213223130000026007233566001",
    ];

    #[test]
    fn an_iban_is_written_in_upper_case_without_spaces() {
        for iban in EXAMPLES {
            assert!(matches!(normalise(iban), Ok(Cow::Borrowed(text)) if text == *iban), "{iban}");
        }
        assert_eq!(normalise(" de89 3704 0044 0532 0130 00 ").unwrap(), "DE89370400440532013000");
    }

    #[test]
    fn one_wrong_character_is_noticed() {
        for iban in EXAMPLES {
            for position in 2..iban.len() {
                let mut wrong = iban.as_bytes().to_vec();
                wrong[position] = if wrong[position] == b'1' { b'2' } else { b'1' };
                let wrong = String::from_utf8(wrong).unwrap();
                assert!(normalise(&wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_iban_is_refused() {
        for text in [
            "",
            "DE",
            "DE89",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "XX89370400440532013000",
            "DE89-3704-0044-0532-0130-00",
            "US64SVBKUS6S3300958879",
            "DE89370400440532013００0",
        ] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(LENGTHS.is_sorted());
    }
}
