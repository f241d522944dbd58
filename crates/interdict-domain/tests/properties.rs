//! What must hold for each kind of identifier, whatever comes in: the canonical form is accepted and
//! is its own canonical form, nothing panics, and an error never repeats the text.
//!
//! Deliberately not here: verdicts on particular texts, which stand beside each parser and in
//! `corpora.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use interdict_domain::identifier::{Identifier, Kind, PhoneRegion};
use proptest::prelude::*;

/// Asserts what must hold for one text.
fn check(kind: Kind, text: &str) -> Result<(), TestCaseError> {
    match kind.normalise(text) {
        Ok(canonical) => {
            let again = kind.normalise(&canonical);
            prop_assert_eq!(again.as_deref(), Ok(&*canonical), "{} of {:?}", kind.as_str(), text);
            prop_assert!(!canonical.is_empty() && canonical.trim() == canonical);
            prop_assert!(!canonical.chars().any(char::is_control));
            let padded = format!("\u{2003}{text}\n");
            let of_padded = kind.normalise(&padded);
            prop_assert_eq!(of_padded.as_deref(), Ok(&*canonical));
            let identifier = Identifier::parse(kind, text).unwrap();
            prop_assert_eq!(identifier.value(), &*canonical);
            let shown = format!("{identifier:?}");
            prop_assert_eq!(shown, format!("{}:…", kind.as_str()));
        }
        Err(error) => {
            let message = error.to_string();
            prop_assert!(message.starts_with("must "));
            prop_assert!(text.len() < 12 || !message.contains(text));
        }
    }
    Ok(())
}

/// A German account with its check digits right, in groups and in lower case.
fn iban(account: &str) -> String {
    // Moved to the end, `DE00` is 131400.
    let number: u128 = format!("{account}131400").parse().unwrap();
    let text = format!("de{:02}{account}", 98 - number % 97);
    text.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect::<Vec<_>>().join(" ")
}

/// Texts that are nearly of some kind, so that the accepted ones are among them.
fn plausible() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "[\\PC]{1,12}@[\\pL\\pN.\\-]{1,12}\\.[\\pL]{2,6}",
        "[a-zA-Z.+_\\pL]{1,20}@[a-zA-Z0-9.\\-]{1,20}(\\.[a-z]{2,4})?",
        "[a-zA-Z0-9_]{1,8}(\\.[\\pL]{1,8}){0,2}@[a-zA-Z0-9]{1,8}(-[a-z0-9]{1,4})?\\.[a-zA-Z]{2,4}",
        "[a-z\u{130}\u{345}\u{301}\u{1e9e}\u{3a3}\u{212a}\u{ad}]{1,8}@(bücher|faß|ΣΊΣΥΦΟΣ|例え)\\.(com|テスト)",
        "@?[\\pL\\pM\\pN\\-]{1,12}[.。][\\pL]{1,8}",
        "(xn--[a-z0-9\\-]{1,12}\\.){1,2}[a-z]{2,4}",
        "[+]?[0-9 ().\\-]{5,18}",
        "(\\+|00)?(234|44|1|49|54|39|52|55)[0-9 ().\\-]{7,14}",
        "(\\+|00)?234 ?(70|80|81|90)[0-9]-?[0-9]{3} ?[0-9]{4}",
        "\\+?(49 151|44 (0)?7[4-9]|1 (212|415) [2-9]|54 9 11 |39 0?6|52 1?55)[0-9]{6,8}",
        "[0-9]{18}".prop_map(|account| iban(&account)),
        "[0-9a-fA-F:]{2,39}(/[0-9]{1,3})?",
        "(::ffff:)?[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(/[0-9]{1,3})?",
        "[0-9]{5,20}",
        "[A-Za-z]{2}[0-9]{2}[A-Z0-9 ]{10,34}",
        "[A-Za-z]{2}",
    ]
}

/// What is taken without a region is the same with one, and what a region makes of a text is canonical for all.
fn check_in(region: &str, text: &str) -> Result<(), TestCaseError> {
    let region = PhoneRegion::parse(region).unwrap();
    for kind in Kind::ALL {
        let dialled = kind.normalise_in(text, || Some(region));
        match kind.normalise(text) {
            Ok(canonical) => prop_assert_eq!(dialled.as_deref(), Ok(&*canonical)),
            Err(error) if kind != Kind::Phone => prop_assert_eq!(dialled, Err(error)),
            Err(_) => {}
        }
        if let Ok(canonical) = kind.normalise_in(text, || Some(region)) {
            let again = kind.normalise(&canonical);
            prop_assert_eq!(again.as_deref(), Ok(&*canonical));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_region_adds_numbers_and_changes_none(
        text in prop_oneof![plausible(), "0[0-9 ().\\-]{6,14}", "[0-9]{6,11}"],
        region in prop::sample::select(vec!["NG", "US", "DE", "IT", "AR", "GB", "SG", "CI"]),
    ) {
        check_in(region, &text)?;
    }

    #[test]
    fn canonical_forms_are_fixed_points(text in plausible()) {
        for kind in Kind::ALL {
            check(kind, &text)?;
        }
    }

    #[test]
    fn accounts_with_right_check_digits_are_accepted(account in "[0-9]{18}") {
        prop_assert!(Kind::Iban.normalise(&iban(&account)).is_ok());
    }

    #[test]
    fn addresses_and_ranges_of_all_sizes_are_accepted(bits: u128, prefix in 0_u8..=128, is_v4: bool) {
        let text = if is_v4 {
            let address = std::net::Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap());
            format!("{address}/{}", prefix % 33)
        } else {
            format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(bits))
        };
        prop_assert!(Kind::Ip.normalise(&text).is_ok());
        check(Kind::Ip, &text)?;
    }
}
