//! Idenza's paths: matching, flags, lists, pages, scoring, parameters by query.

use serde_json::{Value, json};

use crate::shop::Shop;

fn person(reference: &str, email: &str) -> Value {
    json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": email,
        "customer_reference_id": reference})
}

fn flagged(reference: &str, email: &str, flag: &str) -> Value {
    let mut body = person(reference, email);
    body[flag] = json!(true);
    body
}

#[tokio::test]
async fn add_moves_between_lists_and_keeps_without_a_flag() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let status = async |body: Value| api.post("/customer/add", body).await.expect(200)["status"].clone();
    assert_eq!(status(person("u-1", "a@example.com")).await, "NORMAL");
    assert_eq!(status(flagged("u-1", "a@example.com", "add_to_blacklist")).await, "BLACKLIST");
    let mut without_role = person("u-1", "a@example.com");
    without_role["role"] = json!(" ");
    assert_eq!(status(without_role).await, "BLACKLIST", "kept");
    assert_eq!(status(flagged("u-1", "a@example.com", "add_to_whitelist")).await, "WHITELIST");
    let customers = api.get("/v1/customers").await.expect(200);
    assert_eq!(customers["items"].as_array().unwrap().len(), 1, "one customer all along");
    assert_eq!(customers["items"][0]["role"], "PAYEE", "an empty role is none");
}

#[tokio::test]
async fn a_customer_is_matched_by_ref_then_by_a_lone_email() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let id = shop.secret().customer(json!({"email": "a@example.com", "name": "Old Name"})).await;
    api.post("/customer/add", flagged("u-1", "A@example.com", "add_to_blacklist")).await.expect(200);
    let customer = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!((&customer["merchantRef"], &customer["blacklisted"]), (&json!("u-1"), &json!(true)));
    assert_eq!((&customer["name"], &customer["role"]), (&json!("Ada Obi"), &json!("PAYEE")));
    // The ref is found first: its email changes.
    api.post("/customer/add", person("u-1", "new@example.com")).await.expect(200);
    assert_eq!(api.get(&format!("/v1/customers/{id}")).await.expect(200)["email"], "new@example.com");
    // Two without a ref have the email: neither is taken.
    for _ in 0..2 {
        shop.secret().customer(json!({"email": "twin@example.com"})).await;
    }
    api.post("/customer/add", person("u-2", "twin@example.com")).await.expect(200);
    let twins = api.get("/v1/customers?query=twin@").await.expect(200);
    assert_eq!(twins["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn remove_wants_somebody_who_is_on_that_list() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let removal = |reference: &str, flag: &str| json!({"subscriber_id": 1, "email": "a@example.com", "customer_reference_id": reference, flag: true});
    api.post("/customer/add", flagged("u-1", "a@example.com", "add_to_whitelist")).await.expect(200);
    let revision = shop.revision().await;
    for body in [removal("u-2", "remove_from_whitelist"), removal("u-1", "remove_from_blacklist")] {
        let refused = api.post("/customer/remove", body).await.expect(400);
        assert_eq!(refused.as_object().unwrap().keys().collect::<Vec<_>>(), ["error"], "{refused}");
    }
    let none = json!({"subscriber_id": 1, "email": "a@example.com", "customer_reference_id": "u-1"});
    assert!(api.post("/customer/remove", none).await.expect(400)["error"].is_string());
    assert_eq!(shop.revision().await, revision, "nothing changed");
    let removed = api.post("/customer/remove", removal("u-1", "remove_from_whitelist")).await.expect(200);
    assert_eq!(removed["status"], "WHITELIST");
    let attempt = json!({"initiator": "customer", "merchantRef": "u-1"});
    assert_eq!(shop.secret().decide(attempt).await["code"], "default");
}

#[tokio::test]
async fn remove_finds_whom_add_would_find() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let removal = |reference: &str, email: &str| json!({"subscriber_id": 1, "email": email, "customer_reference_id": reference, "remove_from_blacklist": true});
    // By the ref, although the email has changed since.
    api.post("/customer/add", flagged("u-1", "new@example.com", "add_to_blacklist")).await.expect(200);
    let removed = api.post("/customer/remove", removal("u-1", "old@example.com")).await.expect(200);
    assert_eq!((&removed["status"], &removed["email"]), (&json!("BLACKLIST"), &json!("old@example.com")));
    // By a lone email without a ref: a customer who was blacklisted through another of the three APIs.
    let id = shop.secret().customer(json!({"email": "lone@example.com"})).await;
    shop.secret().post_empty(&format!("/v1/customers/{id}/blacklist")).await.expect(200);
    api.post("/customer/remove", removal("u-2", "Lone@example.com")).await.expect(200);
    assert_eq!(api.get(&format!("/v1/customers/{id}")).await.expect(200)["listStatus"], "normal");
    // Not by the email of somebody who has another ref.
    api.post("/customer/add", flagged("u-3", "taken@example.com", "add_to_blacklist")).await.expect(200);
    api.post("/customer/remove", removal("u-4", "taken@example.com")).await.expect(400);
}

