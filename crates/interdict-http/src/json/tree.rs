//! From bytes to a tree, by the rule of ADR 0003: bytes that are not JSON text (RFC 8259) are
//! malformed; JSON text that we do not take (duplicate keys, too deep, lone surrogates, numbers out of
//! range) is unacceptable, and the refusal says where.
//!
//! Deliberately not here: what a route wants of the tree ([`super::Fields`]).

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::path::push_name;

/// The most levels that arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;
/// Up to this many keys are compared pairwise, which beats sorting.
const MAX_KEYS_PAIRWISE: usize = 16;

/// The least i64, and the first number that no u64 holds.
const LEAST_INTEGER: f64 = -9_223_372_036_854_775_808.0;
const BEYOND_INTEGERS: f64 = 18_446_744_073_709_551_616.0;

const TOO_DEEP: &str = "nests more than 32 levels deep";
const DUPLICATE: &str = "is there more than once";
const NUMBER: &str = "is a number out of range";
const NOT_UNICODE: &str = "holds half a surrogate pair or a number out of range";

/// A JSON value. Objects keep their order, and no key twice.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that an i64, a u64 or an f64 holds.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

/// Why a body is refused before any route looks at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON text: 400 `bad_request`.
    #[error("the body is not JSON text")]
    Malformed,
    /// JSON text that is not taken: 422 `validation_error`.
    #[error("{path:?} {issue}")]
    Unacceptable {
        /// Dotted; empty for the body itself.
        path: String,
        /// What is wrong there.
        issue: &'static str,
    },
}

/// Reads one JSON text, in time linear to its length but for sorting the keys of large objects.
pub fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    // serde_json checks the encoding of what it keeps only; the grammar wants it everywhere.
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?;
    let state = State { numbers: Numbers { rest: text, seen: 0, found: 0 }.into(), ..State::default() };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = Seed { state: &state, depth: 0 }.deserialize(&mut deserializer);
    match parsed.and_then(|json| deserializer.end().map(|()| json)) {
        Ok(json) => Ok(json),
        Err(_) if is_json_text(text) => Err(state.into_error()),
        Err(_) => Err(JsonError::Malformed),
    }
}

/// Whether the text follows the grammar. serde_json ignores values iteratively and without looking at
/// code points, so that neither depth nor lone surrogates disturb it.
fn is_json_text(text: &str) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde::de::Deserialize::deserialize(&mut deserializer).and_then(|IgnoredAny| deserializer.end()).is_ok()
}

/// Where the reader stands, and why it stopped. The path is left as it is on an error.
#[derive(Default)]
struct State<'t> {
    numbers: RefCell<Numbers<'t>>,
    steps: RefCell<Vec<Step>>,
    issue: RefCell<Option<&'static str>>,
}

enum Step {
    Key(String),
    Index(usize),
}

/// Finds the text of a number again by counting: serde_json hands over a value and not how it was
/// written. It only ever moves forward, so all searches together read the text once.
#[derive(Default)]
struct Numbers<'t> {
    rest: &'t str,
    /// Numbers that the reader has visited.
    seen: usize,
    /// Numbers that stand before `rest`.
    found: usize,
}

impl<'t> Numbers<'t> {
    /// The text of the number that was visited last.
    fn last_seen(&mut self) -> &'t str {
        let mut number = "";
        while self.found < self.seen {
            let Some(start) = self.rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) else {
                return number;
            };
            let from = self.rest.get(start..).unwrap_or_default();
            if let Some(string) = from.strip_prefix('"') {
                self.rest = after_string(string);
                continue;
            }
            let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let end = from.find(|c| !is_of_number(c)).unwrap_or(from.len());
            (number, self.rest) = from.split_at(end);
            self.found += 1;
        }
        number
    }
}

/// What follows a string, from behind its opening quote.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.get(position + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

impl State<'_> {
    fn refuse<E: serde::de::Error>(&self, issue: &'static str) -> E {
        *self.issue.borrow_mut() = Some(issue);
        E::custom(issue)
    }

    fn into_error(self) -> JsonError {
        let mut path = String::new();
        for step in self.steps.into_inner() {
            match step {
                Step::Key(key) => push_name(&mut path, &key),
                Step::Index(index) => push_name(&mut path, &index.to_string()),
            }
        }
        JsonError::Unacceptable { path, issue: self.issue.into_inner().unwrap_or(NOT_UNICODE) }
    }
}

/// Reads one value at a depth.
#[derive(Clone, Copy)]
struct Seed<'s, 't> {
    state: &'s State<'t>,
    depth: usize,
}

