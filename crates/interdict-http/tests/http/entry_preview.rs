//! `POST /v1/entries/preview`: what an entry would have hit, without making it.

use serde_json::{Value, json};

use crate::shop::Shop;

async fn preview(shop: &Shop, kind: &str, value: &str) -> Value {
    let body = json!({"list": "block", "kind": kind, "value": value});
    shop.secret().post("/v1/entries/preview", body).await.expect(200)
}

async fn attempt(shop: &Shop, payer: Value) -> String {
    let mut attempt = payer;
    attempt["initiator"] = json!("customer");
    let decision = shop.secret().decide(attempt).await;
    shop.clock.advance(1);
    decision["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_domain_shows_whom_and_what_it_would_have_hit() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ann = api.customer(json!({"email": "ann@example.com", "name": "Ann"})).await;
    shop.clock.advance(1);
    let bob = api.customer(json!({"email": "bob@mail.example.com", "merchantRef": "r-2"})).await;
    for email in ["eve@notexample.com", "eve@example.com.br"] {
        api.customer(json!({"email": email})).await;
    }
    api.entry(json!({"list": "block", "kind": "device", "value": "bad"})).await;
    api.entry(json!({"list": "allow", "kind": "device", "value": "good"})).await;
    let allowed = attempt(&shop, json!({"email": "x@example.com"})).await;
    let blocked = attempt(&shop, json!({"email": "x@mail.example.com", "device": "bad"})).await;
    let exempt = attempt(&shop, json!({"email": "x@example.com", "device": "good"})).await;
    let named = attempt(&shop, json!({"customer": bob})).await;
    attempt(&shop, json!({"email": "x@notexample.com"})).await;
    let before = api.get("/v1/changes").await.revision();

    let seen = preview(&shop, "emailDomain", "@Example.com").await;
    assert_eq!(
        (&seen["list"], &seen["kind"], &seen["value"]),
        (&json!("block"), &json!("emailDomain"), &json!("example.com"))
    );
    assert_eq!((&seen["customers"]["count"], &seen["customers"]["atLeast"]), (&json!(2), &json!(false)));
    assert_eq!(
        seen["customers"]["samples"][0],
        json!({"id": bob, "name": null, "email": "bob@mail.example.com",
        "phone": null, "merchantRef": "r-2"})
    );
    assert_eq!(seen["customers"]["samples"][1]["id"], ann);
    let attempts = &seen["attempts"];
    let counts =
        ["days", "count", "allowed", "blocked", "changed"].map(|name| attempts[name].as_i64().unwrap());
    // A soft block yields to the exemption, and what was blocked stays so.
    assert_eq!(counts, [30, 4, 3, 1, 2]);
    let samples: Vec<&Value> = attempts["samples"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(samples, [&named, &exempt, &blocked, &allowed]);
    assert_eq!(attempts["samples"][2]["code"], "identifier_blacklisted");
    assert_eq!(seen["goodCustomers"], json!({"count": 0, "atLeast": false}));
    assert!(seen["since"].is_string());
    assert_eq!(seen["revision"], before);

    // Nothing was written, and no hit was counted.
    assert_eq!(api.get("/v1/changes").await.revision(), before);
    assert_eq!(api.get("/v1/entries?kind=emailDomain").await.expect(200)["items"], json!([]));

    // What comes true is what was foreseen.
    api.entry(json!({"list": "block", "kind": "emailDomain", "value": "example.com"})).await;
    let decision = api.decide(json!({"initiator": "customer", "email": "x@example.com"})).await;
    assert_eq!(decision["code"], "identifier_blacklisted");
}

#[tokio::test]
async fn each_kind_finds_its_attempts() {
    let shop = Shop::open().await;
    for payer in [
        json!({"ip": "203.0.113.7"}),
        json!({"ip": "203.0.113.200"}),
        json!({"ip": "203.0.114.7"}),
        json!({"ip": "2001:db8:0:1::7"}),
        json!({"bin": "42424242"}),
        json!({"bin": "42424243"}),
        json!({"country": "NG"}),
        json!({"phone": "+2348012345678"}),
        json!({"email": "a.b+c@gmail.com"}),
    ] {
        attempt(&shop, payer).await;
    }
    for (kind, value, count) in [
        ("ip", "203.0.113.7", 1),
        ("ip", "203.0.113.0/24", 2),
        ("ip", "203.0.113.128/25", 1),
        ("ip", "203.0.112.0/20", 3),
        ("ip", "203.0.0.0/16", 3),
        ("ip", "200.0.0.0/8", 0),
        ("ip", "192.0.0.0/3", 3),
        ("ip", "2001:db8::/64", 0),
        ("ip", "2001:db8::/60", 1),
        ("ip", "2001:db8::/49", 1),
        ("ip", "2001:db8::/32", 1),
        ("bin", "424242", 2),
        ("bin", "42424242", 1),
        ("country", "NG", 1),
        ("phone", "+2348012345678", 1),
        ("email", "a.b+c@gmail.com", 1),
        ("email", "ab@gmail.com", 0),
    ] {
        let seen = preview(&shop, kind, value).await;
        assert_eq!(seen["attempts"]["count"], count, "{kind} {value}");
        assert_eq!(seen["attempts"]["changed"], count, "{kind} {value}");
    }
    shop.secret().patch("/v1/settings", json!({"emailMatching": "provider"})).await.expect(200);
    let seen = preview(&shop, "email", "ab@googlemail.com").await;
    assert_eq!((&seen["value"], &seen["matching"]), (&json!("ab@gmail.com"), &json!("provider")));
    assert_eq!(seen["attempts"]["count"], 1);
}

#[tokio::test]
async fn whoever_came_with_what_is_on_nobodys_record_counts_once_and_the_good_ones_do() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let good = api.customer(json!({"email": "good@example.com"})).await;
    for _ in 0..3 {
        api.pay(json!({"customer": good})).await.expect(201);
    }
    let new = api.customer(json!({"email": "new@example.com"})).await;
    let carried = json!({"ip": "100.64.7.7", "bin": "51515151", "country": "BR", "device": "gdev"});
    // Named twice, found by the email once, and once nobody's.
    for payer in [json!({"customer": good}), json!({"email": "new@example.com"}), json!({})] {
        for _ in 0..2 {
            let mut sent = carried.clone();
            sent.as_object_mut().unwrap().extend(payer.as_object().unwrap().clone());
            attempt(&shop, sent).await;
        }
    }
    let kinds = [
        ("ip", "100.64.0.0/16"),
        ("ip", "100.64.7.7"),
        ("bin", "515151"),
        ("country", "BR"),
        ("device", "gdev"),
    ];
    for (kind, value) in kinds {
        let seen = preview(&shop, kind, value).await;
        assert_eq!(seen["attempts"]["count"], 6, "{kind} {value}");
        let samples = seen["customers"]["samples"].as_array().unwrap();
        let ids: Vec<&Value> = samples.iter().map(|one| &one["id"]).collect();
        assert_eq!(
            (&seen["customers"]["count"], ids),
            (&json!(2), vec![&json!(new), &json!(good)]),
            "{kind} {value}"
        );
        assert_eq!(seen["goodCustomers"], json!({"count": 1, "atLeast": false}), "{kind} {value}");
    }
    // Who has it and came with it is one.
    assert_eq!(preview(&shop, "email", "good@example.com").await["customers"]["count"], 1);
    // Whoever was erased is nobody any more.
    assert_eq!(api.delete(&format!("/v1/customers/{good}")).await.status, 200);
    let seen = preview(&shop, "device", "gdev").await;
    assert_eq!((&seen["customers"]["count"], &seen["goodCustomers"]["count"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn terms_decide_which_attempts_count() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "block", "kind": "device", "value": "bad", "strength": "soft"})).await;
    attempt(&shop, json!({"email": "a@example.com", "device": "bad"})).await;
    attempt(&shop, json!({"email": "a@example.com", "device": "bad", "unverified": ["email"]})).await;
    let with = async |body: Value| {
        let seen = api.post("/v1/entries/preview", body).await.expect(200);
        ["count", "changed"].map(|name| seen["attempts"][name].as_i64().unwrap())
    };
    let email = |list: &str| json!({"list": list, "kind": "email", "value": "a@example.com"});
    assert_eq!(with(email("block")).await, [2, 0]);
    // An exemption needs more than a claim.
    assert_eq!(with(email("allow")).await, [1, 1]);
    let mut of_merchant = email("block");
    of_merchant["scopes"] = json!(["mit"]);
    assert_eq!(with(of_merchant).await, [0, 0]);
    // What is older than thirty days counts no more.
    shop.clock.advance(30 * 86_400);
    assert_eq!(with(email("block")).await, [0, 0]);
}

#[tokio::test]
async fn what_an_entry_may_not_say_a_preview_may_not() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (body, path) in [
        (json!({"list": "block", "kind": "email", "value": "nonsense"}), "value"),
        (json!({"kind": "email", "value": "a@example.com"}), "list"),
        (json!({"list": "block", "kind": "email", "value": "a@example.com", "nonsense": 1}), "nonsense"),
        (
            json!({"list": "block", "kind": "email", "value": "a@example.com", "expiresAt": "2020-01-01T00:00:00Z"}),
            "expiresAt",
        ),
    ] {
        assert_eq!(api.post("/v1/entries/preview", body).await.paths(), [path]);
    }
}

#[tokio::test]
async fn nobody_previews_over_another_merchant_or_mode() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.customer(json!({"email": "ann@example.com"})).await;
    attempt(&shop, json!({"email": "ann@example.com"})).await;
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    for stranger in [shop.live(), other] {
        for (kind, value) in [("emailDomain", "example.com"), ("email", "ann@example.com")] {
            let body = json!({"list": "block", "kind": kind, "value": value});
            let seen = stranger.post("/v1/entries/preview", body).await.expect(200);
            assert_eq!((&seen["customers"]["count"], &seen["attempts"]["count"]), (&json!(0), &json!(0)));
            assert_eq!(seen["since"], Value::Null);
        }
    }
}
