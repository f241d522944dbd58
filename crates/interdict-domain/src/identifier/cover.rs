//! What an identifier would cover if it were listed: asked before it is, of customers and of decisions that were kept.
//!
//! It is answered by the keys under which a decision looks (invariant 7). Deliberately not here: where the customers
//! and the decisions are read.

use ipnet::IpNet;

use super::{EmailMatching, Identifier, IdentifierKey, Kind, Pepper, Reach, Reaches};
use crate::merchant::MerchantNumber;

/// Ranges of IP addresses under which a kept decision is found whatever was listed, the narrowest first: bits.
const KEPT_V4: [u8; 2] = [24, 16];
const KEPT_V6: [u8; 2] = [64, 48];
/// A wider range is put together of so many of them at most, as a power of two.
const PARTS_BITS_MAX: u8 = 8;

/// What a listed identifier covers.
#[derive(Clone, Copy)]
pub struct Cover<'p> {
    pepper: &'p Pepper,
    merchant: MerchantNumber,
    kind: Kind,
    key: IdentifierKey,
    reaches: Reaches,
}

/// Under which keys decisions are found that an identifier covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptUnder {
    /// Exactly those that it covers.
    Keys(Vec<IdentifierKey>),
    /// Those and others.
    WiderKeys(Vec<IdentifierKey>),
    /// Under too many: one has to look at every decision.
    TooMany,
}

impl Identifier {
    /// Whether it stands for many whom nobody has named: a domain, a BIN, a country, a range of addresses.
    pub fn is_broad(&self) -> bool {
        match self.kind() {
            Kind::EmailDomain | Kind::Bin | Kind::Country => true,
            Kind::Ip => self.reach() != Reach::One,
            Kind::Email
            | Kind::Phone
            | Kind::Device
            | Kind::CardFingerprint
            | Kind::Iban
            | Kind::MerchantRef => false,
        }
    }
}

impl<'p> Cover<'p> {
    /// What an identifier covers at a merchant.
    pub fn of(identifier: &Identifier, pepper: &'p Pepper, merchant: MerchantNumber) -> Self {
        let mut reaches = Reaches::default();
        reaches.insert(identifier.reach());
        let key = identifier.key(pepper, merchant);
        Self { pepper, merchant, kind: identifier.kind(), key, reaches }
    }

    /// Whether it covers a canonical value that an attempt or a customer has.
    pub fn covers(&self, kind: Kind, value: &str) -> bool {
        if self.kind != kind && (self.kind, kind) != (Kind::EmailDomain, Kind::Email) {
            return false;
        }
        let mut is_covered = self.pepper.key(self.merchant, kind, value) == self.key;
        self.reaches.for_each_wider(kind, value, |wider| {
            is_covered |= wider.key(self.pepper, self.merchant) == self.key;
        });
        is_covered
    }
}

impl KeptUnder {
    /// Where the decisions are found that an identifier covers, given that each is kept under what
    /// [`Reaches::KEPT`] says, too.
    /// What was kept before a rotation stands under the pepper of then.
    pub fn of(identifier: &Identifier, pepper: &Pepper, merchant: MerchantNumber) -> Self {
        let mut kept = Self::of_one(identifier, pepper, merchant);
        for former in pepper.former() {
            match (&mut kept, Self::of_one(identifier, former, merchant)) {
                (Self::Keys(all), Self::Keys(more)) | (Self::WiderKeys(all), Self::WiderKeys(more)) => {
                    all.extend(more);
                }
                // The same identifier is kept in the same way.
                (Self::Keys(_) | Self::WiderKeys(_) | Self::TooMany, _) => {}
            }
        }
        kept
    }

    fn of_one(identifier: &Identifier, pepper: &Pepper, merchant: MerchantNumber) -> Self {
        let own = identifier.key(pepper, merchant);
        match identifier.kind() {
            Kind::Email if identifier.matching() != EmailMatching::Exact => {
                let domains = identifier.matching().domains(identifier.value());
                Self::WiderKeys(
                    domains
                        .into_iter()
                        .map(|domain| pepper.key(merchant, Kind::EmailDomain, domain))
                        .collect(),
                )
            }
            Kind::Ip => match identifier.value().parse() {
                Ok(range) => Self::of_range(range, own, pepper, merchant),
                // A single address.
                Err(_) => Self::Keys(vec![own]),
            },
            Kind::Email
            | Kind::EmailDomain
            | Kind::Phone
            | Kind::Device
            | Kind::CardFingerprint
            | Kind::Bin
            | Kind::Iban
            | Kind::MerchantRef
            | Kind::Country => Self::Keys(vec![own]),
        }
    }

