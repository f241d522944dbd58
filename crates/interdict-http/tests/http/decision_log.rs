//! `GET /v1/decisions` and `GET /v1/decisions/{id}`: what was answered can be read again, right after it was.

use serde_json::{Value, json};

use crate::api::Api;
use crate::shop::Shop;

async fn listed(api: &Api, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/v1/decisions{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_decision_is_read_as_it_was_answered() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com", "merchantRef": "r-1"})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "internal words"})).await.expect(200);
    api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com", "reason": "ring 7",
        "publicMessage": "Call 0800 1."}))
        .await;
    for attempt in [
        json!({"initiator": "customer", "merchantRef": "r-1", "ip": "192.0.2.7", "explain": true}),
        json!({"initiator": "merchant", "email": "a@example.com", "unverified": ["email"], "explain": true}),
        json!({"initiator": "customer", "device": "d-1", "explain": true}),
    ] {
        let mut answered = api.decide(attempt).await;
        let read = api.get(&format!("/v1/decisions/{}", answered["id"].as_str().unwrap())).await.expect(200);
        for (name, value) in [
            ("origin", json!("api")),
            ("payment", Value::Null),
            ("batch", Value::Null),
            ("erased", json!(false)),
        ] {
            answered[name] = value;
        }
        assert_eq!(read, answered);
        assert_eq!(listed(&api, "?limit=1").await, [answered]);
        shop.clock.advance(1);
    }
}

#[tokio::test]
async fn what_was_not_kept_is_not_retained() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let decision = api.decide(json!({"initiator": "customer", "email": "a@example.com"})).await;
    let path = format!("/v1/decisions/{}", decision["id"].as_str().unwrap());
    api.get(&path).await.expect(200);
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    for stranger in [shop.live(), other] {
        assert_eq!(stranger.get(&path).await.refused(404), "not_retained");
        assert!(listed(&stranger, "").await.is_empty());
    }
    let dry = api.decide(json!({"initiator": "customer", "email": "a@example.com", "dryRun": true})).await;
    let dry = api.get(&format!("/v1/decisions/{}", dry["id"].as_str().unwrap())).await;
    assert_eq!(dry.refused(404), "not_retained");
    assert!(dry.text().contains("decisionLog"), "{}", dry.text());
    assert_eq!(api.get("/v1/decisions/dec_2R0uWz4tu9wxTMBXxj9CJfSE9vV").await.refused(404), "not_retained");
    assert_eq!(api.get("/v1/decisions/nonsense").await.refused(404), "not_found");
}

#[tokio::test]
async fn each_filter_finds_its_own() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": "known@example.com", "phone": "+2348012345678"})).await;
    api.entry(json!({"list": "block", "kind": "email", "value": "bad@example.com"})).await;
    let mut made = Vec::new();
    for attempt in [
        json!({"initiator": "customer", "email": "bad@example.com", "device": "d-1"}),
        json!({"initiator": "merchant", "customer": customer}),
        json!({"initiator": "customer", "email": "new@example.com", "device": "d-1"}),
        json!({"initiator": "customer", "phone": "+2348012345678"}),
    ] {
        made.push(api.decide(attempt).await["id"].as_str().unwrap().to_owned());
        shop.clock.advance(60);
    }
    let paid =
        api.post("/payments", json!({"amount": 500, "currency": "NGN", "email": "bad@example.com"})).await;
    let payment = paid.expect(403)["error"]["paymentId"].as_str().unwrap().to_owned();
    let newest = listed(&api, "").await;
    assert_eq!(newest.len(), 5);
    assert_eq!((&newest[0]["payment"], &newest[0]["origin"]), (&json!(payment), &json!("payment")));
    let at = |index: usize| newest[index]["decidedAt"].as_str().unwrap().to_owned();
    let all: Vec<&str> = ids(&newest);
    let by = |numbers: &[usize]| numbers.iter().map(|number| all[*number].to_owned()).collect::<Vec<_>>();
    for (query, expected) in [
        ("?outcome=block".to_owned(), by(&[0, 4])),
        ("?outcome=allow".to_owned(), by(&[1, 2, 3])),
        ("?code=identifier_blacklisted".to_owned(), by(&[0, 4])),
        ("?code=default&initiator=customer".to_owned(), by(&[1, 2])),
        ("?initiator=merchant".to_owned(), by(&[3])),
        ("?origin=payment".to_owned(), by(&[0])),
        (format!("?customer={customer}"), by(&[1, 3])),
        ("?email=%20BAD@Example.com".to_owned(), by(&[0, 4])),
        ("?device=d-1".to_owned(), by(&[2, 4])),
        ("?device=d-1&outcome=block".to_owned(), by(&[4])),
        (format!("?phone=%2B2348012345678&customer={customer}"), by(&[1, 3])),
        (format!("?from={}&to={}", at(3), at(1)), by(&[2, 3])),
        ("?email=nobody@example.com".to_owned(), by(&[])),
    ] {
        assert_eq!(ids(&listed(&api, &query).await), expected, "{query}");
    }
    for (query, path) in [
        ("?email=nonsense", "email"),
        ("?outcome=perhaps", "outcome"),
        ("?code=nonsense", "code"),
        ("?customer=nobody", "customer"),
        ("?from=yesterday", "from"),
        ("?email=a@example.com&device=d", "device"),
        ("?limit=0", "limit"),
        ("?cursor=nonsense", "cursor"),
        ("?nonsense=1", "nonsense"),
    ] {
        assert_eq!(api.get(&format!("/v1/decisions{query}")).await.paths(), [path], "{query}");
    }
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "block", "kind": "email", "value": "bad@example.com"})).await;
    // In one moment, too: then the id decides.
    for _ in 0..7 {
        api.code_for("bad@example.com").await;
    }
    let all = listed(&api, "").await;
    for filter in ["", "&outcome=block", "&email=bad@example.com"] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/v1/decisions?limit=3{filter}{cursor}")).await.expect(200);
            found.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["nextCursor"].as_str() else {
                assert_eq!(page["hasMore"], false);
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, all, "{filter}");
    }
}

