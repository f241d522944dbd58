//! The one cookie: the session's token. Behind https it is a `__Host-` cookie, which no other host and no
//! plain connection can set; on this machine's own plain http it goes with requests of our own pages alone.

use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Response};

use crate::state::CookiePolicy;

const SECURE: &str = "__Host-interdict";
const LOOPBACK: &str = "interdict";

const fn name(policy: CookiePolicy) -> &'static str {
    match policy {
        CookiePolicy::Secure => SECURE,
        CookiePolicy::Loopback => LOOPBACK,
    }
}

/// What a browser shows.
pub(crate) fn shown(headers: &HeaderMap, policy: CookiePolicy) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name(policy)).map(|(_, value)| value)
}

/// Lets the browser keep a token until the session ends.
pub(crate) fn keep<B>(response: &mut Response<B>, policy: CookiePolicy, token: &str) {
    set(response, policy, token, "");
}

/// Lets the browser forget it.
pub(crate) fn forget<B>(response: &mut Response<B>, policy: CookiePolicy) {
    set(response, policy, "", "; Max-Age=0");
}

/// Without an age the cookie ends with the browser; the session itself ends at the server.
fn set<B>(response: &mut Response<B>, policy: CookiePolicy, value: &str, age: &str) {
    let name = name(policy);
    let rules = match policy {
        // A link from a mail finds people signed in; nothing happens by a GET.
        CookiePolicy::Secure => "Secure; SameSite=Lax",
        CookiePolicy::Loopback => "SameSite=Strict",
    };
    if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; {rules}{age}")) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_the_policy_is_found_among_others() {
        let headers = HeaderMap::from_iter([(
            COOKIE,
            HeaderValue::from_static("a=b; interdict=x; __Host-interdict=y"),
        )]);
        assert_eq!(shown(&headers, CookiePolicy::Loopback), Some("x"));
        assert_eq!(shown(&headers, CookiePolicy::Secure), Some("y"));
        assert_eq!(shown(&HeaderMap::new(), CookiePolicy::Secure), None);
    }

    #[test]
    fn what_is_set_can_be_read_by_no_script_and_no_other_site() {
        let mut response = Response::new(());
        keep(&mut response, CookiePolicy::Secure, "t");
        assert_eq!(
            response.headers()[SET_COOKIE],
            "__Host-interdict=t; Path=/; HttpOnly; Secure; SameSite=Lax"
        );
        let mut response = Response::new(());
        forget(&mut response, CookiePolicy::Loopback);
        assert_eq!(
            response.headers()[SET_COOKIE],
            "interdict=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }
}