    fn of_range(range: IpNet, own: IdentifierKey, pepper: &Pepper, merchant: MerchantNumber) -> Self {
        let sizes = if matches!(range, IpNet::V4(_)) { KEPT_V4 } else { KEPT_V6 };
        let bits = range.prefix_len();
        let key = |part: IpNet| pepper.key(merchant, Kind::Ip, &part.to_string());
        let is_near = |size: &u8| size.checked_sub(bits).is_some_and(|apart| apart <= PARTS_BITS_MAX);
        if let Some(parts) = sizes.into_iter().find(is_near).and_then(|size| range.subnets(size).ok()) {
            return Self::Keys(parts.map(key).chain([own]).collect());
        }
        let around = sizes.into_iter().find(|size| *size < bits);
        let around = around.and_then(|size| IpNet::new(range.addr(), size).ok());
        around.map_or(Self::TooMany, |around| Self::WiderKeys(vec![key(around.trunc())]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MERCHANT: MerchantNumber = MerchantNumber(1);

    fn pepper() -> Pepper {
        Pepper::from_bytes([7; 32])
    }

    fn covers(listed: &Identifier, kind: Kind, value: &str) -> bool {
        Cover::of(listed, &pepper(), MERCHANT).covers(kind, value)
    }

    fn listed(kind: Kind, value: &str) -> Identifier {
        Identifier::parse(kind, value).unwrap()
    }

    #[test]
    fn what_is_covered_is_what_a_decision_would_find() {
        let domain = listed(Kind::EmailDomain, "example.com");
        for (kind, value, is_covered) in [
            (Kind::Email, "a@example.com", true),
            (Kind::Email, "a@mail.example.com", true),
            (Kind::EmailDomain, "mail.example.com", true),
            (Kind::Email, "a@notexample.com", false),
            (Kind::Email, "a@example.com.br", false),
            (Kind::Device, "example.com", false),
        ] {
            assert_eq!(covers(&domain, kind, value), is_covered, "{value}");
        }
        let mailbox = listed(Kind::Email, "a.b+c@googlemail.com").matched(EmailMatching::Provider);
        assert!(covers(&mailbox, Kind::Email, "ab@gmail.com"));
        assert!(covers(&mailbox, Kind::Email, "a.b@googlemail.com"));
        assert!(!covers(&mailbox, Kind::Email, "abc@gmail.com"));
        assert!(covers(&listed(Kind::Bin, "424242"), Kind::Bin, "42424212"));
        assert!(!covers(&listed(Kind::Email, "a@example.com"), Kind::Email, "a+b@example.com"));
    }

    #[test]
    fn a_range_is_put_together_of_what_is_kept_or_lies_within_it() {
        let kept = |value| KeptUnder::of(&listed(Kind::Ip, value), &pepper(), MERCHANT);
        let count = |value| match kept(value) {
            KeptUnder::Keys(keys) => i64::try_from(keys.len()).unwrap(),
            KeptUnder::WiderKeys(keys) => -i64::try_from(keys.len()).unwrap(),
            KeptUnder::TooMany => 0,
        };
        for (value, expected) in [
            ("203.0.113.7", 1),
            ("203.0.113.0/30", -1),
            ("203.0.113.0/24", 2),
            ("203.0.112.0/20", 17),
            ("203.0.0.0/16", 257),
            ("203.0.0.0/15", 3),
            ("203.0.0.0/8", 257),
            ("202.0.0.0/7", 0),
            ("2001:db8::/64", 2),
            ("2001:db8::/52", -1),
            ("2001:db8::/40", 257),
            ("2001:db8::/32", 0),
        ] {
            assert_eq!(count(value), expected, "{value}");
        }
    }

    proptest! {
        /// Whatever is covered is found under one of the keys.
        #[test]
        fn what_is_covered_is_kept_under_a_key(address: u32, bits in 8..32_u8, flipped in 0..32_u8) {
            let range = listed(Kind::Ip, &format!("{}/{bits}", std::net::Ipv4Addr::from(address)));
            let value = std::net::Ipv4Addr::from(address ^ 1 << flipped).to_string();
            let pepper = pepper();
            let mut kept = vec![pepper.key(MERCHANT, Kind::Ip, &value)];
            Reaches::KEPT.for_each_wider(Kind::Ip, &value, |wider| kept.push(wider.key(&pepper, MERCHANT)));
            let is_covered = covers(&range, Kind::Ip, &value);
            match KeptUnder::of(&range, &pepper, MERCHANT) {
                KeptUnder::Keys(keys) => prop_assert_eq!(keys.iter().any(|key| kept.contains(key)), is_covered),
                KeptUnder::WiderKeys(keys) => prop_assert!(!is_covered || keys.iter().any(|key| kept.contains(key))),
                KeptUnder::TooMany => prop_assert!(false),
            }
        }
    }
}
