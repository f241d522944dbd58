//! Origins of web pages: where a payer may be sent.
//!
//! Deliberately not here: which origins a merchant allows.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether a text is an origin and nothing more: a scheme, a host, perhaps a port, as browsers write it. Plain http is
/// for this machine only.
pub fn is_origin(text: &str) -> bool {
    origin_of(text).as_deref() == Some(text)
}

/// The origin of an address as browsers read it; nothing when it is none that a payer could be sent to.
pub fn origin_of(text: &str) -> Option<String> {
    // Browsers repair these. Whoever else reads the text may see another host in it.
    if text.contains(['\\', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    // Without the slashes it would be a path on the page that it stands on.
    if !scheme.eq_ignore_ascii_case(url.scheme()) || rest.starts_with('/') {
        return None;
    }
    let is_local = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => address == Ipv6Addr::LOCALHOST,
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    is_safe.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for origin in ["https://shop.example", "https://shop.example:8443", "http://localhost:3000"] {
            assert!(is_origin(origin), "{origin}");
        }
        for text in [
            "",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/thanks",
            "https://Shop.example",
            "http://shop.example",
            "ftp://shop.example",
            "javascript:alert(1)",
            "https://user@shop.example",
            "https://shop.example\\@evil.example",
            "//evil.example",
            "*",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    #[test]
    fn an_address_leads_to_its_origin() {
        assert_eq!(origin_of("https://Shop.Example/thanks?a=1").as_deref(), Some("https://shop.example"));
        assert_eq!(
            origin_of("https://shop.example.evil.example/").as_deref(),
            Some("https://shop.example.evil.example")
        );
        assert_eq!(origin_of("https://shop.example@evil.example/"), None);
        for text in ["/thanks", "https:shop.example", "https:///shop.example", "http://shop.example"] {
            assert_eq!(origin_of(text), None, "{text}");
        }
    }
}
