//! One issuer: the way to it, and what it says of whoever came back from there.
//!
//! The protocol's checks are the library's (issuer, audience, signature, nonce, end), at the time of the clock that is
//! passed in. What the issuer says of itself is asked for when it is first needed: an issuer that is away keeps nobody
//! from starting. It is kept for an hour, and asked for again when a token names a key that is not known.
//!
//! Deliberately not here: who may sign in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use http::Uri;
use interdict_domain::clock::Clock;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse as _,
};
use tokio::sync::Mutex;

use crate::asked::Asked;
use crate::connection::{CallError, Connection};
use crate::error::ProviderError;
use crate::options::{ProviderOptions, SetupError};

/// For so long is taken what an issuer said of itself: a key that it has withdrawn counts no longer than that.
const KEPT: Duration = Duration::from_hours(1);
/// For so long is an issuer that was not there not asked again: everybody who waits would wait in turn.
const FAILURE_KEPT: Duration = Duration::from_secs(2);
/// What a token may be signed with. Nothing that a client's secret could sign, and never nothing.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What an issuer says of somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The email, as it stands in the token; nothing when the issuer gives none.
    pub email: Option<String>,
    /// Whether the issuer says that it has seen to it that the email is theirs.
    pub is_verified: bool,
}

/// An issuer that people sign in at.
pub struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect_url: RedirectUrl,
    name: String,
    connection: Connection,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

/// What is known of it.
#[derive(Default)]
struct Known {
    /// What it says of itself, with its keys, and when that was heard.
    document: Option<(Arc<CoreProviderMetadata>, Duration)>,
    failed_at: Option<Duration>,
}