#[tokio::test]
async fn each_of_a_batch_is_kept_with_its_place() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "block", "kind": "email", "value": "bad@example.com"})).await;
    let attempt = |email: &str| json!({"initiator": "customer", "email": email});
    let mut decisions: Vec<Value> = (0..40).map(|_| attempt("good@example.com")).collect();
    decisions[3] = json!({"initiator": "customer"});
    decisions[35] = attempt("bad@example.com");
    let answered = api.post("/v1/decisions/batch", json!({ "decisions": decisions })).await.expect(200);
    let kept = listed(&api, "?origin=batch&limit=100").await;
    assert_eq!(kept.len(), 39);
    let blocked = listed(&api, "?outcome=block").await;
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0]["batch"], json!({"id": answered["id"], "position": 35}));
    assert_ne!(blocked[0]["id"], answered["id"]);
}

#[tokio::test]
async fn whatever_is_charged_is_kept_and_names_what_it_was_asked_for() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.patch("/v1/settings", json!({"decisionLog": {"allowedPerSecond": 0}})).await.expect(200);
    api.code_for("ada@example.com").await;
    let customer = api.customer(json!({"email": "ada@example.com"})).await;
    let plan = api.plan(json!({})).await;
    api.subscribe(&customer, &plan).await;
    shop.next_day().await;
    let session = api.session(json!({"amount": 100})).await;
    shop.anonymous().pay_session(&session, json!({"email": "eve@example.com"})).await.expect(200);
    let payload = json!({"transaction_amount": 1, "currency": "NGN", "user_id": "ada@example.com"});
    let score = json!({"subscriber_id": 1, "request_id": "q-1", "payload": payload});
    api.post("/risk/bin/score", score).await.expect(200);
    let kept = listed(&api, "?limit=100").await;
    for (origin, initiator) in
        [("payment", "customer"), ("renewal", "merchant"), ("checkout", "customer"), ("score", "customer")]
    {
        let of_origin: Vec<&Value> = kept.iter().filter(|item| item["origin"] == origin).collect();
        assert!(!of_origin.is_empty(), "{origin}");
        for item in of_origin {
            assert_eq!(
                (&item["initiator"], &item["outcome"]),
                (&json!(initiator), &json!("allow")),
                "{origin}"
            );
            match item["payment"].as_str() {
                Some(payment) => drop(api.get(&format!("/payments/{payment}")).await.expect(200)),
                None => assert_eq!(origin, "score"),
            }
        }
    }
    assert!(kept.iter().all(|item| item["origin"] != "api"), "of the others none is wanted");
    let kept_scores = api.get("/v1/scores").await.expect(200);
    let found = listed(&api, "?origin=score").await;
    assert_eq!(found[0]["id"], kept_scores["items"][0]["id"]);
}

#[tokio::test]
async fn an_erased_person_is_taken_out_of_the_log_before_the_answer() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let person = ["erasee@example.com", "before@example.com", "+2348012345678"];
    let id = api.customer(json!({"email": person[1], "phone": person[2]})).await;
    api.entry(json!({"list": "block", "kind": "email", "value": person[1], "reason": "Zubaida lied"})).await;
    api.code_for(person[1]).await;
    api.patch(&format!("/v1/customers/{id}"), json!({"email": person[0]})).await.expect(200);
    api.code_for(person[0]).await;
    api.decide(json!({"initiator": "merchant", "customer": id, "device": "d-1"})).await;
    api.code_for("somebody@example.com").await;
    assert!(api.get("/v1/decisions").await.text().contains("Zubaida"));
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    let text = api.get("/v1/decisions").await.text();
    for word in person.iter().chain(&["Zubaida", "2348012345678"]) {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("somebody@example.com"));
    let items = listed(&api, "").await;
    assert_eq!(items.iter().filter(|item| item["erased"] == true).count(), 3);
    assert!(listed(&api, "?email=erasee@example.com").await.is_empty());
    let blocked = &listed(&api, "?outcome=block").await[0];
    assert_eq!(
        (&blocked["code"], &blocked["reasons"][0]["value"]),
        (&json!("identifier_blacklisted"), &Value::Null)
    );
    // The same request, answered once more.
    assert_eq!(api.delete(&format!("/v1/customers/{id}")).await.refused(404), "not_found");
}
