//! The Big List of Naughty Strings (Max Woolf) in every text field: stored and shown exactly, or
//! refused with 422; never a 500.

use serde_json::{Value, json};

use crate::corpus;
use crate::documented::calls;
use crate::shop::{Api, Reply, Shop};

pub fn strings() -> Option<Vec<String>> {
    let text = std::fs::read_to_string(corpus("naughty-strings.json")?).unwrap();
    let strings: Vec<String> = serde_json::from_str(&text).unwrap();
    assert!(strings.len() > 400, "only {} strings", strings.len());
    Some(strings)
}

/// What a field shows after it was sent; none when it was refused.
fn shown(reply: &Reply, pointer: &str) -> Option<Value> {
    match reply.status {
        200 | 201 => Some(reply.json().pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone()),
        422 => None,
        status => panic!("{status}: {}", reply.text()),
    }
}

#[tokio::test]
async fn every_free_text_is_kept_exactly_or_refused() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "b@example.com"})).await;
    let (customer, entry) = (format!("/v1/customers/{id}"), format!("/v1/entries/{entry}"));
    let (mut kept, mut refused) = (0, 0);
    for text in &strings {
        for (method, path, body, pointer) in [
            ("PATCH", &customer, json!({"name": text}), "/name"),
            ("PATCH", &customer, json!({"firstName": text}), "/firstName"),
            ("PATCH", &customer, json!({"lastName": text}), "/lastName"),
            ("PATCH", &customer, json!({"role": text}), "/role"),
            ("PATCH", &entry, json!({"reason": text}), "/reason"),
            ("PATCH", &entry, json!({"publicMessage": text}), "/publicMessage"),
            ("POST", &format!("{customer}/whitelist"), json!({"reason": text}), "/listStatusReason"),
            (
                "POST",
                &format!("/customers/{id}"),
                json!({"billingAddress": {"a": text}}),
                "/billingAddress/a",
            ),
            (
                "POST",
                &format!("/customers/{id}/restrictions"),
                json!({"restrictCit": true, "restrictReason": text}),
                "/restrictReason",
            ),
        ] {
            let reply = api.send(method, path, Some(body.to_string().into_bytes())).await;
            match shown(&reply, pointer) {
                Some(value) => {
                    // An empty name is the same as none: the full name is then first and last together.
                    assert!(
                        value == json!(text) || text.trim().is_empty(),
                        "{path} {pointer}: {text:?}: {value}"
                    );
                    kept += 1;
                }
                None => refused += 1,
            }
        }
        let metadata = json!({"metadata": {"k": text}});
        let reply = api.patch(&customer, metadata).await;
        if reply.status == 200 && !text.is_empty() {
            assert_eq!(reply.json()["metadata"]["k"], json!(text));
        }
        assert!(matches!(reply.status, 200 | 422), "{}", reply.text());
    }
    assert!(kept > refused * 10, "{kept} kept, {refused} refused");
}

async fn never_fails(api: &Api, path: &str, body: Value) -> Reply {
    let reply = api.post(path, body).await;
    assert!(reply.status < 500, "{path}: {}", reply.text());
    assert!(!matches!(reply.status, 401 | 403 | 404 | 405 | 415), "{path}: {}", reply.text());
    reply
}

#[tokio::test]
async fn every_identifier_is_taken_or_refused() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    for text in &strings {
        for body in [json!({"email": text}), json!({"phone": text})] {
            let reply = never_fails(&api, "/v1/customers", body).await;
            assert!(matches!(reply.status, 201 | 422), "{text:?}: {}", reply.text());
        }
        never_fails(&api, "/blacklist", json!({"email": text})).await;
        never_fails(&api, "/v1/entries", json!({"list": text, "kind": text, "value": text})).await;
        for kind in
            ["email", "phone", "ip", "device", "cardFingerprint", "bin", "iban", "merchantRef", "country"]
        {
            let body = json!({"initiator": "customer", kind: text});
            let reply = never_fails(&api, "/v1/decisions", body).await;
            assert!(matches!(reply.status, 200 | 422), "{kind} {text:?}: {}", reply.text());
        }
        let created = never_fails(&api, "/v1/customers", json!({"merchantRef": text})).await;
        if created.status == 201 {
            let reference = created.json()["merchantRef"].as_str().unwrap().to_owned();
            let encoded: String = reference.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let found = api.get(&format!("/v1/customers/ref/{encoded}")).await;
            // A path that is a dot or two is another path to every client and proxy.
            assert!(
                found.status == 200 || reference.trim_matches('.').is_empty(),
                "{text:?}: {}",
                found.text()
            );
        }
        let person = json!({"subscriber_id": 1, "first_name": text, "last_name": text, "email": text,
            "customer_reference_id": text, "role": text});
        never_fails(&api, "/customer/add", person).await;
        let score = json!({"subscriber_id": 1, "request_id": text,
            "payload": {"transaction_amount": 1, "currency": "NGN", "user_id": text}});
        let scored = never_fails(&api, "/risk/bin/score", score).await;
        if scored.status == 200 {
            assert_eq!(scored.json()["request_id"], json!(text));
        }
    }
}

/// Fields that are kept as they come, in whatever answer they stand.
const FREE: [&str; 9] = [
    "name",
    "firstName",
    "lastName",
    "role",
    "reason",
    "publicMessage",
    "restrictReason",
    "listStatusReason",
    "request_id",
];

/// Each documented call, and each field of it that takes a text.
#[tokio::test]
async fn every_text_field_of_every_call_takes_it_or_says_no() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    let calls = calls(&shop).await;
    let (mut fields, mut kept) = (0, 0);
    for call in &calls {
        for field in &call.texts {
            fields += 1;
            for text in &strings {
                let reply = api.send(&call.method, &call.path, Some(call.with(field, text))).await;
                let said = || {
                    format!(
                        "{} {} {field} {text:?}: {} {}",
                        call.method,
                        call.path,
                        reply.status,
                        reply.text()
                    )
                };
                // 400 would be a body that is no JSON, which it is; but for OAuth's and Idenza's own errors and signatures.
                let is_apart = ["/v1/oauth/", "/webhooks/", "/customer/", "/risk/"]
                    .iter()
                    .any(|start| call.path.starts_with(start));
                assert!(reply.status < 500 && (is_apart || reply.status != 400), "{}", said());
                let shown = (reply.status < 300).then(|| reply.json()[field.as_str()].clone());
                if let Some(Value::String(shown)) = shown.filter(|_| FREE.contains(&field.as_str())) {
                    assert!(shown == *text || text.trim().is_empty(), "{}", said());
                    kept += 1;
                }
            }
        }
    }
    assert!(fields >= 60 && kept > 10 * strings.len() / 2, "{fields} fields, {kept} kept");
}

#[tokio::test]
async fn every_search_is_a_search() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    for text in &strings {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in
            ["/v1/customers?query=", "/v1/entries?query=", "/customers?email[eq]=", "/v1/customers?cursor="]
        {
            let reply = api.get(&format!("{path}{encoded}")).await;
            assert!(matches!(reply.status, 200 | 422), "{path}{text:?}: {}", reply.text());
        }
    }
}
