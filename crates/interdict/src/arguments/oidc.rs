//! What signing in at an issuer of OpenID Connect takes.

use std::path::PathBuf;

use clap::Args;

/// An issuer at which people sign in to the dashboard, too.
#[derive(Args, Default)]
pub struct OidcArguments {
    /// Let people sign in to the dashboard at this issuer of OpenID Connect, too, by the email that it has
    /// verified: https://login.example.com
    #[arg(long = "oidc-issuer", env = "INTERDICT_OIDC_ISSUER", value_name = "URL", hide_env = true)]
    pub issuer: Option<String>,
    /// What the issuer calls this service
    #[arg(long = "oidc-client-id", env = "INTERDICT_OIDC_CLIENT_ID", value_name = "ID", hide_env = true)]
    pub client_id: Option<String>,
    /// The client's secret, if the issuer gave one
    #[arg(
        long = "oidc-client-secret-file",
        env = "INTERDICT_OIDC_CLIENT_SECRET_FILE",
        value_name = "FILE",
        hide_env = true
    )]
    pub client_secret_file: Option<PathBuf>,
    /// What people call the issuer [default: single sign-on]
    #[arg(long = "oidc-name", env = "INTERDICT_OIDC_NAME", value_name = "NAME", hide_env = true)]
    pub name: Option<String>,
}
