//! What happens to the bytes of one connection: two delay lines, one in each direction.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What is read at once.
const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// What one direction of one connection holds back; beyond it the sender has to wait.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the network is like just now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Conditions {
    pub(super) delay: Duration,
    pub(super) is_frozen: bool,
}

/// A socket that is reset when it is dropped, unless its connection came to an end by itself.
pub(super) struct Side {
    stream: TcpStream,
    has_ended: bool,
}

impl Side {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Fails on a connection that is gone already, and the first read finds that out.
        let _ = stream.set_nodelay(true);
        Self { stream, has_ended: false }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// The connection is to be reset on both sides.
struct Reset;

/// The life of one connection. Aborting it resets both sides.
pub(super) async fn connect_and_carry(
    mut client: Side,
    upstream: SocketAddr,
    mut conditions: watch::Receiver<Conditions>,
) {
    if conditions.wait_for(|now| !now.is_frozen).await.is_err() {
        return;
    }
    let Ok(stream) = TcpStream::connect(upstream).await else { return };
    let mut server = Side::new(stream);
    let (from_client, to_client) = client.stream.split();
    let (from_server, to_server) = server.stream.split();
    let both = tokio::try_join!(
        carry(from_client, to_server, conditions.clone()),
        carry(from_server, to_client, conditions),
    );
    client.has_ended = both.is_ok();
    server.has_ended = both.is_ok();
}

/// One direction, until its end has been passed on.
///
/// What is read or written is decided after a look at the conditions, with no wait in between: the order to freeze is
/// given on this same thread, so that no byte moves after it.
async fn carry(
    source: ReadHalf<'_>,
    mut target: WriteHalf<'_>,
    mut conditions: watch::Receiver<Conditions>,
) -> Result<(), Reset> {
    let mut line = DelayLine::default();
    let mut buffer = vec![0; CHUNK_BYTES_MAX];
    loop {
        let Conditions { delay, is_frozen } = *conditions.borrow_and_update();
        let now = Instant::now();
        let due = line.first_arrival().map(|arrival| arrival + delay);
        let is_due = due.is_some_and(|due| due <= now);
        tokio::select! {
            // A change comes before every move of bytes.
            biased;
            changed = conditions.changed() => changed.map_err(|_| Reset)?,
            writable = target.writable(), if is_due && !is_frozen => {
                let passed = writable.and_then(|()| line.write_to(&target));
                match passed {
                    Ok(Passed::Bytes) => {}
                    Ok(Passed::End) => return target.shutdown().await.map_err(|_| Reset),
                    Ok(Passed::Reset) => return Err(Reset),
                    // The target takes no more. What it said before that may still be on its way in the other
                    // direction, which ends by itself.
                    Err(_) => return Ok(()),
                }
            }
            // While something is due, the target is the slower one: then the source waits, as without a proxy.
            readable = source.readable(), if !is_due && line.has_room() && !is_frozen => match readable {
                Ok(()) => line.read_from(&source, &mut buffer),
                Err(_) => return Err(Reset),
            },
            () = sleep_until(due.unwrap_or(now)), if due.is_some() && !is_due && !is_frozen => {}
        }
    }
}

/// What is under way in one direction, in the order in which it came.
#[derive(Default)]
struct DelayLine {
    pieces: VecDeque<Piece>,
    held_bytes: usize,
    /// Nothing more can be read.
    is_complete: bool,
}

struct Piece {
    arrival: Instant,
    content: Content,
}

enum Content {
    Bytes { bytes: Vec<u8>, written: usize },
    End,
    Reset,
}

/// What a write has moved.
enum Passed {
    Bytes,
    End,
    Reset,
}

impl DelayLine {
    fn first_arrival(&self) -> Option<Instant> {
        self.pieces.front().map(|piece| piece.arrival)
    }

    fn has_room(&self) -> bool {
        !self.is_complete && self.held_bytes < HELD_BYTES_MAX
    }

    /// Reads once. An end and a reset take their place behind the bytes that came before them.
    fn read_from(&mut self, source: &ReadHalf<'_>, buffer: &mut [u8]) {
        let content = match source.try_read(buffer) {
            Ok(0) => Content::End,
            Ok(count) => {
                self.held_bytes += count;
                Content::Bytes { bytes: buffer.get(..count).unwrap_or_default().to_vec(), written: 0 }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => Content::Reset,
        };
        self.is_complete = !matches!(content, Content::Bytes { .. });
        self.pieces.push_back(Piece { arrival: Instant::now(), content });
    }

    /// Writes once from the first piece.
    fn write_to(&mut self, target: &WriteHalf<'_>) -> io::Result<Passed> {
        let Some(piece) = self.pieces.front_mut() else { return Ok(Passed::Bytes) };
        let (bytes, written) = match &mut piece.content {
            Content::Bytes { bytes, written } => (bytes, written),
            Content::End => return Ok(Passed::End),
            Content::Reset => return Ok(Passed::Reset),
        };
        match target.try_write(bytes.get(*written..).unwrap_or_default()) {
            Ok(count) => *written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if *written == bytes.len() {
            self.held_bytes -= bytes.len();
            self.pieces.pop_front();
        }
        Ok(Passed::Bytes)
    }
}
