//! Where a payer may be sent, on the addresses that browsers are tested with (`tests/urls/README.md` says which): the
//! browser's own origin, or a refusal. Whatever else we said of an address, an allowed origin would let through.
//!
//! Deliberately not here: which origins a merchant allows.

#![allow(clippy::unwrap_used, reason = "tests")]

use interdict_app::{is_origin, origin_of};

/// An address, perhaps where it stands, and the origin that browsers give it.
type Vector = (String, Option<String>, Option<String>);

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("urls/wpt.json")).unwrap();
    assert!(vectors.len() > 600, "only {}", vectors.len());
    vectors
}

/// By https, as most of them come by http; but for those that name a port, which would be the scheme's own.
fn secured(vector: &Vector) -> Option<Vector> {
    let (text, base, origin) = vector;
    let rest = text.strip_prefix("http:").filter(|rest| !rest.contains("80") && !rest.contains("443"))?;
    let origin = origin.as_ref().map(|origin| origin.replacen("http:", "https:", 1));
    Some((format!("https:{rest}"), base.clone(), origin))
}

#[test]
fn an_address_has_the_origin_that_browsers_give_it_or_none() {
    let (plain, mut taken) = (vectors(), 0);
    let secured: Vec<Vector> = plain.iter().filter_map(secured).collect();
    assert!(secured.len() > 150, "only {} secured", secured.len());
    for (text, base, browsers) in plain.into_iter().chain(secured) {
        if let Some(ours) = origin_of(&text) {
            assert_eq!(Some(&ours), browsers.as_ref(), "{text:?} at {base:?}");
            assert!(is_origin(&ours), "{ours}");
            taken += 1;
        }
    }
    assert!(taken > 60, "{taken} taken");
}

#[test]
fn an_origin_is_written_as_browsers_write_it() {
    for (_, _, browsers) in vectors() {
        let Some(origin) = browsers.filter(|origin| origin.starts_with("https:")) else { continue };
        assert!(is_origin(&origin), "{origin}");
        for other in [format!("{origin}/"), origin.to_uppercase(), format!("{origin}?"), format!("{origin}#")]
        {
            assert!(!is_origin(&other), "{other}");
        }
    }
    for other in
        ["https://shop.example:443", "https://shop.example:", "https://0x7f.1", "https://shop.example:099"]
    {
        assert!(!is_origin(other), "{other}");
    }
}
