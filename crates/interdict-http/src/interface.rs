//! The service under all routes: the hot routes first, then the router; and the shape of what the
//! router says by itself (404, 405).
//!
//! Deliberately not here: which routes there are ([`crate::router`]).

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::middleware::{Next, from_fn};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use interdict_app::App;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::body::BodyLimits;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{client_of, note_route};
use crate::forwarded;
use crate::middleware::metrics::Metrics;
use crate::middleware::rate_limit::RateLimits;
use crate::observed::Observed;
use crate::server::{self, ClientAddress};
use crate::store_metrics::StoreMetrics;
use crate::v1::{batch, decisions};

/// How many changes an answer has seen.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("interdict-revision");

/// How the routes treat their callers.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// How long a read with `Interdict-At-Least` waits for its revision.
    pub at_least_wait: Duration,
    /// How long a body may take to arrive; of a file to import, how long it may pause.
    pub body_timeout: Duration,
    /// The largest file to import, in bytes.
    pub import_bytes_max: u64,
    /// The address under which people reach this service, without a slash at its end. Left out, it is
    /// what a request's Host says.
    pub public_url: Option<String>,
    /// Whether a proxy in front says who asks.
    pub behind_proxy: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            at_least_wait: Duration::from_secs(1),
            body_timeout: Duration::from_secs(30),
            import_bytes_max: interdict_app::FILE_BYTES_MAX,
            public_url: None,
            behind_proxy: false,
        }
    }
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct State(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) app: Arc<App>,
    pub(crate) limits: RateLimits,
    pub(crate) observed: Observed,
    pub(crate) options: HttpOptions,
    stopping: watch::Sender<bool>,
}

impl std::ops::Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// Whether the service is about to end: what only waits should be answered now.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the service is about to end.
    pub(crate) async fn stopping(&self) {
        // The sender lives as long as this.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// This service's own address, as people reach it.
    pub(crate) fn base(&self, headers: &HeaderMap) -> String {
        self.base_at(headers.get(HOST))
    }

    /// The same, for a request with this Host.
    pub(crate) fn base_at(&self, host: Option<&HeaderValue>) -> String {
        if let Some(url) = &self.options.public_url {
            return url.clone();
        }
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("http://{host}")
    }

    /// The limits of a body.
    pub(crate) fn body_limits(&self, bytes_max: usize) -> BodyLimits {
        BodyLimits { bytes_max, timeout: self.options.body_timeout }
    }
}

/// All routes, as a service. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    state: State,
    router: Router,
}

impl Http {
    /// All routes over an application.
    pub fn new(app: Arc<App>, metrics: Metrics, options: HttpOptions) -> Self {
        StoreMetrics::register(&metrics, &app);
        let observed = Observed::new(metrics);
        let limits = RateLimits::default();
        let state =
            State(Arc::new(Shared { app, limits, observed, options, stopping: watch::Sender::new(false) }));
        let router = crate::router::router(state.clone());
        Self { state, router }
    }

    /// With pages of somebody else's beside: requests come to them with the address of whoever asks, as an
    /// [`IpAddr`], in their extensions.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> Self {
        self.router = self.router.merge(pages.layer(from_fn(announce_page)));
        self
    }

    /// Says that the service is about to end: whoever waits for changes is answered, instead of holding
    /// up the drain.
    pub fn stop(&self) {
        self.state.stopping.send_replace(true);
    }

    async fn route(self, mut request: Request<Incoming>, client: ClientAddress) -> Response<AnswerBody> {
        let started = Observed::start();
        let (method, dialect) = (request.method().clone(), Dialect::of_path(request.uri().path()));
        request.extensions_mut().insert(client);
        let route = crate::observed::RouteSlot::default();
        request.extensions_mut().insert(route.clone());
        let answered = self.router.oneshot(request.map(axum::body::Body::new)).await;
        let response = answered.unwrap_or_else(|never| match never {}).map(AnswerBody::Streamed);
        let response = shape(response, dialect);
        self.state.observed.answered(route.template(), &method, response.status(), started);
        response
    }
}

/// Leaves the page's template for the metrics, and the address for the page.
async fn announce_page(request: axum::extract::Request, next: Next) -> axum::response::Response {
    let (mut parts, body) = request.into_parts();
    note_route(&parts);
    parts.extensions.insert::<IpAddr>(client_of(&parts).0);
    next.run(axum::extract::Request::from_parts(parts, body)).await
}

/// Gives the router's own 405 the dialect's envelope; its `Allow` stays.
fn shape(response: Response<AnswerBody>, dialect: Dialect) -> Response<AnswerBody> {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || response.headers().contains_key(CONTENT_TYPE) {
        return response;
    }
    let allow = response.headers().get(ALLOW).cloned().unwrap_or(HeaderValue::from_static("GET"));
    ApiError::method_not_allowed(allow).respond(dialect)
}

impl server::Service for Http {
    type Body = AnswerBody;
    type Future = Pin<Box<dyn Future<Output = Response<AnswerBody>> + Send>>;

    fn call(&self, request: Request<Incoming>, client: ClientAddress) -> Self::Future {
        let client = if self.state.options.behind_proxy {
            forwarded::client(request.headers(), client)
        } else {
            client
        };
        // The hot routes are answered before the router: one comparison instead of a tree, a boxed
        // handler and a boxed body; and in a future of their own, which is smaller to move.
        if request.method() == Method::POST {
            match request.uri().path() {
                "/v1/decisions" => return Box::pin(decisions::answer(self.state.clone(), request, client)),
                "/v1/decisions/batch" => return Box::pin(batch::answer(self.state.clone(), request, client)),
                _ => {}
            }
        }
        Box::pin(self.clone().route(request, client))
    }
}

/// The body of an answer: bytes at hand, or what the router made.
pub enum AnswerBody {
    /// Bytes at hand.
    Whole(Bytes),
    /// What the router made.
    Streamed(axum::body::Body),
}

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}
