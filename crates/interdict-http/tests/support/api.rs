//! A client of the API as its users have one: headers, JSON in and out.
//!
//! Deliberately not here: where the server comes from (`support/shop.rs`).

#![allow(dead_code, reason = "each test target uses a part of it")]

use http::Method;
use serde_json::Value;

/// A client with headers that it sends each time.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

impl Api {
    /// Without a header.
    pub fn new(client: reqwest::Client, base: String) -> Self {
        Self { client, base, headers: Vec::new() }
    }

    /// With one more header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut api = self.clone();
        api.headers.push((name.to_owned(), value.to_owned()));
        api
    }

    /// Sends a request as it is.
    pub async fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            if !self.headers.iter().any(|(name, _)| name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// With a body that is written as the test has it.
    pub async fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, Some(body.as_bytes().to_vec())).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.post_text(path, &body.to_string()).await
    }

    /// Without a body, and without a content type.
    pub async fn post_empty(&self, path: &str) -> Reply {
        self.send("POST", path, None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, Some(body.to_string().into_bytes())).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// A customer of `/v1`; its id.
    pub async fn customer(&self, body: Value) -> String {
        let created = self.post("/v1/customers", body).await.expect(201);
        created["id"].as_str().unwrap().to_owned()
    }

    /// An entry of `/v1`; its id.
    pub async fn entry(&self, body: Value) -> String {
        let created = self.post("/v1/entries", body).await.expect(201);
        created["id"].as_str().unwrap().to_owned()
    }

    /// A decision that was taken.
    pub async fn decide(&self, body: Value) -> Value {
        self.post("/v1/decisions", body).await.expect(200)
    }

    /// The code of a decision for an email, customer-initiated.
    pub async fn code_for(&self, email: &str) -> String {
        let decision = self.decide(serde_json::json!({"initiator": "customer", "email": email})).await;
        decision["code"].as_str().unwrap().to_owned()
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body, after a look at the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The error's code, after a look at the status.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        let body = self.expect(status);
        body["error"]["code"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    /// The paths that a validation error names.
    #[track_caller]
    pub fn paths(&self) -> Vec<String> {
        let body = self.expect(422);
        let details = body["error"]["details"].as_array().unwrap_or_else(|| panic!("{body}"));
        details.iter().map(|detail| detail["path"].as_str().unwrap().to_owned()).collect()
    }

    pub fn revision(&self) -> i64 {
        self.header("interdict-revision").expect("a revision").parse().unwrap()
    }
}
