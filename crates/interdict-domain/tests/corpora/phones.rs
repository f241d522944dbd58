//! Phone numbers: examples by region and type out of libphonenumber's metadata.

use std::borrow::Cow;

use interdict_domain::identifier::{PhoneRegion, phone};

use crate::corpus;
use crate::departures::Departures;

#[test]
fn examples_of_all_regions() {
    let Some(lines) = corpus("phones.csv") else { return };
    let mut departures = Departures::default();
    for line in lines.lines().skip(1) {
        let [region, kind, national, international, e164] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("a line has five columns");
        };
        let expected = (kind != "INVALID").then_some(e164);
        let case = |what: &str| format!("{region} {kind} {what}");
        let actual = phone::normalise(international).ok();
        departures.compare(&case("international"), expected, actual.as_deref());
        if expected.is_none() {
            continue;
        }
        let without_plus = international.trim_start_matches('+');
        departures.compare(&case("without +"), expected, phone::normalise(without_plus).ok().as_deref());
        let with_00 = format!("00{without_plus}");
        departures.compare(&case("with 00"), expected, phone::normalise(&with_00).ok().as_deref());
        // What no country of ISO 3166-1 is can be no merchant's region.
        let Ok(known) = PhoneRegion::parse(region) else { continue };
        let dialled = phone::normalise_in(national, || Some(known)).ok();
        departures.compare(&case(&format!("national {national}")), expected, dialled.as_deref());
        let again = phone::normalise(e164);
        assert!(matches!(again, Ok(Cow::Borrowed(text)) if text == e164), "{e164}");
    }
    departures.assert_listed(
        3_000,
        &[(
            "digits that are a valid international number are that one (docs/adr/0041)",
            &[
                "CN MOBILE national 131 2345 6789",
                "CO MOBILE national 321 1234567",
                "GD FIXED_LINE national (473) 269-1234",
                "HN TOLL_FREE national 800 2123 4567",
                "MP FIXED_LINE national (670) 234-5678",
                "MP MOBILE national (670) 234-5678",
                "MS FIXED_LINE national (664) 491-2345",
                "MS MOBILE national (664) 492-3456",
                "TC FIXED_LINE national (649) 712-1234",
                "TC MOBILE national (649) 231-1234",
                "TC VOIP national (649) 710-1234",
                "US FIXED_LINE national (201) 555-0123",
                "US MOBILE national (201) 555-0123",
            ],
        )],
    );
}
