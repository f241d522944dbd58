//! Every example of the three source documents, word for word, against a real listener.

use interdict_app::store::StorageError;
use interdict_domain::change::Action;
use interdict_domain::customer::{Customer, ListStanding, Profile, Restriction};
use interdict_domain::identifier::Email;
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::shop::{FIRST, Shop};

/// The customer that Odus's examples speak of.
const ODUS_CUSTOMER: &str = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";

const BOTH: &str = r#"{
"customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
"restrictCit": true,
"restrictMit": true,
"restrictReason": "Account suspended pending fraud review"
}"#;
const CIT_ONLY: &str = r#"{
"customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
"restrictCit": true,
"restrictMit": false
}"#;
const NEITHER: &str = r#"{
"customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
"restrictCit": false,
"restrictMit": false
}"#;
const BLACKLISTED: &str = r#"{
"email": "user@example.com",
"reason": "Fraudulent activity detected"
}"#;

/// A shop that has Odus's customer.
async fn shop_with_customer() -> Shop {
    let shop = Shop::open().await;
    let service = shop.app.service(Mode::Test);
    let (now, random) = (service.now(), std::sync::Arc::clone(&shop.random));
    let customer = Customer {
        id: ODUS_CUSTOMER.parse().unwrap(),
        merchant: FIRST,
        profile: Profile { email: Some(Email::parse("payer@example.com").unwrap()), ..Profile::default() },
        restriction: Restriction::default(),
        standing: ListStanding::NORMAL,
        created_at: now,
        updated_at: now,
    };
    let actor = interdict_domain::actor::Actor::cli();
    let written = service.store().write(move |transaction| {
        let by = interdict_app::store::Authorship::new(&actor, now, random.as_ref());
        let mut transaction = transaction.merchant(FIRST);
        transaction.put_customer(&by, Action::CustomerCreated, None, &customer)?;
        Ok::<_, StorageError>(())
    });
    written.await.unwrap();
    shop
}

async fn code(shop: &Shop, initiator: &str) -> Value {
    let attempt = json!({"initiator": initiator, "customer": ODUS_CUSTOMER});
    shop.secret().decide(attempt).await["code"].clone()
}

#[tokio::test]
async fn odus_applies_and_lifts_a_restriction() {
    let shop = shop_with_customer().await;
    let path = format!("/customers/{ODUS_CUSTOMER}/restrictions");
    let restricted = shop.secret().post_text(&path, BOTH).await.expect(200);
    assert_eq!(restricted["id"], ODUS_CUSTOMER);
    assert_eq!(restricted["restrictCit"], true);
    assert_eq!(restricted["restrictMit"], true);
    assert_eq!(restricted["restrictReason"], "Account suspended pending fraud review");
    assert_eq!(restricted["isRestricted"], true);
    assert_eq!(code(&shop, "customer").await, "customer_restricted");
    assert_eq!(code(&shop, "merchant").await, "customer_restricted");

    // "To block a customer from making new checkout payments without stopping their active subscriptions."
    let restricted = shop.secret().post_text(&path, CIT_ONLY).await.expect(200);
    assert_eq!((&restricted["restrictCit"], &restricted["restrictMit"]), (&json!(true), &json!(false)));
    assert_eq!(restricted["isRestricted"], true);
    assert_eq!(code(&shop, "customer").await, "customer_restricted");
    assert_eq!(code(&shop, "merchant").await, "default");

    // "To lift all restrictions, send the same endpoint with both flags set to false."
    let lifted = shop.secret().post_text(&path, NEITHER).await.expect(200);
    assert_eq!(lifted["isRestricted"], false);
    assert_eq!(lifted["restrictReason"], Value::Null);
    assert_eq!(code(&shop, "customer").await, "default");
}

