//! Credentials: each call against keys that are missing, wrong, expired, revoked, browser's, too weak,
//! of another mode or of another merchant.
//!
//! Deliberately not here: tokens (`oauth.rs`).

use interdict_domain::credential::CredentialKind;
use serde_json::{Value, json};

use crate::shop::{Api, Shop};

/// Every call that wants a credential, with what it needs.
const CALLS: [(&str, &str, &str); 39] = [
    ("POST", "/v1/customers", "customers:write"),
    ("GET", "/v1/customers", "customers:read"),
    ("GET", "/v1/customers/{id}", "customers:read"),
    ("PATCH", "/v1/customers/{id}", "customers:write"),
    ("DELETE", "/v1/customers/{id}", "customers:write"),
    ("GET", "/v1/customers/ref/r-1", "customers:read"),
    ("POST", "/v1/customers/{id}/blacklist", "customers:write"),
    ("DELETE", "/v1/customers/{id}/blacklist", "customers:write"),
    ("POST", "/v1/customers/{id}/whitelist", "customers:write"),
    ("DELETE", "/v1/customers/{id}/whitelist", "customers:write"),
    ("POST", "/v1/customers/{id}/restrictions", "customers:write"),
    ("GET", "/v1/customers/{id}/standing", "customers:read"),
    ("GET", "/v1/customers/{id}/history", "customers:read"),
    ("POST", "/v1/entries", "customers:write"),
    ("GET", "/v1/entries", "customers:read"),
    ("GET", "/v1/entries/{entry}", "customers:read"),
    ("PATCH", "/v1/entries/{entry}", "customers:write"),
    ("DELETE", "/v1/entries/{entry}", "customers:write"),
    ("POST", "/v1/entries/{entry}/notes", "customers:write"),
    ("GET", "/v1/entries/{entry}/notes", "customers:read"),
    ("GET", "/v1/changes", "customers:read"),
    ("POST", "/v1/decisions", "decisions"),
    ("POST", "/v1/decisions/batch", "decisions"),
    ("POST", "/customers", "customers:write"),
    ("GET", "/customers", "customers:read"),
    ("GET", "/customers/{id}", "customers:read"),
    ("POST", "/customers/{id}", "customers:write"),
    ("POST", "/customers/{id}/restrictions", "customers:write"),
    ("POST", "/blacklist", "customers:write"),
    ("GET", "/blacklist", "customers:read"),
    ("GET", "/blacklist/{entry}", "customers:read"),
    ("DELETE", "/blacklist/{entry}", "customers:write"),
    ("GET", "/v1/entries/export", "customers:read"),
    ("GET", "/v1/imports", "customers:read"),
    ("POST", "/v1/imports", "customers:write"),
    ("GET", "/v1/customers/{id}/export", "customers:read"),
    ("POST", "/v1/identifiers/erase", "customers:write"),
    ("POST", "/v1/lookup", "customers:read"),
    ("POST", "/v1/decisions/replay", "decisions"),
];

const IDENZA: [(&str, &str, &str); 4] = [
    ("POST", "/customer/add", "customers:write"),
    ("POST", "/customer/remove", "customers:write"),
    ("GET", "/customer/get", "customers:read"),
    ("POST", "/risk/bin/score", "decisions"),
];

struct World {
    shop: Shop,
    customer: String,
    entry: String,
}

impl World {
    async fn new() -> Self {
        let shop = Shop::open().await;
        let api = shop.secret();
        let customer = api.customer(json!({"email": "a@example.com", "merchantRef": "r-1"})).await;
        let entry = api.entry(json!({"list": "block", "kind": "email", "value": "b@example.com"})).await;
        Self { shop, customer, entry }
    }

    fn path(&self, template: &str) -> String {
        template.replace("{id}", &self.customer).replace("{entry}", &self.entry)
    }

    /// The body is no JSON: nothing but the credential may be looked at before.
    async fn statuses(&self, api: &Api, calls: &[(&str, &str, &str)]) -> Vec<(String, u16, Value)> {
        let mut found = Vec::new();
        for (method, template, _) in calls {
            let body = (*method != "GET").then(|| b"{".to_vec());
            let reply = api.send(method, &self.path(template), body).await;
            found.push((format!("{method} {template}"), reply.status, reply.json()));
        }
        found
    }
}

