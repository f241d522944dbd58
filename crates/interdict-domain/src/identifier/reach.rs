//! Identifiers that stand for many: a range of addresses, a BIN for all longer ones, a domain with its subdomains. An
//! attempt is looked up under each wider identifier that covers what it carries.
//!
//! Deliberately not here: the looking up. What is wider is a text of its own, with a key of its own (`wider`).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::former_reach::FormerReach;
use super::wider::{Rule, Wider, WiderText};
use super::{EmailMatching, Generation, Kind, Pepper};

/// The shortest BIN, in digits.
pub(super) const BIN_DIGITS_MIN: u8 = 6;
/// The longest BIN, in digits.
pub(super) const BIN_DIGITS_MAX: u8 = 11;

/// How far an identifier reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Itself.
    One,
    /// All addresses at a domain and at what is below it.
    Domain,
    /// All addresses that differ in a tag.
    PlusAlias,
    /// All addresses of one mailbox, as its provider says.
    Provider,
    /// All cards whose numbers begin with so many digits.
    Digits(u8),
    /// All IPv4 addresses that agree in so many bits.
    V4(u8),
    /// All IPv6 addresses that agree in so many bits.
    V6(u8),
}

impl Reach {
    /// How far a canonical value reaches; an empty one was erased.
    pub fn of(kind: Kind, matching: EmailMatching, value: &str) -> Self {
        match kind {
            Kind::Email => match matching {
                EmailMatching::Exact => Self::One,
                EmailMatching::PlusAlias => Self::PlusAlias,
                EmailMatching::Provider => Self::Provider,
            },
            Kind::EmailDomain => Self::Domain,
            Kind::Bin if value.is_empty() => Self::One,
            Kind::Bin => u8::try_from(value.len()).map_or(Self::One, Self::Digits),
            Kind::Ip => match value.parse() {
                Ok(IpNet::V4(range)) => Self::V4(range.prefix_len()),
                Ok(IpNet::V6(range)) => Self::V6(range.prefix_len()),
                // A single address.
                Err(_) => Self::One,
            },
            Kind::Phone
            | Kind::Device
            | Kind::CardFingerprint
            | Kind::Iban
            | Kind::MerchantRef
            | Kind::Country => Self::One,
        }
    }
}

/// How far some identifiers reach: what is worth looking up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reaches {
    domains: bool,
    plus_aliases: bool,
    providers: bool,
    /// A bit for each length.
    digits: u16,
    v4: u32,
    v6: u128,
    former: FormerReach,
}

impl Reaches {
    /// Every reach that needs no more than a look at the text: all but ranges of IP addresses and policies.
    pub const OF_TEXTS: Self = Self {
        domains: true,
        plus_aliases: false,
        providers: false,
        digits: u16::MAX,
        v4: 0,
        v6: 0,
        former: FormerReach::NONE,
    };

    /// Every reach that there can be: for whoever does not know what was listed.
    pub const EVERY: Self = Self {
        domains: true,
        plus_aliases: true,
        providers: true,
        digits: u16::MAX,
        v4: u32::MAX,
        v6: u128::MAX,
        former: FormerReach::EVERY,
    };
    /// Under what a decision is kept besides what it looked up, so that what is listed later finds it.
    pub const KEPT: Self = Self { v4: 1 << 24 | 1 << 16, v6: 1 << 64 | 1 << 48, ..Self::OF_TEXTS };

