//! How an issuer is asked: by https, or on this machine; for how long it is waited for, how much of an answer is read.
//!
//! Deliberately not here: a proxy out of the environment, redirects, and asking again.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::{ClientConfig, RootCertStore};

use crate::options::{ProviderOptions, SetupError};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("interdict/", env!("CARGO_PKG_VERSION")));
/// The longest answer that is read, in bytes. Keys and documents have a few thousand.
const BODY_BYTES_MAX: usize = 1 << 20;
/// For how long an idle connection is kept: people sign in now and then.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The issuer names an address that passwords and codes must not be sent to.
    #[error("an address of the issuer's is not reached by https")]
    PlainHttp,
    /// The request cannot be made.
    #[error("the request cannot be made")]
    Unbuildable(#[from] http::Error),
    /// No connection, or it was lost.
    #[error("there is no connection")]
    Lost(#[source] hyper_util::client::legacy::Error),
    /// The answer is too long, or was cut.
    #[error("the answer is too long, or was cut")]
    Unreadable,
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
}

/// A client for one issuer. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// The issuer is on this machine, and so may be what it names.
    may_be_plain: bool,
    answer_timeout: Duration,
}

impl Connection {
    pub(crate) fn new(options: &ProviderOptions) -> Result<Self, SetupError> {
        let uri: Uri = options.issuer.parse().map_err(|_| SetupError::Issuer)?;
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if uri.host().is_none_or(str::is_empty) || has_user || uri.query().is_some() {
            return Err(SetupError::Issuer);
        }
        let may_be_plain = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => false,
            Some(scheme) if *scheme == Scheme::HTTP && is_loopback(&uri) => true,
            Some(scheme) if *scheme == Scheme::HTTP => return Err(SetupError::PlainHttp),
            _ => return Err(SetupError::Issuer),
        };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls_config(may_be_plain)?);
        let tls = if may_be_plain { tls.https_or_http() } else { tls.https_only() };
        let client = client(tls.enable_http1().wrap_connector(tcp));
        Ok(Self { client, may_be_plain, answer_timeout: options.answer_timeout })
    }

    /// Whether codes and secrets may go to an address that the issuer names.
    pub(crate) fn may_ask(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&Scheme::HTTPS)
            || (self.may_be_plain && uri.scheme() == Some(&Scheme::HTTP) && is_loopback(uri))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        if !self.may_ask(request.uri()) {
            return Err(CallError::PlainHttp);
        }
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(USER_AGENT, AGENT);
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
        let answer = async {
            let (parts, body) = self.client.request(request).await.map_err(CallError::Lost)?.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
            let body = body.map_err(|_| CallError::Unreadable)?.to_bytes().to_vec();
            Ok(Response::from_parts(parts, body))
        };
        tokio::time::timeout(self.answer_timeout, answer).await.unwrap_or(Err(CallError::TimedOut))
    }
}

impl<'c> AsyncHttpClient<'c> for Connection {
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one client of the issuer: each answer has its limit of time"
)]
fn client(connector: HttpsConnector<HttpConnector>) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector)
}

fn is_loopback(uri: &Uri) -> bool {
    uri.host().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host))
}

/// The system's own authorities. Plain HTTP to this machine needs none, and may lack them.
fn tls_config(may_be_plain: bool) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if may_be_plain {
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        builder.with_native_roots().map_err(SetupError::Roots)?
    };
    Ok(builder.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(issuer: &str) -> Result<Connection, String> {
        let options = ProviderOptions::new(issuer, "id", "http://127.0.0.1/back", "Login");
        Connection::new(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_is_reached_by_tls_or_on_this_machine() {
        for issuer in ["http://127.0.0.1:9", "http://localhost:9/realms/a", "http://[::1]:9"] {
            let connection = made(issuer).unwrap();
            assert!(connection.may_ask(&"https://login.example/token".parse().unwrap()), "{issuer}");
            assert!(connection.may_ask(&"http://127.0.0.1:10/token".parse().unwrap()), "{issuer}");
            assert!(!connection.may_ask(&"http://login.example/token".parse().unwrap()), "{issuer}");
        }
        assert!(made("http://login.example.com").is_err_and(|said| said.contains("https")));
        for issuer in ["", "/here", "ftp://localhost", "https://a@b", "https://a?b", "login.example.com"] {
            assert!(made(issuer).is_err(), "{issuer}");
        }
    }
}
