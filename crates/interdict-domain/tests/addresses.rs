//! Addresses and ranges as others test theirs (`tests/addresses/README.md` says who): one form each, or a clear refusal.
//!
//! Deliberately not here: what a range covers, and what must hold of any text (`properties.rs` and the fuzz targets).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::net::IpAddr;

use interdict_domain::identifier::Kind;
use ipnet::IpNet;

type Vector = (String, Option<String>);

fn vectors(source: &str) -> Vec<Vector> {
    let all: serde_json::Value = serde_json::from_str(include_str!("addresses/vectors.json")).unwrap();
    let vectors: Vec<Vector> = serde_json::from_value(all[source].clone()).unwrap();
    assert!(vectors.len() > 20, "only {} of {source}", vectors.len());
    vectors
}

/// What we say of a text: its one form, which the standard library (of a range: ipnet) gives it, too; or why not.
fn read(text: &str) -> Result<String, &'static str> {
    let canonical = Kind::Ip.normalise(text).map_err(|refused| refused.0)?.into_owned();
    let other = canonical.parse::<IpAddr>().map_or_else(
        |_| canonical.parse::<IpNet>().unwrap().trunc().to_string(),
        |address| address.to_canonical().to_string(),
    );
    assert_eq!(canonical, other, "{text:?}");
    Ok(canonical)
}

#[test]
fn addresses_of_other_parsers_and_of_the_standards_are_read_alike() {
    for (text, expected) in ["netip", "rfc"].into_iter().flat_map(vectors) {
        match (read(&text), expected) {
            (Ok(ours), Some(expected)) => assert_eq!(ours, expected, "{text:?}"),
            (Err(refusal), None) => assert!(refusal.starts_with("must be an address"), "{refusal}"),
            (ours, expected) => panic!("{text:?}: {ours:?} and not {expected:?}"),
        }
    }
}

/// Octal, hexadecimal and short forms are addresses to a browser and mean another one to somebody else: refused.
#[test]
fn what_browsers_read_as_an_address_is_the_same_one_here_or_none() {
    let mut taken = 0;
    for (text, browsers) in vectors("wpt") {
        if let Ok(ours) = read(&text) {
            assert_eq!(Some(ours), browsers, "{text:?}");
            taken += 1;
        }
    }
    assert!((5..20).contains(&taken), "{taken} taken");
    for text in ["0xffffffff", "192.168.257", "999999999", "1.2.3.08", "1.2.3.4."] {
        assert!(read(text).is_err(), "{text}");
    }
}
