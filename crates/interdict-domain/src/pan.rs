//! Card numbers (PANs) in free text: 13 to 19 digits, perhaps grouped by single spaces, hyphens or
//! dots, not part of a longer run of digits, with a known issuer prefix and length and a right Luhn
//! digit.
//!
//! Deliberately not here: where to look. Phones, IBANs, amounts and references are exempt, and their
//! modules never ask.

/// Fewest digits of a card number.
const DIGITS_MIN: usize = 13;
/// Most digits of a card number.
const DIGITS_MAX: usize = 19;
/// Most digits of a phone number in E.164: what a `+` introduces is one, up to this length.
const PHONE_DIGITS_MAX: usize = 15;

/// Whether a text holds a card number. Digits of all scripts count. Text without digits is passed
/// over byte by byte; nothing is allocated.
pub fn holds_pan(text: &str) -> bool {
    // So it is nearly always, and counting takes a fraction of reading.
    let may_be_digit = |byte: u8| byte.is_ascii_digit() || !byte.is_ascii();
    if text.bytes().filter(|byte| may_be_digit(*byte)).count() < DIGITS_MIN {
        return false;
    }
    let first = text.bytes().position(may_be_digit).unwrap_or(0);
    // The first such byte begins a character, so that there is text from it on.
    let mut after = text.get(first..).unwrap_or(text).chars();
    let mut previous = text.get(..first).and_then(|before| before.chars().next_back());
    let mut in_run = false;
    loop {
        let here = after.clone();
        let Some(c) = after.next() else { return false };
        let is_digit = decimal_digit(c).is_some();
        if is_digit && !in_run && begins_pan(here, previous == Some('+')) {
            return true;
        }
        in_run = is_digit;
        previous = Some(c);
    }
}

/// Whether a card number begins where a run of digits does. It ends where a run does: a number
/// followed by its expiry or its check value, grouped as well, is still found.
fn begins_pan(mut characters: std::str::Chars<'_>, after_plus: bool) -> bool {
    let mut digits = [0_u8; DIGITS_MAX];
    let mut length = 0;
    let mut next = characters.next();
    while let Some(digit) = next.and_then(decimal_digit) {
        let Some(place) = digits.get_mut(length) else { return false };
        *place = digit;
        length += 1;
        next = characters.next();
        if next.and_then(decimal_digit).is_some() {
            continue;
        }
        let is_phone = after_plus && length <= PHONE_DIGITS_MAX;
        if length >= DIGITS_MIN && !is_phone && digits.get(..length).is_some_and(is_pan) {
            return true;
        }
        if next.is_some_and(is_separator) {
            next = characters.next();
        }
    }
    false
}

/// Whether digits are a card number.
fn is_pan(digits: &[u8]) -> bool {
    is_issued(digits) && has_luhn_digit(digits)
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812-1).
fn has_luhn_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, _) => u32::from(digit),
            (_, 0..=4) => u32::from(digit * 2),
            _ => u32::from(digit * 2 - 9),
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A range of issuer prefixes, both ends included, with the lengths that its cards have.
struct Issuer {
    from: u32,
    to: u32,
    lengths: &'static [usize],
}

const fn issuer(from: u32, to: u32, lengths: &'static [usize]) -> Issuer {
    Issuer { from, to, lengths }
}

const SIXTEEN: &[usize] = &[16];
const SIXTEEN_TO_NINETEEN: &[usize] = &[16, 17, 18, 19];
const THIRTEEN_TO_NINETEEN: &[usize] = &[13, 14, 15, 16, 17, 18, 19];

