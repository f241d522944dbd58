//! What a connector is made from: the account's key, the address, the patience.
//!
//! Deliberately not here: where a merchant's key is kept.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;

/// The longest key, in bytes. Stripe's own have about a hundred.
const KEY_BYTES_MAX: usize = 255;

/// An account's secret key, or a restricted one. It never shows.
#[derive(Clone)]
pub struct SecretKey {
    header: HeaderValue,
    live: bool,
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a secret or restricted key of Stripe's, such as sk_live_… or rk_live_…")]
pub struct SecretKeyError;

impl SecretKey {
    /// Checks the form: `sk_` or `rk_`, then `live_` or `test_`, then letters, digits and underscores.
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        let rest = text.strip_prefix("sk_").or_else(|| text.strip_prefix("rk_")).ok_or(SecretKeyError)?;
        let live = rest.starts_with("live_");
        let secret = rest.strip_prefix("live_").or_else(|| rest.strip_prefix("test_"));
        let good = secret.is_some_and(is_word);
        if !good || text.len() > KEY_BYTES_MAX {
            return Err(SecretKeyError);
        }
        let mut header = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| SecretKeyError)?;
        header.set_sensitive(true);
        Ok(Self { header, live })
    }

    /// Whether real money moves under it.
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// What `Authorization` holds.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// Keys never reach a log.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// The key with which a browser opens Stripe's own field for cards. It is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishableKey(String);

/// A text that is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be Stripe's publishable key of live mode, pk_live_…")]
pub struct PublishableKeyError;

impl PublishableKey {
    /// Checks the form: `pk_live_`, then letters, digits and underscores.
    pub fn parse(text: &str) -> Result<Self, PublishableKeyError> {
        let good = text.strip_prefix("pk_live_").is_some_and(is_word);
        if !good || text.len() > KEY_BYTES_MAX {
            return Err(PublishableKeyError);
        }
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    pub fn into_string(self) -> String {
        self.0
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// How Stripe is reached.
#[derive(Clone, Debug)]
pub struct StripeOptions {
    /// The merchant's account.
    pub secret_key: SecretKey,
    /// Where Stripe is. Plain HTTP is taken for this machine only: the key would be readable.
    pub base_url: String,
    /// How long a TCP connection may take.
    pub connect_timeout: Duration,
    /// How long one step (preparing, charging, finding, reversing, abandoning) may take in all, with
    /// everything that is asked again in it.
    pub step_timeout: Duration,
    /// The pause before a request that Stripe's rate limit turned away is sent again; it doubles.
    pub rate_limit_pause: Duration,
    /// Where the customer comes back to from the bank's page. Without it there is no such page, and a
    /// card that needs one is declined.
    pub return_url: Option<String>,
}

impl StripeOptions {
    /// Stripe itself, with patience for a slow bank. Preparing, charging and finding together stay
    /// under two minutes.
    pub fn new(secret_key: SecretKey) -> Self {
        Self {
            secret_key,
            base_url: "https://api.stripe.com".to_owned(),
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(30),
            rate_limit_pause: Duration::from_millis(500),
            return_url: None,
        }
    }
}

/// Why no connector could be made.
#[derive(Debug, thiserror::Error)]
pub enum StripeSetupError {
    /// Not an address.
    #[error("the base URL must be an https address without a path")]
    BaseUrl,
    /// Plain HTTP to another machine.
    #[error("the base URL must be https, except for this machine: the key would be readable")]
    PlainHttp,
    /// Not an address either.
    #[error("the return URL must be an http or https address")]
    ReturnUrl,
    /// The system has no certificates of authorities, so that nobody's word can be checked.
    #[error("the system's certificates cannot be read; on Debian: apt-get install -y ca-certificates")]
    Roots(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_mode_and_never_itself() {
        let key = SecretKey::parse("sk_live_51Abc_def").unwrap();
        assert!(key.is_live());
        assert!(!SecretKey::parse("rk_test_9").unwrap().is_live());
        let shown = format!("{key:?} {:?} {:?}", key.header(), StripeOptions::new(key.clone()));
        assert!(!shown.contains("51Abc"), "{shown}");
    }

    #[test]
    fn what_is_no_secret_key_is_refused() {
        for text in
            ["", "sk_", "sk_live_", "pk_live_abc", "sk_live_a b", "sk_live_a\n", "whsec_abc", "sk_live_é"]
        {
            assert!(SecretKey::parse(text).is_err(), "{text:?}");
        }
        assert!(SecretKey::parse(&format!("sk_live_{}", "a".repeat(300))).is_err());
    }
}
