//! `DELETE /v1/customers/{id}`: the person goes, the blocks stay in force.

use serde_json::{Value, json};

use crate::shop::Shop;

const PERSON: [&str; 6] =
    ["erasee@example.com", "+2348012345678", "Zubaida", "Erasee", "ref-erasee", "2348012345678"];

#[tokio::test]
async fn the_person_goes_and_the_blocks_stay() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api
        .customer(
            json!({"email": PERSON[0], "phone": PERSON[1], "firstName": PERSON[2], "lastName": PERSON[3],
            "merchantRef": PERSON[4]}),
        )
        .await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "Zubaida lied"})).await.expect(200);
    api.entry(json!({"list": "block", "kind": "email", "value": PERSON[0]})).await;
    let erased = api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!(erased["erased"], true);
    assert!(erased["blocksKept"].as_i64().unwrap() >= 1, "{erased}");
    assert_eq!(erased.as_object().unwrap().len(), 2);
    for (method, path) in [
        ("GET", format!("/v1/customers/{id}")),
        ("DELETE", format!("/v1/customers/{id}")),
        ("PATCH", format!("/v1/customers/{id}")),
        ("GET", format!("/customers/{id}")),
        ("GET", format!("/v1/customers/{id}/standing")),
        ("GET", format!("/v1/customers/{id}/history")),
        ("POST", format!("/v1/customers/{id}/blacklist")),
        ("GET", "/v1/customers/ref/ref-erasee".to_owned()),
    ] {
        assert_eq!(api.send(method, &path, None).await.refused(404), "not_found", "{method} {path}");
    }
    for attempt in
        [json!({"email": PERSON[0]}), json!({"phone": PERSON[1]}), json!({"merchantRef": PERSON[4]})]
    {
        for initiator in ["customer", "merchant"] {
            let mut body = attempt.clone();
            body["initiator"] = json!(initiator);
            assert_eq!(api.decide(body).await["outcome"], "block", "{attempt}");
        }
    }
    let named = json!({"initiator": "customer", "customer": id});
    assert_eq!(api.post("/v1/decisions", named).await.refused(404), "not_found");
    for path in ["/v1/customers", "/v1/entries", "/v1/changes", "/customers", "/blacklist"] {
        let text = api.get(path).await.text();
        for word in PERSON {
            assert!(!text.contains(word), "{path} shows {word}: {text}");
        }
    }
    let entries = api.get("/v1/entries").await.expect(200);
    assert!(
        entries["items"].as_array().unwrap().iter().all(|entry| entry["value"] == Value::Null),
        "{entries}"
    );
}

/// What was kept for replays goes with the person: the key is free, and nothing old is shown.
#[tokio::test]
async fn the_answers_kept_for_replays_go_with_the_person() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let keyed = api.with("idempotency-key", "one");
    let id = keyed.customer(json!({"email": PERSON[0]})).await;
    let about = format!("/v1/customers/{id}/blacklist");
    keyed.post(&about, json!({"reason": "r"})).await.expect(200);
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    let again = keyed.post(&about, json!({"reason": "r"})).await;
    assert_eq!(again.refused(404), "not_found");
    assert!(!again.text().contains(PERSON[0]), "{}", again.text());
}

#[tokio::test]
async fn somebody_without_blocks_leaves_none() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": PERSON[0]})).await;
    let erased = api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!(erased, json!({"erased": true, "blocksKept": 0}));
    assert_eq!(api.code_for(PERSON[0]).await, "default");
    // The ref and the email are free again.
    api.customer(json!({"email": PERSON[0], "merchantRef": PERSON[4]})).await;
}

#[tokio::test]
async fn flags_outlive_the_person_each_for_its_initiator() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": PERSON[0]})).await;
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictMit": true})).await.expect(200);
    let erased = api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    assert!(erased["blocksKept"].as_i64().unwrap() >= 1, "{erased}");
    let merchant = api.decide(json!({"initiator": "merchant", "email": PERSON[0]})).await;
    assert_eq!(merchant["outcome"], "block");
    assert_eq!(api.code_for(PERSON[0]).await, "default");
}

#[tokio::test]
async fn a_refused_erasure_takes_nothing_out_of_the_log() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": PERSON[0]})).await;
    api.entry(json!({"list": "block", "kind": "email", "value": PERSON[0]})).await;
    let decision = api.decide(json!({"initiator": "customer", "customer": id})).await;
    let kept = format!("/v1/decisions/{}", decision["id"].as_str().unwrap());
    let path = format!("/v1/customers/{id}");
    let surprise = json!({"surprise": true}).to_string().into_bytes();
    api.send("DELETE", &path, Some(surprise)).await.refused(422);
    let before = api.get(&kept).await.expect(200);
    assert!(before.to_string().contains(PERSON[0]), "{before}");
    api.delete(&path).await.expect(200);
    let after = api.get(&kept).await.expect(200);
    assert!(!after.to_string().contains(PERSON[0]), "{after}");
}

