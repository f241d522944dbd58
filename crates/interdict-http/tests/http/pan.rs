//! Card numbers: refused in every field that is not exempt, never repeated, never kept.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

const PANS: [&str; 4] =
    ["4242424242424242", "4242 4242 4242 4242", "paid with 5555-5555-5555-4444 today", "378282246310005"];

async fn refused(api: &Api, method: &str, path: &str, body: &Value, field: &str) {
    let reply = api.send(method, path, Some(body.to_string().into_bytes())).await;
    let idenza = path.starts_with("/customer/") || path.starts_with("/risk/");
    if idenza {
        let error = reply.expect(400);
        assert!(error["error"].as_str().unwrap().contains(field), "{path}: {error}");
    } else {
        let paths = reply.paths();
        assert_eq!(paths, [field], "{method} {path}");
    }
    for digits in ["4242", "5555", "378282246310005", "3782 8224"] {
        assert!(!reply.text().contains(digits), "{method} {path} repeats it: {}", reply.text());
    }
}

#[tokio::test]
async fn no_field_of_a_customer_takes_one() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let revision = shop.revision().await;
    for pan in PANS {
        for field in ["name", "firstName", "lastName", "role"] {
            refused(&api, "POST", "/v1/customers", &json!({field: pan}), field).await;
            refused(&api, "PATCH", &format!("/v1/customers/{id}"), &json!({field: pan}), field).await;
        }
        for metadata in [json!({"note": pan}), json!({"deep": {"er": [pan]}}), json!({pan: "x"})] {
            let body = json!({"email": "b@example.com", "metadata": metadata});
            for path in ["/v1/customers", "/customers", &format!("/customers/{id}")] {
                refused(&api, "POST", path, &body, "metadata").await;
            }
            refused(&api, "PATCH", &format!("/v1/customers/{id}"), &body, "metadata").await;
        }
        for field in ["billingAddress", "shippingAddress"] {
            let body = json!({"email": "b@example.com", field: {"line1": pan}});
            refused(&api, "POST", "/customers", &body, field).await;
            refused(&api, "POST", &format!("/customers/{id}"), &body, field).await;
        }
        refused(&api, "POST", "/customers", &json!({"email": "b@example.com", "name": pan}), "name").await;
    }
    let number = json!({"metadata": {"card": 4_242_424_242_424_242_u64}});
    refused(&api, "POST", "/v1/customers", &number, "metadata").await;
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

/// What is shown together is looked at together, in each dialect.
#[tokio::test]
async fn no_two_names_make_one_up() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"firstName": "4242 4242", "lastName": "Jones"})).await;
    let revision = shop.revision().await;
    let (first, last) = ("4242 4242", "4242 4242");
    let path = format!("/v1/customers/{id}");
    refused(&api, "POST", "/v1/customers", &json!({"firstName": first, "lastName": last}), "lastName").await;
    refused(&api, "PATCH", &path, &json!({"lastName": last}), "lastName").await;
    let listed = json!({"subscriber_id": 1, "first_name": first, "last_name": last, "email": "i@example.com",
        "customer_reference_id": "i", "add_to_blacklist": true});
    let idenza = api.post("/customer/add", listed).await;
    assert_eq!(idenza.status, 400, "{}", idenza.text());
    assert!(!idenza.text().contains("4242"));
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn no_reason_or_message_takes_one() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "e@example.com"})).await;
    let revision = shop.revision().await;
    for pan in PANS {
        for list in ["blacklist", "whitelist"] {
            let path = format!("/v1/customers/{id}/{list}");
            refused(&api, "POST", &path, &json!({"reason": pan}), "reason").await;
        }
        for prefix in ["", "/v1"] {
            let path = format!("{prefix}/customers/{id}/restrictions");
            let body = json!({"restrictCit": true, "restrictReason": pan});
            refused(&api, "POST", &path, &body, "restrictReason").await;
        }
        refused(&api, "POST", "/blacklist", &json!({"email": "b@example.com", "reason": pan}), "reason")
            .await;
        for field in ["reason", "publicMessage"] {
            let body = json!({"list": "block", "kind": "email", "value": "b@example.com", field: pan});
            refused(&api, "POST", "/v1/entries", &body, field).await;
            refused(&api, "PATCH", &format!("/v1/entries/{entry}"), &json!({field: pan}), field).await;
        }
        for field in ["first_name", "last_name", "role"] {
            let mut body = json!({"subscriber_id": 1, "first_name": "A", "last_name": "B",
                "email": "b@example.com", "customer_reference_id": "u"});
            body[field] = json!(pan);
            refused(&api, "POST", "/customer/add", &body, field).await;
        }
    }
    assert_eq!(shop.revision().await, revision, "nothing changed");
}