/// Whose cards are known, by scheme. Where schemes share a prefix each is listed, with its lengths.
const ISSUERS: &[Issuer] = &[
    // Visa, with Dankort, Elo and mada under 4
    issuer(4, 4, &[13, 16, 19]),
    // Mastercard
    issuer(51, 55, SIXTEEN),
    issuer(2221, 2720, SIXTEEN),
    // American Express
    issuer(34, 34, &[15]),
    issuer(37, 37, &[15]),
    // Diners Club
    issuer(300, 305, &[14, 16, 17, 18, 19]),
    issuer(3095, 3095, &[14, 16, 17, 18, 19]),
    issuer(36, 36, &[14, 16, 17, 18, 19]),
    issuer(38, 39, &[14, 16, 17, 18, 19]),
    // Discover
    issuer(6011, 6011, SIXTEEN_TO_NINETEEN),
    issuer(644, 649, SIXTEEN_TO_NINETEEN),
    issuer(65, 65, SIXTEEN_TO_NINETEEN),
    // JCB
    issuer(3528, 3589, SIXTEEN_TO_NINETEEN),
    // UnionPay
    issuer(62, 62, SIXTEEN_TO_NINETEEN),
    issuer(81, 81, SIXTEEN_TO_NINETEEN),
    // Maestro, with Elo, Hipercard, Meeza and UkrCard under the same prefixes
    issuer(50, 50, THIRTEEN_TO_NINETEEN),
    issuer(56, 58, THIRTEEN_TO_NINETEEN),
    issuer(63, 63, THIRTEEN_TO_NINETEEN),
    issuer(67, 67, THIRTEEN_TO_NINETEEN),
    // Mir, Belkart and BORICA
    issuer(2200, 2205, SIXTEEN_TO_NINETEEN),
    // Verve
    issuer(506_099, 506_198, &[16, 18, 19]),
    issuer(507_865, 507_964, &[16, 18, 19]),
    issuer(650_002, 650_027, &[16, 18, 19]),
    // RuPay, with Hipercard and Belkart under 60
    issuer(60, 60, SIXTEEN),
    issuer(82, 82, SIXTEEN),
    issuer(353, 353, SIXTEEN),
    issuer(356, 356, SIXTEEN),
    // Troy, Uzcard, Humo, mada
    issuer(9792, 9792, SIXTEEN),
    issuer(8600, 8600, SIXTEEN),
    issuer(9860, 9860, SIXTEEN),
    issuer(968_201, 968_211, SIXTEEN),
];

/// Whether somebody issues cards with this prefix and length.
fn is_issued(digits: &[u8]) -> bool {
    // The six leading digits, from which each prefix is cut.
    let leading = digits.iter().take(6).fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    ISSUERS.iter().any(|issuer| {
        let places = issuer.from.ilog10() + 1;
        let prefix = leading / 10_u32.pow(6_u32.saturating_sub(places));
        (issuer.from..=issuer.to).contains(&prefix) && issuer.lengths.contains(&digits.len())
    })
}

/// What may stand between groups, one at a time: spaces, hyphens and dots, typographic ones too.
const fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '.' | '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{2010}'..='\u{2015}' | '\u{202f}'
            | '\u{2212}' | '\u{3000}' | '\u{ff0d}' | '\u{ff0e}'
    )
}

/// The zeros of the decimal digits of all scripts (Unicode 16, general category Nd), sorted. The
/// digits of a script follow its zero.
#[rustfmt::skip]
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50,
    0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1,
    0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script.
