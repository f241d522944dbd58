//! What bad input gets: a clear error, the right status, and nothing changed.
//!
//! Deliberately not here: card numbers (`pan.rs`), credentials (`credentials.rs`), outside collections.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

/// Every call that takes a JSON body, on a customer and an entry that are there.
async fn calls(shop: &Shop) -> Vec<(&'static str, String)> {
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "b@example.com"})).await;
    let mut calls: Vec<(&str, String)> =
        ["/v1/customers", "/v1/entries", "/v1/decisions", "/v1/decisions/batch"]
            .into_iter()
            .chain(["/customers", "/blacklist", "/customer/add", "/customer/remove", "/risk/bin/score"])
            .map(|path| ("POST", path.to_owned()))
            .collect();
    for path in ["blacklist", "whitelist", "restrictions"] {
        calls.push(("POST", format!("/v1/customers/{id}/{path}")));
    }
    calls.extend([
        ("PATCH", format!("/v1/customers/{id}")),
        ("PATCH", format!("/v1/entries/{entry}")),
        ("POST", format!("/customers/{id}")),
        ("POST", format!("/customers/{id}/restrictions")),
        ("DELETE", format!("/v1/customers/{id}")),
        ("DELETE", format!("/v1/customers/{id}/blacklist")),
        ("DELETE", format!("/v1/entries/{entry}")),
        ("DELETE", format!("/blacklist/{entry}")),
    ]);
    calls
}

fn is_idenza(path: &str) -> bool {
    path.starts_with("/customer/") || path.starts_with("/risk/")
}

