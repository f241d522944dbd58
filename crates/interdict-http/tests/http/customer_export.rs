//! `GET /v1/customers/{id}/export`: everything that is held on a person, and nothing of anybody else.

use serde_json::{Value, json};

use crate::shop::Shop;

fn rows<'a>(document: &'a Value, name: &str) -> &'a Vec<Value> {
    document[name].as_array().unwrap()
}

#[tokio::test]
async fn a_person_gets_everything_and_nothing_of_others() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = json!({"email": "ada@example.com", "phone": "+2348012345678", "name": "Ada Obi", "merchantRef": "r-1",
        "metadata": {"shoe size": "38"}});
    let id = api.customer(ada).await;
    let other = api.customer(json!({"email": "ada@example.com", "name": "Somebody Else"})).await;
    let blacklist = format!("/v1/customers/{other}/blacklist");
    api.post(&blacklist, json!({"reason": "words about another"})).await.expect(200);
    let entry =
        json!({"list": "allow", "kind": "phone", "value": "+2348012345678", "reason": "words about her"});
    let entry = api.entry(entry).await;
    api.post(
        &format!("/customers/{id}/restrictions"),
        json!({"restrictMit": true, "restrictReason": "asked"}),
    )
    .await
    .expect(200);
    let pay = json!({"amount": 500, "currency": "NGN", "customer": id, "initiator": "merchant",
        "paymentMethod": "pm_test_success", "confirm": true});
    api.post("/payments", pay).await.expect(403);
    api.patch("/v1/settings", json!({"allowedOrigins": ["https://shop.example"]})).await.expect(200);
    let session =
        json!({"amount": 700, "customerEmail": "new@example.com", "customerPhone": "+2348012345678"});
    let session = api.post("/v1/checkout/sessions", session).await;
    assert!(matches!(session.status, 200 | 201 | 403), "{}", session.text());

    let reply = api.get(&format!("/v1/customers/{id}/export")).await;
    let document = reply.expect(200);
    assert_eq!(
        reply.header("content-disposition"),
        Some(format!("attachment; filename=\"{id}.json\"").as_str())
    );
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(document["revision"], reply.revision());
    assert_eq!((&document["mode"], &document["isComplete"]), (&json!("test"), &json!(true)));
    let customer = &document["customer"];
    assert_eq!((&customer["id"], &customer["name"]), (&json!(id), &json!("Ada Obi")));
    assert_eq!(customer["metadata"]["shoe size"], "38");
    assert_eq!(customer["restriction"], json!({"cit": false, "mit": true, "reason": "asked"}));
    assert_eq!(document["standing"]["mit"]["code"], "customer_restricted");
    assert_eq!(rows(&document, "entries")[0]["entry"]["id"], entry.as_str());
    assert_eq!(rows(&document, "payments")[0]["errorCode"], "customer_restricted");
    let decided = &rows(&document, "decisions")[0];
    assert_eq!((&decided["code"], &decided["origin"]), (&json!("customer_restricted"), &json!("payment")));
    let actions: Vec<&str> =
        rows(&document, "history").iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["customer.restricted", "customer.created", "entry.created"]);
    let by = &rows(&document, "history")[0]["actor"];
    assert_eq!(by["label"], shop.merchant.test.secret.credential.name.as_str());
    assert!(document["kept"].as_object().unwrap().len() >= 5);

    let text = reply.text();
    assert!(text.contains("words about her"));
    for foreign in ["words about another", "Somebody Else", other.as_str(), "pm_test_success", "\"key\""] {
        assert!(!text.contains(foreign), "{foreign}: {text}");
    }
}

#[tokio::test]
async fn nobody_else_gets_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "ada@example.com"})).await;
    let path = format!("/v1/customers/{id}/export");
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    for stranger in [shop.live(), other] {
        assert_eq!(stranger.get(&path).await.refused(404), "not_found");
    }
    assert_eq!(shop.publishable().get(&path).await.refused(403), "forbidden");
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!(api.get(&path).await.refused(404), "not_found");
}
