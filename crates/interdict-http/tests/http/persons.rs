//! `/v1/persons`: one block over all that is somebody's, lifted as a unit.
//!
//! Deliberately not here: what may be theirs (`suggestions.rs`).

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

pub fn identifiers(identifiers: &[(&str, &str)]) -> Value {
    identifiers.iter().map(|(kind, value)| json!({"kind": kind, "value": value})).collect()
}

/// Blocks somebody by identifiers; the answer.
pub async fn block(api: &Api, named: &[(&str, &str)]) -> Value {
    api.post("/v1/persons/block", json!({"identifiers": identifiers(named)})).await.expect(201)
}

pub async fn outcome(api: &Api, kind: &str, value: &str) -> String {
    let decision = api.decide(json!({"initiator": "customer", kind: value})).await;
    decision["outcome"].as_str().unwrap().to_owned()
}

fn values(person: &Value) -> Vec<(&str, &str, bool)> {
    let entry = |entry: &Value| entry["value"].as_str().unwrap().to_owned();
    let mut shown: Vec<_> = person["entries"].as_array().unwrap().iter().collect();
    shown.sort_by_key(|one| entry(one));
    shown
        .iter()
        .map(|entry| {
            let made = entry["made"].as_bool().unwrap();
            (entry["kind"].as_str().unwrap(), entry["value"].as_str().unwrap(), made)
        })
        .collect()
}

const ADA: [(&str, &str); 3] =
    [("email", "Ada@Example.com"), ("device", "fp-1"), ("phone", "+234 803 123 4567")];

#[tokio::test]
async fn one_block_stands_over_all_and_is_lifted_as_a_unit() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let before =
        api.entry(json!({"list": "block", "kind": "device", "value": "fp-1", "reason": "seen"})).await;
    let before_shown = api.get(&format!("/v1/entries/{before}")).await.expect(200);
    let body = json!({"identifiers": identifiers(&ADA), "reason": "three chargebacks",
        "reasonCode": "chargeback", "publicMessage": "Please call us."});
    let person = api.post("/v1/persons/block", body.clone()).await.expect(201);
    let id = person["id"].as_str().unwrap();
    assert!(id.starts_with("per_"));
    assert_eq!(
        values(&person),
        [("phone", "+2348031234567", true), ("email", "ada@example.com", true), ("device", "fp-1", false)]
    );
    assert_eq!((&person["reason"], &person["scopes"]), (&json!("three chargebacks"), &json!(["cit", "mit"])));
    assert_eq!((&person["source"], &person["liftedAt"]), (&json!("api"), &Value::Null));
    for (kind, value) in ADA {
        let decision = api.decide(json!({"initiator": "customer", kind: value})).await;
        assert_eq!(decision["code"], "identifier_blacklisted", "{kind}");
        assert_eq!(decision["reasons"][0]["tier"], 3, "{kind}");
    }
    let decision = api.decide(json!({"initiator": "customer", "email": "ada@example.com"})).await;
    assert_eq!(decision["message"], "Please call us.");
    // The same is the same person.
    let again = api.post("/v1/persons/block", body).await.expect(200);
    assert_eq!((&again["id"], &again["entries"]), (&person["id"], &person["entries"]));
    let mut read = api.get(&format!("/v1/persons/{id}")).await.expect(200);
    read["leftOut"] = json!([]);
    assert_eq!(read, again);
    for entry in person["entries"].as_array().unwrap() {
        let path = format!("/v1/entries/{}/person", entry["entry"].as_str().unwrap());
        assert_eq!(api.get(&path).await.expect(200)["id"], id);
    }

    let lifted = api.delete(&format!("/v1/persons/{id}")).await.expect(200);
    assert_eq!(lifted["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(
        lifted["kept"],
        json!([{"entry": before, "kind": "device", "value": "fp-1", "why": "before"}])
    );
    assert_eq!(lifted["entries"], json!([]));
    assert_eq!(outcome(&api, "email", "ada@example.com").await, "allow");
    assert_eq!(outcome(&api, "phone", "+2348031234567").await, "allow");
    assert_eq!(outcome(&api, "device", "fp-1").await, "block");
    let mut after = api.get(&format!("/v1/entries/{before}")).await.expect(200);
    for shown in ["hitCount", "lastHitAt"] {
        after[shown] = before_shown[shown].clone();
    }
    assert_eq!(after, before_shown, "nobody has touched it");
    assert_eq!(api.get(&format!("/v1/entries/{before}/person")).await.refused(404), "not_found");
    let twice = api.delete(&format!("/v1/persons/{id}")).await.expect(200);
    assert_eq!((&twice["deleted"], &twice["liftedAt"]), (&json!([]), &lifted["liftedAt"]));
}

