//! The issuer of OpenID Connect, as flags and the file name it together.
//!
//! Deliberately not here: whether its address is a good one, and the client's secret ([`crate::oidc`]).

use std::path::PathBuf;

use anyhow::Result;

use super::Written;
use crate::arguments::OidcArguments;
use crate::failure::misuse;

const NAME: &str = "single sign-on";
/// It stands on a button.
const NAME_CHARS_MAX: usize = 60;

/// An issuer, and what it calls us.
#[cfg_attr(
    not(feature = "oidc"),
    expect(dead_code, reason = "a build without OpenID Connect refuses them unread")
)]
pub struct OidcSettings {
    /// Its address.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// The file of the client's secret, if there is one.
    pub client_secret_file: Option<PathBuf>,
    /// What people call it.
    pub name: String,
}

impl OidcSettings {
    /// Nothing when no issuer is named.
    pub(super) fn of(arguments: OidcArguments, file: &Written) -> Result<Option<Self>> {
        let issuer = arguments.issuer.or_else(|| file.oidc_issuer.clone());
        let client_id = arguments.client_id.or_else(|| file.oidc_client_id.clone());
        let client_secret_file =
            arguments.client_secret_file.or_else(|| file.oidc_client_secret_file.clone());
        let name = arguments.name.or_else(|| file.oidc_name.clone());
        let (issuer, client_id) = match (issuer, client_id) {
            (Some(issuer), Some(client_id)) if !client_id.is_empty() => (issuer, client_id),
            (None, None) if client_secret_file.is_none() && name.is_none() => return Ok(None),
            (Some(_), _) => {
                return Err(misuse(
                    "--oidc-issuer needs --oidc-client-id: what the issuer calls this service",
                ));
            }
            (None, _) => {
                return Err(misuse("what begins with --oidc- needs --oidc-issuer: where people sign in"));
            }
        };
        let name = name.unwrap_or_else(|| NAME.to_owned());
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control)
        {
            return Err(misuse(format!("--oidc-name must have 1 to {NAME_CHARS_MAX} letters")));
        }
        Ok(Some(Self { issuer, client_id, client_secret_file, name }))
    }
}
