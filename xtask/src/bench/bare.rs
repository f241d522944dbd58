//! The floor under single decisions: a hyper server that reads the same requests and answers the same bytes without
//! looking anything up. Same settings of hyper, same runtime, same parser of JSON.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

use super::client::Answer;

/// What hyper writes by itself.
const WRITTEN_BY_HYPER: [&str; 3] = ["content-length", "date", "connection"];

#[derive(clap::Args)]
pub struct Arguments {
    /// Where to listen, on the loopback address
    #[arg(long)]
    port: u16,
    /// The answer to every request, as the benchmark captured it
    #[arg(long)]
    answer: PathBuf,
}

/// An answer that was captured from the service.
#[derive(Serialize, Deserialize)]
pub struct Captured {
    headers: Vec<(String, String)>,
    body: String,
}

impl Captured {
    pub fn of(answer: &Answer) -> Result<Self> {
        let headers = answer
            .headers()
            .filter(|(name, _)| !WRITTEN_BY_HYPER.contains(&name.as_str()))
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        let body = String::from_utf8(answer.body.clone()).context("an answer that is no UTF-8")?;
        Ok(Self { headers, body })
    }
}

/// A decision's request, borrowed from the body.
#[derive(Deserialize)]
struct Attempt<'a> {
    initiator: &'a str,
    email: &'a str,
}

struct Same {
    headers: HeaderMap,
    body: Bytes,
}

/// Serves until the process is ended.
pub fn serve(arguments: &Arguments) -> Result<()> {
    let text = crate::workspace::read(&arguments.answer)?;
    let captured: Captured = serde_json::from_str(&text).context("not a captured answer")?;
    let mut headers = HeaderMap::new();
    for (name, value) in &captured.headers {
        headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let same = Arc::new(Same { headers, body: Bytes::from(captured.body) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(arguments.port, same))
}

async fn accept(port: u16, same: Arc<Same>) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(talk(stream, Arc::clone(&same)));
    }
}

async fn talk(stream: TcpStream, same: Arc<Same>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&same)));
    // A client that goes away is no error of ours.
    let _ = http1::Builder::new()
        .half_close(true)
        .writev(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, same: Arc<Same>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Ok(collected) = request.into_body().collect().await else {
        return Ok(refusal());
    };
    let bytes = collected.to_bytes();
    match serde_json::from_slice::<Attempt<'_>>(&bytes) {
        Ok(attempt) => black_box((attempt.initiator, attempt.email)),
        Err(_) => return Ok(refusal()),
    };
    let mut response = Response::new(Full::new(same.body.clone()));
    for (name, value) in &same.headers {
        response.headers_mut().insert(name, value.clone());
    }
    Ok(response)
}

fn refusal() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hyper_writes_is_not_captured() {
        let answer = Answer {
            status: 200,
            head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: today\r\ncontent-length: 2"
                .to_owned(),
            body: b"{}".to_vec(),
        };
        let captured = Captured::of(&answer).unwrap();
        assert_eq!(captured.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        assert_eq!(captured.body, "{}");
    }
}
