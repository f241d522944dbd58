//! Why an issuer's word was not taken. The detail is for the log, and holds nothing of what the issuer or the browser
//! sent: emails stand in tokens.

use http::StatusCode;

use crate::connection::CallError;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Whoever came back brought what is not good, or no longer: beginning anew helps.
    Caller,
    /// The issuer is away, says what cannot be used, or does not know us as we were told.
    Issuer,
}

/// Why nobody is known to have signed in at the issuer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or does not answer as it should.
    #[error("the issuer cannot be reached")]
    Unreachable(#[from] CallError),
    /// The same, a moment ago: it was not asked again.
    #[error("the issuer could not be reached a moment ago")]
    UnreachableLately,
    /// What it says of itself cannot be used.
    #[error("the issuer's own document cannot be used: {0}")]
    Document(&'static str),
    /// It answered with a status that means nothing here.
    #[error("the issuer answered with status {0}")]
    Status(StatusCode),
    /// The code was used, is over, or the verifier is not the one that was asked with.
    #[error("the issuer did not take the code")]
    CodeRefused,
    /// It does not know us, or not under this secret.
    #[error("the issuer refused the client ({0}): see --oidc-client-id and --oidc-client-secret-file")]
    ClientRefused(&'static str),
    /// What it answered in place of a token is none.
    #[error("the issuer gave no token that can be read")]
    NoToken,
    /// Its token was made for another sign-in.
    #[error("the token is of another sign-in")]
    Nonce,
    /// Its token is not good.
    #[error("the issuer's token is not good: {0}")]
    Token(&'static str),
}

impl ProviderError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::CodeRefused | Self::Nonce => Fault::Caller,
            Self::Unreachable(_)
            | Self::UnreachableLately
            | Self::Document(_)
            | Self::Status(_)
            | Self::ClientRefused(_)
            | Self::NoToken
            | Self::Token(_) => Fault::Issuer,
        }
    }
}
