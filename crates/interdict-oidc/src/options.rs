//! What a provider is made from.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

/// For how long a connection is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For how long one answer is waited for, to its last byte: somebody sits before the page.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Whom to ask, and as whom.
#[derive(Clone)]
pub struct ProviderOptions {
    /// The issuer's address, exactly as its own document says it.
    pub issuer: String,
    /// What the issuer calls us.
    pub client_id: String,
    /// The secret that goes with it; none for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where the issuer sends people back to.
    pub redirect_url: String,
    /// What people call the issuer.
    pub name: String,
    /// For how long a connection is waited for.
    pub connect_timeout: Duration,
    /// For how long one answer is waited for.
    pub answer_timeout: Duration,
}

impl ProviderOptions {
    /// A public client, with the usual patience.
    pub fn new(issuer: &str, client_id: &str, redirect_url: &str, name: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            redirect_url: redirect_url.to_owned(),
            name: name.to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
        }
    }
}

/// The client's secret never reaches a log.
impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderOptions")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("has_secret", &self.client_secret.is_some())
            .field("redirect_url", &self.redirect_url)
            .finish_non_exhaustive()
    }
}

/// Why no provider can be made of the options.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No address of an issuer.
    #[error("the issuer must be an address like https://login.example.com, without query, fragment or user")]
    Issuer,
    /// Others could read, and change, what the issuer says.
    #[error("the issuer must be reached by https, unless it is on this machine")]
    PlainHttp,
    /// No address to come back to.
    #[error("the address to come back to is none")]
    Redirect,
    /// The system's authorities cannot be read.
    #[error("the system's certificates cannot be read: install ca-certificates")]
    Roots(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}
