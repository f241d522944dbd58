//! TLS with a certificate made for the test: HTTP/1.1, HTTP/2, and what does not work.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use interdict_http::server::ServerOptions;
use interdict_http::server::tls::{TlsError, TlsFiles, acceptor};
use rustls_pki_types::ServerName;
use support::{Answer, Server, options};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

struct Certificate {
    folder: tempfile::TempDir,
    certified: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Certificate {
    fn new() -> Self {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), certified.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), certified.signing_key.serialize_pem()).unwrap();
        Self { folder, certified }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { cert: self.file("cert.pem"), key: self.file("key.pem") }
    }

    async fn connect(&self, server: &Server, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certified.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

async fn version(request: Request<Incoming>, _: interdict_http::server::ClientAddress) -> Answer {
    let version = request.version();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Answer::new(format!("{version:?} {}", body.len()).into())
}

fn post(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("https://localhost/a").header("host", "localhost").body(Full::from(body)).unwrap()
}

#[tokio::test]
async fn http1_and_http2_over_tls() {
    let certificate = Certificate::new();
    let server = Server::start(ServerOptions { tls: Some(certificate.files()), ..options() }, version).await;

    let stream = certificate.connect(&server, &[b"http/1.1"]).await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let http1 = tokio::spawn(connection);
    for _ in 0..2 {
        sender.ready().await.unwrap();
        let answer = sender.send_request(post("abc")).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "HTTP/1.1 3");
    }

    let stream = certificate.connect(&server, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let http2 = tokio::spawn(connection);
    for _ in 0..2 {
        let answer = sender.send_request(post("abcd")).await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "HTTP/2.0 4");
    }
    // Both are idle now; a drain ends them.
    server.stop().await;
    http1.await.unwrap().unwrap();
    http2.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_slow_handshake_is_cut_and_a_plain_client_is_refused() {
    let certificate = Certificate::new();
    let limits = ServerOptions {
        tls: Some(certificate.files()),
        header_read_timeout: Duration::from_millis(100),
        ..options()
    };
    let server = Server::start(limits, version).await;
    let mut silent = server.connect().await;
    silent.assert_closed().await;
    let plain = server.connect().await;
    let (mut reader, mut writer) = plain.split();
    writer.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // rustls says why in an alert, then closes; no HTTP answer comes.
    let mut alert = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(reader.stream(), &mut alert).await;
    assert!(!alert.starts_with(b"HTTP"));
    server.stop().await;
}

#[test]
fn files_that_do_not_work_are_named() {
    let (one, other) = (Certificate::new(), Certificate::new());
    let refusal = |cert: &Path, key: &Path| {
        let files = TlsFiles { cert: cert.to_owned(), key: key.to_owned() };
        acceptor(&files).err().expect("a refusal")
    };
    let (cert, key) = (one.file("cert.pem"), one.file("key.pem"));
    let error = refusal(&one.file("absent.pem"), &key);
    assert!(error.to_string().contains("absent.pem") && matches!(error, TlsError::File { .. }));
    assert!(matches!(refusal(&key, &key), TlsError::Empty(_)));
    assert!(matches!(refusal(&cert, &cert), TlsError::File { what: "the key", .. }));
    assert!(matches!(refusal(&cert, &other.file("key.pem")), TlsError::Unusable(_)));
}
