//! Numbers that are in E.164 as they are written, which nearly all are that come to be decided on.
//!
//! libphonenumber reads any text, with two dozen patterns: of a number that is only digits, most of its time goes to what
//! cannot be there. What it would change of one is a prefix, dialled in the country itself, behind the country's code; where
//! none begins like that, only the question is left whether the number is valid, which is asked of it as ever.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};

use super::national_prefixes::NATIONAL_PREFIXES;

/// The longest calling code.
const CODE_DIGITS_MAX: usize = 3;

/// Whether `+` and digits are a valid number's canonical form. No means that this has to be found out at length.
pub(super) fn is_canonical(text: &str) -> bool {
    text.strip_prefix('+').and_then(parse).is_some_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number))
}

/// What libphonenumber would read; none where it may read something else.
fn parse(digits: &str) -> Option<PhoneNumber> {
    let (code, prefixes, national) = split(digits)?;
    let [first, second, ..] = *national.as_bytes() else { return None };
    let begins = u32::from(first.checked_sub(b'0')? * 10 + second.checked_sub(b'0')?);
    // Zeros in front are kept apart from the number's value.
    if first == b'0' || prefixes & 1 << begins != 0 {
        return None;
    }
    let national_number = national.parse().ok()?;
    Some(PhoneNumber { country_code: code.into(), national_number, ..PhoneNumber::default() })
}

/// The calling code, which prefixes are dialled behind it, and the rest. No code begins another, or with a zero.
fn split(digits: &str) -> Option<(u16, u128, &str)> {
    if digits.starts_with('0') {
        return None;
    }
    let mut code = 0;
    for (at, digit) in digits.bytes().enumerate().take(CODE_DIGITS_MAX) {
        code = code * 10 + usize::from(digit.checked_sub(b'0')?);
        if let Some((code, prefixes)) = BY_CODE.get(code).and_then(|place| NATIONAL_PREFIXES.get(*place)) {
            return Some((*code, *prefixes, digits.get(at + 1..)?));
        }
    }
    None
}

/// For each calling code its place in the table, which nothing else has.
#[allow(clippy::indexing_slicing, reason = "when it is compiled, or it is not")]
static BY_CODE: [usize; 1000] = {
    let mut places = [usize::MAX; 1000];
    let mut place = 0;
    while place < NATIONAL_PREFIXES.len() {
        places[NATIONAL_PREFIXES[place].0 as usize] = place;
        place += 1;
    }
    places
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::in_e164;
    use super::*;

    #[test]
    fn each_country_is_known_by_its_code() {
        for (code, national) in
            [(1, "2015550123"), (44, "7400123456"), (234, "8012345678"), (800, "12345678")]
        {
            let digits = format!("{code}{national}");
            let (found, _, rest) = split(&digits).unwrap();
            assert_eq!((found, rest), (code, national));
        }
        for text in ["", "0", "08012345678", "0012684601234", "015123456789", "999123456789", "2", "21"] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_be_a_prefix_is_found_out_at_length() {
        for canonical in
            ["+2348012345678", "+12015550123", "+8613123456789", "+5511961234567", "+80012345678"]
        {
            assert!(is_canonical(canonical), "{canonical}");
        }
        // The zero of Italy stays, that of Nigeria and the one of the United States do not.
        // A number in Belarus is valid both with its 8 and without, which libphonenumber takes off.
        assert!(!is_canonical("+3758104870066"));
        for other in
            ["+390236618300", "+23408012345678", "+112015550123", "+2348", "+234", "+", "", "2348012345678"]
        {
            assert!(!is_canonical(other), "{other}");
        }
    }

    /// All countries, many beginnings, all lengths.
    #[test]
    fn what_is_canonical_is_what_libphonenumber_makes_of_it() {
        let mut seen = 0;
        for (code, ..) in NATIONAL_PREFIXES {
            for begins in (0..1000).step_by(5) {
                let rest = 918_273_645_u64 * (begins + 1) % 10_u64.pow(9);
                let mut text = format!("+{code}{begins:03}{rest:09}");
                // Shorter and shorter.
                while text.pop().is_some() {
                    if is_canonical(&text) {
                        assert_eq!(in_e164(&text, None).as_ref(), Some(&text));
                        seen += 1;
                        assert!(!is_canonical(&text.replace('+', "+0")), "no code begins with a zero");
                        assert!(!is_canonical(&text.replace('+', "+00")), "no code begins with a zero");
                    }
                }
            }
        }
        assert!(seen > 5_000, "{seen} of them were valid");
    }

    proptest! {
        #[test]
        fn so_it_is_with_any_digits(zeros in "0{0,3}", at in 0..NATIONAL_PREFIXES.len(), national in "[0-9]{2,15}") {
            let (code, ..) = NATIONAL_PREFIXES[at];
            let text = format!("+{zeros}{code}{national}");
            prop_assert!(!is_canonical(&text) || in_e164(&text, None) == Some(text));
        }
    }
}
