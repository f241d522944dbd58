//! Styles, scripts and the icon, out of the binary. Their address holds a hash of all of them, so that browsers
//! may keep them for ever and see a new version at once.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use rust_embed::Embed;

use crate::answer::Problem;

#[derive(Embed)]
#[folder = "assets"]
struct Assets;

/// A hash of all files.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut folded = [0_u8; 8];
    for name in Assets::iter() {
        let Some(file) = Assets::get(&name) else { continue };
        for (at, byte) in file.metadata.sha256_hash().into_iter().enumerate() {
            if let Some(place) = folded.get_mut(at % 8) {
                *place = place.rotate_left(1) ^ byte;
            }
        }
    }
    hex::encode(folded)
});

/// Where a file is found.
pub(crate) fn address(name: &str) -> String {
    format!("/dashboard/assets/{}/{name}", VERSION.as_str())
}

/// A file, whichever version was asked for.
pub(crate) async fn file(Path((_, name)): Path<(String, String)>) -> Response {
    serve(&name)
}

/// The icon where browsers look for one by themselves.
pub(crate) async fn icon() -> Response {
    serve("favicon.svg")
}

fn serve(name: &str) -> Response {
    let media_type = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return Problem::no_such_page().into_response(),
    };
    let Some(file) = Assets::get(name) else { return Problem::no_such_page().into_response() };
    let mut response = Response::new(axum::body::Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn htmx_is_the_pinned_one() {
        let hash = hex::encode(Assets::get("htmx.min.js").unwrap().metadata.sha256_hash());
        assert_eq!(
            hash, "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
            "htmx.org 2.0.11"
        );
    }
}
