//! TLS: whom the connector believes. The system's certificates are named by `SSL_CERT_FILE`, which is read once for a
//! whole process: so this test runs itself again as a child with an authority of its own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use interdict_gateway::{Charged, Gateway as _};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Sale, kind, stripe};

/// Tells the child where the server is.
const URL: &str = "INTERDICT_TEST_TLS_URL";
/// Says the money was taken, whatever it is asked.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 34\r\nConnection: close\r\n\r\n{\"id\":\"pi_1\",\"status\":\"succeeded\"}";

fn sale() -> Sale {
    let mut sale = Sale::by("pm_card_visa");
    sale.reference = Some("pi_1".to_owned());
    sale
}

/// A server for `localhost`, and its certificate in PEM.
async fn server() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(ANSWER).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, made.cert.pem())
}

#[tokio::test]
async fn nothing_is_sent_to_somebody_whom_no_authority_knows() {
    let (url, _) = server().await;
    assert_eq!(kind(&stripe(&url).charge(sale().charge()).await), "nothing done");
}

#[tokio::test]
async fn whom_an_authority_of_the_system_knows_is_believed_for_its_own_name() {
    let (url, certificate) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, certificate).unwrap();
    assert!(child(&file, &url).await, "the right name");
    assert!(!child(&file, &url.replace("localhost", "127.0.0.1")).await, "another name");
}

/// Whether a child that believes this authority is served there.
async fn child(authorities: &Path, url: &str) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tls::charge_as_the_child", "--ignored"]);
    command.env("SSL_CERT_FILE", authorities).env_remove("SSL_CERT_DIR").env(URL, url);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("running 1 test"), "{said}");
    output.status.success()
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn charge_as_the_child() {
    let url = std::env::var_os(URL).unwrap().into_string().unwrap();
    assert_eq!(stripe(&url).charge(sale().charge()).await.unwrap(), Charged::Succeeded);
}
