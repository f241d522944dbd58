//! `Idempotency-Key`: the same body replays the stored bytes, another body is refused, refusals are
//! kept, keys are scoped.

use serde_json::json;

use crate::shop::{Reply, Shop};

pub fn same(first: &Reply, replayed: &Reply) {
    assert_eq!(first.header("idempotency-replayed"), None, "{}", first.text());
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"), "{}", replayed.text());
    assert_eq!((first.status, &first.body), (replayed.status, &replayed.body));
    assert_eq!(first.header("content-type"), replayed.header("content-type"));
    assert_eq!(first.header("interdict-revision"), replayed.header("interdict-revision"));
}

#[tokio::test]
async fn every_mutation_replays_its_bytes() {
    let shop = Shop::open().await;
    let id = shop.secret().customer(json!({"email": "a@example.com", "merchantRef": "r"})).await;
    let gone = shop.secret().customer(json!({"email": "gone@example.com"})).await;
    let entry =
        shop.secret().entry(json!({"list": "block", "kind": "email", "value": "e@example.com"})).await;
    let listed =
        shop.secret().entry(json!({"list": "block", "kind": "email", "value": "f@example.com"})).await;
    let person = json!({"subscriber_id": 1, "first_name": "A", "last_name": "B", "email": "i@example.com",
        "customer_reference_id": "i", "add_to_blacklist": true});
    let removal = json!({"subscriber_id": 1, "email": "i@example.com", "customer_reference_id": "i",
        "remove_from_blacklist": true});
    for (number, (method, path, body)) in [
        ("POST", "/v1/customers".to_owned(), json!({"email": "b@example.com"})),
        ("PATCH", format!("/v1/customers/{id}"), json!({"name": "A"})),
        ("POST", format!("/v1/customers/{id}/blacklist"), json!({"reason": "x"})),
        ("DELETE", format!("/v1/customers/{id}/blacklist"), json!({})),
        ("POST", format!("/v1/customers/{id}/whitelist"), json!({})),
        ("DELETE", format!("/v1/customers/{id}/whitelist"), json!({})),
        ("POST", format!("/v1/customers/{id}/restrictions"), json!({"restrictCit": true})),
        ("POST", format!("/customers/{id}/restrictions"), json!({"restrictCit": false})),
        (
            "POST",
            "/v1/entries".to_owned(),
            json!({"list": "block", "kind": "email", "value": "g@example.com"}),
        ),
        ("PATCH", format!("/v1/entries/{entry}"), json!({"reason": "y"})),
        ("DELETE", format!("/v1/entries/{entry}"), json!({})),
        ("POST", "/customers".to_owned(), json!({"email": "c@example.com"})),
        ("POST", format!("/customers/{id}"), json!({"name": "C"})),
        ("POST", "/blacklist".to_owned(), json!({"email": "h@example.com"})),
        ("DELETE", format!("/blacklist/{listed}"), json!({})),
        ("POST", "/customer/add".to_owned(), person),
        ("POST", "/customer/remove".to_owned(), removal),
        ("DELETE", format!("/v1/customers/{gone}"), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let api = shop.secret().with("idempotency-key", &format!("key-{number}"));
        let body = Some(body.to_string().into_bytes());
        let first = api.send(method, &path, body.clone()).await;
        assert!((200..300).contains(&first.status), "{method} {path}: {}", first.text());
        let revision = shop.revision().await;
        same(&first, &api.send(method, &path, body).await);
        assert_eq!(shop.revision().await, revision, "{method} {path}: nothing was done twice");
        let other = api.send(method, &path, Some(br#"{"other": 1}"#.to_vec())).await;
        assert_eq!(other.status, 409, "{method} {path}: {}", other.text());
    }
}

#[tokio::test]
async fn refusals_are_replayed_too() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    let nobody = "/v1/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV/blacklist";
    let bad = json!({"list": "block", "kind": "email", "value": "x"});
    let first = api.post("/v1/entries", bad.clone()).await;
    assert_eq!(first.paths(), ["value"]);
    same(&first, &api.post("/v1/entries", bad).await);
    let first = api.post(nobody, json!({})).await;
    assert_eq!(first.refused(404), "not_found");
    same(&first, &api.post(nobody, json!({})).await);
    let first = api.post_text("/v1/customers", "{").await;
    assert_eq!(first.refused(400), "bad_request");
    same(&first, &api.post_text("/v1/customers", "{").await);
}

#[tokio::test]
async fn another_body_is_a_conflict_in_each_shape() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    api.post("/v1/customers", json!({"name": "A"})).await.expect(201);
    let revision = shop.revision().await;
    assert_eq!(api.post("/v1/customers", json!({"name": "B"})).await.refused(409), "idempotency_conflict");
    api.post("/customer/add", json!({})).await.expect(400);
    let idenza = api.post("/customer/add", json!({"subscriber_id": 1})).await.expect(409);
    assert!(idenza["error"].is_string(), "{idenza}");
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn a_key_is_scoped_by_merchant_mode_method_and_path() {
    let shop = Shop::open().await;
    let other = shop.another_merchant("Second");
    let body = json!({"email": "a@example.com"});
    for api in [shop.secret(), shop.live(), shop.bearer(&other.test.secret.secret)] {
        let api = api.with("idempotency-key", "one");
        for path in ["/v1/customers", "/customers", "/blacklist"] {
            let reply = api.post(path, body.clone()).await;
            assert_eq!((reply.status, reply.header("idempotency-replayed")), (201, None), "{path}");
        }
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    let first = api.post("/v1/customers", json!({})).await;
    shop.clock.advance(86_399);
    shop.app.do_chores(true).await;
    same(&first, &api.post("/v1/customers", json!({})).await);
    shop.clock.advance(2);
    shop.app.do_chores(true).await;
    let fresh = api.post("/v1/customers", json!({})).await;
    assert_eq!(fresh.header("idempotency-replayed"), None);
    assert_ne!(fresh.expect(201)["id"], first.json()["id"]);
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let shop = Shop::open().await;
    for bad in ["", &"x".repeat(256)] {
        let reply = shop.secret().with("idempotency-key", bad).post("/v1/customers", json!({})).await;
        assert_eq!(reply.refused(400), "bad_request");
    }
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

#[tokio::test]
async fn at_once_only_one_of_two_does_anything() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    let sends = (0..16).map(|_| {
        let api = api.clone();
        tokio::spawn(async move { api.post("/v1/customers", json!({"email": "a@example.com"})).await })
    });
    let sends: Vec<_> = sends.collect();
    let mut made = Vec::new();
    for send in sends {
        let reply = send.await.unwrap();
        match reply.status {
            201 => made.push(reply.body),
            409 => assert_eq!(reply.refused(409), "idempotency_in_progress"),
            _ => panic!("{}", reply.text()),
        }
    }
    made.dedup();
    assert_eq!((made.len(), shop.revision().await), (1, 1));
}