    /// Adds one. False when it was there.
    pub fn insert(&mut self, reach: Reach) -> bool {
        let before = *self;
        match reach {
            Reach::One => {}
            Reach::Domain => self.domains = true,
            Reach::PlusAlias => self.plus_aliases = true,
            Reach::Provider => self.providers = true,
            Reach::Digits(digits) => self.digits |= 1_u16.checked_shl(digits.into()).unwrap_or_default(),
            Reach::V4(bits) => self.v4 |= 1_u32.checked_shl(bits.into()).unwrap_or_default(),
            Reach::V6(bits) => self.v6 |= 1_u128.checked_shl(bits.into()).unwrap_or_default(),
        }
        *self != before
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            domains: self.domains || other.domains,
            plus_aliases: self.plus_aliases || other.plus_aliases,
            providers: self.providers || other.providers,
            digits: self.digits | other.digits,
            v4: self.v4 | other.v4,
            v6: self.v6 | other.v6,
            former: self.former.union(other.former),
        }
    }

    /// Adds that something of a kind stands under a former pepper. False when that was known.
    pub fn insert_former(&mut self, kind: Kind, generation: Generation) -> bool {
        let before = self.former;
        self.former = before.union(FormerReach::of(kind, generation));
        self.former != before
    }

    /// Whether anything stands under a former pepper.
    pub const fn has_former(self) -> bool {
        !self.former.is_none()
    }

    /// The former peppers under which something of a kind may stand.
    pub fn former(self, pepper: &Pepper, kind: Kind) -> impl Iterator<Item = &Pepper> {
        pepper.former().filter(move |former| self.former.meets(FormerReach::of(kind, former.generation())))
    }

    /// Whether anything wider than an email is worth looking up.
    pub const fn is_of_emails(self) -> bool {
        self.domains || self.plus_aliases || self.providers
    }

    /// Shows what is wider than a canonical value, and within reach: the narrowest first.
    pub fn for_each_wider<'a>(self, kind: Kind, value: &'a str, mut show: impl FnMut(Wider<'a>)) {
        match kind {
            Kind::Email => {
                for (is_within, rule, matching) in [
                    (self.plus_aliases, Rule::PlusAlias, EmailMatching::PlusAlias),
                    (self.providers, Rule::Provider, EmailMatching::Provider),
                ] {
                    if is_within {
                        show(Wider { kind, rule, text: WiderText::Folded(matching, value) });
                    }
                }
                if self.domains {
                    let domain = value.rsplit_once('@').map_or("", |(_, domain)| domain);
                    show(Wider {
                        kind: Kind::EmailDomain,
                        rule: Rule::Domain,
                        text: WiderText::Part(domain),
                    });
                    parents(domain, show);
                }
            }
            Kind::EmailDomain if self.domains => parents(value, show),
            Kind::Bin => {
                for digits in (BIN_DIGITS_MIN..BIN_DIGITS_MAX).rev() {
                    let is_within = self.digits & 1 << digits != 0;
                    if let Some(part) = value.get(..digits.into()).filter(|part| is_within && *part != value)
                    {
                        show(Wider { kind, rule: Rule::Prefix, text: WiderText::Part(part) });
                    }
                }
            }
            Kind::Ip if self.v4 != 0 || self.v6 != 0 => {
                if let Some(range) = network(value) {
                    let bits = (0..range.prefix_len()).rev();
                    for wider in
                        bits.filter(|bits| self.covers(range, *bits)).filter_map(|bits| widen(range, bits))
                    {
                        show(Wider { kind, rule: Rule::Range, text: WiderText::Network(wider) });
                    }
                }
            }
            Kind::EmailDomain
            | Kind::Phone
            | Kind::Ip
            | Kind::Device
            | Kind::CardFingerprint
            | Kind::Iban
            | Kind::MerchantRef
            | Kind::Country => {}
        }
    }

    const fn covers(self, range: IpNet, bits: u8) -> bool {
        match range {
            IpNet::V4(_) => self.v4 & 1 << bits != 0,
            IpNet::V6(_) => self.v6 & 1 << bits != 0,
        }
    }
}

/// A domain's parents that have a dot.
fn parents<'a>(domain: &'a str, mut show: impl FnMut(Wider<'a>)) {
    let mut rest = domain;
    while let Some((_, parent)) = rest.split_once('.') {
        if !parent.contains('.') {
            return;
        }
        show(Wider { kind: Kind::EmailDomain, rule: Rule::Subdomain, text: WiderText::Part(parent) });
        rest = parent;
    }
}

