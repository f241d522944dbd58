//! Bytes as a JSON body.

use interdict_http::json::{Json, JsonError, MAX_DEPTH, parse};
use serde_json::Value;

/// Asserts that what is read is what another reader reads, and that what is malformed is so to both.
pub fn json(bytes: &[u8]) {
    let other = serde_json::from_slice::<Value>(bytes);
    match parse(bytes) {
        Ok(json) => {
            assert!(depth(&json) <= MAX_DEPTH, "too deep");
            assert_eq!(Value::from(json), other.expect("serde_json takes it, too"));
        }
        Err(JsonError::Malformed) => assert!(other.is_err(), "serde_json takes it"),
        Err(JsonError::Unacceptable { issue, .. }) => assert!(!issue.is_empty()),
    }
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => 0,
    }
}