#[tokio::test]
async fn what_stood_weaker_is_as_strong_as_the_block_and_as_it_was_afterwards() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let weak = api
        .entry(json!({"list": "block", "kind": "email", "value": "ada@example.com", "strength": "soft",
            "scopes": ["mit"], "expiresAt": shop.clock.in_seconds(600)}))
        .await;
    assert_eq!(outcome(&api, "email", "ada@example.com").await, "allow");
    let person = block(&api, &ADA).await;
    assert_eq!(outcome(&api, "email", "ada@example.com").await, "block");
    let strong = api.get(&format!("/v1/entries/{weak}")).await.expect(200);
    assert_eq!((&strong["strength"], &strong["expiresAt"]), (&json!("hard"), &Value::Null));
    api.delete(&format!("/v1/persons/{}", person["id"].as_str().unwrap())).await.expect(200);
    let restored = api.get(&format!("/v1/entries/{weak}")).await.expect(200);
    assert_eq!((&restored["strength"], &restored["scopes"]), (&json!("soft"), &json!(["mit"])));
    assert_eq!(restored["expiresAt"], json!(shop.clock.in_seconds(600)));
    assert_eq!(outcome(&api, "email", "ada@example.com").await, "allow");
}

#[tokio::test]
async fn what_somebody_sets_by_hand_is_theirs_and_what_somebody_deletes_stays_off() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let person = block(&api, &ADA).await;
    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    // By hand: the same entry, and somebody's own from now on.
    let by_hand = json!({"list": "block", "kind": "email", "value": "ada@example.com", "reason": "mine"});
    api.post("/v1/entries", by_hand).await.expect(200);
    let device = person["entries"].as_array().unwrap().iter().find(|it| it["kind"] == "device").unwrap();
    let device = device["entry"].as_str().unwrap();
    assert_eq!(api.delete(&format!("/v1/entries/{device}")).await.status, 204);
    let person = api.get(&path).await.expect(200);
    assert_eq!(values(&person), [("phone", "+2348031234567", true), ("email", "ada@example.com", false)]);
    let refused = api.get("/v1/persons/suggestions?state=refused").await.expect(200);
    assert_eq!((&refused["items"][0]["value"], &refused["items"][0]["seen"]), (&json!("fp-1"), &json!(0)));
    let lifted = api.delete(&path).await.expect(200);
    assert_eq!(lifted["deleted"].as_array().unwrap().len(), 1);
    assert_eq!(lifted["kept"][0]["why"], "since");
    assert_eq!(outcome(&api, "email", "ada@example.com").await, "block");
    assert_eq!(outcome(&api, "device", "fp-1").await, "allow");
}