/// An address as a range of one.
fn network(value: &str) -> Option<IpNet> {
    value.parse().ok().or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from))
}

fn widen(range: IpNet, bits: u8) -> Option<IpNet> {
    Some(IpNet::new(range.addr(), bits).ok()?.trunc())
}

#[cfg(test)]
mod tests {

    use proptest::prelude::*;

    use super::super::Pepper;
    use super::*;
    use crate::merchant::MerchantNumber;

    fn wider(kind: Kind, value: &str, reaches: Reaches) -> Vec<(Kind, &'static str, String)> {
        let mut found = Vec::new();
        reaches.for_each_wider(kind, value, |wider| {
            let text = wider.text.text().into_owned();
            let pepper = Pepper::from_bytes([7; 32]);
            assert_eq!(
                wider.key(&pepper, MerchantNumber(1)),
                pepper.key(MerchantNumber(1), wider.kind, &text),
                "the key of the canonical text"
            );
            assert_eq!(wider.kind.normalise(&text).unwrap(), text, "canonical");
            found.push((wider.kind, wider.rule.as_str(), text));
        });
        found
    }

    fn reaches(of: &[Reach]) -> Reaches {
        let mut all = Reaches::default();
        for reach in of {
            all.insert(*reach);
        }
        all
    }

    #[test]
    fn an_address_is_covered_by_its_domain_and_those_above() {
        let found = wider(Kind::Email, "a@mail.shop.example.com", reaches(&[Reach::Domain]));
        let wanted = [
            (Kind::EmailDomain, "domain", "mail.shop.example.com".to_owned()),
            (Kind::EmailDomain, "subdomain", "shop.example.com".to_owned()),
            (Kind::EmailDomain, "subdomain", "example.com".to_owned()),
        ];
        assert_eq!(found, wanted);
        assert_eq!(wider(Kind::EmailDomain, "mail.shop.example.com", Reaches::OF_TEXTS), wanted[1..]);
        assert_eq!(wider(Kind::Email, "a@mail.example.com", Reaches::default()), []);
    }

    #[test]
    fn a_bin_is_covered_by_its_first_digits() {
        let found = wider(Kind::Bin, "42424242", reaches(&[Reach::Digits(6), Reach::Digits(8)]));
        assert_eq!(found, [(Kind::Bin, "prefix", "424242".to_owned())]);
        assert_eq!(wider(Kind::Bin, "42424242424", Reaches::OF_TEXTS).len(), 5);
        assert_eq!(wider(Kind::Bin, "424242", Reaches::OF_TEXTS), []);
    }

    #[test]
    fn an_ip_address_is_covered_by_the_ranges_around_it() {
        let all = reaches(&[Reach::V4(24), Reach::V4(8), Reach::V4(0), Reach::V6(32), Reach::V6(0)]);
        let texts =
            |value| wider(Kind::Ip, value, all).into_iter().map(|(.., text)| text).collect::<Vec<_>>();
        assert_eq!(texts("203.0.113.7"), ["203.0.113.0/24", "203.0.0.0/8", "0.0.0.0/0"]);
        assert_eq!(texts("203.0.113.0/24"), ["203.0.0.0/8", "0.0.0.0/0"]);
        assert_eq!(texts("2001:db8:ffff::1"), ["2001:db8::/32", "::/0"]);
    }

