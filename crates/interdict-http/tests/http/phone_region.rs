//! Phones as they are dialled where the merchant's customers live: the same number wherever it comes in.

use std::time::Duration;

use interdict_domain::identifier::PhoneRegion;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use serde_json::{Value, json};

use crate::shop::{Api, Shop};

const NATIONAL: &str = "0803 123 4567";
const INTERNATIONAL: &str = "+2348031234567";

async fn choose(api: &Api, region: Value) {
    let settings = api.patch("/v1/settings", json!({"phoneRegion": region})).await.expect(200);
    assert_eq!(settings["phoneRegion"], region);
}

async fn code_of(api: &Api, phone: &str) -> String {
    let decision = api.decide(json!({"initiator": "customer", "phone": phone})).await;
    decision["code"].as_str().unwrap().to_owned()
}

/// Incident 1: what was written as the merchant dials it is found as anybody else writes it, and the reverse.
#[tokio::test]
async fn incident_1_a_national_number_and_an_international_one_are_one_entry() {
    let shop = Shop::open().await;
    let api = shop.secret();
    choose(&api, json!("NG")).await;
    for (written, asked) in [(NATIONAL, INTERNATIONAL), (INTERNATIONAL, NATIONAL), (NATIONAL, NATIONAL)] {
        let entry =
            api.post("/v1/entries", json!({"list": "block", "kind": "phone", "value": written})).await;
        let entry = entry.expect(201);
        assert_eq!(entry["value"], INTERNATIONAL);
        assert_eq!(code_of(&api, asked).await, "identifier_blacklisted", "{written}, {asked}");
        let attempts = json!({"decisions": [{"initiator": "customer", "phone": asked}]});
        let batch = api.post("/v1/decisions/batch", attempts).await.expect(200);
        assert_eq!(batch["results"][0]["code"], "identifier_blacklisted");
        // A field that the fast reader leaves to the slow one.
        let slow = json!({"initiator": "customer", "phone": asked, "unverified": ["phone"]});
        assert_eq!(api.decide(slow).await["code"], "identifier_blacklisted");
        api.delete(&format!("/v1/entries/{}", entry["id"].as_str().unwrap())).await;
    }
    assert_eq!(code_of(&api, NATIONAL).await, "default");
}

#[tokio::test]
async fn every_place_that_takes_a_phone_reads_it_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    choose(&api, json!("NG")).await;
    let native = api.post("/v1/customers", json!({"phone": NATIONAL})).await.expect(201);
    let path = format!("/v1/customers/{}", native["id"].as_str().unwrap());
    assert_eq!(native["phone"], INTERNATIONAL);
    assert_eq!(
        api.patch(&path, json!({"phone": "0803 765 4321"})).await.expect(200)["phone"],
        "+2348037654321"
    );
    let named = json!({"email": "a@example.com", "phoneNumber": NATIONAL});
    let odus = api.post("/customers", named).await.expect(201);
    assert_eq!(odus["phoneNumber"], INTERNATIONAL);
    let path = format!("/customers/{}", odus["id"].as_str().unwrap());
    let changed = api.post(&path, json!({"phoneNumber": "0803-765-4321"})).await.expect(200);
    assert_eq!(changed["phoneNumber"], "+2348037654321");
    // The log is asked for it as it was decided.
    code_of(&api, NATIONAL).await;
    for phone in ["08031234567", "%2B2348031234567"] {
        let found = api.get(&format!("/v1/decisions?phone={phone}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{phone}");
    }
    // A checkout decides on it, from a server and from a page.
    api.entry(json!({"list": "block", "kind": "phone", "value": INTERNATIONAL})).await;
    for maker in [shop.secret(), shop.publishable()] {
        let session = json!({"amount": 100, "customerPhone": NATIONAL});
        maker.post("/v1/checkout/sessions", session).await.expect(403);
    }
}

#[tokio::test]
async fn a_blocked_persons_phone_is_read_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    choose(&api, json!("NG")).await;
    let named = |value: &str| json!({"identifiers": [{"kind": "phone", "value": value}]});
    let person = api.post("/v1/persons/block", named(NATIONAL)).await.expect(201);
    assert_eq!(person["entries"][0]["value"], INTERNATIONAL);
    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    let more = api.post(&format!("{path}/identifiers"), named("0803 765 4321")).await.expect(200);
    assert_eq!(more["entries"][1]["value"], "+2348037654321");
    let found = api.get("/v1/persons?phone=08031234567").await.expect(200);
    assert_eq!(found["items"][0]["id"], person["id"]);
    choose(&api, Value::Null).await;
    api.post("/v1/persons/block", named(NATIONAL)).await.expect(422);
}

