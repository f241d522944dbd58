//! The page to pay on: for a person with a browser, without a script.
//!
//! Deliberately not here: what the session itself allows (`checkouts.rs`).

use serde_json::{Value, json};

use crate::shop::{Api, Reply, Shop};

const ADA: &str = "ada@example.com";

fn page(session: &Value) -> String {
    format!("/pay/{}", session["token"].as_str().unwrap())
}

async fn press(shop: &Shop, session: &Value, form: &str) -> Reply {
    let browser = shop.anonymous().with("content-type", "application/x-www-form-urlencoded");
    browser.post_text(&page(session), form).await
}

async fn block(api: &Api) {
    api.entry(json!({"list": "block", "kind": "email", "value": ADA, "reason": "Lost in March"})).await;
}

#[tokio::test]
async fn the_page_has_a_form_no_script_and_keeps_its_address_to_itself() {
    let shop = Shop::open().await;
    let session = shop.secret().session(json!({"amount": 100})).await;
    let shown = shop.anonymous().get(&page(&session)).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let text = shown.text();
    assert!(!text.contains("<script") && !text.contains("javascript:"), "{text}");
    assert!(text.contains("name=\"email\"") && text.contains("<button"), "{text}");
    let paid = press(&shop, &session, "email=ada%40example.com&paymentMethod=pm_test_success").await;
    assert!(paid.status == 200 && paid.text().contains("This is paid."), "{}", paid.text());
    assert_eq!(shop.charged().await, [100]);
    press(&shop, &session, "email=ada%40example.com&paymentMethod=pm_test_success").await;
    assert_eq!(shop.charged().await, [100]);
}

#[tokio::test]
async fn a_blocked_payer_reads_the_public_message_and_never_the_reason() {
    let shop = Shop::open().await;
    let session = shop.secret().session(json!({"amount": 100})).await;
    block(&shop.secret()).await;
    let refused = press(&shop, &session, "email=ada%40example.com&paymentMethod=pm_test_success").await;
    let text = refused.text();
    assert!(refused.status == 403 && text.contains("We cannot take this payment"), "{text}");
    assert!(text.contains("Please contact the merchant."), "{text}");
    assert!(!text.contains("Lost") && !text.contains("blacklist"), "{text}");
    assert_eq!(shop.ledger().await.len(), 0);
}

#[tokio::test]
async fn whoever_has_paid_is_sent_back_to_the_shop() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.patch("/v1/settings", json!({"allowedOrigins": ["http://127.0.0.1:9"]})).await.expect(200);
    let url = "http://127.0.0.1:9/thanks";
    let session = api.session(json!({"amount": 100, "customerEmail": ADA, "successUrl": url})).await;
    let shown = shop.anonymous().get(&page(&session)).await;
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9"), "{policy}");
    let paid = press(&shop, &session, "paymentMethod=pm_test_success").await;
    assert_eq!((paid.status, paid.header("location")), (303, Some(url)));
    assert!(shop.anonymous().get(&page(&session)).await.text().contains(&format!("href=\"{url}\"")));
}

#[tokio::test]
async fn names_are_text_and_never_markup() {
    let shop = Shop::open().await;
    let evil = "<script>alert(1)</script>\"'&";
    let merchant = shop.another_merchant(evil);
    let api = shop.bearer(&merchant.test.secret.secret);
    let plan = api.plan(json!({"name": evil})).await;
    let session = api.session(json!({"planId": plan, "customerEmail": ADA})).await;
    let text = shop.anonymous().get(&page(&session)).await.text();
    assert!(!text.contains("<script"), "{text}");
    assert_eq!(text.matches("alert(1)").count(), 3, "in the title, the heading and the plan: {text}");
}
