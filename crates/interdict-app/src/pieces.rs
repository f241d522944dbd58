//! Files in pieces, between a task and a thread that may wait for the disk: neither holds more than a few of them.

use std::io::{BufWriter, ErrorKind, Write};

use interdict_storage::spawn_aside;
use tokio::sync::{mpsc, oneshot};

use crate::import_files::{Upload, UploadError};

/// Pieces that wait between the two.
const PIECES_WAITING: usize = 8;
/// Bytes of a piece that goes out.
const PIECE_BYTES: usize = 64 * 1024;

type Piece = Box<dyn AsRef<[u8]> + Send>;

/// A file that arrives, and is written down by a thread of its own. Dropped, it leaves nothing.
pub struct Uploading {
    pieces: mpsc::Sender<Piece>,
    written: oneshot::Receiver<Result<Upload, UploadError>>,
}

impl Uploading {
    /// Begins to write.
    pub fn begin(mut upload: Upload) -> Result<Self, UploadError> {
        let (pieces, mut waiting) = mpsc::channel::<Piece>(PIECES_WAITING);
        let (done, written) = oneshot::channel();
        let write = move || {
            while let Some(piece) = waiting.blocking_recv() {
                upload.write((*piece).as_ref())?;
            }
            upload.flush()?;
            Ok(upload)
        };
        spawn_aside("upload", move || drop(done.send(write()))).map_err(std::io::Error::other)?;
        Ok(Self { pieces, written })
    }

    /// Takes the next piece; false when no more is wanted, and [`Self::finish`] says why.
    pub async fn push(&self, piece: impl AsRef<[u8]> + Send + 'static) -> bool {
        self.pieces.send(Box::new(piece)).await.is_ok()
    }

    /// The whole file, on the disk.
    pub async fn finish(self) -> Result<Upload, UploadError> {
        drop(self.pieces);
        self.written.await.map_err(std::io::Error::other)?
    }
}

/// What a thread of its own writes, piece by piece. Where that fails the last piece is the error: nobody may take half a
/// file for a whole one.
pub fn in_pieces(
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static,
) -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (pieces, waiting) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        let mut file = BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces.clone()));
        if let Err(error) = write(&mut file).and_then(|()| file.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            drop(pieces.blocking_send(Err(error)));
        }
    });
    waiting
}

/// The writing end.
struct Pieces(mpsc::Sender<std::io::Result<Vec<u8>>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(bytes.to_vec()));
        sent.map(|()| bytes.len()).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