impl Seed<'_, '_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.state.refuse(TOO_DEEP));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        self.state.numbers.borrow_mut().seen += 1;
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        self.state.numbers.borrow_mut().seen += 1;
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        let mut numbers = self.state.numbers.borrow_mut();
        numbers.seen += 1;
        // An integer that no integer type holds arrives here rounded: to keep it would be to keep another
        // number than the one that was sent. With a fraction or an exponent it was meant as a float.
        let is_beyond_integers = value <= LEAST_INTEGER || value >= BEYOND_INTEGERS;
        if is_beyond_integers && !numbers.last_seen().contains(['.', 'e', 'E']) {
            return Err(self.state.refuse(NUMBER));
        }
        serde_json::Number::from_f64(value).map(Json::Number).ok_or_else(|| self.state.refuse(NUMBER))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut items = Vec::new();
        loop {
            self.state.steps.borrow_mut().push(Step::Index(items.len()));
            let item = array.next_element_seed(seed)?;
            self.state.steps.borrow_mut().pop();
            match item {
                Some(item) => items.push(item),
                None => return Ok(Json::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let seed = self.deeper()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = object.next_key::<String>()? {
            self.state.steps.borrow_mut().push(Step::Key(key));
            let value = object.next_value_seed(seed)?;
            let step = self.state.steps.borrow_mut().pop();
            let Some(Step::Key(key)) = step else {
                return Err(A::Error::custom("the path lost a step"));
            };
            members.push((key, value));
        }
        if let Some(key) = duplicate_key(&members) {
            self.state.steps.borrow_mut().push(Step::Key(key.to_owned()));
            return Err(self.state.refuse(DUPLICATE));
        }
        Ok(Json::Object(members))
    }
}

fn duplicate_key(members: &[(String, Json)]) -> Option<&str> {
    if members.len() <= MAX_KEYS_PAIRWISE {
        let mut rest = members;
        while let Some(((key, _), after)) = rest.split_first() {
            if after.iter().any(|(other, _)| other == key) {
                return Some(key);
            }
            rest = after;
        }
        return None;
    }
    let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(*one),
        _ => None,
    })
}

/// Bodies never reach a log.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Number(_) => "Number(…)",
            Self::Text(_) => "Text(…)",
            Self::Array(_) => "Array(…)",
            Self::Object(_) => "Object(…)",
        })
    }
}

impl From<Json> for serde_json::Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => Self::Number(number),
            Json::Text(text) => Self::String(text),
            Json::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::Object(members.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unacceptable(text: &str) -> (String, &'static str) {
        match parse(text.as_bytes()) {
            Err(JsonError::Unacceptable { path, issue }) => (path, issue),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_tree_keeps_order_and_values() {
        let text = r#"{"b":[1,-2,0.5,18446744073709551615],"a":{"x":null,"y":true,"z":"\u00e9 é"}}"#;
        let value = serde_json::Value::from(parse(text.as_bytes()).unwrap());
        assert_eq!(value, serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(
            value.to_string(),
            r#"{"b":[1,-2,0.5,18446744073709551615],"a":{"x":null,"y":true,"z":"é é"}}"#
        );
    }

    #[test]
    fn what_is_not_json_text_is_malformed() {
        for bytes in [
            &b""[..],
            b" ",
            b"{",
            b"{\"a\":1,}",
            b"nul",
            b"01",
            b"1 2",
            b"\"\x01\"",
            b"\"\\u12g4\"",
            b"\"\xff\"",
            b"{\"\xff\":1}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":1,\"a\":2",
            b"[1e999,",
            b"[\"\\ud800\"",
        ] {
            assert_eq!(parse(bytes), Err(JsonError::Malformed), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_duplicate_key_is_named_by_its_path() {
        assert_eq!(unacceptable(r#"{"metadata":{"a":1,"a":2}}"#), ("metadata.a".to_owned(), DUPLICATE));
        assert_eq!(unacceptable(r#"{"d":[{},{"e":1,"\u0065":2}]}"#), ("d.1.e".to_owned(), DUPLICATE));
        let many: Vec<String> = (0..100).map(|n| format!("\"k{}\":0", n % 99)).collect();
        assert_eq!(unacceptable(&format!("{{{}}}", many.join(","))), ("k0".to_owned(), DUPLICATE));
    }

    #[test]
    fn depth_is_bounded_and_costs_no_stack() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(unacceptable(&nested(MAX_DEPTH + 1)).1, TOO_DEEP);
        assert_eq!(unacceptable(&nested(100_000)).1, TOO_DEEP);
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(JsonError::Malformed));
        assert_eq!(parse("{\"a\":".repeat(100_000).as_bytes()), Err(JsonError::Malformed));
    }

    #[test]
    fn a_number_that_cannot_be_kept_is_refused() {
        for number in ["1e999", "-1e999", "18446744073709551616", "-9223372036854775809"] {
            assert_eq!(unacceptable(&format!("{{\"a\":[{number}]}}")).0, "a.0", "{number}");
        }
        for number in ["18446744073709551615", "-9223372036854775807", "-0", "1e-400", "1E2", "0.1", "1e300"]
        {
            assert!(parse(number.as_bytes()).is_ok(), "{number}");
        }
        let text = r#"{"-1":[1e30,"2\"-3",-4.5e30,true],"é9":6,"b":{"c":[],"d":123456789012345678901}}"#;
        assert_eq!(unacceptable(text), ("b.d".to_owned(), NUMBER));
    }

    #[test]
    fn half_a_surrogate_pair_is_unacceptable() {
        for text in [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00"}"#, r#"{"a":"\ud800\u0041"}"#] {
            assert_eq!(unacceptable(text), ("a".to_owned(), NOT_UNICODE), "{text}");
        }
        assert_eq!(unacceptable(r#"{"\ud800":1}"#), (String::new(), NOT_UNICODE));
    }
}
