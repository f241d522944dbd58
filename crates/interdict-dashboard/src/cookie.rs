//! Cookies. The session's token: behind https it is a `__Host-` cookie, which no other host and no plain connection can
//! set; on this machine's own plain http it goes with requests of our own pages alone. And for ten minutes what a browser
//! keeps while its person is at an issuer of OpenID Connect.

use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Response};

use crate::state::CookiePolicy;

/// What a browser keeps for us.
#[derive(Clone, Copy)]
pub(crate) enum Cookie {
    /// The session's token.
    Session,
    /// What is needed when it comes back from an issuer.
    #[cfg(feature = "oidc")]
    Away,
}

impl Cookie {
    const fn name(self, policy: CookiePolicy) -> &'static str {
        match (self, policy) {
            (Self::Session, CookiePolicy::Secure) => "__Host-interdict",
            (Self::Session, CookiePolicy::Loopback) => "interdict",
            #[cfg(feature = "oidc")]
            (Self::Away, CookiePolicy::Secure) => "__Host-interdict-oidc",
            #[cfg(feature = "oidc")]
            (Self::Away, CookiePolicy::Loopback) => "interdict-oidc",
        }
    }

    const fn rules(self, policy: CookiePolicy) -> &'static str {
        match (self, policy) {
            // A link from a mail finds people signed in; nothing happens by a GET.
            (Self::Session, CookiePolicy::Secure) => "Secure; SameSite=Lax",
            (Self::Session, CookiePolicy::Loopback) => "SameSite=Strict",
            // It must come along when the issuer, another site, sends the browser back.
            #[cfg(feature = "oidc")]
            (Self::Away, CookiePolicy::Secure) => "Secure; SameSite=Lax",
            #[cfg(feature = "oidc")]
            (Self::Away, CookiePolicy::Loopback) => "SameSite=Lax",
        }
    }

    /// What a browser shows.
    pub(crate) fn shown(self, headers: &HeaderMap, policy: CookiePolicy) -> Option<&str> {
        let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == self.name(policy)).map(|(_, value)| value)
    }

    /// Lets the browser keep it. Without an age it ends with the browser; the session itself ends at the server.
    pub(crate) fn keep<B>(self, response: &mut Response<B>, policy: CookiePolicy, value: &str) {
        self.set(response, policy, value, "");
    }

    /// Lets the browser keep it for so long.
    #[cfg(feature = "oidc")]
    pub(crate) fn keep_for<B>(
        self,
        response: &mut Response<B>,
        policy: CookiePolicy,
        value: &str,
        age_s: i64,
    ) {
        self.set(response, policy, value, &format!("; Max-Age={age_s}"));
    }

    /// Lets the browser forget it.
    pub(crate) fn forget<B>(self, response: &mut Response<B>, policy: CookiePolicy) {
        self.set(response, policy, "", "; Max-Age=0");
    }

    fn set<B>(self, response: &mut Response<B>, policy: CookiePolicy, value: &str, age: &str) {
        let (name, rules) = (self.name(policy), self.rules(policy));
        if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; {rules}{age}"))
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_the_policy_is_found_among_others() {
        let headers = HeaderMap::from_iter([(
            COOKIE,
            HeaderValue::from_static("a=b; interdict-oidc=z; interdict=x; __Host-interdict=y"),
        )]);
        assert_eq!(Cookie::Session.shown(&headers, CookiePolicy::Loopback), Some("x"));
        assert_eq!(Cookie::Session.shown(&headers, CookiePolicy::Secure), Some("y"));
        assert_eq!(Cookie::Session.shown(&HeaderMap::new(), CookiePolicy::Secure), None);
    }

    #[test]
    fn what_is_set_can_be_read_by_no_script_and_no_other_site() {
        let mut response = Response::new(());
        Cookie::Session.keep(&mut response, CookiePolicy::Secure, "t");
        assert_eq!(
            response.headers()[SET_COOKIE],
            "__Host-interdict=t; Path=/; HttpOnly; Secure; SameSite=Lax"
        );
        let mut response = Response::new(());
        Cookie::Session.forget(&mut response, CookiePolicy::Loopback);
        assert_eq!(
            response.headers()[SET_COOKIE],
            "interdict=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }

    #[cfg(feature = "oidc")]
    #[test]
    fn what_is_kept_for_the_way_comes_along_from_another_site_and_is_gone_soon() {
        let mut response = Response::new(());
        Cookie::Away.keep_for(&mut response, CookiePolicy::Secure, "t", 600);
        assert_eq!(
            response.headers()[SET_COOKIE],
            "__Host-interdict-oidc=t; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=600"
        );
        let mut response = Response::new(());
        Cookie::Away.forget(&mut response, CookiePolicy::Loopback);
        assert_eq!(
            response.headers()[SET_COOKIE],
            "interdict-oidc=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