#[tokio::test]
async fn a_credential_that_does_not_count_opens_nothing() {
    let world = World::new().await;
    let shop = &world.shop;
    let expired = shop.key(CredentialKind::Secret, "customers:read", Some(10));
    let revoked = shop.key(CredentialKind::Secret, "customers:read", None);
    shop.bearer(&revoked.secret).get("/v1/customers").await.expect(200);
    shop.bearer(&expired.secret).get("/v1/customers").await.expect(200);
    shop.clock.advance(10);
    shop.revoke(revoked.credential.id);
    let secret = &shop.merchant.test.secret.secret;
    let revision = shop.revision().await;
    for api in [
        shop.anonymous(),
        shop.bearer(&expired.secret),
        shop.bearer(&revoked.secret),
        shop.bearer(&format!("sk_test_{}", "0".repeat(48))),
        shop.anonymous().with("authorization", &format!("Basic {secret}")),
        shop.anonymous().with("authorization", secret),
    ] {
        // Every call of each would be more failures than an address may have.
        for call in [CALLS[0], CALLS[1], CALLS[9], CALLS[17], CALLS[19], CALLS[20], CALLS[27]] {
            let (call, status, body) = world.statuses(&api, &[call]).await.remove(0);
            assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")), "{call}");
        }
        for (call, status, body) in world.statuses(&api, &IDENZA).await {
            assert_eq!((status, body), (401, json!({"error": "Invalid API key"})), "{call}");
        }
    }
    let challenge = shop.anonymous().get("/v1/customers").await;
    assert_eq!(challenge.header("www-authenticate"), Some("Bearer"));
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn failed_credentials_are_limited_and_good_ones_are_not() {
    let shop = Shop::open().await;
    let mut limited = None;
    for _ in 0..400 {
        let reply = shop.anonymous().get("/v1/customers").await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
        assert_eq!(reply.status, 401);
    }
    let limited = limited.expect("a limit");
    assert_eq!(limited.refused(429), "rate_limited");
    assert!(limited.header("retry-after").is_some());
    shop.secret().get("/v1/customers").await.expect(200);
}

#[tokio::test]
async fn publishable_keys_are_limited_and_secret_ones_are_not() {
    let world = World::new().await;
    let path = world.path("/customers/{id}");
    let browser = world.shop.publishable();
    let mut statuses = Vec::new();
    for _ in 0..2_000 {
        statuses.push(browser.get(&path).await.status);
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429), "after {} answers", statuses.len());
    for _ in 0..300 {
        world.shop.secret().get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn a_publishable_key_reads_one_customer_and_nothing_else() {
    let world = World::new().await;
    let revision = world.shop.revision().await;
    for (call, status, body) in world.statuses(&world.shop.publishable(), &CALLS).await {
        let may = call == "GET /v1/customers/{id}" || call == "GET /customers/{id}";
        assert_eq!(status, if may { 200 } else { 403 }, "{call}: {body}");
    }
    for (call, status, body) in world.statuses(&world.shop.publishable(), &IDENZA).await {
        assert_eq!(status, 403, "{call}");
        assert!(body["error"].is_string(), "{body}");
    }
    assert_eq!(world.shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn a_key_without_the_permission_is_forbidden() {
    let world = World::new().await;
    for permission in ["customers:read", "customers:write", "decisions", "payments:write"] {
        let key = world.shop.key(CredentialKind::Secret, permission, None);
        let api = world.shop.bearer(&key.secret);
        let all: Vec<_> = CALLS.iter().chain(&IDENZA).copied().filter(|call| call.2 != permission).collect();
        for (call, status, body) in world.statuses(&api, &all).await {
            assert_eq!(status, 403, "{permission}: {call}: {body}");
            let is_idenza = call.contains("/customer/") || call.contains("/risk/");
            assert_eq!(body["error"]["code"] == "forbidden", !is_idenza, "{call}: {body}");
        }
    }
}

#[tokio::test]
async fn another_merchant_and_the_other_mode_see_nothing() {
    let world = World::new().await;
    let other = world.shop.another_merchant("Second");
    let calls: Vec<_> =
        CALLS.iter().copied().filter(|call| call.1.contains('{') || call.1.contains("/ref/")).collect();
    let revision = world.shop.revision().await;
    for api in [world.shop.bearer(&other.test.secret.secret), world.shop.live()] {
        for (method, template, _) in &calls {
            // A note says something; everything else may be asked for with an empty body.
            let body =
                (*method == "POST" && template.ends_with("/notes")).then(|| br#"{"text": "seen"}"#.to_vec());
            let reply = api.send(method, &world.path(template), body).await;
            assert_eq!(reply.refused(404), "not_found", "{method} {template}");
        }
        for list in ["/v1/customers", "/v1/entries", "/v1/changes"] {
            assert_eq!(api.get(list).await.expect(200)["items"], json!([]), "{list}");
        }
        for list in ["/customers", "/blacklist"] {
            assert_eq!(api.get(list).await.expect(200)["data"], json!([]), "{list}");
        }
        assert_eq!(api.code_for("b@example.com").await, "default");
        let attempt = json!({"initiator": "customer", "customer": world.customer});
        assert_eq!(api.post("/v1/decisions", attempt).await.refused(404), "not_found");
    }
    assert_eq!(world.shop.revision().await, revision, "nothing changed");
    // In Idenza's words, another subscriber is a wrong key.
    let idenza = world.shop.bearer(&other.test.secret.secret);
    let refused = idenza.get("/customer/get?subscriber_id=1&list=BLACKLIST").await.expect(401);
    assert_eq!(refused, json!({"error": "Invalid API key"}));
    let added = idenza.post("/customer/add", json!({"subscriber_id": 1})).await.expect(401);
    assert_eq!(added, json!({"error": "Invalid API key"}));
}

#[tokio::test]
async fn an_api_key_header_serves_every_dialect() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    api.get("/v1/customers").await.expect(200);
    api.get("/customers").await.expect(200);
    assert_eq!(api.code_for("a@example.com").await, "default");
}
