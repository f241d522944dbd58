//! Addresses and ranges of them (CIDR), in the text that the standard library and RFC 5952 give them.
//!
//! Deliberately not here: which addresses a range covers ([`super::Reach`]).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::IdentifierError;

const REFUSED: IdentifierError = IdentifierError(
    "must be an address such as 203.0.113.7 or 2001:db8::1, or a range such as 203.0.113.0/24",
);

const CUTS_THROUGH_MAPPED: IdentifierError = IdentifierError(
    "must be written as IPv4, such as 203.0.113.0/24: a range of IPv6 around addresses of IPv4 would match none of them",
);

/// The first address of IPv4 as IPv6 writes it.
const MAPPED: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
/// Bits before the group that tells such addresses from others: what is as wide, such as `::/0`, means IPv6.
const MAPPED_GROUP_BITS: u8 = 80;
/// Bits of the prefix under which IPv6 writes the addresses of IPv4.
const MAPPED_PREFIX_BITS: u8 = 96;

/// The canonical form. An IPv4 address written as IPv6 (`::ffff:203.0.113.7`) is that IPv4 address; a
/// range loses the bits beyond its prefix, and one of a single address is that address.
pub fn normalise(text: &str) -> Result<Cow<'_, str>, IdentifierError> {
    let text = text.trim();
    // The parser takes IPv4 in its canonical form only: no leading zeros, no octal.
    if text.parse::<Ipv4Addr>().is_ok() {
        return Ok(Cow::Borrowed(text));
    }
    let canonical = if text.contains('/') {
        range(text.parse().map_err(|_| REFUSED)?)?
    } else {
        text.parse::<Ipv6Addr>().map_err(|_| REFUSED)?.to_canonical().to_string()
    };
    Ok(if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical) })
}

fn range(range: IpNet) -> Result<String, IdentifierError> {
    let range = match range {
        IpNet::V4(_) => range,
        IpNet::V6(wide) => match (wide.addr().to_ipv4_mapped(), wide.prefix_len()) {
            (Some(address), bits @ MAPPED_PREFIX_BITS..) => {
                Ipv4Net::new(address, bits - MAPPED_PREFIX_BITS).map_or(range, IpNet::V4)
            }
            // Whoever writes so means addresses of IPv4, which no range of IPv6 has.
            (Some(_), _) => return Err(CUTS_THROUGH_MAPPED),
            (None, bits) if bits > MAPPED_GROUP_BITS && wide.contains(&MAPPED) => {
                return Err(CUTS_THROUGH_MAPPED);
            }
            (None, _) => range,
        },
    };
    Ok(if range.prefix_len() == range.max_prefix_len() {
        IpAddr::to_string(&range.addr())
    } else {
        range.trunc().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_ranges_have_one_text() {
        for (text, canonical) in [
            (" 203.0.113.7 ", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("::FFFF:cb00:7107", "203.0.113.7"),
            ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("2001:db8::1/128", "2001:db8::1"),
            ("2001:DB8:ffff::/32", "2001:db8::/32"),
            ("::ffff:203.0.113.7/120", "203.0.113.0/24"),
            ("::ffff:203.0.113.7/128", "203.0.113.7"),
            ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("::/64", "::/64"),
            ("::/80", "::/80"),
            ("::fffe:0:0/96", "::fffe:0:0/96"),
        ] {
            assert_eq!(normalise(text).unwrap(), canonical, "{text}");
            assert_eq!(normalise(canonical).unwrap(), canonical);
        }
    }

    #[test]
    fn a_range_that_cuts_through_the_addresses_of_ipv4_is_refused() {
        for text in [
            "::ffff:0:0/90",
            "::ffff:203.0.113.7/95",
            "::ffff:203.0.113.7/64",
            "::ffff:0:0/0",
            "::ffc0:0:0/90",
            "::8000:0:0/81",
        ] {
            assert_eq!(normalise(text), Err(CUTS_THROUGH_MAPPED), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "256.1.1.1",
            "1.2.3.4/33",
            "::1/129",
            "1.2.3.4/",
            "/24",
            "1.2.3.0/255.255.255.0",
            "fe80::1%eth0",
            "[::1]",
            "1.2.3.4:80",
            "localhost",
            "0x7f.1",
            "2130706433",
        ] {
            assert!(normalise(text).is_err(), "{text}");
        }
    }
}
