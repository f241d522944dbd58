//! Postal addresses: flat objects, kept as they were sent (Odus, Customers).
//!
//! Deliberately not here: which keys there are, and whether the place exists.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{TextError, check, check_key, check_number};

/// Most keys of an address.
const KEYS_MAX: usize = 20;
/// The longest value, in characters.
const VALUE_CHARS_MAX: usize = 200;

/// Odus's two addresses, as they were sent.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addresses {
    /// Where bills go.
    pub billing: Option<Map<String, Value>>,
    /// Where goods go.
    pub shipping: Option<Map<String, Value>>,
}

impl Addresses {
    /// Checks one address that came from outside: at most 20 keys of 1 to 64 characters, each with a
    /// string of at most 200 characters, a number, or null; no card numbers, and no control
    /// characters but line breaks and tabs in values.
    pub fn parse_address(map: Map<String, Value>) -> Result<Map<String, Value>, TextError> {
        if map.len() > KEYS_MAX {
            return Err(TextError::Metadata("must have at most 20 keys"));
        }
        for (key, value) in &map {
            check_key(key)?;
            match value {
                Value::Null => {}
                Value::Number(number) => check_number(number)?,
                Value::String(text) => check(text, VALUE_CHARS_MAX, true)?,
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(TextError::Metadata("must hold strings, numbers and nulls only"));
                }
            }
        }
        Ok(map)
    }
}

impl std::fmt::Debug for Addresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Addresses(…)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_ok(value: &Value) -> bool {
        let map = value.as_object().unwrap().clone();
        let parsed = Addresses::parse_address(map.clone());
        assert!(parsed.as_ref().is_err() || parsed.as_ref() == Ok(&map));
        parsed.is_ok()
    }

    #[test]
    fn an_address_is_flat_and_small() {
        assert!(is_ok(
            &json!({"line1": "12 Marina\nFloor 3", "line2": null, "postalCode": 101_241, "city": "Lagos"})
        ));
        assert!(is_ok(&json!({"line1": "é".repeat(200)})));
        assert!(!is_ok(&json!({"line1": "é".repeat(201)})));
        assert!(!is_ok(&json!({"line1": ["a"]})));
        assert!(!is_ok(&json!({"line1": {"a": 1}})));
        assert!(!is_ok(&json!({"line1": true})));
        assert!(!is_ok(&json!({"": "a"})));
        assert!(!is_ok(&json!({"k".repeat(65): "a"})));
        let many = |count: usize| Value::Object((0..count).map(|n| (format!("k{n}"), json!("v"))).collect());
        assert!(is_ok(&many(20)));
        assert!(!is_ok(&many(21)));
    }

    #[test]
    fn card_numbers_and_control_characters_are_refused() {
        assert!(!is_ok(&json!({"line1": "4242-4242-4242-4242"})));
        assert!(!is_ok(&json!({"line1": 4_242_424_242_424_242_u64})));
        assert!(!is_ok(&json!({"4242424242424242": "a"})));
        assert!(!is_ok(&json!({"line1": "a\0"})));
    }
}
