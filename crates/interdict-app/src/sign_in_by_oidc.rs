//! Signing in at an issuer of OpenID Connect: a browser sets out, comes back with a code, and, where its person has a
//! second factor, shows that, too.
//!
//! What is needed when it comes back is sealed and kept by the browser: nobody fills a table by setting out, and any node
//! takes whoever comes back. The issuer proves an email; who may sign in is who has it here. Nobody is made, and the same
//! refusal is given for an email that nobody has, one that the issuer has not verified, and a person who is disabled.
//!
//! Deliberately not here: the protocol (`interdict-oidc`), and how a session begins ([`crate::sign_in`]).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interdict_domain::change::Action;
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_oidc::{Asked, Identity, Provider, ProviderError};
use interdict_storage::UserAccount;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::second_factor::ShownFactor;
use crate::sessions::SignedIn;
use crate::sign_in::{Beginning, SignInError};

/// So long may somebody take at the issuer, and so long for the code of the second factor after that.
pub const KEPT_S: i64 = 600;
/// A longer way back is forgotten: browsers keep 4096 bytes of a cookie.
const NEXT_BYTES_MAX: usize = 1_024;
/// Where sealed texts belong: one does not open in the place of the other.
const SET_OUT: &str = "sign-in by oidc: set out";
const PROVEN: &str = "sign-in by oidc: proven";

/// Whose browser it is.
pub struct Visit {
    /// From where.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// A browser that is on its way to the issuer.
pub struct SetOut {
    /// Where it goes.
    pub address: String,
    /// What it keeps for its return, sealed: letters, digits, `-` and `_`.
    pub kept: String,
}

/// What a browser that came back says.
#[derive(Default)]
pub struct CameBack {
    /// What it kept.
    pub kept: Option<String>,
    /// What the issuer was asked to hand back.
    pub state: Option<String>,
    /// What the issuer gave it.
    pub code: Option<String>,
    /// Why the issuer gave it nothing.
    pub error: Option<String>,
    /// Who the issuer says that it is (RFC 9207); many do not say it.
    pub issuer: Option<String>,
}

/// How far a sign-in has come.
pub enum Arrival {
    /// All the way.
    SignedIn {
        /// Who it is.
        signed_in: Box<SignedIn>,
        /// Where it wanted to go before; may be empty.
        next: String,
    },
    /// The person has a second factor, which is asked for here.
    CodeNeeded {
        /// What the browser keeps until it has shown one.
        kept: String,
    },
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The browser did not set out, or too long ago, or for something else.
    #[error("this browser did not ask for what it brought, or too long ago: begin anew")]
    NotAsked,
    /// The issuer let the person not in, or the person did not want to.
    #[error("the issuer did not let the person in")]
    Denied,
    /// The issuer says that it cannot.
    #[error("the issuer says that it failed")]
    IssuerFailed,
    /// The issuer's word was not taken.
    #[error("the issuer's word was not taken")]
    Provider(#[from] ProviderError),
    /// As with a password.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// What a browser keeps for so long.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    what: T,
    /// In seconds since 1970.
    until_s: i64,
}

#[derive(Serialize, Deserialize)]
struct KeptOnTheWay {
    asked: Asked,
    next: String,
}

#[derive(Serialize, Deserialize)]
struct KeptForCode {
    user: UserId,
    email: String,
    next: String,
}

impl App {
    /// Sends a browser to the issuer; `next` is where it wants to go when it is signed in.
    pub async fn begin_sign_in_by_oidc(
        &self,
        provider: &Provider,
        next: &str,
        visit: &Visit,
    ) -> Result<SetOut, OidcError> {
        self.check_visit(visit)?;
        let asked = Asked::generate(self.random.as_ref());
        let address = provider.begin(&asked).await?;
        let next = if next.len() > NEXT_BYTES_MAX { String::new() } else { next.to_owned() };
        let kept = self.seal_for_browser(KeptOnTheWay { asked, next }, SET_OUT)?;
        Ok(SetOut { address, kept })
    }