#[tokio::test]
async fn get_lists_who_is_on_a_list_now() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    for number in 0..3 {
        let body = flagged(&format!("u-{number}"), &format!("a{number}@example.com"), "add_to_blacklist");
        api.post("/customer/add", body).await.expect(200);
        shop.clock.advance(1);
    }
    let path = "/customer/get?subscriber_id=1&list=BLACKLIST";
    let all = api.get(path).await.expect(200);
    assert_eq!(
        (&all["subscriber_id"], &all["list"], &all["count"]),
        (&json!(1), &json!("BLACKLIST"), &json!(3))
    );
    assert_eq!(all["next_cursor"], Value::Null);
    let newest = json!({"first_name": "Ada", "last_name": "Obi", "fullname": "Ada Obi",
        "email": "a2@example.com", "customer_reference_id": "u-2", "role": "PAYEE", "status": "BLACKLIST",
        "reason": null, "updated_at": shop.clock.in_seconds(-1)});
    assert_eq!(all["customers"][0], newest);
    let first = api.get(&format!("{path}&limit=2")).await.expect(200);
    assert_eq!(first["count"], 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = api.get(&format!("{path}&limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((&last["count"], &last["customers"][0]), (&json!(1), &all["customers"][2]));
    assert_eq!(api.get("/customer/get?subscriber_id=1&list=WHITELIST").await.expect(200)["count"], 0);
    let missing = api.get("/customer/get").await.expect(400);
    assert_eq!(missing["missing_fields"], json!(["subscriber_id", "list"]));
    for bad in ["&limit=0", "&limit=x", "&cursor=x", "&colour=red", "&list=BLACKLIST"] {
        let refused = api.get(&format!("{path}{bad}")).await.expect(400);
        assert!(refused["error"].is_string() && refused["missing_fields"] == json!([]), "{bad}: {refused}");
    }
}

#[tokio::test]
async fn parameters_may_come_as_a_query() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let query = "subscriber_id=1&first_name=Ada&last_name=Obi&email=a%2Bb@example.com&\
                 customer_reference_id=u-1&add_to_blacklist=True&role=PAYER";
    let added = api.post_empty(&format!("/customer/add?{query}")).await.expect(200);
    assert_eq!(added, json!({"subscriber_id": 1, "fullname": "Ada Obi", "status": "BLACKLIST"}));
    let query =
        "subscriber_id=1&email=a%2Bb@example.com&customer_reference_id=u-1&remove_from_blacklist=true";
    assert_eq!(api.post_empty(&format!("/customer/remove?{query}")).await.expect(200)["status"], "BLACKLIST");
    let twice =
        api.post("/customer/add?email=x@example.com", person("u-1", "a@example.com")).await.expect(400);
    assert!(twice["error"].as_str().unwrap().contains("email"), "{twice}");
}

#[tokio::test]
async fn what_is_wrong_is_named_in_the_message() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    for (field, value) in [
        ("subscriber_id", json!("1")),
        ("email", json!("nobody")),
        ("first_name", json!(5)),
        ("add_to_blacklist", json!("yes")),
        ("role", json!(["x"])),
        ("colour", json!("red")),
    ] {
        let mut body = person("u-1", "a@example.com");
        body[field] = value;
        let refused = api.post("/customer/add", body).await.expect(400);
        assert!(refused["error"].as_str().unwrap().contains(field), "{field}: {refused}");
        assert_eq!(refused["missing_fields"], json!([]), "{field}");
    }
    for field in ["first_name", "last_name", "email", "customer_reference_id"] {
        for value in [json!(""), json!("  "), json!(null)] {
            let mut body = person("u-1", "a@example.com");
            body[field] = value;
            let refused = api.post("/customer/add", body).await.expect(400);
            assert_eq!(refused["missing_fields"], json!([field]));
        }
    }
    assert_eq!(api.post_text("/customer/add", "{").await.status, 400);
    assert_eq!(shop.revision().await, 0, "nothing changed");
}

