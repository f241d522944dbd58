//! Against forged requests (CSRF): whatever changes something must come from a page of ours. Browsers say where
//! a request comes from, and no page can make them say otherwise.

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};

use crate::answer::Problem;
use crate::state::State;

/// Lets reads through, and everything else from our own pages.
pub(crate) async fn only(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_ours(request.headers(), state.options.public_url.as_deref()) {
        return next.run(request).await;
    }
    Problem::other_origin().into_response()
}

fn is_ours(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else {
        // Every browser sends it with a form; some leave it out where it says the same as this.
        return text("sec-fetch-site".parse().unwrap_or(ORIGIN)) == Some("same-origin");
    };
    match (public_url, text(HOST)) {
        (Some(public_url), _) => origin == public_url,
        (None, Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ours(pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        is_ours(&pairs.iter().map(pair).collect(), public_url)
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let public = Some("https://interdict.example");
        assert!(ours(&[("origin", "https://interdict.example")], public));
        assert!(!ours(&[("origin", "https://interdict.example.evil.example")], public));
        assert!(!ours(&[("origin", "http://interdict.example")], public));
        assert!(!ours(&[("origin", "null")], public));
        assert!(!ours(&[], public));
        assert!(ours(&[("sec-fetch-site", "same-origin")], public));
        assert!(!ours(&[("sec-fetch-site", "same-site")], public));
        assert!(!ours(&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], public));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], None));
        assert!(!ours(&[("origin", "http://127.0.0.1:9090"), ("host", "127.0.0.1:8080")], None));
    }
}
