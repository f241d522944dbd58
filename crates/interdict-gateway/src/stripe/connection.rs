//! The one HTTP client: where Stripe is, how long it is waited for, how much of an answer is read.
//!
//! Deliberately not here: a proxy out of the environment, redirects, and asking again after anything
//! but the rate limit: who asks again must know what the first request did.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::answer::{CallError, Reply};
use super::options::{SecretKey, StripeOptions, StripeSetupError};

/// The shapes that we read are those of this version, whatever the account's own is.
const STRIPE_VERSION: HeaderValue = HeaderValue::from_static("2025-12-15.clover");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("interdict/", env!("CARGO_PKG_VERSION")));
/// The longest answer that is read, in bytes. An intent has about five thousand.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How often a request is sent at most, when the rate limit turns it away.
const ATTEMPTS_MAX: u32 = 3;
/// For how long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Parameters of a request, in the order in which they were given.
pub(super) type Form<'a> = &'a [(&'a str, &'a str)];

/// A client for one address. Clones share their connections.
#[derive(Clone)]
pub(super) struct Connection {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Scheme and authority, without a slash at the end.
    base: String,
    rate_limit_pause: Duration,
}

impl Connection {
    pub(super) fn new(options: &StripeOptions) -> Result<Self, StripeSetupError> {
        let base = options.base_url.trim_end_matches('/').to_owned();
        let uri: Uri = base.parse().map_err(|_| StripeSetupError::BaseUrl)?;
        let secure = check(&uri)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls_config(secure)?);
        let tls = if secure { tls.https_only() } else { tls.https_or_http() };
        let client = client(tls.enable_http1().wrap_connector(tcp));
        Ok(Self { client, base, rate_limit_pause: options.rate_limit_pause })
    }

    /// Asks for an object.
    pub(super) async fn get(&self, key: &SecretKey, path: &str, query: Form<'_>) -> Result<Reply, CallError> {
        let mut target = format!("{}{path}", self.base);
        if !query.is_empty() {
            target.push('?');
            target.push_str(&encode(query));
        }
        self.send(|| Request::builder().uri(&target).method(Method::GET), key, Bytes::new()).await
    }

    /// Does something, once for each idempotency key; without one, where doing it twice is the same.
    pub(super) async fn post(
        &self,
        key: &SecretKey,
        path: &str,
        form: Form<'_>,
        idempotency_key: Option<&str>,
    ) -> Result<Reply, CallError> {
        let target = format!("{}{path}", self.base);
        let body = Bytes::from(encode(form));
        let request = || {
            let builder = Request::builder().uri(&target).method(Method::POST);
            let builder = builder.header(CONTENT_TYPE, FORM);
            match idempotency_key {
                Some(key) => builder.header("idempotency-key", key),
                None => builder,
            }
        };
        self.send(request, key, body).await
    }

    /// Takes an object away: twice is the same as once.
    pub(super) async fn delete(&self, key: &SecretKey, path: &str) -> Result<Reply, CallError> {
        let target = format!("{}{path}", self.base);
        self.send(|| Request::builder().uri(&target).method(Method::DELETE), key, Bytes::new()).await
    }

    /// Sends a request, again when the rate limit turned it away: Stripe counts before it looks at the
    /// idempotency key, so that nothing was done.
    async fn send(
        &self,
        request: impl Fn() -> http::request::Builder,
        key: &SecretKey,
        body: Bytes,
    ) -> Result<Reply, CallError> {
        let mut pause = self.rate_limit_pause;
        let mut attempt = 1;
        loop {
            let request = request()
                .header(AUTHORIZATION, key.header())
                .header("stripe-version", STRIPE_VERSION)
                .header(USER_AGENT, AGENT)
                .body(Full::new(body.clone()))
                .map_err(CallError::Unbuildable)?;
            match self.send_once(request).await {
                Err(CallError::Limited) if attempt < ATTEMPTS_MAX => {
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }

    async fn send_once(&self, request: Request<Full<Bytes>>) -> Result<Reply, CallError> {
        let response = self.client.request(request).await.map_err(|error| {
            if error.is_connect() { CallError::NoConnection(error) } else { CallError::Lost(error) }
        })?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        if status.is_server_error() {
            return Err(CallError::Server(status));
        }
        if status == StatusCode::CONFLICT {
            return Err(CallError::Locked);
        }
        let reply = Reply { status, body: body.map_err(|_| CallError::Unreadable)?.to_bytes().to_vec() };
        if status == StatusCode::TOO_MANY_REQUESTS {
            // Not the limit but a lock: a request of ours, perhaps the one that we lost, holds the object.
            let locked = reply.error().code.as_deref() == Some("lock_timeout");
            return Err(if locked { CallError::Locked } else { CallError::Limited });
        }
        Ok(reply)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one client: each step of the gateway has its own limit of time"
)]
fn client(connector: HttpsConnector<HttpConnector>) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector)
}

/// Whether the address is reached by TLS; an error where it must be and is not.
fn check(base: &Uri) -> Result<bool, StripeSetupError> {
    let host = base.host().filter(|host| !host.is_empty()).ok_or(StripeSetupError::BaseUrl)?;
    let has_user = base.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if has_user || base.path() != "/" || base.query().is_some() {
        return Err(StripeSetupError::BaseUrl);
    }
    if base.scheme() == Some(&Scheme::HTTPS) {
        return Ok(true);
    }
    if base.scheme() != Some(&Scheme::HTTP) {
        return Err(StripeSetupError::BaseUrl);
    }
    if ["localhost", "127.0.0.1", "[::1]"].contains(&host) {
        Ok(false)
    } else {
        Err(StripeSetupError::PlainHttp)
    }
}

/// The system's own authorities. Plain HTTP to this machine needs none, and may lack them.
fn tls_config(secure: bool) -> Result<ClientConfig, StripeSetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if secure {
        builder.with_native_roots().map_err(StripeSetupError::Roots)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

fn encode(form: Form<'_>) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secure(base: &str) -> Result<bool, String> {
        check(&base.parse().map_err(|_| "no address".to_owned())?).map_err(|error| error.to_string())
    }

    #[test]
    fn the_key_goes_over_tls_or_stays_on_this_machine() {
        assert_eq!(secure("https://api.stripe.com"), Ok(true));
        assert_eq!(secure("http://127.0.0.1:8420"), Ok(false));
        assert_eq!(secure("http://[::1]:8420"), Ok(false));
        assert!(secure("http://api.stripe.com").unwrap_err().contains("readable"));
        for base in ["", "/v1", "ftp://localhost", "https://api.stripe.com/v1", "https://a@b", "https://a?b"]
        {
            assert!(secure(base).is_err(), "{base}");
        }
    }
}
