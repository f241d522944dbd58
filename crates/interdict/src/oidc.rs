//! The issuer at which people sign in, too: made from what this process was told, or why it cannot be. A binary that
//! was built without it refuses the settings instead of passing over them.

use anyhow::Result;
use interdict_dashboard::DashboardOptions;

use crate::configuration::Serving;
use crate::failure::misuse;

/// Where people come back to.
#[cfg(feature = "oidc")]
const CALLBACK: &str = "/dashboard/sign-in/oidc/callback";

/// An issuer, if there is one.
pub struct Oidc {
    #[cfg(feature = "oidc")]
    provider: Option<std::sync::Arc<interdict_app::oidc::Provider>>,
}

#[cfg(feature = "oidc")]
impl Oidc {
    /// Asks the issuer nothing: it may be away. `own_url` is where people on this machine reach us, if nobody else
    /// does.
    pub fn new(serving: &Serving, own_url: Option<&str>) -> Result<Self> {
        use std::sync::Arc;

        use interdict_app::oidc::{Provider, ProviderOptions};

        let Some(settings) = &serving.oidc else { return Ok(Self { provider: None }) };
        let base = base_url(serving.public_url.as_deref(), own_url)?;
        let redirect_url = format!("{base}{CALLBACK}");
        let mut options =
            ProviderOptions::new(&settings.issuer, &settings.client_id, &redirect_url, &settings.name);
        options.client_secret = settings.client_secret_file.as_deref().map(secret).transpose()?;
        let provider = Provider::new(options, Arc::new(crate::clock::SystemClock))
            .map_err(|error| misuse(format!("--oidc-issuer {}: {error}", settings.issuer)))?;
        tracing::info!(redirect_url, "people may sign in at the issuer, too, which must know this address");
        Ok(Self { provider: Some(Arc::new(provider)) })
    }

    /// Lets the pages offer it.
    pub fn offer(self, options: &mut DashboardOptions) {
        options.oidc = self.provider;
    }
}

#[cfg(not(feature = "oidc"))]
impl Oidc {
    /// Refuses what this binary has not.
    pub fn new(serving: &Serving, _: Option<&str>) -> Result<Self> {
        if serving.oidc.is_some() {
            return Err(misuse(
                "this binary was built without OpenID Connect: build it with --features oidc, or leave out what \
                 begins with --oidc-",
            ));
        }
        Ok(Self {})
    }

    /// There is nothing to offer.
    #[allow(clippy::unused_self, reason = "called as where there is something")]
    pub fn offer(self, _: &mut DashboardOptions) {}
}

/// The address that the issuer sends people back to: a code must not travel readable.
#[cfg(feature = "oidc")]
fn base_url<'a>(public_url: Option<&'a str>, own_url: Option<&'a str>) -> Result<&'a str> {
    let is_loopback = |url: &str| {
        let host = url.strip_prefix("http://").unwrap_or_default();
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|loopback| {
            host.strip_prefix(loopback).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    };
    match public_url.or(own_url) {
        Some(url) if url.starts_with("https://") || is_loopback(url) => Ok(url),
        Some(url) => Err(misuse(format!(
            "--oidc-issuer needs an address to come back to by https, and --public-url is {url}"
        ))),
        None => Err(misuse(
            "--oidc-issuer needs --public-url: the address under which people reach this service, such as \
             https://interdict.example.com",
        )),
    }
}

#[cfg(feature = "oidc")]
fn secret(path: &std::path::Path) -> Result<zeroize::Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        misuse(format!("--oidc-client-secret-file {} cannot be read: {error}", path.display()))
    })?;
    let text = zeroize::Zeroizing::new(text);
    match text.trim() {
        "" => Err(misuse(format!("--oidc-client-secret-file {} is empty", path.display()))),
        secret => Ok(zeroize::Zeroizing::new(secret.to_owned())),
    }
}

#[cfg(all(test, feature = "oidc"))]
mod tests {
    use super::base_url;

    #[test]
    fn people_come_back_by_https_or_on_this_machine() {
        let public = |url| base_url(Some(url), Some("http://127.0.0.1:8080")).ok();
        assert_eq!(public("https://interdict.example"), Some("https://interdict.example"));
        assert_eq!(public("http://localhost:8080"), Some("http://localhost:8080"));
        for url in ["http://interdict.example", "http://localhost.evil.example", "http://127.0.0.1.example"] {
            assert_eq!(public(url), None, "{url}");
        }
        assert_eq!(base_url(None, Some("http://[::1]:8080")).ok(), Some("http://[::1]:8080"));
        assert!(base_url(None, None).is_err_and(|error| error.to_string().contains("--public-url")));
    }
}