pub(crate) fn decimal_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    }
    let code = u32::from(c);
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?)?;
    u8::try_from(code - zero).ok().filter(|digit| *digit < 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that the schemes and gateways publish for tests.
    const PUBLISHED: &[&str] = &[
        "4222222222222",
        "4242424242424242",
        "4000000000000000006",
        "5555555555554444",
        "2223003122003222",
        "2720990000000007",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "36227206271667",
        "3566002020360505",
        "6200000000000005",
        "6205500000000000004",
        "6759649826438453",
        "2200000000000004",
        "5060666666666666666",
        "506099580000000019",
        "6062826786276634",
    ];

    #[test]
    fn the_published_test_numbers_are_found() {
        for number in PUBLISHED {
            let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').collect();
            let found = holds_pan(number);
            assert_eq!(found, has_luhn_digit(&digits), "{number}");
        }
        assert!(PUBLISHED.iter().filter(|number| holds_pan(number)).count() >= 14);
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for text in [
            "4242424242424242",
            "card 4242 4242 4242 4242, thanks",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            "4242 4242 4242 4242 12/29 123",
            "4242 4242 4242 4242 123",
            "ref 17: 4242424242424242",
            "17 4242424242424242",
            "x4242424242424242x",
            "４２４２４２４２４２４２４２４２",
            "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
            "é 4242\u{a0}4242\u{a0}4242\u{a0}4242",
            "3782 822463 10005",
            "+4242424242424242",
        ] {
            assert!(holds_pan(text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        for text in [
            "",
            "no digit at all",
            "Ünïcödé",
            "4242424242424243",
            "42424242424242424242",
            "14242424242424242",
            "4242  4242  4242  4242",
            "4242,4242,4242,4242",
            "+4222222222222",
            "1111111111111117",
            "2026-11-21T03:43:33.123Z",
            "424242424242",
        ] {
            assert!(!holds_pan(text), "{text}");
        }
    }

    #[test]
    fn digits_of_all_scripts_have_their_value() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for value in 0..10 {
                let c = char::from_u32(zero + value).unwrap();
                assert_eq!(decimal_digit(c).map(u32::from), Some(value), "{c:?}");
            }
        }
        for c in ['a', '²', '½', '①', '\u{66a}', '\u{ff1a}', char::MAX] {
            assert_eq!(decimal_digit(c), None, "{c:?}");
        }
    }

    /// A number of one of the issuers, with its check digit right.
    fn pan() -> impl Strategy<Value = Vec<u8>> {
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u32>(), vec_of_digits(19))
            .prop_map(|(which, length, within, mut digits)| {
                let issuer = which.get(ISSUERS);
                digits.truncate(*length.get(issuer.lengths));
                let prefix = (issuer.from + within % (issuer.to - issuer.from + 1)).to_string();
                for (place, digit) in digits.iter_mut().zip(prefix.bytes()) {
                    *place = digit - b'0';
                }
                let last = digits.len() - 1;
                digits[last] = (0..10)
                    .find(|check| {
                        digits[last] = *check;
                        has_luhn_digit(&digits)
                    })
                    .unwrap();
                digits
            })
    }

    fn vec_of_digits(length: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0_u8..10, length)
    }

    /// Digits as text, with a separator after those that say so.
    fn written(digits: &[u8], zero: char, breaks: &[bool], separator: char) -> String {
        let mut text = String::new();
        for (place, digit) in digits.iter().enumerate() {
            if place > 0 && breaks[place] {
                text.push(separator);
            }
            text.push(char::from_u32(u32::from(zero) + u32::from(*digit)).unwrap());
        }
        text
    }

    proptest! {
        #[test]
        fn every_number_is_found_in_every_grouping(
            digits in pan(),
            breaks in prop::collection::vec(any::<bool>(), 19),
            separator in prop::sample::select(vec![' ', '-', '.']),
            zero in prop::sample::select(vec!['0', '\u{660}', '\u{ff10}', '\u{1d7ce}']),
            before in "([a-zé,:/]{0,5} ?)?",
            after in "( ?[a-zé,:/]{1,5})?",
        ) {
            let number = written(&digits, zero, &breaks, separator);
            let text = format!("{before}{number}{after}");
            prop_assert!(holds_pan(&text), "{}", text);
        }

        #[test]
        fn a_longer_run_of_digits_is_no_card_number(
            digits in pan(),
            before in 0..4_usize,
            noise in vec_of_digits(24),
        ) {
            let mut run = noise[..before].to_vec();
            run.extend(&digits);
            run.extend(noise[before..].iter().take(20_usize.saturating_sub(run.len()).max(1)));
            prop_assert!(run.len() >= 20);
            prop_assert!(!holds_pan(&written(&run, '0', &[false; 48], ' ')));
        }

        #[test]
        fn a_wrong_check_digit_is_no_card_number(mut digits in pan(), off in 1_u8..10) {
            let last = digits.len() - 1;
            digits[last] = (digits[last] + off) % 10;
            prop_assert!(!holds_pan(&written(&digits, '0', &[false; 19], ' ')));
        }

        #[test]
        fn a_phone_number_with_its_plus_is_no_card_number(digits in "[1-9][0-9]{6,14}") {
            let number = format!("+{digits}");
            prop_assert!(!holds_pan(&number));
        }

        #[test]
        fn short_numbers_are_none(text in "([0-9]{1,12}[a-z]{1,3}){0,5}") {
            prop_assert!(!holds_pan(&text));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = holds_pan(&text);
        }
    }
}
