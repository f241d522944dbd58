//! `POST /v1/oauth/token`: client credentials for a token of 60 minutes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use interdict_domain::credential::CredentialKind;
use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn a_client_buys_a_token_that_works_for_an_hour() {
    let shop = Shop::open().await;
    let client = shop.key(CredentialKind::Oauth, "customers:read", None);
    let body = json!({"grant_type": "client_credentials", "client_id": client.credential.id.to_string(),
        "client_secret": client.secret});
    let reply = shop.anonymous().post("/v1/oauth/token", body).await;
    let token = reply.expect(200);
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let api = shop.bearer(token["access_token"].as_str().unwrap());
    api.get("/v1/customers").await.expect(200);
    assert_eq!(api.post("/v1/customers", json!({})).await.refused(403), "forbidden");
    // The secret itself opens nothing.
    assert_eq!(shop.bearer(&client.secret).get("/v1/customers").await.refused(401), "unauthorized");
    shop.clock.advance(3_599);
    api.get("/v1/customers").await.expect(200);
    shop.clock.advance(1);
    assert_eq!(api.get("/v1/customers").await.refused(401), "unauthorized");
}

#[tokio::test]
async fn a_form_is_taken_as_well() {
    let shop = Shop::open().await;
    let client = shop.key(CredentialKind::Oauth, "decisions", None);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        client.credential.id, client.secret
    );
    let api = shop.anonymous().with("content-type", "application/x-www-form-urlencoded");
    let token = api.post_text("/v1/oauth/token", &form).await.expect(200);
    let api = shop.bearer(token["access_token"].as_str().unwrap());
    assert_eq!(api.code_for("a@example.com").await, "default");
}

#[tokio::test]
async fn id_and_secret_may_stand_in_the_header() {
    let shop = Shop::open().await;
    let client = shop.key(CredentialKind::Oauth, "decisions", None);
    let id = client.credential.id.to_string();
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let form = shop.anonymous().with("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    let api = form.with("authorization", &basic(&client.secret));
    let token = api.post_text("/v1/oauth/token", "grant_type=client_credentials").await.expect(200);
    let bearer = shop.bearer(token["access_token"].as_str().unwrap());
    assert_eq!(bearer.code_for("a@example.com").await, "default");
    let repeated = format!("grant_type=client_credentials&client_id={id}");
    api.post_text("/v1/oauth/token", &repeated).await.expect(200);
    let other = "grant_type=client_credentials&client_id=other";
    assert_eq!(api.post_text("/v1/oauth/token", other).await.paths(), ["client_id"]);

    let grant = json!({"grant_type": "client_credentials"});
    for wrong in [basic("wrong"), "Basic ???".to_owned(), "Basic bm8gY29sb24=".to_owned()] {
        let reply =
            shop.anonymous().with("authorization", &wrong).post("/v1/oauth/token", grant.clone()).await;
        assert_eq!(reply.refused(401), "unauthorized", "{wrong}");
        assert_eq!(reply.header("www-authenticate"), Some("Basic"), "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_client_is_dead_with_its_tokens() {
    let shop = Shop::open().await;
    let client = shop.key(CredentialKind::Oauth, "customers:read", None);
    let body = json!({"grant_type": "client_credentials", "client_id": client.credential.id.to_string(),
        "client_secret": client.secret});
    let token = shop.anonymous().post("/v1/oauth/token", body.clone()).await.expect(200);
    let api = shop.bearer(token["access_token"].as_str().unwrap());
    api.get("/v1/customers").await.expect(200);
    shop.revoke(client.credential.id);
    assert_eq!(api.get("/v1/customers").await.refused(401), "unauthorized");
    assert_eq!(shop.anonymous().post("/v1/oauth/token", body).await.refused(401), "unauthorized");
}

#[tokio::test]
async fn wrong_clients_are_refused() {
    let shop = Shop::open().await;
    let client = shop.key(CredentialKind::Oauth, "decisions", None);
    let id = client.credential.id.to_string();
    let secret_key = &shop.merchant.test.secret;
    for (id, secret) in [
        (id.as_str(), "wrong"),
        ("nobody", client.secret.as_str()),
        (&secret_key.credential.id.to_string(), &secret_key.secret),
    ] {
        let body = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
        assert_eq!(shop.anonymous().post("/v1/oauth/token", body).await.refused(401), "unauthorized");
    }
    let odd = json!({"grant_type": "password", "client_id": id, "client_secret": "x", "scope": "all"});
    assert_eq!(shop.anonymous().post("/v1/oauth/token", odd).await.paths(), ["grant_type", "scope"]);
    let nothing = shop.anonymous().post_empty("/v1/oauth/token").await;
    assert_eq!(nothing.paths(), ["grant_type", "client_id", "client_secret"]);
}
