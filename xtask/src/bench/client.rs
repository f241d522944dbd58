//! A client for one request at a time: for readiness, for probes, to capture an answer byte by byte, and over a
//! connection that is kept alive, for times that hold no connecting.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

const PATIENCE: Duration = Duration::from_secs(30);
/// What a file is sent in.
const PIECE: usize = 65_536;
const NO_HTTP: &str = "an answer that is no HTTP/1.1";

/// An answer, its bytes as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Status line and headers, without the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The headers, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (String, &str)> {
        self.head.lines().skip(1).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim()))
        })
    }

    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find_map(|(other, value)| (other == name).then_some(value))
    }
}

/// GET of a path.
pub fn get(port: u16, path: &str) -> Result<Answer> {
    ask(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"))
}

/// GET of a path with a secret key.
pub fn get_as(port: u16, path: &str, secret: &str) -> Result<Answer> {
    ask(
        port,
        &format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"
        ),
    )
}

/// POST of a file with a secret key.
pub fn post_file(port: u16, path: &str, secret: &str, content_type: &str, file: &str) -> Result<Answer> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        file.len()
    );
    let mut stream = connect(port)?;
    stream.write_all(head.as_bytes())?;
    // As a client does that reads it from a disk: all at once, the system would copy tens of megabytes without giving the
    // processor to anybody else.
    for piece in file.as_bytes().chunks(PIECE) {
        stream.write_all(piece)?;
    }
    answer(stream)
}

/// POST of a JSON body with a secret key.
pub fn post(port: u16, path: &str, secret: &str, body: &str) -> Result<Answer> {
    ask(port, &kept_alive(path, secret, "Connection: close\r\n", body))
}

/// The text of a POST for a [`Connection`]; each of the further headers with the end of its line.
pub fn kept_alive(path: &str, secret: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection for one request after the other.
pub struct Connection {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(port: u16) -> Result<Self> {
        let stream = connect(port)?;
        stream.set_nodelay(true)?;
        let answers = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, answers })
    }

    /// Sends a request, and reads its answer to the end.
    pub fn ask(&mut self, request: &str) -> Result<Answer> {
        self.stream.write_all(request.as_bytes())?;
        read_answer(&mut self.answers)
    }
}

/// Reads one answer of a connection that stays open.
fn read_answer(answers: &mut impl BufRead) -> Result<Answer> {
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len();
        answers.read_until(b'\n', &mut bytes)?;
        match bytes.get(before..) {
            Some(b"\r\n") => break,
            Some(b"") => bail!("the connection ended before its answer"),
            _ => {}
        }
    }
    let mut answer = parse(&bytes).context(NO_HTTP)?;
    let length = answer.header("content-length").context("an answer without its length")?;
    answer.body = vec![0; length.parse()?];
    answers.read_exact(&mut answer.body)?;
    Ok(answer)
}

fn connect(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A request that asks for the connection to be closed, on one of its own.
pub fn ask(port: u16, request: &str) -> Result<Answer> {
    let mut stream = connect(port)?;
    stream.write_all(request.as_bytes())?;
    answer(stream)
}

/// All that comes back.
fn answer(mut stream: TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).context(NO_HTTP)
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes.get(..end)?.to_vec()).ok()?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some(Answer { status, head, body: bytes.get(end + 4..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_falls_into_its_parts() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nyes").unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"yes"[..]));
        assert_eq!(answer.headers().collect::<Vec<_>>(), [("content-type".to_owned(), "text/plain")]);
        assert_eq!(parse(b"nothing"), None);
    }

    #[test]
    fn answers_follow_each_other_on_one_connection() {
        let one = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
        let two = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\nInterdict-Revision: 7\r\n\r\n";
        let mut bytes = [one, two].concat().into_bytes();
        let answer = |bytes: &mut &[u8]| read_answer(bytes);
        let mut rest = &bytes[..];
        assert_eq!(answer(&mut rest).unwrap().body, b"yes");
        let second = answer(&mut rest).unwrap();
        assert_eq!((second.status, second.header("interdict-revision")), (201, Some("7")));
        assert!(answer(&mut rest).is_err(), "nothing follows");
        bytes.pop();
        bytes.pop();
        assert!(answer(&mut &bytes[one.len()..]).is_err(), "it was cut");
    }
}
