//! One state in three dialects: what one vendor's client does, the others' clients see.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

async fn code(api: &Api, initiator: &str, customer: &str) -> Value {
    api.decide(json!({"initiator": initiator, "customer": customer})).await["code"].clone()
}

#[tokio::test]
async fn what_idenza_blacklists_is_blacklisted_in_v1() {
    let shop = Shop::open().await;
    let (idenza, api) = (shop.idenza(), shop.secret());
    let person = json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": "a@example.com",
        "customer_reference_id": "u-1", "add_to_blacklist": true, "role": "PAYER"});
    idenza.post("/customer/add", person).await.expect(200);
    let customer = api.get("/v1/customers/ref/u-1").await.expect(200);
    let id = customer["id"].as_str().unwrap();
    assert_eq!((&customer["blacklisted"], &customer["listStatus"]), (&json!(true), &json!("blacklisted")));
    assert_eq!((&customer["name"], &customer["firstName"]), (&json!("Ada Obi"), &json!("Ada")));
    assert_eq!((&customer["role"], &customer["isRestricted"]), (&json!("PAYER"), &json!(false)));
    assert_eq!(code(&api, "customer", id).await, "customer_blacklisted");
    // Duro's client lifts it, and Idenza's list has nobody.
    api.delete(&format!("/v1/customers/{id}/blacklist")).await.expect(200);
    let listed = idenza.get("/customer/get?subscriber_id=1&list=BLACKLIST").await.expect(200);
    assert_eq!(listed["count"], 0);
    assert_eq!(code(&api, "customer", id).await, "default");
}

#[tokio::test]
async fn what_duro_blacklists_is_on_idenzas_list_with_its_reason() {
    let shop = Shop::open().await;
    let (idenza, api) = (shop.idenza(), shop.secret());
    let id = api.customer(json!({"email": "a@example.com", "name": "Ada", "merchantRef": "u-1"})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "chargeback"})).await.expect(200);
    let listed = idenza.get("/customer/get?subscriber_id=1&list=BLACKLIST").await.expect(200);
    let one = &listed["customers"][0];
    assert_eq!((&one["reason"], &one["fullname"]), (&json!("chargeback"), &json!("Ada")));
    assert_eq!((&one["first_name"], &one["role"]), (&Value::Null, &json!("PAYEE")));
    let removal = json!({"subscriber_id": 1, "email": "a@example.com", "customer_reference_id": "u-1",
        "remove_from_blacklist": true});
    idenza.post("/customer/remove", removal).await.expect(200);
    let customer = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!((&customer["blacklisted"], &customer["blacklistReason"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn odus_flags_show_in_v1_and_leave_the_status_alone() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let created = api.post("/customers", json!({"email": "a@example.com", "name": "Ada"})).await.expect(201);
    let id = created["id"].as_str().unwrap();
    let body = json!({"customer": id, "restrictMit": true, "restrictReason": "dispute"});
    api.post(&format!("/customers/{id}/restrictions"), body).await.expect(200);
    let customer = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!((&customer["restrictCit"], &customer["restrictMit"]), (&json!(false), &json!(true)));
    assert_eq!((&customer["restrictReason"], &customer["isRestricted"]), (&json!("dispute"), &json!(true)));
    assert_eq!((&customer["blacklisted"], &customer["listStatus"]), (&json!(false), &json!("normal")));
    let blocked = api.decide(json!({"initiator": "merchant", "customer": id})).await;
    assert_eq!(
        (&blocked["code"], &blocked["reasons"][0]["reason"]),
        (&json!("customer_restricted"), &json!("dispute"))
    );
    assert_eq!(code(&api, "customer", id).await, "default");
    // Odus's Blacklist is /v1's block entries.
    let entry = api.post("/blacklist", json!({"email": "a@example.com", "reason": "ring"})).await.expect(201);
    let native = api.get("/v1/entries?list=block&kind=email").await.expect(200);
    assert_eq!((&native["items"][0]["id"], &native["items"][0]["reason"]), (&entry["id"], &json!("ring")));
    assert_eq!(code(&api, "customer", id).await, "identifier_blacklisted");
    api.delete(&format!("/v1/entries/{}", entry["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(api.get("/blacklist").await.expect(200)["data"], json!([]));
    api.post(&format!("/v1/customers/{id}/restrictions"), json!({"restrictMit": false})).await.expect(200);
    assert_eq!(api.get(&format!("/customers/{id}")).await.expect(200)["isRestricted"], false);
    assert_eq!(code(&api, "merchant", id).await, "default");
}

#[tokio::test]
async fn a_customer_of_one_dialect_is_a_customer_of_all() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let odus = json!({"email": "a@example.com", "dateOfBirth": "1990-12-31", "metadata": {"k": "v"}});
    let id = api.post("/customers", odus).await.expect(201)["id"].as_str().unwrap().to_owned();
    let person = json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": "a@example.com",
        "customer_reference_id": "u-1", "add_to_whitelist": true});
    shop.idenza().post("/customer/add", person).await.expect(200);
    let native =
        api.patch(&format!("/v1/customers/{id}"), json!({"phone": "+2348012345678"})).await.expect(200);
    assert_eq!((&native["merchantRef"], &native["listStatus"]), (&json!("u-1"), &json!("whitelisted")));
    assert_eq!(native["metadata"], json!({"k": "v"}));
    let odus = api.get(&format!("/customers/{id}")).await.expect(200);
    assert_eq!(
        (&odus["phoneNumber"], &odus["dateOfBirth"]),
        (&json!("+2348012345678"), &json!("1990-12-31"))
    );
    assert_eq!(odus["name"], "Ada Obi");
    assert_eq!(code(&api, "customer", &id).await, "customer_whitelisted");
}

#[tokio::test]
async fn test_and_live_share_nothing() {
    let shop = Shop::open().await;
    let (test, live) = (shop.secret(), shop.live());
    test.post("/blacklist", json!({"email": "a@example.com"})).await.expect(201);
    assert_eq!(live.code_for("a@example.com").await, "default");
    let person = json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": "b@example.com",
        "customer_reference_id": "u-1", "add_to_blacklist": true});
    live.post("/customer/add", person).await.expect(200);
    assert_eq!(test.code_for("b@example.com").await, "default");
    assert_eq!(live.code_for("b@example.com").await, "customer_blacklisted");
}
