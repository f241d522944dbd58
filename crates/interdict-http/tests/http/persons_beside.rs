//! A person's block beside what else blocks the same identifiers: a chargeback, a file, somebody's undo. Taking one away
//! leaves the others (incident 11).

use std::sync::Arc;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::persons::{block, outcome};
use crate::shop::{Api, Shop};

const EMAIL: &str = "ada@example.com";

/// A payment that was paid; its id.
async fn paid(api: &Api) -> String {
    let body = json!({"amount": 500_000, "currency": "NGN", "email": EMAIL, "confirm": true});
    let payment = api.post("/payments", body).await.expect(201);
    payment["id"].as_str().unwrap().to_owned()
}

async fn charged_back(api: &Api, payment: &str) -> String {
    let path = format!("/payments/{payment}/record-chargeback");
    let recorded = api.post(&path, json!({"blacklistCustomer": true})).await.expect(200);
    recorded["chargeback"]["id"].as_str().unwrap().to_owned()
}

async fn reverse(api: &Api, chargeback: &str) {
    api.post_empty(&format!("/v1/chargebacks/{chargeback}/reverse")).await.expect(200);
}

async fn lift(api: &Api, person: &Value) -> Value {
    api.delete(&format!("/v1/persons/{}", person["id"].as_str().unwrap())).await.expect(200)
}

#[tokio::test]
async fn a_chargeback_that_wants_what_the_block_made_keeps_it_until_it_is_reversed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = paid(&api).await;
    let person = block(&api, &[("email", EMAIL), ("device", "fp-1")]).await;
    let chargeback = charged_back(&api, &payment).await;
    let lifted = lift(&api, &person).await;
    assert_eq!(
        (&lifted["kept"][0]["value"], &lifted["kept"][0]["why"]),
        (&json!(EMAIL), &json!("chargeback"))
    );
    assert_eq!(outcome(&api, "email", EMAIL).await, "block");
    assert_eq!(outcome(&api, "device", "fp-1").await, "allow");
    reverse(&api, &chargeback).await;
    assert_eq!(outcome(&api, "email", EMAIL).await, "allow");
}

#[tokio::test]
async fn what_a_chargeback_gives_up_goes_over_to_the_person() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = paid(&api).await;
    let chargeback = charged_back(&api, &payment).await;
    let person = block(&api, &[("email", EMAIL), ("device", "fp-1")]).await;
    assert_eq!(person["entries"][0]["made"].as_bool().unwrap(), person["entries"][0]["kind"] != "email");
    reverse(&api, &chargeback).await;
    assert_eq!(outcome(&api, "email", EMAIL).await, "block");
    let lifted = lift(&api, &person).await;
    assert_eq!((lifted["deleted"].as_array().unwrap().len(), &lifted["kept"]), (2, &json!([])));
    assert_eq!(outcome(&api, "email", EMAIL).await, "allow");
}

#[tokio::test]
async fn a_file_that_is_undone_leaves_a_persons_entries_and_one_that_is_taken_makes_them_its_own() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let import = async |text: &str| {
        let api = api.with("content-type", "text/csv");
        let body = Some(text.as_bytes().to_vec());
        let import = api.send("POST", "/v1/imports?list=block", body).await.expect(202);
        let service = Arc::clone(shop.app.service(Mode::Test));
        tokio::task::spawn_blocking(move || service.work_on_imports()).await.unwrap().unwrap();
        import["id"].as_str().unwrap().to_owned()
    };
    let first = import("email\nada@example.com\nben@example.com\n").await;
    let person = block(&api, &[("email", EMAIL), ("email", "cy@example.com")]).await;
    let undone = api.post_empty(&format!("/v1/imports/{first}/undo")).await.expect(200);
    assert_eq!((&undone["deleted"], &undone["changedSinceTotal"]), (&json!(1), &json!(1)));
    assert_eq!(outcome(&api, "email", EMAIL).await, "block");
    assert_eq!(outcome(&api, "email", "ben@example.com").await, "allow");
    import("email,reason\ncy@example.com,of the file\n").await;
    let lifted = lift(&api, &person).await;
    let mut kept: Vec<_> =
        lifted["kept"].as_array().unwrap().iter().map(|it| it["why"].to_string()).collect();
    kept.sort_unstable();
    assert_eq!(
        (kept, &lifted["deleted"]),
        (vec!["\"before\"".to_owned(), "\"since\"".to_owned()], &json!([]))
    );
    assert_eq!(outcome(&api, "email", "cy@example.com").await, "block");
}

#[tokio::test]
async fn subscriptions_end_with_their_payer_where_the_merchant_wants_it_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.patch("/v1/settings", json!({"onBlacklist": "cancel"})).await.expect(200);
    let plan = json!({"name": "Gold", "amount": 500_000, "interval": "month"});
    let plan = api.post("/v1/plans", plan).await.expect(201);
    let customer = api.customer(json!({"email": EMAIL})).await;
    let sign_up = json!({"customerId": customer, "planId": plan["id"]});
    let subscription = api.post("/v1/subscriptions", sign_up).await.expect(201);
    let path = format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.expect(200)["status"], "active");
    block(&api, &[("email", EMAIL)]).await;
    assert_eq!(api.get(&path).await.expect(200)["status"], "canceled");
}
