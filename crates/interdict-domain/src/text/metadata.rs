//! Metadata: whatever JSON the merchant attached to a customer (Odus, Customers).
//!
//! Deliberately not here: a meaning. Nothing in Interdict reads a key.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{TextError, check, check_key, check_number};

/// Most keys at the top.
const KEYS_MAX: usize = 50;
/// Most bytes of the whole, as compact JSON.
const JSON_BYTES_MAX: usize = 16 * 1024;
/// Most objects and arrays within one another, the outermost included.
const DEPTH_MAX: usize = 4;

/// Whatever the merchant attached to a customer.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(pub Map<String, Value>);

impl Metadata {
    /// Checks an object that came from outside: at most 50 keys of 1 to 64 characters, 16 KiB as
    /// compact JSON, and four levels; no card numbers, and no control characters but line breaks and
    /// tabs in values.
    pub fn parse(map: Map<String, Value>) -> Result<Self, TextError> {
        if map.len() > KEYS_MAX {
            return Err(TextError::Metadata("must have at most 50 keys"));
        }
        check_object(&map, 1)?;
        if json_bytes(&map) > JSON_BYTES_MAX {
            return Err(TextError::Metadata("must be at most 16 KiB of JSON"));
        }
        Ok(Self(map))
    }

    /// Takes a patch (Odus, Customers): its keys are set, an empty string or null removes its key,
    /// and null instead of a patch clears all. Keys are those at the top: a nested object is
    /// replaced as a whole. An error leaves everything as it was.
    pub fn merge(&mut self, patch: Option<Map<String, Value>>) -> Result<(), TextError> {
        let Some(patch) = patch else {
            self.0.clear();
            return Ok(());
        };
        let mut merged = self.0.clone();
        for (key, value) in patch {
            // A key that could never be stored is a mistake even where it only removes.
            check_key(&key)?;
            if value.is_null() || value.as_str().is_some_and(str::is_empty) {
                // The other keys keep their order.
                merged.shift_remove(&key);
            } else {
                merged.insert(key, value);
            }
        }
        *self = Self::parse(merged)?;
        Ok(())
    }
}

/// Bytes of an object as compact JSON.
fn json_bytes(map: &Map<String, Value>) -> usize {
    struct Counter(usize);

    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // Neither the counter nor a map with text keys can fail; if they did, it would be too much.
    serde_json::to_writer(&mut counter, map).map_or(usize::MAX, |()| counter.0)
}

fn check_object(map: &Map<String, Value>, depth: usize) -> Result<(), TextError> {
    map.iter().try_for_each(|(key, value)| {
        check_key(key)?;
        check_value(value, depth)
    })
}

/// Checks a value that stands in a container of some depth.
fn check_value(value: &Value, depth: usize) -> Result<(), TextError> {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => check_number(number),
        Value::String(text) => check(text, JSON_BYTES_MAX, true),
        Value::Array(_) | Value::Object(_) if depth == DEPTH_MAX => {
            Err(TextError::Metadata("must be nested at most 4 levels deep"))
        }
        Value::Array(values) => values.iter().try_for_each(|value| check_value(value, depth + 1)),
        Value::Object(map) => check_object(map, depth + 1),
    }
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metadata(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn parse(value: &Value) -> Result<Metadata, TextError> {
        Metadata::parse(map(value))
    }

    #[test]
    fn json_within_the_limits_is_kept_exactly() {
        let value =
            json!({"plan": "gold", "seats": 3, "note": "two\nlines", "a": {"b": [{"c": null}]}, "e": ""});
        assert_eq!(parse(&value).unwrap().0, map(&value));
    }

    #[test]
    fn limits_hold() {
        let keys = |count: usize| (0..count).map(|n| (format!("k{n}"), json!(n))).collect();
        assert!(Metadata::parse(keys(50)).is_ok());
        assert!(Metadata::parse(keys(51)).is_err());
        assert!(parse(&json!({"é".repeat(64): 1})).is_ok());
        assert!(parse(&json!({"é".repeat(65): 1})).is_err());
        assert!(parse(&json!({"": 1})).is_err());
        assert!(parse(&json!({"a": {"": 1}})).is_err());
        assert!(parse(&json!({"a": [[[1]]]})).is_ok());
        assert!(parse(&json!({"a": [[[[]]]]})).is_err());
        assert!(parse(&json!({"a": "x".repeat(JSON_BYTES_MAX - 8)})).is_ok());
        assert!(parse(&json!({"a": "x".repeat(JSON_BYTES_MAX - 7)})).is_err());
        assert!(parse(&json!({"a": "\"".repeat(JSON_BYTES_MAX / 2)})).is_err());
    }

    #[test]
    fn card_numbers_and_control_characters_are_refused_everywhere() {
        for value in [
            json!({"card": "4242 4242 4242 4242"}),
            json!({"4242424242424242": true}),
            json!({"card": 4_242_424_242_424_242_u64}),
            json!({"card": -4_242_424_242_424_242_i64}),
            json!({"card": 4_242_424_242_424_242.0_f64}),
            json!({"a": [{"b": [4_242_424_242_424_242_u64]}]}),
            json!({"a": "b\0"}),
            json!({"a\0": "b"}),
            json!({"a\n": "b"}),
            json!({"a": {"b": ["\u{9b}"]}}),
        ] {
            assert!(parse(&value).is_err(), "{value}");
        }
        assert!(
            parse(&json!({"share": 0.424_242_424_242_424_2, "big": 1e300, "id": 4_242_424_242_424_243_u64}))
                .is_ok()
        );
    }

    #[test]
    fn a_patch_merges_removes_and_clears() {
        let mut metadata = parse(&json!({"a": 1, "b": {"x": 1}, "c": 3})).unwrap();
        metadata.merge(Some(map(&json!({"a": "", "b": {"y": 2}, "d": 4, "none": null})))).unwrap();
        assert_eq!(metadata.0, map(&json!({"b": {"y": 2}, "c": 3, "d": 4})));
        assert_eq!(metadata.0.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
        metadata.merge(Some(Map::new())).unwrap();
        assert_eq!(metadata.0.len(), 3);
        metadata.merge(None).unwrap();
        assert!(metadata.0.is_empty());
    }

    #[test]
    fn a_refused_patch_changes_nothing() {
        let mut metadata = parse(&json!({"a": 1})).unwrap();
        let before = metadata.clone();
        assert!(metadata.merge(Some(map(&json!({"a": 2, "b": "4242424242424242"})))).is_err());
        assert!(metadata.merge(Some(map(&json!({"a": 2, "": ""})))).is_err());
        let many = (0..50).map(|n| (format!("k{n}"), json!(n))).collect();
        assert!(metadata.merge(Some(many)).is_err());
        assert_eq!(metadata, before);
    }
}