/// What somebody's attempts alone came with is theirs: words about it go with the person, its block stays. What two came
/// with is nobody's own.
#[tokio::test]
async fn what_is_said_of_a_persons_device_card_and_account_goes_with_the_person() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let [erika, max] = [json!({"email": PERSON[0]}), json!({"email": "max@example.com"})];
    let (erika, max) = (api.customer(erika).await, api.customer(max).await);
    let own = [("device", "er3-dev"), ("cardFingerprint", "fp_er3"), ("iban", "DE89370400440532013000")];
    let mut entries = Vec::new();
    for (kind, value) in own.into_iter().chain([("device", "shared-dev")]) {
        let reason = "Erika Mustermann, order 7";
        let entry = json!({"list": "block", "kind": kind, "value": value, "reason": reason});
        entries.push(format!("/v1/entries/{}", api.entry(entry).await));
        api.decide(json!({"initiator": "customer", "customer": erika, kind: value})).await;
    }
    api.decide(json!({"initiator": "customer", "customer": max, "device": "shared-dev"})).await;
    let person = format!("/v1/customers/{erika}");
    let exported = api.get(&format!("{person}/export")).await.expect(200);
    let shown: Vec<&Value> =
        exported["entries"].as_array().unwrap().iter().map(|entry| &entry["of"]["value"]).collect();
    assert_eq!(shown.len(), own.len(), "{exported}");
    assert!(own.iter().all(|(_, value)| shown.contains(&&json!(value))), "{shown:?}");

    let erased = api.delete(&person).await.expect(200);
    assert_eq!(erased, json!({"erased": true, "blocksKept": 3}));
    let (shared, gone) = entries.split_last().unwrap();
    for path in gone {
        let entry = api.get(path).await.expect(200);
        assert_eq!((&entry["value"], &entry["reason"]), (&Value::Null, &Value::Null), "{entry}");
    }
    for (kind, value) in own {
        let decision = api.decide(json!({"initiator": "customer", kind: value})).await;
        assert_eq!(decision["outcome"], "block", "{kind}");
    }
    assert_eq!(api.get(shared).await.expect(200)["value"], "shared-dev");
    let history = api.get("/v1/changes?limit=100").await.text();
    assert!(!history.contains("er3-dev"), "{history}");
}

/// What nothing ties to a customer is erased by itself, of every kind.
#[tokio::test]
async fn an_identifier_that_no_customer_has_is_erased_by_itself() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let reason = "Erika Mustermann, order 7";
    for (kind, value) in [
        ("email", PERSON[0]),
        ("phone", PERSON[1]),
        ("device", "er3-dev"),
        ("cardFingerprint", "fp_er3"),
        ("iban", "DE89370400440532013000"),
        ("merchantRef", PERSON[4]),
        ("ip", "203.0.113.7"),
    ] {
        let entry = api.entry(json!({"list": "block", "kind": kind, "value": value, "reason": reason})).await;
        let path = format!("/v1/entries/{entry}");
        api.post(&format!("{path}/notes"), json!({"text": reason})).await.expect(201);
        let decision = api.decide(json!({"initiator": "customer", kind: value})).await;
        let erased =
            api.post("/v1/identifiers/erase", json!({"kind": kind, "value": value})).await.expect(200);
        assert_eq!(erased, json!({"erased": true, "blocksKept": 1}), "{kind}");
        let logged = format!("/v1/decisions/{}", decision["id"].as_str().unwrap());
        for path in [path.clone(), format!("{path}/notes"), logged, "/v1/changes?limit=100".to_owned()] {
            let text = api.get(&path).await.text();
            assert!(!text.contains(value) && !text.contains("Mustermann"), "{path}: {text}");
        }
        let again = api.decide(json!({"initiator": "customer", kind: value})).await;
        assert_eq!(again["outcome"], "block", "{kind}");
    }
    let nothing = json!({"kind": "device", "value": "nobody's"});
    let erased = api.post("/v1/identifiers/erase", nothing).await.expect(200);
    assert_eq!(erased, json!({"erased": true, "blocksKept": 0}));
}

#[tokio::test]
async fn what_a_customer_has_in_its_record_is_not_erased_by_itself() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.customer(json!({"email": PERSON[0]})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": PERSON[0]})).await;
    let decision = api.decide(json!({"initiator": "customer", "email": PERSON[0]})).await;
    let body = json!({"kind": "email", "value": PERSON[0]});
    assert_eq!(api.post("/v1/identifiers/erase", body).await.paths(), ["value"]);
    assert_eq!(api.get(&format!("/v1/entries/{entry}")).await.expect(200)["value"], PERSON[0]);
    let logged = api.get(&format!("/v1/decisions/{}", decision["id"].as_str().unwrap())).await.text();
    assert!(logged.contains(PERSON[0]), "the log has forgotten nothing: {logged}");
    let bad = json!({"kind": "device"});
    assert_eq!(api.post("/v1/identifiers/erase", bad).await.paths(), ["value"]);
}
