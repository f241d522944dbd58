//! A server on a free port, and a client that sees bytes.

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use interdict_http::server::{ServerOptions, Service, serve};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the services of the tests answer.
pub type Answer = Response<Full<Bytes>>;

/// No condition takes longer than this; it is reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Limits that no test reaches by accident.
pub fn options() -> ServerOptions {
    ServerOptions {
        header_read_timeout: PATIENCE,
        keep_alive: PATIENCE,
        drain_timeout: PATIENCE,
        ..ServerOptions::default()
    }
}

pub struct Server {
    pub address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start(options: ServerOptions, service: impl Service + Sync) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, told) = oneshot::channel::<()>();
        let task = tokio::spawn(serve(listener, options, service, async {
            told.await.ok();
        }));
        Self { address, shutdown: Some(shutdown), task }
    }

    pub async fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    pub fn shutdown(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    pub async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server ends").unwrap().unwrap();
    }

    pub async fn stop(mut self) {
        self.shutdown();
        self.ended().await;
    }
}

/// An answer in its parts.
pub struct Received {
    pub status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

pub struct Client {
    reader: Reader<OwnedReadHalf>,
    writer: Writer<OwnedWriteHalf>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        let (reader, writer) = stream.into_split();
        Self { reader: Reader::new(reader), writer: Writer(writer) }
    }

    pub fn split(self) -> (Reader<OwnedReadHalf>, Writer<OwnedWriteHalf>) {
        (self.reader, self.writer)
    }

    pub async fn send(&mut self, text: &str) {
        self.writer.send(text).await;
    }

    pub async fn try_send(&mut self, text: &str) -> bool {
        self.writer.try_send(text).await
    }

    pub async fn post(&mut self, path: &str, content_type: &str, content: &str) {
        let typed =
            if content_type.is_empty() { String::new() } else { format!("content-type: {content_type}\r\n") };
        let length = content.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{typed}content-length: {length}\r\n\r\n{content}"
        ))
        .await;
    }

    /// Sends nothing more.
    pub async fn end(&mut self) {
        self.writer.0.shutdown().await.unwrap();
    }

    pub async fn answer(&mut self) -> Received {
        self.reader.answer().await
    }

    pub async fn assert_closed(&mut self) {
        self.reader.assert_closed().await;
    }
}

pub struct Writer<W>(pub W);

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Whether the other side still takes bytes.
    pub async fn try_send(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).await.is_ok()
    }
}

pub struct Reader<R> {
    stream: R,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The bytes themselves.
    pub fn stream(&mut self) -> &mut R {
        &mut self.stream
    }

    /// The next answer; its body must have a length.
    pub async fn answer(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, async {
            let head_length = loop {
                if let Some(position) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                    break position + 4;
                }
                self.more().await;
            };
            let head = String::from_utf8(self.buffer.drain(..head_length).collect()).unwrap();
            let mut lines = head.lines();
            let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let mut answer = Received { status, headers, body: Vec::new() };
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            while self.buffer.len() < length {
                self.more().await;
            }
            answer.body = self.buffer.drain(..length).collect();
            answer
        })
        .await
        .expect("an answer")
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server closed without an answer");
    }

    /// Nothing more comes, and the connection ends, be it by a reset.
    pub async fn assert_closed(&mut self) {
        let ended = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
        let read = ended.expect("the connection ends").unwrap_or(0);
        assert_eq!(read, 0, "{}", String::from_utf8_lossy(&self.buffer));
    }
}