#[tokio::test]
async fn another_node_hears_of_the_region() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let node = shop.another_node().await;
    let (service, merchant) = (node.service(Mode::Test), shop.merchant.merchant.number);
    for region in [json!("NG"), json!("GB"), Value::Null] {
        choose(&api, region.clone()).await;
        let heard = || service.phone_region(merchant).map(PhoneRegion::as_str) == region.as_str();
        wait_until(heard, Duration::from_mins(1)).unwrap();
    }
}

#[tokio::test]
async fn a_file_is_read_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    choose(&api, json!("NG")).await;
    let file = format!("phone\n{NATIONAL}\n{INTERNATIONAL}\n0900\n");
    let import = crate::imports::import(&shop, "list=block", &file).await;
    assert_eq!((&import["created"], &import["unchanged"], &import["bad"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(code_of(&api, INTERNATIONAL).await, "identifier_blacklisted");
}

#[tokio::test]
async fn two_merchants_with_two_regions_do_not_meet() {
    let shop = Shop::open().await;
    let (nigerian, british) =
        (shop.secret(), shop.bearer(&shop.another_merchant("Second").test.secret.secret));
    // The same digits are one number in London and another one in Lagos.
    choose(&nigerian, json!("NG")).await;
    choose(&british, json!("GB")).await;
    let london = json!({"list": "block", "kind": "phone", "value": "020 7946 0958"});
    assert_eq!(british.post("/v1/entries", london.clone()).await.expect(201)["value"], "+442079460958");
    assert_eq!(code_of(&british, "020 7946 0958").await, "identifier_blacklisted");
    for phone in ["020 7946 0958", "+442079460958"] {
        assert_eq!(code_of(&nigerian, phone).await, "default", "{phone}");
    }
    assert_eq!(nigerian.post("/v1/entries", london).await.expect(201)["value"], "+2342079460958");
    // In the other mode nothing was chosen.
    assert_eq!(shop.live().post("/v1/customers", json!({"phone": NATIONAL})).await.paths(), ["phone"]);
}

#[tokio::test]
async fn without_a_region_and_with_another_one_older_values_stay() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let refused = api.post("/v1/customers", json!({"phone": NATIONAL})).await;
    assert_eq!(refused.paths(), ["phone"]);
    choose(&api, json!("NG")).await;
    let customer = api.customer(json!({"phone": NATIONAL})).await;
    api.entry(json!({"list": "block", "kind": "phone", "value": NATIONAL})).await;
    choose(&api, json!("DE")).await;
    let kept = api.get(&format!("/v1/customers/{customer}")).await.expect(200);
    assert_eq!(kept["phone"], INTERNATIONAL);
    assert_eq!(code_of(&api, INTERNATIONAL).await, "identifier_blacklisted");
    // The next start knows the region from the first moment on, and so does a node beside.
    let again = shop.restart().await;
    let api = again.secret();
    assert_eq!(
        api.post("/v1/customers", json!({"phone": "030 901820"})).await.expect(201)["phone"],
        "+4930901820"
    );
    choose(&api, Value::Null).await;
    assert_eq!(api.post("/v1/customers", json!({"phone": "030 901820"})).await.paths(), ["phone"]);
    assert_eq!(code_of(&api, INTERNATIONAL).await, "identifier_blacklisted");
}

#[tokio::test]
async fn what_is_no_region_is_refused_with_what_to_do() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for region in [json!("Nigeria"), json!("UK"), json!("AQ"), json!("001"), json!(""), json!(234)] {
        let refused = api.patch("/v1/settings", json!({"phoneRegion": region})).await;
        assert_eq!(refused.paths(), ["phoneRegion"], "{region}");
    }
    let refused = api.patch("/v1/settings", json!({"phoneRegion": "UK"})).await.expect(422);
    let issue = refused["error"]["details"][0]["issue"].as_str().unwrap();
    assert!(issue.contains("two letters of ISO 3166-1") && issue.contains("NG"), "{issue}");
    choose(&api, json!("NG")).await;
    let refused = api.post("/v1/customers", json!({"phone": "0900"})).await.expect(422);
    let issue = refused["error"]["details"][0]["issue"].as_str().unwrap();
    assert!(issue.contains("phoneRegion") && issue.contains("+2348012345678"), "{issue}");
}
