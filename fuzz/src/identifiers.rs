//! Texts as identifiers.

use std::borrow::Cow;

use interdict_domain::identifier::{
    EmailMatching, Identifier, Kind, Pepper, PhoneRegion, Reach, Reaches, Wider,
};
use interdict_domain::merchant::MerchantNumber;

const MERCHANT: MerchantNumber = MerchantNumber(1);
/// Where some dial: with leading zeros that stay or go, and without.
const REGIONS: [&str; 5] = ["NG", "DE", "IT", "US", "AR"];

/// Asserts what must hold of a text as an identifier of a kind.
pub fn identifier(kind: Kind, text: &str) {
    match kind.normalise(text) {
        Ok(canonical) => accepted(kind, text, &canonical),
        Err(error) => assert!(error.0.starts_with("must "), "{}", error.0),
    }
    if kind == Kind::Phone {
        dialled(text);
    }
}

/// The most bytes of a canonical form.
const fn bytes_max(kind: Kind) -> usize {
    match kind {
        Kind::Email => 254,
        Kind::EmailDomain => 253,
        // Some countries give out more digits than E.164 has room for.
        Kind::Phone => 21,
        Kind::Ip => 43,
        Kind::Device | Kind::CardFingerprint | Kind::MerchantRef => 4 * 256,
        Kind::Bin => 11,
        Kind::Iban => 34,
        Kind::Country => 2,
    }
}

fn accepted(kind: Kind, text: &str, canonical: &str) {
    assert!((1..=bytes_max(kind)).contains(&canonical.len()), "{} bytes", canonical.len());
    assert!(canonical.trim() == canonical && !canonical.contains(char::is_control), "{canonical:?}");
    let again = kind.normalise(canonical);
    assert!(matches!(again, Ok(Cow::Borrowed(same)) if same == canonical), "{canonical:?} gives {again:?}");
    let padded = format!("\u{2003}{text}\n");
    assert_eq!(kind.normalise(&padded).as_deref(), Ok(canonical), "white space around it");

    let pepper = Pepper::from_bytes([7; 32]);
    let key = |text: &str| Identifier::parse(kind, text).map(|it| it.key(&pepper, MERCHANT));
    assert_eq!(key(text), key(canonical), "one key");
    let identifier = Identifier::parse(kind, text).expect("it was taken");
    assert_eq!(format!("{identifier:?}"), format!("{}:…", kind.as_str()), "a log shows nothing");
    covers(kind, canonical, identifier.reach());
    if kind == Kind::Email {
        folded(canonical);
    }
}

/// What is wider is another identifier in canonical form; and what lies within this one finds it.
fn covers(kind: Kind, canonical: &str, reach: Reach) {
    let mut reaches = Reaches::default();
    reaches.insert(reach);
    each_wider(Reaches::OF_TEXTS, kind, canonical, |wider| {
        let text = wider.text.text();
        assert!((wider.kind, &*text) != (kind, canonical), "wider than itself");
        assert_eq!(wider.kind.normalise(&text).as_deref(), Ok(&*text));
    });
    let within = match (kind, reach) {
        (Kind::EmailDomain, _) if canonical.len() < 240 => Some((Kind::Email, format!("a@b.{canonical}"))),
        (Kind::Bin, _) if canonical.len() < 11 => Some((Kind::Bin, format!("{canonical}7"))),
        (Kind::Ip, Reach::V4(_) | Reach::V6(_)) => {
            canonical.split_once('/').map(|(address, _)| (Kind::Ip, address.to_owned()))
        }
        _ => None,
    };
    if let Some((narrow, text)) = within {
        let mut is_found = false;
        each_wider(reaches, narrow, &text, |wider| {
            is_found |= (wider.kind, &*wider.text.text()) == (kind, canonical);
        });
        assert!(is_found, "{text} lies in {canonical}");
    }
}

fn each_wider(reaches: Reaches, kind: Kind, value: &str, show: impl FnMut(Wider<'_>)) {
    reaches.for_each_wider(kind, value, show);
}

/// One mailbox has one address by each policy, and that is an address.
fn folded(address: &str) {
    for matching in [EmailMatching::PlusAlias, EmailMatching::Provider] {
        let once = matching.fold(address);
        assert_eq!(matching.fold(&once), once, "{} of {address}", matching.as_str());
        let exact = Identifier::parse(Kind::Email, address).expect("an address");
        assert_eq!(exact.matched(matching).value(), once);
        assert_eq!(Kind::Email.normalise(&once).as_deref(), Ok(&*once), "an address by itself");
    }
}

/// A region adds numbers and changes none.
fn dialled(text: &str) {
    let international = Kind::Phone.normalise(text);
    for region in REGIONS {
        let region = PhoneRegion::parse(region).expect("a region");
        match (&international, Kind::Phone.normalise_in(text, || Some(region))) {
            (Ok(number), dialled) => assert_eq!(dialled.as_ref(), Ok(number)),
            (Err(_), Ok(number)) => assert_eq!(Kind::Phone.normalise(&number).as_deref(), Ok(&*number)),
            (Err(_), Err(error)) => assert!(error.0.starts_with("must ")),
        }
    }
}