async fn send(api: &Api, (method, path): &(&'static str, String), body: &str) -> (u16, Value) {
    let reply = api.send(method, path, Some(body.as_bytes().to_vec())).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn broken_json_is_400_everywhere() {
    let shop = Shop::open().await;
    let calls = calls(&shop).await;
    let revision = shop.revision().await;
    for call in &calls {
        for body in ["{", "nul", "{\"a\":1,}", "{'a':1}", "{} {}", "\u{feff}{}", " ", "{\"a\":\"\u{1}\"}"] {
            let (status, answer) = send(&shop.secret(), call, body).await;
            assert_eq!(status, 400, "{call:?} {body:?}: {answer}");
            if is_idenza(&call.1) {
                assert!(answer["error"].is_string(), "{call:?}: {answer}");
            } else {
                assert_eq!(answer["error"]["code"], "bad_request", "{call:?}: {answer}");
                assert_eq!(answer["error"].get("details"), None);
            }
        }
        let not_text = shop.secret().send(call.0, &call.1, Some(b"{\"a\":\"\xff\"}".to_vec())).await;
        assert_eq!(not_text.status, 400, "{call:?}");
    }
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn json_that_is_not_taken_is_named() {
    let shop = Shop::open().await;
    let calls = calls(&shop).await;
    let revision = shop.revision().await;
    let deep = format!("{{\"deep\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let deeper = format!("{{\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for call in &calls {
        for (body, word) in [
            ("[]", "must be an object"),
            ("null", "must be an object"),
            ("\"x\"", "must be an object"),
            ("7", "must be an object"),
            (r#"{"colour":1}"#, "colour"),
            (r#"{"twice":1,"twice":2}"#, "twice"),
            (r#"{"half":"\ud800"}"#, "half"),
            (r#"{"huge":1e999}"#, "huge"),
            (r#"{"long":123456789012345678901234567890}"#, "long"),
            (&deep, "deep"),
            (&deeper, "deep"),
        ] {
            let (status, answer) = send(&shop.secret(), call, body).await;
            let expected = if is_idenza(&call.1) { 400 } else { 422 };
            let shown = body.get(..40).unwrap_or(body);
            assert_eq!(status, expected, "{call:?} {shown}: {answer}");
            assert!(answer.to_string().contains(word), "{call:?} {shown}: {answer}");
        }
    }
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn a_huge_body_is_413_in_each_shape() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(1_100_000));
    for path in ["/v1/customers", "/v1/decisions", "/blacklist"] {
        assert_eq!(api.post_text(path, &huge).await.refused(413), "payload_too_large", "{path}");
    }
    let idenza = api.post_text("/customer/add", &huge).await.expect(413);
    assert!(idenza["error"].is_string(), "{idenza}");
    let batch = format!("{{\"decisions\":[\"{}\"]}}", "x".repeat(16 * 1024 * 1024));
    assert_eq!(api.post_text("/v1/decisions/batch", &batch).await.refused(413), "payload_too_large");
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

/// Fields of text, each with the longest that it takes.
const TEXTS: [(&str, &str, usize); 9] = [
    ("/v1/customers", "name", 200),
    ("/v1/customers", "firstName", 200),
    ("/v1/customers", "lastName", 200),
    ("/v1/customers", "role", 200),
    ("/v1/customers/{id}/blacklist", "reason", 1000),
    ("/v1/customers/{id}/restrictions", "restrictReason", 1000),
    ("/blacklist", "reason", 1000),
    ("/v1/entries", "reason", 1000),
    ("/v1/entries", "publicMessage", 300),
];

fn with_text(path: &str, field: &str, text: &str) -> Value {
    let mut body = match path {
        "/v1/entries" => json!({"list": "block", "kind": "email", "value": "t@example.com"}),
        "/blacklist" => json!({"email": "t@example.com"}),
        _ => json!({}),
    };
    body[field] = json!(text);
    body
}

#[tokio::test]
async fn texts_have_limits_that_the_answer_says() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    for (path, field, limit) in TEXTS {
        let path = path.replace("{id}", &id);
        let revision = shop.revision().await;
        let over = api.post(&path, with_text(&path, field, &"é".repeat(limit + 1))).await;
        assert_eq!(over.paths(), [field], "{path}");
        assert!(over.text().contains(&limit.to_string()), "{path}: {}", over.text());
        assert_eq!(shop.revision().await, revision, "nothing changed");
        let full = api.post(&path, with_text(&path, field, &"é".repeat(limit))).await;
        assert!((200..300).contains(&full.status), "{path}: {}", full.text());
    }
    for (field, text) in [
        ("merchantRef", "x".repeat(10_000)),
        ("email", format!("{}@example.com", "x".repeat(300))),
        ("phone", "2".repeat(40)),
    ] {
        assert_eq!(api.post("/v1/customers", json!({field: text})).await.paths(), [field]);
    }
}

#[tokio::test]
async fn control_characters_are_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let revision = shop.revision().await;
    for control in ['\0', '\u{1b}', '\u{7f}', '\u{85}'] {
        let text = format!("a{control}b");
        for (path, field, _) in TEXTS {
            let path = path.replace("{id}", &id);
            let reply = api.post(&path, with_text(&path, field, &text)).await;
            assert_eq!(reply.paths(), [field], "{path}");
        }
        for field in ["email", "phone", "merchantRef"] {
            assert_eq!(api.post("/v1/customers", json!({field: text})).await.paths(), [field]);
        }
        for metadata in [json!({"a": text}), json!({text.as_str(): "a"})] {
            let body = json!({"metadata": metadata});
            assert_eq!(api.post("/v1/customers", body).await.paths(), ["metadata"]);
        }
        for field in ["device", "cardFingerprint", "merchantRef", "email"] {
            let body = json!({"initiator": "customer", field: text});
            assert_eq!(api.post("/v1/decisions", body).await.paths(), [field]);
        }
    }
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn wrong_types_are_named_all_at_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let names = ["email", "phone", "name", "firstName", "lastName", "merchantRef", "role", "metadata"];
    for wrong in [json!(1), json!(true), json!([]), json!([{}])] {
        let body: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), wrong.clone())).collect();
        let mut paths = api.post("/v1/customers", Value::Object(body)).await.paths();
        let mut expected: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        paths.sort();
        expected.sort();
        assert_eq!(paths, expected, "{wrong}");
    }
    let odus = json!({"email": 1, "name": 1, "phoneNumber": 1, "dateOfBirth": "31.12.1990",
        "billingAddress": "Lagos", "shippingAddress": [], "metadata": 1, "colour": 1});
    assert_eq!(api.post("/customers", odus).await.paths().len(), 8);
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

#[tokio::test]
async fn bad_identifiers_and_ids_are_refused_and_not_repeated() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for bad in [
        "plain-secret",
        "@example.com",
        "a@",
        "a b@example.com",
        "a@b..com",
        "a@example.com,b@example.com",
        "",
    ] {
        for path in ["/v1/customers", "/customers", "/blacklist"] {
            let reply = api.post(path, json!({"email": bad})).await;
            assert_eq!(reply.paths(), ["email"], "{path} {bad:?}");
            assert!(!reply.text().contains("plain-secret"));
        }
    }
    for bad in ["1", "phone", "+999999999999999999", "+234-CALL-ME"] {
        assert_eq!(api.post("/v1/customers", json!({"phone": bad})).await.paths(), ["phone"], "{bad}");
    }
    let long = "c".repeat(3_000);
    for bad in
        ["x", "cus_", "cus_short", "bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "%00", "%ff", "..%2f..", long.as_str()]
    {
        for path in
            [format!("/v1/customers/{bad}"), format!("/customers/{bad}"), format!("/v1/entries/{bad}x")]
        {
            assert_eq!(api.get(&path).await.refused(404), "not_found", "{path}");
        }
        let path = format!("/v1/customers/{bad}/blacklist");
        assert_eq!(api.post_empty(&path).await.refused(404), "not_found", "{path}");
    }
    assert_eq!(api.get("/v1/customers/ref/%00").await.refused(404), "not_found");
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

#[tokio::test]
async fn metadata_has_limits() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let many = |count: usize| -> Value {
        Value::Object((0..count).map(|number| (format!("k{number}"), json!(1))).collect())
    };
    let nested = json!({"a": {"b": {"c": {"d": {"e": 1}}}}});
    for metadata in
        [many(51), json!({"a": "x".repeat(17_000)}), json!({"k".repeat(65): 1}), json!({"": 1}), nested]
    {
        assert_eq!(api.post("/v1/customers", json!({"metadata": metadata})).await.paths(), ["metadata"]);
    }
    let id = api.customer(json!({"metadata": many(50)})).await;
    let grown = api.patch(&format!("/v1/customers/{id}"), json!({"metadata": {"one more": 1}})).await;
    assert_eq!(grown.paths(), ["metadata"]);
    assert_eq!(shop.revision().await, 1, "nothing else changed");
}