    #[test]
    fn former_peppers_are_looked_under_where_something_stands() {
        let pepper = Pepper::from_bytes([1; 32]).rotated([2; 32]).rotated([3; 32]);
        let mut reaches = Reaches::default();
        let generations = |reaches: Reaches, kind| {
            reaches.former(&pepper, kind).map(|former| former.generation().0).collect::<Vec<u32>>()
        };
        assert!(!reaches.has_former());
        assert!(generations(reaches, Kind::Email).is_empty());
        assert!(reaches.insert_former(Kind::Email, Generation(1)));
        assert!(!reaches.insert_former(Kind::Email, Generation(1)));
        assert!(reaches.has_former());
        assert_eq!(generations(reaches, Kind::Email), [1]);
        assert!(generations(reaches, Kind::Phone).is_empty());
        assert_eq!(generations(Reaches::EVERY, Kind::Device), [2, 1]);
        assert_eq!(generations(Reaches::default().union(reaches), Kind::Email), [1]);
        assert_eq!(size_of::<Reaches>(), 32, "it is handed on by value with each decision");
    }

    #[test]
    fn other_kinds_are_covered_by_nothing() {
        for (kind, value) in [
            (Kind::Phone, "+4930123456"),
            (Kind::Device, "10.0.0.1"),
            (Kind::CardFingerprint, "424242424242"),
            (Kind::MerchantRef, "a@example.com"),
        ] {
            assert_eq!(wider(kind, value, Reaches::OF_TEXTS), []);
            assert_eq!(Reach::of(kind, EmailMatching::Provider, value), Reach::One);
        }
    }

    proptest! {
        /// What is listed is found under what lies in it, and under nothing else.
        #[test]
        fn a_range_covers_what_lies_in_it(address: u32, bits in 0..32_u8, other: u32) {
            let listed = Kind::Ip.normalise(&format!("{}/{bits}", IpAddr::from(address.to_be_bytes()))).unwrap().into_owned();
            let range: IpNet = listed.parse().unwrap();
            let reaches = reaches(&[Reach::of(Kind::Ip, EmailMatching::Exact, &listed)]);
            for candidate in [address, other, address ^ 1 << (31 - bits), address ^ 1] {
                let candidate = IpAddr::from(candidate.to_be_bytes());
                let found = wider(Kind::Ip, &candidate.to_string(), reaches);
                prop_assert_eq!(found.iter().any(|(.., text)| *text == listed), range.contains(&candidate));
            }
        }

        #[test]
        fn a_range_of_ipv6_covers_what_lies_in_it(address: u128, bits in 0..128_u8, flipped in 0..128_u8) {
            let listed = Kind::Ip.normalise(&format!("{}/{bits}", IpAddr::from(address.to_be_bytes()))).unwrap().into_owned();
            let range: IpNet = listed.parse().unwrap();
            let reaches = reaches(&[Reach::of(Kind::Ip, EmailMatching::Exact, &listed)]);
            for candidate in [address, address ^ 1 << flipped] {
                let text = Kind::Ip.normalise(&IpAddr::from(candidate.to_be_bytes()).to_string()).unwrap().into_owned();
                let candidate: IpAddr = text.parse().unwrap();
                let found = wider(Kind::Ip, &text, reaches);
                prop_assert_eq!(found.iter().any(|(.., text)| *text == listed), range.contains(&candidate));
            }
        }

        #[test]
        fn a_domain_covers_what_ends_in_it(labels in prop::collection::vec("[a-c]{1,2}", 2..6), listed in prop::collection::vec("[a-c]{1,2}", 2..5)) {
            let (domain, listed) = (labels.join("."), listed.join("."));
            let found = wider(Kind::Email, &format!("x@{domain}"), Reaches::OF_TEXTS);
            let is_below = domain == listed || domain.ends_with(&format!(".{listed}"));
            prop_assert_eq!(found.iter().any(|(.., text)| *text == listed), is_below);
        }

        #[test]
        fn a_bin_covers_what_begins_with_it(digits in "[01]{6,11}", listed in "[01]{6,11}") {
            let reaches = reaches(&[Reach::of(Kind::Bin, EmailMatching::Exact, &listed)]);
            let found = wider(Kind::Bin, &digits, reaches);
            let is_longer = digits.len() > listed.len() && digits.starts_with(&listed);
            prop_assert_eq!(found.iter().any(|(.., text)| *text == listed), is_longer);
        }
    }
}