    /// Takes a browser that comes from the issuer.
    pub async fn finish_sign_in_by_oidc(
        &self,
        provider: &Provider,
        came: CameBack,
        visit: Visit,
    ) -> Result<Arrival, OidcError> {
        self.check_visit(&visit)?;
        let kept = came.kept.as_deref().and_then(|kept| self.open_from_browser(kept, SET_OUT));
        let KeptOnTheWay { asked, next } = kept.ok_or(OidcError::NotAsked)?;
        let is_asked =
            came.state.is_some_and(|state| bool::from(state.as_bytes().ct_eq(asked.state.as_bytes())))
                && came.issuer.is_none_or(|issuer| provider.is_called(&issuer));
        if !is_asked {
            return Err(OidcError::NotAsked);
        }
        let code = match (came.error.as_deref(), came.code) {
            (Some("server_error" | "temporarily_unavailable"), _) => return Err(OidcError::IssuerFailed),
            (Some(_), _) => return Err(OidcError::Denied),
            (None, None) => return Err(OidcError::NotAsked),
            (None, Some(code)) => code,
        };
        let identity = provider.finish(code, &asked).await?;
        let account = self.account_of(&identity).await?;
        if account.second_factor.is_none() {
            return self.arrive(account, visit, None, next).await;
        }
        let kept = KeptForCode { user: account.user.id, email: account.user.email.as_str().to_owned(), next };
        Ok(Arrival::CodeNeeded { kept: self.seal_for_browser(kept, PROVEN)? })
    }

    /// Takes the code of the second factor from whoever came back before.
    pub async fn finish_sign_in_by_oidc_with_code(
        &self,
        kept: &str,
        code: &str,
        visit: Visit,
    ) -> Result<Arrival, OidcError> {
        self.check_visit(&visit)?;
        let kept: KeptForCode = self.open_from_browser(kept, PROVEN).ok_or(OidcError::NotAsked)?;
        let email = Email::parse(&kept.email).map_err(|_| OidcError::NotAsked)?;
        let account = self.account_with(&email).await?;
        if account.user.id != kept.user {
            return Err(OidcError::NotAsked);
        }
        let factor = if account.second_factor.is_some() {
            Some(self.read_factor(&account, code).await?)
        } else {
            None
        };
        self.arrive(account, visit, factor, kept.next).await
    }

    /// Whoever has the email that the issuer has verified.
    async fn account_of(&self, identity: &Identity) -> Result<UserAccount, SignInError> {
        let email = identity.email.as_deref().and_then(|email| Email::parse(email).ok());
        let Some(email) = email else { return Err(SignInError::Refused) };
        if !identity.is_verified {
            // Anybody can make an account with anybody's email at such an issuer.
            return Err(self.refuse(email, SignInError::Refused).await);
        }
        self.account_with(&email).await
    }

    async fn account_with(&self, email: &Email) -> Result<UserAccount, SignInError> {
        self.sign_ins.check_email(email).map_err(|retry_after_s| SignInError::TooMany { retry_after_s })?;
        match self.who_signs_in(email).await? {
            Some(account) => Ok(account),
            None => Err(self.refuse(email.clone(), SignInError::Refused).await),
        }
    }

    async fn arrive(
        &self,
        account: UserAccount,
        visit: Visit,
        factor: Option<ShownFactor>,
        next: String,
    ) -> Result<Arrival, OidcError> {
        let Visit { address, user_agent } = visit;
        let beginning = Beginning { address, user_agent, action: Action::UserSignedInByOidc };
        let signed_in = self.begin_session(account, beginning, factor).await?;
        Ok(Arrival::SignedIn { signed_in: Box::new(signed_in), next })
    }

    fn check_visit(&self, visit: &Visit) -> Result<(), SignInError> {
        let counted = self.sign_ins.check_address(visit.address);
        counted.map_err(|retry_after_s| SignInError::TooMany { retry_after_s })
    }

    fn seal_for_browser(&self, what: impl Serialize, place: &str) -> Result<String, SignInError> {
        let kept = Kept { what, until_s: self.clock.now().plus_seconds(KEPT_S).seconds() };
        let text = serde_json::to_string(&kept).map_err(|_| SignInError::Unavailable)?;
        let sealed =
            self.vault.seal(&text, place, self.random.as_ref()).map_err(|_| SignInError::Unavailable)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What was sealed for a place, and is not too old. A browser forgets it by itself; whoever copied it does not.
    fn open_from_browser<T: DeserializeOwned>(&self, sealed: &str, place: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let kept: Kept<T> = serde_json::from_str(&self.vault.open(&sealed, place).ok()?).ok()?;
        (self.clock.now().seconds() < kept.until_s).then_some(kept.what)
    }
}
