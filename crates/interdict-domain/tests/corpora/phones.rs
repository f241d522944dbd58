//! Phone numbers: examples by region and type out of libphonenumber's metadata.

use std::borrow::Cow;

use interdict_domain::identifier::phone;

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
        let national = phone::normalise_in_region(national, region).ok();
        departures.compare(&case("national"), expected, national.as_deref());
        let again = phone::normalise(e164);
        assert!(matches!(again, Ok(Cow::Borrowed(text)) if text == e164), "{e164}");
    }
    departures.assert_listed(3_000, &[]);
}