#[tokio::test]
async fn no_attempt_takes_one() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for pan in PANS {
        for field in ["device", "cardFingerprint"] {
            let body = json!({"initiator": "customer", field: pan});
            refused(&api, "POST", "/v1/decisions", &body, field).await;
            let batch = api.post("/v1/decisions/batch", json!({"decisions": [body]})).await;
            let results = batch.expect(200)["results"].clone();
            assert_eq!(results[0]["error"]["details"][0]["path"], format!("decisions.0.{field}"));
            assert!(!batch.text().contains("4242") && !batch.text().contains("5555"), "{}", batch.text());
        }
        let payload = json!({"transaction_amount": 1, "currency": "NGN"});
        let body = json!({"subscriber_id": 1, "request_id": pan, "payload": payload});
        refused(&api, "POST", "/risk/bin/score", &body, "request_id").await;
        for field in ["external_transaction_number", "last4", "bin", "currency"] {
            let mut body = json!({"subscriber_id": 1, "request_id": "q", "payload": payload});
            body["payload"][field] = json!(pan);
            refused(&api, "POST", "/risk/bin/score", &body, field).await;
        }
    }
}

#[tokio::test]
async fn a_name_that_is_one_is_not_repeated() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for path in ["/v1/customers", "/v1/entries", "/v1/decisions", "/customers", "/blacklist", "/customer/add"]
    {
        let reply = api.post(path, json!({PANS[0]: 1})).await;
        assert!(matches!(reply.status, 400 | 422), "{path}: {}", reply.text());
        assert!(!reply.text().contains("4242"), "{path}: {}", reply.text());
        let twice = api.post_text(path, r#"{"4242424242424242": 1, "4242424242424242": 2}"#).await;
        assert!(!twice.text().contains("4242"), "{path}: {}", twice.text());
    }
    let query = api.get("/v1/customers?4242424242424242=1").await;
    assert!(query.status == 422 && !query.text().contains("4242"), "{}", query.text());
}

#[tokio::test]
async fn refs_phones_and_ibans_are_exempt() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let body = json!({"merchantRef": PANS[0], "email": "a@example.com"});
    assert_eq!(api.post("/v1/customers", body).await.expect(201)["merchantRef"], PANS[0]);
    assert_eq!(api.get(&format!("/v1/customers/ref/{}", PANS[0])).await.status, 200);
    let by_ref = api.decide(json!({"initiator": "customer", "merchantRef": PANS[0]})).await;
    assert!(by_ref["customer"].is_string());
    let payload = json!({"transaction_amount": 1, "currency": "NGN", "user_id": PANS[0]});
    let score = json!({"subscriber_id": 1, "request_id": "q", "payload": payload});
    assert_eq!(api.post("/risk/bin/score", score).await.expect(200)["action"], "REVIEW");
    let by_iban = json!({"initiator": "customer", "iban": "DE89370400440532013000"});
    assert_eq!(api.decide(by_iban).await["code"], "default");
    // An amount is none, nor is a run of digits with a wrong last one.
    let amount =
        json!({"initiator": "customer", "email": "a@example.com", "amount": 424_242_424_242_424_i64});
    assert_eq!(api.decide(amount).await["code"], "default");
    api.customer(json!({"name": "order 1234567890123456"})).await;
}
