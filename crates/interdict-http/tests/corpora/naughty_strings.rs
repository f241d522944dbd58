//! The Big List of Naughty Strings (Max Woolf) in every text field: stored and shown exactly, or
//! refused with 422; never a 500.

use std::fmt::Write as _;

use futures_util::future::join_all;
use interdict_domain::identifier::Kind;
use serde_json::{Value, json};

use crate::corpus;
use crate::documented::{Call, calls, queries};
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

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
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
        for kind in Kind::ALL.map(Kind::as_str) {
            let attempt = json!({"initiator": "customer", kind: text});
            let entry = json!({"list": "block", "kind": kind, "value": text});
            let person = json!({"identifiers": [{"kind": kind, "value": text}]});
            for (path, body) in
                [("/v1/decisions", attempt), ("/v1/entries", entry), ("/v1/persons/block", person)]
            {
                let reply = never_fails(&api, path, body).await;
                assert!(matches!(reply.status, 200 | 201 | 409 | 422), "{kind} {text:?}: {}", reply.text());
            }
        }
        let created = never_fails(&api, "/v1/customers", json!({"merchantRef": text})).await;
        if created.status == 201 {
            let reference = created.json()["merchantRef"].as_str().unwrap().to_owned();
            let found = api.get(&format!("/v1/customers/ref/{}", percent_encoded(&reference))).await;
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
const FREE: [&str; 10] = [
    "name",
    "firstName",
    "lastName",
    "role",
    "reason",
    "publicMessage",
    "restrictReason",
    "listStatusReason",
    "request_id",
    "k",
];
/// So many requests at a time.
const ABREAST: usize = 16;

/// What an answer shows of a field that is kept as it comes.
fn shown_free(field: &str, reply: &Reply) -> Option<String> {
    let is_free = field.rsplit('.').next().is_some_and(|name| FREE.contains(&name));
    let pointer = format!("/{}", field.replace('.', "/"));
    let body = (is_free && reply.status < 300).then(|| reply.json())?;
    body.pointer(&pointer)?.as_str().map(str::to_owned)
}

/// Whether a call answers in a shape of its own: OAuth's and Idenza's errors say no place, nor does a webhook's.
fn is_apart(call: &Call) -> bool {
    ["/v1/oauth/", "/webhooks/", "/customer/", "/risk/"].iter().any(|start| call.path.starts_with(start))
}

/// Whether an answer is about the field, or the field was taken. A free object is named as a whole, and so is what
/// says the kind of a value.
fn is_about(call: &Call, field: &str, reply: &Reply) -> bool {
    let outer = field.rsplit_once('.').map_or(field, |(outer, _)| outer);
    is_apart(call) || reply.status != 422 || reply.paths().iter().any(|path| path == field || path == outer)
}

/// An answer for each, in order.
async fn feed_all<F: Future<Output = Reply>>(strings: &[String], feed: impl Fn(&String) -> F) -> Vec<Reply> {
    let mut replies = Vec::with_capacity(strings.len());
    for some in strings.chunks(ABREAST) {
        replies.extend(join_all(some.iter().map(&feed)).await);
    }
    replies
}

/// Each documented call, and each field of it that takes a text, however deep.
#[tokio::test]
async fn every_text_field_of_every_call_takes_it_or_says_no() {
    let Some(strings) = strings() else { return };
    let (mut fields, mut wrong, mut kept) = (Vec::new(), Vec::new(), 0);
    for number in 0.. {
        // One call says nothing to the next: what one of them blocks, another one pays with.
        let shop = Shop::open().await;
        let Some(call) = calls(&shop).await.into_iter().nth(number) else { break };
        for field in &call.texts {
            fields.push(format!("{} {field}", call.path));
            let feed = |text: &String| call.send(&shop, call.with(field, text));
            for (text, reply) in strings.iter().zip(feed_all(&strings, feed).await) {
                // 400 would be a body that is no JSON, which it is.
                let mut is_right = reply.status < 500 && (is_apart(&call) || reply.status != 400);
                is_right &= is_about(&call, field, &reply);
                if let Some(shown) = shown_free(field, &reply) {
                    is_right &= shown == *text || text.trim().is_empty();
                    kept += 1;
                }
                if !is_right {
                    wrong.push(format!("{} {field} {text:?}: {} {}", call.path, reply.status, reply.text()));
                }
            }
        }
    }
    eprintln!("{} fields:\n{}", fields.len(), fields.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(kept > 10 * strings.len() / 2, "{kept} kept");
    for field in ["/v1/decisions/batch decisions.0.device", "/v1/persons/block identifiers.0.value"] {
        assert!(fields.iter().any(|fed| fed == field), "{field} was not fed");
    }
}

/// Each documented parameter of a search or a list.
#[tokio::test]
async fn every_search_is_a_search() {
    let Some(strings) = strings() else { return };
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut fields = Vec::new();
    for (path, name) in queries(&shop).await {
        let feed = |text: &String| {
            let (api, path) = (&api, format!("{path}?{name}={}", percent_encoded(text)));
            async move { api.get(&path).await }
        };
        for (text, reply) in strings.iter().zip(feed_all(&strings, feed).await) {
            // Idenza's own refusals.
            let is_right =
                matches!(reply.status, 200 | 422) || (path == "/customer/get" && reply.status == 400);
            assert!(is_right, "{path} {name} {text:?}: {} {}", reply.status, reply.text());
        }
        fields.push(format!("{path} {name}"));
    }
    eprintln!("{} parameters:\n{}", fields.len(), fields.join("\n"));
}
