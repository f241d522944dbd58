//! Bodies of any size, in and out, without holding them: what arrives goes to a thread that writes it down, and what
//! a thread writes goes out as fast as somebody reads it.

use std::io::{BufWriter, ErrorKind, Write};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use crate::error::ApiError;

/// Pieces that wait between the two threads.
const PIECES_WAITING: usize = 8;
/// Bytes of a piece that goes out.
const PIECE_BYTES: usize = 64 * 1024;
/// How much of a body that is not wanted is read and thrown away, so that its sender gets to read the refusal.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What takes the pieces of a body.
pub(crate) trait Sink: Send + 'static {
    /// Why it takes no more.
    type Error: Send + 'static;

    /// Takes a piece, on a thread that may wait.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Hands a body to a sink, piece by piece. `patience` is for the next piece; the whole may take as long as it takes. A
/// body that is cut or too slow is an error, and its sink is dropped.
pub(crate) async fn receive<S: Sink>(
    mut sink: S,
    mut body: Body,
    patience: Duration,
) -> Result<Result<S, S::Error>, ApiError> {
    let (pieces, mut waiting) = mpsc::channel::<Bytes>(PIECES_WAITING);
    let writer = tokio::task::spawn_blocking(move || {
        while let Some(piece) = waiting.blocking_recv() {
            sink.take(&piece)?;
        }
        Ok(sink)
    });
    let mut unwanted = 0;
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let Some(frame) = frame.map_err(|_| ApiError::request_timeout())? else { break };
        let Ok(piece) = frame.map_err(|_| ApiError::bad_request())?.into_data() else { continue };
        let length = piece.len();
        if pieces.send(piece).await.is_err() {
            unwanted += length;
            if unwanted > DRAIN_BYTES_MAX {
                break;
            }
        }
    }
    drop(pieces);
    writer.await.map_err(|_| ApiError::internal())
}

/// A body that is written by a thread of its own. Where that fails the body is cut short, and says so.
pub(crate) fn send(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static) -> Body {
    let (pieces, waiting) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut file = BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces.clone()));
        if let Err(error) = write(&mut file).and_then(|()| file.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            // Nobody may take half a file for a whole one.
            drop(pieces.blocking_send(Err(error)));
        }
    });
    Body::from_stream(futures_util::stream::unfold(waiting, async |mut waiting| {
        let piece: std::io::Result<Bytes> = waiting.recv().await?;
        Some((piece, waiting))
    }))
}

/// The writing end.
struct Pieces(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