impl Provider {
    /// Asks nobody anything yet.
    pub fn new(options: ProviderOptions, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let connection = Connection::new(&options)?;
        Ok(Self {
            issuer: IssuerUrl::new(options.issuer).map_err(|_| SetupError::Issuer)?,
            client_id: ClientId::new(options.client_id),
            client_secret: options.client_secret.map(|secret| ClientSecret::new((*secret).clone())),
            redirect_url: RedirectUrl::new(options.redirect_url).map_err(|_| SetupError::Redirect)?,
            name: options.name,
            connection,
            clock,
            known: Mutex::default(),
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether an answer that names its issuer (RFC 9207) names this one.
    pub fn is_called(&self, issuer: &str) -> bool {
        self.issuer.as_str() == issuer
    }

    /// Where a browser goes to sign in.
    pub async fn begin(&self, asked: &Asked) -> Result<String, ProviderError> {
        let document = self.document(None).await?;
        // Nothing is made up by the library, which would take randomness of its own.
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier_of(asked));
        let (state, nonce) = (CsrfToken::new(asked.state.clone()), Nonce::new(asked.nonce.clone()));
        let (address, ..) = CoreClient::from_provider_metadata(
            (*document).clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_redirect_uri(self.redirect_url.clone())
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
        let address = String::from(address);
        let may_ask = address.parse::<Uri>().is_ok_and(|uri| self.connection.may_ask(&uri));
        if may_ask { Ok(address) } else { Err(ProviderError::Document("people would not go there by https")) }
    }

    /// Redeems the code that a browser brought, and says who it is.
    pub async fn finish(&self, code: String, asked: &Asked) -> Result<Identity, ProviderError> {
        let document = self.document(None).await?;
        let answer = self.redeem(&document, code, asked).await?;
        match self.identity(&document, &answer, asked) {
            Err(Untrusted::UnknownKey) => {
                let document = self.document(Some(&document)).await?;
                self.identity(&document, &answer, asked).map_err(Untrusted::into)
            }
            other => other.map_err(Untrusted::into),
        }
    }

    async fn redeem(
        &self,
        document: &CoreProviderMetadata,
        code: String,
        asked: &Asked,
    ) -> Result<CoreTokenResponse, ProviderError> {
        let client = CoreClient::from_provider_metadata(
            document.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_auth_type(auth_type(document))
        .set_redirect_uri(self.redirect_url.clone());
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| ProviderError::Document("it says nowhere where tokens are given"))?
            .set_pkce_verifier(verifier_of(asked));
        request.request_async(&self.connection).await.map_err(|error| match error {
            RequestTokenError::Request(error) => ProviderError::Unreachable(error),
            RequestTokenError::ServerResponse(said) => match said.error() {
                CoreErrorResponseType::InvalidGrant => ProviderError::CodeRefused,
                CoreErrorResponseType::InvalidClient => ProviderError::ClientRefused("invalid_client"),
                CoreErrorResponseType::UnauthorizedClient => {
                    ProviderError::ClientRefused("unauthorized_client")
                }
                _ => ProviderError::NoToken,
            },
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => ProviderError::NoToken,
        })
    }

    fn identity(
        &self,
        document: &CoreProviderMetadata,
        answer: &CoreTokenResponse,
        asked: &Asked,
    ) -> Result<Identity, Untrusted> {
        let token = answer.id_token().ok_or(Untrusted::Said(ProviderError::NoToken))?;
        let clock = Arc::clone(&self.clock);
        // A public client to the verifier: a secret of ours proves nothing about who signed.
        let verifier = CoreIdTokenVerifier::new_public_client(
            self.client_id.clone(),
            self.issuer.clone(),
            document.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        // What is no time at all is later than the end of any token.
        .set_time_fn(move || {
            DateTime::from_timestamp(clock.now().seconds(), 0).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC)
        });
        let claims = token.claims(&verifier, &Nonce::new(asked.nonce.clone()))?;
        Ok(Identity {
            email: claims.email().map(|email| email.as_str().to_owned()),
            is_verified: claims.email_verified() == Some(true),
        })
    }

    /// What the issuer says of itself; another one than that which named too few keys.
    async fn document(
        &self,
        but_not: Option<&Arc<CoreProviderMetadata>>,
    ) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        let mut known = self.known.lock().await;
        let now = self.clock.uptime();
        if let Some((document, heard_at)) = &known.document
            && now < heard_at.saturating_add(KEPT)
            && but_not.is_none_or(|other| !Arc::ptr_eq(other, document))
        {
            return Ok(Arc::clone(document));
        }
        if known.failed_at.is_some_and(|failed_at| now < failed_at.saturating_add(FAILURE_KEPT)) {
            return Err(ProviderError::UnreachableLately);
        }
        let heard = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.connection).await;
        match heard {
            Ok(document) => {
                let document = Arc::new(document);
                *known =
                    Known { document: Some((Arc::clone(&document), self.clock.uptime())), failed_at: None };
                Ok(document)
            }
            Err(error) => {
                known.failed_at = Some(self.clock.uptime());
                Err(error.into())
            }
        }
    }
}

/// As the issuer wants it: in a header, as the standard prefers, unless it takes nothing but a field.
fn auth_type(document: &CoreProviderMetadata) -> AuthType {
    let Some(methods) = document.token_endpoint_auth_methods_supported() else { return AuthType::BasicAuth };
    let takes = |method| methods.contains(&method);
    if takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

fn verifier_of(asked: &Asked) -> PkceCodeVerifier {
    PkceCodeVerifier::new(asked.verifier.clone())
}

/// Why a token says nothing to us.
enum Untrusted {
    /// Perhaps the issuer has a new key.
    UnknownKey,
    Said(ProviderError),
}

impl From<Untrusted> for ProviderError {
    fn from(error: Untrusted) -> Self {
        match error {
            Untrusted::UnknownKey => Self::Token("no key of the issuer's has signed it"),
            Untrusted::Said(error) => error,
        }
    }
}

impl From<ClaimsVerificationError> for Untrusted {
    fn from(error: ClaimsVerificationError) -> Self {
        use SignatureVerificationError as Signature;
        Self::Said(match error {
            ClaimsVerificationError::SignatureVerification(Signature::NoMatchingKey) => {
                return Self::UnknownKey;
            }
            ClaimsVerificationError::InvalidNonce(_) => ProviderError::Nonce,
            ClaimsVerificationError::Expired(_) => ProviderError::Token("it is over, or a clock is wrong"),
            ClaimsVerificationError::InvalidAudience(_) => ProviderError::Token("it is for somebody else"),
            ClaimsVerificationError::InvalidIssuer(_) => ProviderError::Token("it is of another issuer"),
            ClaimsVerificationError::SignatureVerification(
                Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) | Signature::NoSignature,
            ) => ProviderError::Token("it is signed in a way that is not taken"),
            ClaimsVerificationError::SignatureVerification(_) => {
                ProviderError::Token("its signature is not that of the issuer's key")
            }
            _ => ProviderError::Token("it cannot be read"),
        })
    }
}

impl From<DiscoveryError<CallError>> for ProviderError {
    fn from(error: DiscoveryError<CallError>) -> Self {
        match error {
            DiscoveryError::Request(error) => Self::Unreachable(error),
            DiscoveryError::Response(status, ..) => Self::Status(status),
            DiscoveryError::Parse(_) => Self::Document("it is not what the standard says"),
            DiscoveryError::Validation(_) => {
                Self::Document("it names another issuer: see --oidc-issuer, to the last slash")
            }
            _ => Self::Document("it leads nowhere"),
        }
    }
}

/// Neither the client's secret nor anybody's keys.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer.as_str()).finish_non_exhaustive()
    }
}

/// Who somebody is never reaches a log.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("is_verified", &self.is_verified).finish_non_exhaustive()
    }
}
