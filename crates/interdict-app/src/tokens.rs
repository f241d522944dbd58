//! OAuth client credentials: a client's id and secret buy a token of 60 minutes (Duro).

use interdict_domain::credential::CredentialKind;
use interdict_domain::ids::KeyId;
use interdict_storage::StorageError;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::app::App;

/// How long a token works.
const LIFETIME_S: i64 = 3_600;

/// A token as sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub access_token: String,
    /// How long it works, in seconds.
    pub expires_in_s: i64,
}

/// Why no token was sold.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Id and secret do not belong together, or the client is revoked or expired.
    #[error("the client is not known")]
    InvalidClient,
    /// The store that knows cannot be read.
    #[error("the clients cannot be read")]
    Storage(#[from] StorageError),
    /// The token cannot be made.
    #[error("the token cannot be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
}

/// The two halves of the key under all tokens: every node with the same pepper accepts them.
pub(crate) struct TokenKeys {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenKeys {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }
}

impl App {
    /// Sells a token to a client.
    pub async fn issue_token(&self, client_id: &str, client_secret: &str) -> Result<Token, TokenError> {
        let id: KeyId = client_id.parse().map_err(|_| TokenError::InvalidClient)?;
        let known = if let Some(known) = self.directory.by_id(id) {
            known
        } else {
            let found = self.core.read_all(move |view| view.credential(id)).await?;
            self.directory.found(found.ok_or(TokenError::InvalidClient)?)
        };
        let credential = &known.credential;
        let now = self.clock.now();
        let digest: [u8; 32] = Sha256::digest(client_secret.as_bytes()).into();
        let agrees = bool::from(digest.ct_eq(&credential.digest));
        if credential.kind != CredentialKind::Oauth || !agrees || !credential.is_valid_at(now) {
            return Err(TokenError::InvalidClient);
        }
        known.touch(now);
        let claims =
            Claims { sub: id.to_string(), iat: now.seconds(), exp: now.seconds().saturating_add(LIFETIME_S) };
        let access_token = jsonwebtoken::encode(&Header::default(), &claims, &self.token_keys.encoding)?;
        Ok(Token { access_token, expires_in_s: LIFETIME_S })
    }

    /// The client that a token was sold to, while the token works.
    pub(crate) fn verify_token(&self, token: &str) -> Option<KeyId> {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would read the wall clock: the end is judged below, on the clock passed in.
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.token_keys.decoding, &validation).ok()?.claims;
        (self.clock.now().seconds() < claims.exp).then_some(())?;
        claims.sub.parse().ok()
    }
}
