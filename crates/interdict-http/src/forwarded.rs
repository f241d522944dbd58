//! Who asks, where a proxy in front says so: the last address of `X-Forwarded-For`, which is the one that the
//! proxy has seen. What stands before it was sent by whoever asks, and may be made up.

use std::net::IpAddr;

use http::HeaderMap;

use crate::server::ClientAddress;

/// The address that the proxy has seen; that of the connection where it says nothing that is one.
pub(crate) fn client(headers: &HeaderMap, connection: ClientAddress) -> ClientAddress {
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let address =
        last.and_then(|value| value.rsplit(',').next()).and_then(|text| text.trim().parse::<IpAddr>().ok());
    address.map_or(connection, |address| ClientAddress(address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn it_is_what_the_proxy_has_seen_and_not_what_was_made_up() {
        let proxy = ClientAddress(IpAddr::from([10, 0, 0, 1]));
        let seen = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            client(&headers, proxy).0.to_string()
        };
        assert_eq!(seen(&["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen(&["127.0.0.1, 203.0.113.9"]), "203.0.113.9", "nginx appends");
        assert_eq!(seen(&["127.0.0.1", "203.0.113.9"]), "203.0.113.9", "HAProxy adds a line");
        assert_eq!(seen(&["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen(&[]), "10.0.0.1");
        assert_eq!(seen(&["unknown"]), "10.0.0.1");
    }
}
