//! Reads a request body whole: a limit (413), a deadline (408), and a content type where there is a body
//! (415).
//!
//! Deliberately not here: what the bytes mean ([`crate::json`]).

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, EXPECT};
use hyper::body::Body;

use crate::error::ApiError;

/// The limit of a body, unless a route has its own.
pub const LIMIT_BYTES: usize = 1024 * 1024;
/// The limit of a batch of decisions.
pub const BATCH_LIMIT_BYTES: usize = 16 * 1024 * 1024;
/// How much of an over-long body is read and thrown away, so that a client that is still sending gets to
/// read its 413 instead of a reset connection.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a body may be.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// More is 413.
    pub bytes_max: usize,
    /// A body that has not arrived whole by then is 408.
    pub timeout: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes_max: LIMIT_BYTES, timeout: Duration::from_secs(30) }
    }
}

/// The bytes of a JSON body, empty where there is none.
///
/// A body that came along with its head, as nearly all do, costs no timer and no copy.
pub async fn read_json<B>(headers: &HeaderMap, body: B, limits: BodyLimits) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let bytes = read(headers, body, limits).await?;
    if !bytes.is_empty() && !is_json(headers) {
        return Err(ApiError::unsupported_media_type());
    }
    Ok(bytes)
}

/// The bytes of a body of any type.
pub async fn read<B>(headers: &HeaderMap, mut body: B, limits: BodyLimits) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limits.bytes_max && headers.contains_key(EXPECT) {
        // The client asked before sending: nothing is on its way, so there is nothing to drain.
        return Err(ApiError::payload_too_large(limits.bytes_max));
    }
    let mut collector = Collector { first: Bytes::new(), rest: BytesMut::new(), length: 0, limits, declared };
    let mut deadline: Option<Pin<Box<tokio::time::Sleep>>> = None;
    poll_fn(|cx| {
        if let Poll::Ready(done) = collector.poll(&mut body, cx) {
            return Poll::Ready(done);
        }
        // Only now is a timer worth its price.
        let sleep = deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(limits.timeout)));
        sleep.as_mut().poll(cx).map(|()| Err(ApiError::request_timeout()))
    })
    .await
}

/// Puts the frames of a body together; a body of one frame is taken as it is.
struct Collector {
    first: Bytes,
    rest: BytesMut,
    length: usize,
    limits: BodyLimits,
    declared: usize,
}

impl Collector {
    fn poll<B>(&mut self, body: &mut B, cx: &mut Context<'_>) -> Poll<Result<Bytes, ApiError>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        loop {
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(self.finish()),
                // The client went away or broke the framing: hyper closes, and nobody reads this.
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(ApiError::bad_request())),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(data);
                    }
                }
            }
            if self.length.saturating_sub(self.limits.bytes_max) > DRAIN_BYTES_MAX || body.is_end_stream() {
                return Poll::Ready(self.finish());
            }
        }
    }

    fn take(&mut self, data: Bytes) {
        self.length = self.length.saturating_add(data.remaining());
        if self.length > self.limits.bytes_max || self.declared > self.limits.bytes_max {
            // Too large whatever follows: read on only so that the answer arrives.
            self.first = Bytes::new();
            self.rest = BytesMut::new();
        } else if self.first.is_empty() && self.rest.is_empty() {
            self.first = data;
        } else {
            if self.rest.is_empty() {
                self.rest.reserve(self.declared.max(self.length));
                self.rest.extend_from_slice(&self.first);
                self.first = Bytes::new();
            }
            self.rest.extend_from_slice(&data);
        }
    }

    fn finish(&mut self) -> Result<Bytes, ApiError> {
        if self.length > self.limits.bytes_max {
            return Err(ApiError::payload_too_large(self.limits.bytes_max));
        }
        let rest = std::mem::take(&mut self.rest);
        Ok(if rest.is_empty() { std::mem::take(&mut self.first) } else { rest.freeze() })
    }
}

/// `application/json` or `application/*+json`, whatever the parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return true;
    }
    let Some((family, subtype)) = essence.split_once('/') else {
        return false;
    };
    let suffix = subtype.rsplit_once('+').filter(|(name, _)| !name.is_empty()).map(|(_, suffix)| suffix);
    family.eq_ignore_ascii_case("application")
        && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
}