#[tokio::test]
async fn odus_lifts_one_type_and_leaves_the_other_unchanged() {
    let shop = shop_with_customer().await;
    let path = format!("/customers/{ODUS_CUSTOMER}/restrictions");
    shop.secret().post_text(&path, BOTH).await.expect(200);
    let one = shop.secret().post_text(&path, r#"{"restrictCit": false}"#).await.expect(200);
    assert_eq!((&one["restrictCit"], &one["restrictMit"]), (&json!(false), &json!(true)));
    assert_eq!(one["restrictReason"], "Account suspended pending fraud review");
    assert_eq!(
        (code(&shop, "customer").await, code(&shop, "merchant").await),
        (json!("default"), json!("customer_restricted"))
    );
}

#[tokio::test]
async fn odus_shows_restrictions_to_secret_keys_only() {
    let shop = shop_with_customer().await;
    shop.secret().post_text(&format!("/customers/{ODUS_CUSTOMER}/restrictions"), BOTH).await.expect(200);
    let public = shop.publishable().get(&format!("/customers/{ODUS_CUSTOMER}")).await.expect(200);
    for field in ["restrictCit", "restrictMit", "restrictReason", "isRestricted"] {
        assert_eq!(public.get(field), None, "{field}");
    }
    let own = shop.secret().get(&format!("/customers/{ODUS_CUSTOMER}")).await.expect(200);
    assert_eq!(own["isRestricted"], true);
}

#[tokio::test]
async fn odus_adds_to_the_blacklist_and_removes_from_it() {
    let shop = shop_with_customer().await;
    let api = shop.secret();
    let entry = api.post_text("/blacklist", BLACKLISTED).await.expect(201);
    let id = entry["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("bl_") && id.len() == 30, "{id}");
    let created_at = shop.clock.in_seconds(0);
    assert_eq!(
        entry,
        json!({"id": id, "email": "user@example.com", "reason": "Fraudulent activity detected", "createdAt": created_at})
    );
    assert_eq!(api.code_for("user@example.com").await, "identifier_blacklisted");

    // Listed already: the same entry with the new reason.
    let again = api.post_text("/blacklist", r#"{"email": "user@example.com"}"#).await.expect(200);
    assert_eq!((&again["id"], &again["reason"]), (&entry["id"], &Value::Null));

    let removed = api.delete(&format!("/blacklist/{id}")).await;
    assert_eq!((removed.status, removed.body.len()), (204, 0));
    assert_eq!(api.get(&format!("/blacklist/{id}")).await.refused(404), "not_found");
    assert_eq!(api.code_for("user@example.com").await, "default");
}

#[tokio::test]
async fn odus_removing_an_entry_keeps_the_flags() {
    let shop = shop_with_customer().await;
    let api = shop.secret();
    api.post_text(&format!("/customers/{ODUS_CUSTOMER}/restrictions"), BOTH).await.expect(200);
    let entry = api.post("/blacklist", json!({"email": "payer@example.com"})).await.expect(201);
    api.delete(&format!("/blacklist/{}", entry["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(code(&shop, "customer").await, "customer_restricted");
    // And the other way round: the entry blocks "regardless of whether … restrictCit [is] set".
    api.post("/blacklist", json!({"email": "payer@example.com"})).await.expect(201);
    api.post_text(&format!("/customers/{ODUS_CUSTOMER}/restrictions"), NEITHER).await.expect(200);
    assert_eq!(code(&shop, "customer").await, "identifier_blacklisted");
}

#[tokio::test]
async fn duro_blacklists_a_customer() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let body =
        json!({"email": "a@example.com", "phone": "2348012345678", "name": "Ada", "merchantRef": "r-1"});
    let id = api.customer(body).await;
    let path = format!("/v1/customers/{id}/blacklist");
    let customer = api.post(&path, json!({"reason": "chargeback"})).await.expect(200);
    assert_eq!(customer["id"], id.as_str());
    assert_eq!(customer["email"], "a@example.com");
    assert_eq!(customer["phone"], "+2348012345678");
    assert_eq!(customer["name"], "Ada");
    assert_eq!(customer["merchantRef"], "r-1");
    assert_eq!(customer["blacklisted"], true);
    assert_eq!(customer["blacklistReason"], "chargeback");
    assert_eq!(customer["createdAt"], shop.clock.in_seconds(0).as_str());
    // The body is optional; the new reason stands, and none is sent.
    let customer = api.post_empty(&path).await.expect(200);
    assert_eq!((&customer["blacklisted"], &customer["blacklistReason"]), (&json!(true), &Value::Null));
    assert_eq!(api.post(&path, json!({})).await.expect(200)["blacklisted"], true);
    // An id that nobody has.
    let nobody = api.post("/v1/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV/blacklist", json!({})).await;
    assert_eq!(nobody.refused(404), "not_found");
}

fn idenza_customer() -> Value {
    json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": "ada@example.com",
        "customer_reference_id": "user-1", "add_to_whitelist": true})
}

#[tokio::test]
async fn idenza_adds_to_a_list() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let added = api.post("/customer/add", idenza_customer()).await.expect(200);
    assert_eq!(added, json!({"subscriber_id": 1, "fullname": "Ada Obi", "status": "WHITELIST"}));
    let query = "/customer/get?subscriber_id=1&list=WHITELIST";
    let listed = api.get(query).await.expect(200);
    assert_eq!(listed["customers"][0]["role"], "PAYEE");

    let mut both = idenza_customer();
    both["add_to_blacklist"] = json!(true);
    let refused = api.post("/customer/add", both).await.expect(400);
    assert!(refused["error"].is_string() && refused["missing_fields"] == json!([]), "{refused}");

    let missing =
        api.post("/customer/add", json!({"subscriber_id": 1, "first_name": "Ada"})).await.expect(400);
    assert!(missing["error"].is_string());
    assert_eq!(missing["missing_fields"], json!(["last_name", "email", "customer_reference_id"]));

    for wrong in [shop.anonymous(), shop.anonymous().with("x-api-key", "sk_test_nothing")] {
        let refused = wrong.post("/customer/add", idenza_customer()).await.expect(401);
        assert_eq!(refused, json!({"error": "Invalid API key"}));
    }
}

#[tokio::test]
async fn idenza_removes_from_a_list() {
    let shop = Shop::open().await;
    let api = shop.idenza();
    let mut customer = idenza_customer();
    customer["add_to_whitelist"] = json!(false);
    customer["add_to_blacklist"] = json!(true);
    let added = api.post("/customer/add", customer).await.expect(200);
    assert_eq!(added["status"], "BLACKLIST");
    let mut removal = json!({"subscriber_id": 1, "email": "ada@example.com",
        "customer_reference_id": "user-1", "remove_from_blacklist": true});
    let removed = api.post("/customer/remove", removal.clone()).await.expect(200);
    assert_eq!((&removed["subscriber_id"], &removed["email"]), (&json!(1), &json!("ada@example.com")));
    assert_eq!(removed["status"], "BLACKLIST");
    assert!(removed["result"].as_str().unwrap().starts_with("Removed user"), "{removed}");

    removal["remove_from_whitelist"] = json!(true);
    let refused = api.post("/customer/remove", removal).await.expect(400);
    assert!(refused["error"].is_string() && refused["missing_fields"] == json!([]), "{refused}");
    let missing = api.post("/customer/remove", json!({"remove_from_blacklist": true})).await.expect(400);
    assert_eq!(missing["missing_fields"], json!(["subscriber_id", "email", "customer_reference_id"]));
    let refused = shop.anonymous().post("/customer/remove", json!({})).await.expect(401);
    assert_eq!(refused, json!({"error": "Invalid API key"}));
}
