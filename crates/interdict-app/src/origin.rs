//! Origins of web pages: where a payer may be sent.

use http::Uri;

/// Whether a text is an origin and nothing more: a scheme, a host, perhaps a port. Plain http is for this
/// machine only.
pub fn is_origin(text: &str) -> bool {
    origin_of(text).as_deref() == Some(text)
}

/// The origin of an address; nothing when it is none that a payer could be sent to.
pub fn origin_of(url: &str) -> Option<String> {
    // What browsers and this parser might read differently is refused.
    if url.contains(['\\', '@']) || url.contains(char::is_whitespace) || url.contains(char::is_control) {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if scheme != "https" && !(scheme == "http" && is_local) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    Some(match uri.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
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
        assert_eq!(origin_of("/thanks"), None);
    }
}
