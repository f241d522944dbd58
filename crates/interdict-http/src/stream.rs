//! Bodies of any size, in and out, without holding them.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use interdict_app::{Upload, UploadError, Uploading, in_pieces};

use crate::error::ApiError;

/// How much of a body that is not wanted is read and thrown away, so that its sender gets to read the refusal.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Takes a body as a file. `patience` is for the next piece; the whole may take as long as it takes. One that is cut or
/// too slow is an error, and leaves nothing.
pub(crate) async fn receive(
    upload: Upload,
    mut body: Body,
    patience: Duration,
) -> Result<Result<Upload, UploadError>, ApiError> {
    let uploading = match Uploading::begin(upload) {
        Ok(uploading) => uploading,
        Err(error) => return Ok(Err(error)),
    };
    let mut unwanted = 0;
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let Some(frame) = frame.map_err(|_| ApiError::request_timeout())? else { break };
        let Ok(piece) = frame.map_err(|_| ApiError::bad_request())?.into_data() else { continue };
        let length = piece.len();
        if !uploading.push(piece).await {
            unwanted += length;
            if unwanted > DRAIN_BYTES_MAX {
                break;
            }
        }
    }
    Ok(uploading.finish().await)
}

/// A body that a thread of its own writes.
pub(crate) fn send(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static) -> Body {
    Body::from_stream(futures_util::stream::unfold(in_pieces(write), async |mut waiting| {
        let piece = waiting.recv().await?;
        Some((piece, waiting))
    }))
}
