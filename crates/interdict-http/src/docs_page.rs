//! `/docs`: the API's document for people, from this binary alone. No request leaves for another host:
//! the content security policy names none.
//!
//! Deliberately not here: the routes, and the document itself (`/openapi.json`).

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};
use rust_embed::RustEmbed;

/// Styles are made by the script at run time, hence `unsafe-inline` for them; the search index lives in
/// a worker that the script makes of itself, hence `blob:`. Nothing else is allowed, `eval` included.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; \
                          font-src data:; connect-src 'self'; worker-src blob:; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "assets/docs"]
struct Assets;

/// The page, for `GET /docs`.
pub fn page<B: From<Bytes>>(request_headers: &HeaderMap) -> Response<B> {
    file("index.html", request_headers)
        .unwrap_or_else(|| crate::error::ApiError::no_such_path().respond(NATIVE))
}

/// A file of the page, for `GET /docs/{name}`; nothing where there is none.
pub fn file<B: From<Bytes>>(name: &str, request_headers: &HeaderMap) -> Option<Response<B>> {
    let content_type = match name {
        "index.html" => "text/html; charset=utf-8",
        "redoc.standalone.js" => "text/javascript; charset=utf-8",
        "redoc.standalone.js.LICENSE.txt" | "LICENSE" => "text/plain; charset=utf-8",
        _ => return None,
    };
    let file = Assets::get(name)?;
    let etag = etag(&file.metadata.sha256_hash());
    let known = request_headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| names_etag(known, &etag));
    let body = match (is_known, file.data) {
        (true, _) => Bytes::new(),
        (false, std::borrow::Cow::Borrowed(data)) => Bytes::from_static(data),
        (false, std::borrow::Cow::Owned(data)) => Bytes::from(data),
    };
    let mut response = Response::new(B::from(body));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Asked for again each time, and then answered with 304: an update shows at once.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    Some(response)
}

const NATIVE: crate::error::Dialect = crate::error::Dialect::Native;

fn etag(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\"");
    for byte in hash.iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

/// Whether an If-None-Match header names the tag, weakly compared (RFC 9110, 13.1.2).
fn names_etag(header: &str, etag: &str) -> bool {
    header.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_the_pinned_one() {
        use std::fmt::Write as _;
        let hash = Assets::get("redoc.standalone.js").unwrap().metadata.sha256_hash();
        let hex = hash.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        assert_eq!(hex, "dcaf76612bc4a3fbcc923a8966dee2f6146a5f32e5ce1b6f02dd60cbbf89500b", "redoc 2.5.4");
    }

    #[test]
    fn the_page_names_no_other_host_and_comes_with_a_policy() {
        let response: Response<Bytes> = page(&HeaderMap::new());
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(
            !text.contains("http:") && !text.contains("https:") && text.contains("/docs/redoc.standalone.js")
        );
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let first: Response<Bytes> = file("redoc.standalone.js", &HeaderMap::new()).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for (known, status) in [
            (etag.clone(), StatusCode::NOT_MODIFIED),
            (format!("W/{etag}, \"x\""), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"x\"".to_owned(), StatusCode::OK),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_str(&known).unwrap())]);
            let again: Response<Bytes> = file("redoc.standalone.js", &headers).unwrap();
            assert_eq!(again.status(), status, "{known}");
            assert_eq!(again.body().is_empty(), status == StatusCode::NOT_MODIFIED);
        }
    }

    #[test]
    fn nothing_but_the_listed_files_is_served() {
        for name in ["", "..", "../README.md", "../../Cargo.toml", "index.htm"] {
            assert!(file::<Bytes>(name, &HeaderMap::new()).is_none(), "{name}");
        }
    }
}
