//! Where a body may hold a text, read from its schema: in objects, in arrays, behind references and choices, in free
//! objects, and as a name there.
//!
//! Deliberately not here: which calls there are ([`crate::documented`]).

use serde_json::{Value, json};

/// Where the text itself becomes the name of a field.
const ANY_NAME: &str = "*";
/// In a free object.
const SOME_NAME: &str = "k";
/// What a schema may say. Whatever else one says may hide a text, and is to be understood here first.
const UNDERSTOOD: [&str; 24] = [
    "$ref",
    "oneOf",
    "anyOf",
    "allOf",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "description",
    "title",
    "example",
    "examples",
    "format",
    "enum",
    "default",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
];

/// Where a body of a schema may hold a text, dotted.
pub fn texts(document: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    gather(document, schema, "", &mut found);
    found
}

/// Where a value holds one.
pub fn texts_of_value(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| {
        let inner = texts_of_value(value).into_iter();
        let joined = inner.map(|inner| joined(name, &inner)).collect::<Vec<_>>();
        if value.is_string() { vec![name.to_owned()] } else { joined }
    };
    match value {
        Value::Object(members) => members.iter().flat_map(|(name, value)| below(name, value)).collect(),
        Value::Array(items) => items.first().map(|item| below("0", item)).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn gather(document: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
    for word in schema.as_object().unwrap().keys() {
        assert!(UNDERSTOOD.contains(&word.as_str()), "{at}: nobody here knows {word}");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return gather(document, document.pointer(&reference[1..]).unwrap(), at, found);
    }
    for choice in ["oneOf", "anyOf", "allOf"].iter().filter_map(|choice| schema[choice].as_array()).flatten()
    {
        gather(document, choice, at, found);
    }
    let kind = &schema["type"];
    if kind == "string" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("string"))) {
        found.push(at.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        gather(document, property, &joined(at, name), found);
    }
    if schema["items"].is_object() {
        gather(document, &schema["items"], &joined(at, "0"), found);
    }
    if schema["additionalProperties"].is_object() {
        found.extend([SOME_NAME, ANY_NAME].map(|name| joined(at, name)));
    }
}

fn joined(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}.{inner}") }
}

/// What a schema or a parameter refers to; of a choice, the one that is not null.
pub fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let schema = schema["oneOf"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["$ref"].is_string()))
        .unwrap_or(schema);
    match schema["$ref"].as_str() {
        Some(reference) => resolved(document, document.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

/// How much of the way to a field is there.
pub fn depth_of(value: &Value, field: &str) -> usize {
    let mut place = Some(value);
    let steps = field.split('.').map(|step| {
        place =
            place.and_then(|place| step.parse().map_or_else(|_| place.get(step), |n: usize| place.get(n)));
        place.is_some_and(|place| !place.is_null())
    });
    steps.take_while(|is_there| *is_there).count()
}

/// Puts a text where a field is, and makes the way to it.
pub fn put(place: &mut Value, field: &str, text: &str) {
    let (step, rest) = field.split_once('.').map_or((field, None), |(step, rest)| (step, Some(rest)));
    let inner = if let Ok(number) = step.parse::<usize>() {
        if place.get(number).is_none() {
            *place = json!([null]);
        }
        &mut place[number]
    } else {
        if !place.is_object() {
            *place = json!({});
        }
        &mut place[if step == ANY_NAME { text } else { step }]
    };
    match rest {
        Some(rest) => put(inner, rest, text),
        None => *inner = json!(text),
    }
}

#[test]
fn a_text_is_found_wherever_it_stands() {
    let document = json!({"schemas": {
        "Inner": {"type": "object", "properties": {"word": {"type": "string", "enum": ["a"]}}},
    }});
    let schema = json!({"type": "object", "properties": {
        "plain": {"type": ["string", "null"]},
        "number": {"type": "integer"},
        "many": {"type": ["array", "null"], "items": {"type": "string"}},
        "objects": {"type": "array", "items": {"$ref": "#/schemas/Inner"}},
        "maybe": {"oneOf": [{"$ref": "#/schemas/Inner"}, {"type": "null"}]},
        "free": {"type": "object", "additionalProperties": {}, "propertyNames": {"type": "string"}},
    }});
    let mut found = texts(&document, &schema);
    found.sort();
    assert_eq!(found, ["free.*", "free.k", "many.0", "maybe.word", "objects.0.word", "plain"]);
}

#[test]
#[should_panic(expected = "nobody here knows prefixItems")]
fn a_schema_that_says_something_new_is_noticed() {
    texts(&json!({}), &json!({"type": "array", "prefixItems": [{"type": "string"}]}));
}

#[test]
fn a_text_is_put_where_the_field_is() {
    let mut body = json!({"objects": [{"word": "a", "other": 1}], "free": {"x": 1}});
    for field in ["objects.0.word", "many.0", "free.*", "maybe.word"] {
        put(&mut body, field, "t");
    }
    let expected = json!({"objects": [{"word": "t", "other": 1}], "many": ["t"], "free": {"x": 1, "t": "t"},
        "maybe": {"word": "t"}});
    assert_eq!(body, expected);
    assert_eq!(["objects.0.word", "many.1", "no.way"].map(|field| depth_of(&body, field)), [3, 1, 0]);
}
