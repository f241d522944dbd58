//! Numbers that are in E.164 as they are written, which nearly all are that come to be decided on.
//!
//! libphonenumber reads any text, with dozens of patterns. What it takes as it is written was asked of it beforehand, and
//! is an automaton now ([`super::automaton`]): a step for each digit.

use super::automaton::{IS_NUMBER, ROWS, START};

/// Whether a text is a valid number's canonical form. No means that this has to be found out at length.
pub(super) fn is_canonical(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    let mut reached = START;
    for byte in digits.bytes() {
        let row = ROWS.get(usize::from(reached & !IS_NUMBER));
        let next = row.and_then(|row| row.get(usize::from(byte.wrapping_sub(b'0'))));
        let Some(next) = next else { return false };
        reached = *next;
    }
    reached & IS_NUMBER != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::super::in_e164;
    use super::*;

    #[test]
    fn what_may_begin_with_a_prefix_is_found_out_at_length() {
        for canonical in [
            "+2348012345678",
            "+12015550123",
            "+12042345678",
            "+8613123456789",
            "+5511961234567",
            "+80012345678",
            "+390236618300",
        ] {
            assert!(is_canonical(canonical), "{canonical}");
        }
        // The zero of Nigeria does not stay, nor the one of the United States.
        // A number in Belarus is valid both with its 8 and without, which libphonenumber takes off; in Japan some are valid
        // with 003768 in front, of which it takes that off, and others of their kind of which it does not.
        for other in ["+3758104870066", "+81003768887884412", "+23408012345678", "+112015550123"] {
            assert!(!is_canonical(other), "{other}");
        }
        for none in ["+2348", "+234", "+0012684601234", "+", "", "2348012345678", "+234801234567x", "+２３４"]
        {
            assert!(!is_canonical(none), "{none}");
        }
    }

    /// A number of each calling code.
    #[test]
    fn each_country_is_known() {
        for code in 1..1000 {
            let Some(region) = PHONE_NUMBER_UTIL.get_region_for_country_code(code) else { continue };
            let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) else { continue };
            let text = PHONE_NUMBER_UTIL.format(&example, rlibphonenumber::PhoneNumberFormat::E164);
            assert!(is_canonical(&text), "{text}");
        }
    }

    /// All rows, each on several ways to it.
    #[test]
    fn what_is_canonical_is_what_libphonenumber_makes_of_it() {
        let mut seen = 0;
        // Draws that anybody can draw again.
        let mut drawn = 1_u64;
        let mut draw = |below: usize| {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(drawn >> 33).unwrap() % below
        };
        for _ in 0..20_000 {
            let (mut reached, mut text) = (START, "+".to_owned());
            loop {
                let row = &ROWS[usize::from(reached & !IS_NUMBER)];
                let ways: Vec<usize> = (0..10).filter(|digit| row[*digit] != 0).collect();
                if ways.is_empty() {
                    break;
                }
                let digit = ways[draw(ways.len())];
                text.push_str(&digit.to_string());
                reached = row[digit];
                if reached & IS_NUMBER != 0 {
                    assert_eq!(in_e164(&text, None).as_ref(), Some(&text));
                    seen += 1;
                }
            }
        }
        assert!(seen > 20_000, "{seen} of them were numbers");
    }

    proptest! {
        #[test]
        fn so_it_is_with_any_digits(zeros in "0{0,3}", code in 1..1000_u16, national in "[0-9]{2,15}") {
            let text = format!("+{zeros}{code}{national}");
            prop_assert!(!is_canonical(&text) || in_e164(&text, None) == Some(text));
        }
    }
}