#[tokio::test]
async fn identifiers_that_do_not_fit_are_refused_and_nothing_is_half_done() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let allowed = api.entry(json!({"list": "allow", "kind": "phone", "value": "+2348031234567"})).await;
    let revision = shop.revision().await;
    let refused = api.post("/v1/persons/block", json!({"identifiers": identifiers(&ADA)})).await;
    assert_eq!(refused.refused(409), "conflict");
    let detail = json!([{"path": "identifiers.2", "issue": "is on the allow list"}]);
    assert_eq!(refused.json()["error"]["details"], detail);
    assert!(!refused.text().contains("803"), "{}", refused.text());
    for kind in ["ip", "country", "bin", "emailDomain"] {
        let body =
            json!({"identifiers": [{"kind": "email", "value": "a@b.example"}, {"kind": kind, "value": "x"}]});
        let reply = api.post("/v1/persons/block", body).await;
        assert_eq!(reply.paths(), ["identifiers.1.kind"], "{kind}");
        assert!(reply.text().contains("strangers share"), "{}", reply.text());
    }
    let pan = json!({"identifiers": [{"kind": "device", "value": "4242424242424242"}]});
    let reply = api.post("/v1/persons/block", pan).await;
    assert_eq!(reply.paths(), ["identifiers.0.value"]);
    for (body, path) in [
        (json!({}), "identifiers"),
        (json!({"identifiers": []}), "identifiers"),
        (json!({"identifiers": null, "customer": "r 1"}), "identifiers"),
        (json!({"identifiers": identifiers(&ADA), "expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt"),
        (json!({"identifiers": identifiers(&ADA), "strength": "soft"}), "strength"),
    ] {
        let reply = api.post("/v1/persons/block", body.clone()).await;
        assert_eq!(reply.paths(), [path], "{body}");
    }
    assert_eq!(shop.revision().await, revision);
    assert_eq!(api.delete(&format!("/v1/entries/{allowed}")).await.status, 204);
    block(&api, &ADA).await;
}

#[tokio::test]
async fn identifiers_of_two_persons_are_a_conflict_and_more_are_added_by_hand() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let one = block(&api, &[("email", "one@example.com")]).await;
    shop.clock.advance(1);
    let two = block(&api, &[("email", "two@example.com")]).await;
    let both =
        json!({"identifiers": identifiers(&[("email", "two@example.com"), ("email", "one@example.com")])});
    let refused = api.post("/v1/persons/block", both.clone()).await;
    assert_eq!(refused.refused(409), "conflict");
    assert_eq!(refused.json()["error"]["persons"], json!([two["id"], one["id"]]));
    let path = format!("/v1/persons/{}", one["id"].as_str().unwrap());
    assert_eq!(api.post(&format!("{path}/identifiers"), both.clone()).await.refused(409), "conflict");
    let more = json!({"identifiers": identifiers(&[("iban", "DE89 3704 0044 0532 0130 00")])});
    let extended = api.post(&format!("{path}/identifiers"), more.clone()).await.expect(200);
    assert_eq!(
        values(&extended),
        [("iban", "DE89370400440532013000", true), ("email", "one@example.com", true)]
    );
    assert_eq!(outcome(&api, "iban", "DE89370400440532013000").await, "block");
    // Found by what is theirs.
    let found = api.get("/v1/persons?iban=DE89370400440532013000").await.expect(200);
    assert_eq!(found["items"][0]["id"], one["id"]);
    assert_eq!(api.get("/v1/persons").await.expect(200)["items"].as_array().unwrap().len(), 2);
    api.delete(&format!("/v1/persons/{}", two["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(api.get("/v1/persons").await.expect(200)["items"].as_array().unwrap().len(), 1);
    let all = api.get("/v1/persons?lifted=true&limit=1").await.expect(200);
    assert_eq!((&all["items"][0]["id"], &all["hasMore"]), (&two["id"], &json!(true)));
    // Lifted, the second is nobody's any more.
    let merged = api.post("/v1/persons/block", both).await.expect(200);
    assert_eq!(merged["id"], one["id"]);
    api.delete(&path).await.expect(200);
    assert_eq!(api.post(&format!("{path}/identifiers"), more).await.refused(409), "conflict");
}

#[tokio::test]
async fn a_customer_is_blocked_with_all_that_it_has_and_keeps_its_list_status() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api
        .customer(json!({"email": "ada@example.com", "phone": "+2348031234567", "merchantRef": "r-1"}))
        .await;
    // What the merchant says of an attempt counts; not what a payer typed, and nothing that strangers share.
    api.decide(json!({"initiator": "customer", "customer": id, "device": "fp-1", "ip": "203.0.113.7"})).await;
    api.decide(json!({"initiator": "customer", "merchantRef": "r-1", "cardFingerprint": "card-1"})).await;
    let typed = json!({"initiator": "customer", "customer": id, "device": "typed", "unverified": ["device"]});
    api.decide(typed).await;
    for number in 0..4 {
        let other = api.customer(json!({"email": format!("other{number}@example.com")})).await;
        api.decide(json!({"initiator": "customer", "customer": other, "device": "shared"})).await;
    }
    api.decide(json!({"initiator": "customer", "customer": id, "device": "shared"})).await;
    api.entry(json!({"list": "allow", "kind": "cardFingerprint", "value": "card-2"})).await;
    api.decide(json!({"initiator": "customer", "customer": id, "cardFingerprint": "card-2"})).await;
    let person = api.post("/v1/persons/block", json!({"customer": "r-1"})).await.expect(201);
    assert_eq!(
        values(&person),
        [
            ("phone", "+2348031234567", true),
            ("email", "ada@example.com", true),
            ("cardFingerprint", "card-1", true),
            ("device", "fp-1", true),
            ("merchantRef", "r-1", true),
        ]
    );
    let mut left_out: Vec<_> = person["leftOut"].as_array().unwrap().clone();
    left_out.sort_by_key(|one| one["value"].to_string());
    assert_eq!(
        json!(left_out),
        json!([{"kind": "cardFingerprint", "value": "card-2", "why": "allowed"},
               {"kind": "device", "value": "shared", "why": "shared"}])
    );
    let customer = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!((&customer["listStatus"], &customer["restrictCit"]), (&json!("normal"), &json!(false)));
    assert_eq!(api.decide(json!({"initiator": "merchant", "customer": id})).await["outcome"], "block");
    let again = api.post("/v1/persons/block", json!({"customer": id})).await.expect(200);
    assert_eq!(again["id"], person["id"]);
    // Nobody, and somebody who has nothing.
    for nobody in ["cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "cus_x", "r-2"] {
        let reply = api.post("/v1/persons/block", json!({"customer": nobody})).await;
        assert_eq!(reply.refused(404), "not_found", "{nobody}");
    }
    let bare = api.customer(json!({"name": "Bare"})).await;
    assert_eq!(api.post("/v1/persons/block", json!({"customer": bare})).await.refused(409), "conflict");
    let listed = api.customer(json!({"email": "vip@example.com"})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": "vip@example.com"})).await;
    let refused = api.post("/v1/persons/block", json!({"customer": listed})).await;
    assert_eq!(refused.refused(409), "conflict");
    assert_eq!(refused.json()["error"]["details"][0]["path"], "customer");
}

#[tokio::test]
async fn a_block_ends_by_itself_takes_new_terms_and_follows_the_rule_for_emails() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.patch("/v1/settings", json!({"emailMatching": "plus_alias"})).await.expect(200);
    let body = |expires_at: Value| {
        json!({"identifiers": identifiers(&[("email", "ada+one@example.com"), ("device", "fp-1")]),
               "expiresAt": expires_at, "scopes": ["cit"]})
    };
    let ends = json!(shop.clock.in_seconds(60));
    let person = api.post("/v1/persons/block", body(ends.clone())).await.expect(201);
    assert_eq!(person["expiresAt"], ends);
    assert_eq!(outcome(&api, "email", "ada+two@example.com").await, "block");
    let by_merchant = json!({"initiator": "merchant", "device": "fp-1"});
    assert_eq!(api.decide(by_merchant.clone()).await["outcome"], "allow");
    shop.clock.advance(60);
    assert_eq!(outcome(&api, "email", "ada+two@example.com").await, "allow");
    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    let more = json!({"identifiers": identifiers(&[("phone", "+2348031234567")])});
    assert_eq!(api.post(&format!("{path}/identifiers"), more).await.refused(409), "conflict");
    // Blocked again, without an end: the old one is cleared (incident 3).
    let mut forever = body(Value::Null);
    forever.as_object_mut().unwrap().remove("scopes");
    let again = api.post("/v1/persons/block", forever).await.expect(200);
    assert_eq!((&again["id"], &again["expiresAt"]), (&person["id"], &Value::Null));
    assert_eq!(outcome(&api, "email", "ada+two@example.com").await, "block");
    assert_eq!(api.decide(by_merchant).await["outcome"], "block");
    let lifted = api.delete(&path).await.expect(200);
    assert_eq!(lifted["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(outcome(&api, "email", "ada+one@example.com").await, "allow");
}

#[tokio::test]
async fn persons_belong_to_one_merchant_and_one_mode() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let person = block(&api, &ADA).await;
    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    let more = json!({"identifiers": identifiers(&ADA)});
    for stranger in [shop.live(), other] {
        assert_eq!(stranger.get(&path).await.refused(404), "not_found");
        assert_eq!(stranger.delete(&path).await.refused(404), "not_found");
        let added = stranger.post(&format!("{path}/identifiers"), more.clone()).await;
        assert_eq!(added.refused(404), "not_found");
        assert_eq!(stranger.get("/v1/persons").await.expect(200)["items"], json!([]));
        assert_eq!(outcome(&stranger, "device", "fp-1").await, "allow");
        let own = block(&stranger, &ADA).await;
        assert_ne!(own["id"], person["id"]);
    }
    assert_eq!(outcome(&api, "device", "fp-1").await, "block");
}

#[tokio::test]
async fn a_replay_answers_the_same_and_the_history_says_who_did_what() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let once = api.with("idempotency-key", "k-1");
    let body = json!({"identifiers": identifiers(&ADA)});
    let first = once.post("/v1/persons/block", body.clone()).await;
    let person = first.expect(201);
    let revision = shop.revision().await;
    let second = once.post("/v1/persons/block", body).await;
    assert_eq!((second.expect(201), second.header("idempotency-replayed")), (person.clone(), Some("true")));
    assert_eq!(shop.revision().await, revision);
    let id = person["id"].as_str().unwrap();
    let more = json!({"identifiers": identifiers(&[("iban", "DE89370400440532013000")])});
    api.post(&format!("/v1/persons/{id}/identifiers"), more).await.expect(200);
    api.delete(&format!("/v1/persons/{id}")).await.expect(200);
    let changes = api.get("/v1/changes?limit=100").await.expect(200);
    let of_person = |change: &&Value| change["subject"] == id;
    let told: Vec<_> = changes["items"].as_array().unwrap().iter().filter(of_person).collect();
    let actions: Vec<_> = told.iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["person.blocked", "person.extended", "person.lifted"]);
    assert!(
        told.iter().all(|change| change["subjectType"] == "person" && change["actor"]["type"] == "api_key")
    );
    let blocked =
        changes["items"].as_array().unwrap().iter().filter(|change| change["action"] == "entry.created");
    assert_eq!(blocked.count(), 4, "each entry has a change of its own");
    let shop = shop.restart().await;
    let api = shop.secret();
    assert_eq!(outcome(&api, "device", "fp-1").await, "allow");
    assert!(api.get(&format!("/v1/persons/{id}")).await.expect(200)["liftedAt"].is_string());
}

/// A chargeback and a person's block do not undo one another (incident 11), and an erasure forgets the person's texts.
#[tokio::test]
async fn an_erasure_forgets_who_it_was_and_what_is_linked_and_the_block_stands() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "ada@example.com"})).await;
    let keyed = api.with("idempotency-key", "k-1");
    let body = json!({"identifiers": identifiers(&ADA), "reason": "Ada lied", "publicMessage": "Dear Ada"});
    let person = keyed.post("/v1/persons/block", body).await.expect(201);
    // Somebody else has this one in a record of its own.
    let other = api.customer(json!({"email": "ben@example.com"})).await;
    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    let more = json!({"identifiers": identifiers(&[("email", "ben@example.com")])});
    api.post(&format!("{path}/identifiers"), more).await.expect(200);
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    for page in [path.as_str(), "/v1/persons", "/v1/entries", "/v1/changes?limit=100"] {
        let text = api.get(page).await.text();
        for word in ["Ada", "ada@", "fp-1", "803123"] {
            assert!(!text.contains(word), "{page} shows {word}: {text}");
        }
        assert!(text.contains("ben@example.com") || page.contains("person"), "{page}");
    }
    for (kind, value) in ADA {
        assert_eq!(outcome(&api, kind, value).await, "block", "{kind}");
    }
    let shown = api.get(&path).await.expect(200);
    let hidden = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["value"].is_null());
    assert_eq!(hidden.count(), 3);
    let lifted = api.delete(&path).await.expect(200);
    assert_eq!(lifted["deleted"].as_array().unwrap().len(), 4);
    for (kind, value) in ADA {
        assert_eq!(outcome(&api, kind, value).await, "allow", "{kind}");
    }
    assert_eq!(api.get(&format!("/v1/customers/{other}")).await.status, 200);
}
