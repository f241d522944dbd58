//! A person's block where a merchant wants a second person for what hits many: nothing goes round them.

use serde_json::{Value, json};

use crate::persons::{block, identifiers, outcome};
use crate::shop::{Api, Shop};
use crate::suggestions::one;

/// A device that three customers came with, and an email that one has.
async fn shop(threshold: i64) -> (Shop, Api) {
    let shop = Shop::open().await;
    let api = shop.secret();
    for name in ["a", "b", "c"] {
        api.customer(json!({"email": format!("{name}@example.com")})).await;
        let attempt =
            json!({"initiator": "customer", "email": format!("{name}@example.com"), "device": "till"});
        api.decide(attempt).await;
    }
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": threshold}})).await.expect(200);
    (shop, api)
}

async fn refused(api: &Api, path: &str, body: Value) -> Vec<String> {
    let answer = api.post(path, body).await.expect(409);
    assert!(answer["error"]["message"].as_str().unwrap().contains("secondApprover"), "{answer}");
    let details = answer["error"]["details"].as_array().unwrap();
    details.iter().map(|detail| detail["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_persons_block_does_not_go_round_the_second_person() {
    let (_shop, api) = shop(0).await;
    let email = json!({"list": "block", "kind": "email", "value": "a@example.com"});
    api.post("/v1/entries", email).await.expect(202);
    let body = json!({"identifiers": identifiers(&[("email", "a@example.com")])});
    assert_eq!(refused(&api, "/v1/persons/block", body).await, ["identifiers.0"]);
    assert_eq!(outcome(&api, "email", "a@example.com").await, "allow");
    assert_eq!(api.get("/v1/persons").await.expect(200)["items"], json!([]));
    assert_eq!(api.get("/v1/entries").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn what_hits_few_is_blocked_at_once_and_what_hits_more_is_named() {
    let (_shop, api) = shop(2).await;
    let named = identifiers(&[("email", "a@example.com"), ("device", "till"), ("phone", "+2348031234567")]);
    assert_eq!(refused(&api, "/v1/persons/block", json!({"identifiers": named})).await, ["identifiers.1"]);
    assert_eq!(outcome(&api, "phone", "+2348031234567").await, "allow", "nothing is half done");
    let person = block(&api, &[("email", "a@example.com"), ("phone", "+2348031234567")]).await;
    let more = format!("/v1/persons/{}/identifiers", person["id"].as_str().unwrap());
    let device = json!({"identifiers": identifiers(&[("device", "till")])});
    assert_eq!(refused(&api, &more, device.clone()).await, ["identifiers.0"]);
    assert_eq!(outcome(&api, "device", "till").await, "allow");
    api.post(&more, json!({"identifiers": identifiers(&[("device", "other")])})).await.expect(200);
    // What stands already, as strongly, is put to the person's: it hits no more than before.
    api.patch("/v1/settings", json!({"secondApprover": null})).await.expect(200);
    api.entry(json!({"list": "block", "kind": "device", "value": "till"})).await;
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    api.post(&more, device).await.expect(200);
}

#[tokio::test]
async fn wider_terms_of_a_person_are_weighed_for_all_that_is_theirs() {
    let (shop, api) = shop(9_999).await;
    let till = identifiers(&[("email", "a@example.com"), ("device", "till")]);
    let body = json!({"identifiers": till, "expiresAt": shop.clock.in_seconds(600), "scopes": ["cit"]});
    api.post("/v1/persons/block", body).await.expect(201);
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    let longer = json!({"identifiers": identifiers(&[("email", "a@example.com")])});
    assert_eq!(refused(&api, "/v1/persons/block", longer).await, ["person"]);
    let narrower = json!({"identifiers": identifiers(&[("email", "a@example.com")]), "scopes": ["cit"],
        "expiresAt": shop.clock.in_seconds(300), "reason": "reviewed"});
    api.post("/v1/persons/block", narrower).await.expect(200);
}

#[tokio::test]
async fn what_a_customer_came_with_and_hits_many_is_left_out() {
    let (shop, api) = shop(9_999).await;
    let customer = api.customer(json!({"email": "m@example.com"})).await;
    for _ in 0..3 {
        let own = json!({"initiator": "customer", "customer": customer, "device": "own"});
        api.decide(own).await;
        shop.clock.advance(1);
    }
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    // The email was in three attempts, too, and that is the customer's own.
    assert_eq!(refused(&api, "/v1/persons/block", json!({"customer": customer})).await, ["customer"]);
    api.patch("/v1/settings", json!({"secondApprover": null})).await.expect(200);
    api.entry(json!({"list": "block", "kind": "email", "value": "m@example.com"})).await;
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    let person = api.post("/v1/persons/block", json!({"customer": customer})).await.expect(201);
    assert_eq!(person["leftOut"], json!([{"kind": "device", "value": "own", "why": "second_person"}]));
    assert_eq!(outcome(&api, "device", "own").await, "allow");
    // What is the person's already, and hits no more than before, is not left out.
    api.patch("/v1/settings", json!({"secondApprover": null})).await.expect(200);
    api.post("/v1/persons/block", json!({"customer": customer})).await.expect(200);
    assert_eq!(outcome(&api, "device", "own").await, "block");
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    let reviewed = json!({"customer": customer, "reason": "reviewed"});
    assert_eq!(api.post("/v1/persons/block", reviewed).await.expect(200)["leftOut"], json!([]));
}

#[tokio::test]
async fn a_suggestion_that_hits_many_is_not_accepted_by_one_person() {
    let (_shop, api) = shop(2).await;
    block(&api, &[("phone", "+2348031234567")]).await;
    api.decide(json!({"initiator": "customer", "phone": "+2348031234567", "device": "till"})).await;
    let path = format!("/v1/persons/suggestions/{}/accept", one(&api).await["id"].as_str().unwrap());
    assert_eq!(refused(&api, &path, json!({})).await, ["identifiers.0"]);
    assert_eq!(outcome(&api, "device", "till").await, "allow");
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 9_999}})).await.expect(200);
    api.post(&path, json!({})).await.expect(200);
    assert_eq!(outcome(&api, "device", "till").await, "block");
}