#[tokio::test]
async fn the_lists_are_the_rule_of_the_score() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    api.post("/customer/add", flagged("u-black", "black@example.com", "add_to_blacklist")).await.expect(200);
    api.post("/customer/add", flagged("u-white", "white@example.com", "add_to_whitelist")).await.expect(200);
    shop.secret().post("/blacklist", json!({"email": "listed@example.com"})).await.expect(201);
    let decline = json!({"score": 100, "risk_level": "HIGH", "action": "DECLINE"});
    let approve = json!({"score": 0, "risk_level": "LOW", "action": "APPROVE"});
    let review = json!({"score": null, "risk_level": "UNKNOWN", "action": "REVIEW"});
    for (user, expected) in [
        (json!("u-black"), &decline),
        (json!("black@example.com"), &decline),
        (json!("listed@example.com"), &decline),
        (json!("u-white"), &approve),
        (json!("nobody"), &review),
        (json!(null), &review),
    ] {
        let body = json!({"subscriber_id": 1, "request_id": "q-1", "payload": {"transaction_amount": 500,
            "currency": "NGN", "bin": "424242", "last4": "4242", "external_transaction_number": "t-1",
            "user_id": user}});
        let mut expected = expected.clone();
        expected["subscriber_id"] = json!(1);
        expected["request_id"] = json!("q-1");
        assert_eq!(api.post("/risk/bin/score", body).await.expect(200), expected, "{user}");
    }
    // Idenza does not say what unit an amount is in, and the lists do not look at it.
    for (amount, status) in [(json!(0), 200), (json!(49.99), 200), (json!(-1), 400), (json!("5"), 400)] {
        let payload = json!({"transaction_amount": amount, "currency": "NGN"});
        let body = json!({"subscriber_id": 1, "request_id": "q-1", "payload": payload});
        api.post("/risk/bin/score", body).await.expect(status);
    }
    let missing = api.post("/risk/bin/score", json!({"payload": {}})).await.expect(400);
    assert_eq!(
        missing["missing_fields"],
        json!(["subscriber_id", "request_id", "payload.transaction_amount", "payload.currency"])
    );
    let other = json!({"subscriber_id": 2, "request_id": "q", "payload": {"transaction_amount": 1, "currency": "NGN"}});
    assert_eq!(api.post("/risk/bin/score", other).await.expect(401), json!({"error": "Invalid API key"}));
}

/// A scored transaction is recorded like an attempt, and says nothing of who paid.
#[tokio::test]
async fn a_scored_transaction_is_recorded() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.post("/blacklist", json!({"email": "mallory@example.com"})).await.expect(201);
    let transaction = |request: &str, user: &str| {
        json!({
            "subscriber_id": 1, "request_id": request,
            "payload": {"transaction_amount": 12.5, "currency": "NGN", "user_id": user}
        })
    };
    let keyed = api.with("idempotency-key", "k-1");
    for _ in 0..2 {
        keyed.post("/risk/bin/score", transaction("r-1", "mallory@example.com")).await.expect(200);
    }
    api.post("/risk/bin/score", transaction("r-2", "ada@example.com")).await.expect(200);
    api.post("/risk/bin/score", json!({"subscriber_id": 1})).await.expect(400);

    let page = api.get("/v1/scores").await.expect(200);
    let told: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| (score["requestId"].clone(), score["action"].clone(), score["code"].clone()))
        .collect();
    let expected = [("r-2", "REVIEW", "default"), ("r-1", "DECLINE", "identifier_blacklisted")];
    let expected = expected.map(|(request, action, code)| (json!(request), json!(action), json!(code)));
    assert_eq!(told.len(), 2);
    assert!(expected.iter().all(|score| told.contains(score)), "{told:?}");
    assert_eq!(page["items"][0]["amount"], "12.5");
    assert!(!page.to_string().contains("example.com"));
    let other = shop.another_merchant("Other");
    let others = shop.bearer(&other.test.secret.secret).get("/v1/scores").await.expect(200);
    assert_eq!(others["items"], json!([]));
}
