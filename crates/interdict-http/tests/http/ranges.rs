//! Identifiers that stand for many: domains, BINs and ranges of addresses count for what lies within them.

use serde_json::{Value, json};

use crate::shop::Shop;

async fn listed(shop: &Shop, kind: &str, value: &str) -> String {
    shop.secret().entry(json!({"list": "block", "kind": kind, "value": value})).await
}

/// The code, and what the answer names as the ground.
async fn ground(shop: &Shop, payer: Value) -> (String, Value) {
    let mut attempt = payer;
    attempt["initiator"] = json!("customer");
    let decision = shop.secret().decide(attempt).await;
    let reason = &decision["reasons"][0];
    let named = json!([reason["entry"], reason["kind"], reason["value"], reason["tier"]]);
    (decision["code"].as_str().unwrap().to_owned(), named)
}

#[tokio::test]
async fn what_lies_within_is_blocked_and_the_answer_names_what_covers_it() {
    let shop = Shop::open().await;
    let domain = listed(&shop, "emailDomain", "@Example.COM").await;
    let range = listed(&shop, "ip", "::ffff:203.0.113.9/120").await;
    let six = listed(&shop, "ip", "2001:DB8::/32").await;
    let bin = listed(&shop, "bin", "42424242").await;
    let blocked = "identifier_blacklisted";
    for (payer, entry, kind, value) in [
        (json!({"email": "Ann@Example.com"}), &domain, "emailDomain", "example.com"),
        (json!({"email": "ann@mail.shop.example.com"}), &domain, "emailDomain", "example.com"),
        (json!({"emailDomain": "shop.example.com"}), &domain, "emailDomain", "example.com"),
        (json!({"ip": "203.0.113.77"}), &range, "ip", "203.0.113.0/24"),
        (json!({"ip": "::ffff:203.0.113.77"}), &range, "ip", "203.0.113.0/24"),
        (json!({"ip": "2001:db8:ffff::1"}), &six, "ip", "2001:db8::/32"),
        (json!({"bin": "42424242"}), &bin, "bin", "42424242"),
        (json!({"bin": "42424242123"}), &bin, "bin", "42424242"),
    ] {
        let wanted = (blocked.to_owned(), json!([entry, kind, value, 6]));
        assert_eq!(ground(&shop, payer.clone()).await, wanted, "{payer}");
    }
    for payer in [
        json!({"email": "ann@notexample.com"}),
        json!({"email": "example.com@other.example"}),
        json!({"ip": "203.0.114.1"}),
        json!({"ip": "2001:db9::1"}),
        json!({"bin": "424242"}),
        json!({"bin": "42424243"}),
    ] {
        assert_eq!(ground(&shop, payer.clone()).await.0, "default", "{payer}");
    }
    // Lifted, it counts no more.
    assert_eq!(shop.secret().delete(&format!("/v1/entries/{range}")).await.status, 204);
    assert_eq!(ground(&shop, json!({"ip": "203.0.113.77"})).await.0, "default");
}

#[tokio::test]
async fn a_customers_own_domain_counts_when_only_the_customer_is_named() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "ann@mail.example.com", "merchantRef": "r-1"})).await;
    let entry = listed(&shop, "emailDomain", "example.com").await;
    for payer in [json!({"customer": id}), json!({"merchantRef": "r-1"})] {
        let (code, named) = ground(&shop, payer).await;
        assert_eq!(code, "identifier_blacklisted");
        assert_eq!(named, json!([entry, "emailDomain", "example.com", 6]));
    }
    let standing = api.get(&format!("/v1/customers/{id}/standing")).await.expect(200);
    assert_eq!(standing["cit"]["outcome"], "block");
    // In a batch, too.
    let attempts = json!({"decisions": [
        {"initiator": "merchant", "customer": id},
        {"initiator": "customer", "email": "x@y.example.com"},
        {"initiator": "customer", "email": "x@y.example.org"},
    ]});
    let batch = api.post("/v1/decisions/batch", attempts).await.expect(200);
    let codes: Vec<_> = batch["results"].as_array().unwrap().iter().map(|result| &result["code"]).collect();
    assert_eq!(codes, ["identifier_blacklisted", "identifier_blacklisted", "default"]);
}

#[tokio::test]
async fn an_explanation_shows_what_was_looked_up_and_by_which_rule() {
    let shop = Shop::open().await;
    let entry = listed(&shop, "ip", "203.0.113.0/24").await;
    let decision = shop
        .secret()
        .decide(json!({"initiator": "customer", "email": "ann@mail.example.com", "ip": "203.0.113.7",
                       "bin": "4242424", "explain": true}))
        .await;
    let lookups = decision["explanation"]["lookups"].as_array().unwrap();
    let shown: Vec<_> = lookups
        .iter()
        .map(|it| format!("{} {} {} {}", it["kind"], it["value"], it["rule"], it["hit"]).replace('"', ""))
        .collect();
    assert_eq!(
        shown,
        [
            "email ann@mail.example.com exact false",
            "ip 203.0.113.7 exact false",
            "bin 4242424 exact false",
            "emailDomain mail.example.com domain false",
            "emailDomain example.com subdomain false",
            "ip 203.0.113.0/24 range true",
            "bin 424242 prefix false",
        ]
    );
    assert_eq!(lookups[5]["entry"], json!(entry));
}

/// What a payer typed is under no exemption, and neither is what it lies in (incident 7).
#[tokio::test]
async fn an_allowed_range_is_no_exemption_for_what_a_payer_typed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    listed(&shop, "country", "NG").await;
    api.entry(json!({"list": "allow", "kind": "emailDomain", "value": "example.com"})).await;
    let attempt = json!({"email": "ann@example.com", "country": "NG"});
    assert_eq!(ground(&shop, attempt.clone()).await.0, "identifier_whitelisted");
    let mut typed = attempt;
    typed["unverified"] = json!(["email"]);
    assert_eq!(ground(&shop, typed).await.0, "identifier_blacklisted");
}

#[tokio::test]
async fn a_domain_that_would_stand_for_strangers_is_refused() {
    let shop = Shop::open().await;
    for domain in ["co.uk", "uk.com", "github.io"] {
        for path in ["/v1/entries", "/v1/entries/preview"] {
            let body = json!({"list": "block", "kind": "emailDomain", "value": domain});
            let refused = shop.secret().post(path, body).await;
            assert_eq!(refused.status, 422, "{domain}");
            let detail = &refused.json()["error"]["details"][0];
            assert_eq!(detail["path"], "value");
            assert!(detail.to_string().contains("public suffix"), "{detail}");
        }
        // To come with one is no mistake.
        assert_eq!(ground(&shop, json!({"emailDomain": domain})).await.0, "default");
    }
}
