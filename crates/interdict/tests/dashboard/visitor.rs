//! Somebody with a browser's cookie and no browser: sends what no page would.

use std::io::{Read as _, Write as _};

use super::House;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// A hidden field of the form that goes to a path.
    pub(crate) fn field(&self, action: &str, name: &str) -> String {
        let form = self.body.split(&format!("action=\"{action}\"")).nth(1).unwrap();
        let input = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        input.split('"').next().unwrap().to_owned()
    }
}

/// Somebody at the door, perhaps with a cookie.
pub(crate) struct Visitor<'a> {
    pub(crate) house: &'a House,
    pub(crate) cookie: Option<String>,
    /// The Origin that is sent with forms.
    pub(crate) origin: Option<String>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn stranger(house: &'a House) -> Self {
        Self { house, cookie: None, origin: Some(house.server.url()) }
    }

    /// Somebody signed in.
    pub(crate) fn signed_in(house: &'a House, email: &str, password: &str) -> Self {
        let mut visitor = Self::stranger(house);
        let reply = visitor.post("/dashboard/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(reply.status, 303, "{}", reply.body);
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        visitor.cookie = Some(cookie);
        visitor
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let encoded = fields.iter().map(|(name, value)| format!("{name}={}", percent(value)));
        self.send("POST", path, &encoded.collect::<Vec<_>>().join("&"))
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        match method {
            "POST" => self.send_form(path, "application/x-www-form-urlencoded", body.len(), body),
            _ => self.exchange(method, path, &[], body),
        }
    }

    /// A form of any kind, which may say that it is longer than it is.
    pub(crate) fn send_form(&self, path: &str, kind: &str, length: usize, body: &str) -> Reply {
        let mut head = vec![format!("Content-Type: {kind}\r\n"), format!("Content-Length: {length}\r\n")];
        head.extend(self.origin.as_ref().map(|origin| format!("Origin: {origin}\r\n")));
        self.exchange("POST", path, &head, body)
    }

    fn exchange(&self, method: &str, path: &str, further: &[String], body: &str) -> Reply {
        let mut stream = self.house.server.connect();
        let host = self.house.server.url().trim_start_matches("http://").to_owned();
        let mut head = vec![
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"),
            self.cookie.as_ref().map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n")),
        ];
        head.extend_from_slice(further);
        let head = head.concat();
        // A server that refuses a long body may close before all of it is sent.
        drop(write!(stream, "{head}\r\n{body}"));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
