//! With what else blocked persons come: suggested, added or left, and never by what strangers share.

use std::time::Duration;

use serde_json::{Value, json};

use crate::persons::{block, outcome};
use crate::shop::{Api, Shop};

/// Waits until the list of suggestions is as wanted: a node looks at them beside the decisions.
async fn until(api: &Api, state: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let path = format!("/v1/persons/suggestions?state={state}");
    for _ in 0..200 {
        let items = api.get(&path).await.expect(200)["items"].as_array().unwrap().clone();
        if wanted(&items) {
            return items;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", api.get(&path).await.text());
}

pub async fn one(api: &Api) -> Value {
    until(api, "open", |items| items.len() == 1).await.remove(0)
}

async fn policy(api: &Api, policy: &str) {
    api.patch("/v1/settings", json!({"personPolicy": policy})).await.expect(200);
}

async fn settle(api: &Api, suggestion: &Value, word: &str) -> Value {
    let path = format!("/v1/persons/suggestions/{}/{word}", suggestion["id"].as_str().unwrap());
    api.post_empty(&path).await.expect(200)
}

const EMAIL: &str = "ada@example.com";

/// The identifiers of the person that has the email.
async fn theirs(api: &Api) -> Vec<String> {
    let found = api.get(&format!("/v1/persons?email={EMAIL}")).await.expect(200);
    let entries = found["items"][0]["entries"].as_array().unwrap();
    let mut values: Vec<_> = entries.iter().map(|it| it["value"].as_str().unwrap().to_owned()).collect();
    values.sort();
    values
}

/// An attempt with the email and something else.
async fn attempt(api: &Api, kind: &str, value: &str) -> Value {
    let decision = api.decide(json!({"initiator": "customer", "email": EMAIL, kind: value})).await;
    assert_eq!(decision["outcome"], "block");
    decision
}

#[tokio::test]
async fn a_new_device_is_suggested_accepted_blocked_and_gone_when_the_block_is_lifted() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let before = api.entry(json!({"list": "block", "kind": "phone", "value": "+2348031234567"})).await;
    let person = block(&api, &[("email", EMAIL), ("phone", "+2348031234567")]).await;
    assert_eq!(outcome(&api, "device", "new").await, "allow");
    let first = attempt(&api, "device", "new").await;
    let suggestion = one(&api).await;
    assert_eq!((&suggestion["person"], &suggestion["value"]), (&person["id"], &json!("new")));
    assert_eq!((&suggestion["matchedKind"], &suggestion["heldBack"]), (&json!("email"), &Value::Null));
    assert_eq!((&suggestion["firstDecision"], &suggestion["seen"]), (&first["id"], &json!(1)));
    assert_eq!(outcome(&api, "device", "new").await, "allow", "a suggestion blocks nobody");
    // A flood of the same is one suggestion, which counts.
    for _ in 0..30 {
        attempt(&api, "device", "new").await;
    }
    until(&api, "open", |items| items.len() == 1 && items[0]["seen"] == 31).await;

    let accepted = settle(&api, &suggestion, "accept").await;
    assert_eq!(
        (&accepted["suggestion"]["state"], &accepted["person"]["id"]),
        (&json!("accepted"), &person["id"])
    );
    let added = &accepted["person"]["entries"][2];
    assert_eq!((&added["value"], &added["made"]), (&json!("new"), &json!(true)));
    assert_eq!(added["why"]["matchedKind"], "email");
    assert_eq!(outcome(&api, "device", "new").await, "block", "that device alone is blocked");
    assert_eq!(
        settle(&api, &suggestion, "accept").await["suggestion"],
        accepted["suggestion"],
        "twice is once"
    );
    let late = format!("/v1/persons/suggestions/{}/refuse", suggestion["id"].as_str().unwrap());
    assert_eq!(api.post_empty(&late).await.refused(409), "conflict");

    let path = format!("/v1/persons/{}", person["id"].as_str().unwrap());
    let lifted = api.delete(&path).await.expect(200);
    assert_eq!(lifted["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(lifted["kept"][0]["entry"], before);
    assert_eq!(outcome(&api, "device", "new").await, "allow");
    assert_eq!(outcome(&api, "email", EMAIL).await, "allow");
    assert_eq!(outcome(&api, "phone", "+2348031234567").await, "block");
}

#[tokio::test]
async fn the_policy_adds_says_why_and_never_what_was_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let person = block(&api, &[("email", EMAIL)]).await;
    attempt(&api, "device", "no").await;
    settle(&api, &one(&api).await, "refuse").await;
    policy(&api, "add").await;
    attempt(&api, "device", "no").await;
    attempt(&api, "device", "yes").await;
    // What was refused is counted, and stays refused.
    until(&api, "refused", |items| items[0]["seen"] == 2).await;
    for _ in 0..200 {
        if theirs(&api).await.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(theirs(&api).await, [EMAIL, "yes"]);
    assert_eq!(outcome(&api, "device", "yes").await, "block");
    assert_eq!(outcome(&api, "device", "no").await, "allow");
    let id = person["id"].as_str().unwrap();
    let read = api.get(&format!("/v1/persons/{id}")).await.expect(200);
    let added = &read["entries"][1];
    assert_eq!(
        (&added["addedBy"]["type"], &added["why"]["matchedKind"]),
        (&json!("system"), &json!("email"))
    );
    let entry = api.get(&format!("/v1/entries/{}", added["entry"].as_str().unwrap())).await.expect(200);
    assert_eq!((&entry["source"], &entry["createdBy"]["type"]), (&json!("rule"), &json!("system")));
    assert_eq!(entry["reason"], format!("Came with the email of the blocked person {id}"));
    // A person's entry that somebody deletes is refused from then on, too.
    assert_eq!(api.delete(&format!("/v1/entries/{}", entry["id"].as_str().unwrap())).await.status, 204);
    attempt(&api, "device", "yes").await;
    until(&api, "refused", |items| {
        items.len() == 2 && items.iter().any(|it| it["value"] == "yes" && it["seen"] == 1)
    })
    .await;
    assert_eq!(theirs(&api).await, [EMAIL]);
    // Somebody's word stands over it.
    let refused = until(&api, "refused", |items| items.len() == 2).await;
    let yes = refused.iter().find(|it| it["value"] == "yes").unwrap();
    settle(&api, yes, "accept").await;
    assert_eq!(theirs(&api).await, [EMAIL, "yes"]);
}

#[tokio::test]
async fn an_address_neither_leads_to_a_person_nor_becomes_one_s() {
    let shop = Shop::open().await;
    let api = shop.secret();
    policy(&api, "add").await;
    block(&api, &[("email", EMAIL)]).await;
    for (kind, value) in
        [("ip", "203.0.113.0/24"), ("bin", "424242"), ("country", "NG"), ("emailDomain", "bad.example")]
    {
        api.entry(json!({"list": "block", "kind": kind, "value": value, "strength": "hard"})).await;
    }
    // Blocked by what strangers share: nothing of it is anybody's.
    for shared in [
        json!({"ip": "203.0.113.7"}),
        json!({"bin": "424242"}),
        json!({"country": "NG"}),
        json!({"email": "x@bad.example"}),
    ] {
        let mut body = shared.clone();
        (body["initiator"], body["device"]) = (json!("customer"), json!("innocent"));
        assert_eq!(api.decide(body).await["outcome"], "block", "{shared}");
    }
    // And by the person's own, with all of that beside.
    api.decide(
        json!({"initiator": "customer", "email": EMAIL, "ip": "203.0.113.7", "bin": "424242", "country": "NG",
        "device": "theirs"}),
    )
    .await;
    for _ in 0..200 {
        if theirs(&api).await.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(theirs(&api).await, [EMAIL, "theirs"]);
    assert_eq!(until(&api, "open", <[Value]>::is_empty).await, [] as [Value; 0]);
    assert_eq!(outcome(&api, "device", "innocent").await, "allow");
}

#[tokio::test]
async fn what_may_be_somebody_else_s_is_only_suggested_and_the_reason_said() {
    let shop = Shop::open().await;
    let api = shop.secret();
    policy(&api, "add").await;
    block(&api, &[("email", EMAIL)]).await;
    block(&api, &[("email", "two@example.com")]).await;
    api.entry(json!({"list": "allow", "kind": "device", "value": "allowed"})).await;
    let vip = api.customer(json!({"phone": "+2348031234567"})).await;
    api.post(&format!("/v1/customers/{vip}/whitelist"), json!({})).await.expect(200);
    for number in 0..4 {
        let other = api.customer(json!({"email": format!("other{number}@example.com")})).await;
        api.decide(json!({"initiator": "customer", "customer": other, "cardFingerprint": "shared"})).await;
    }
    // The log is written by then.
    api.get("/v1/decisions").await.expect(200);
    attempt(&api, "device", "allowed").await;
    attempt(&api, "phone", "+2348031234567").await;
    attempt(&api, "cardFingerprint", "shared").await;
    let typed = json!({"initiator": "customer", "email": EMAIL, "device": "typed", "unverified": ["device"]});
    api.decide(typed).await;
    let by_typed =
        json!({"initiator": "customer", "email": EMAIL, "device": "by-typed", "unverified": ["email"]});
    api.decide(by_typed).await;
    let items = until(&api, "open", |items| items.len() == 5).await;
    let mut told: Vec<_> =
        items.iter().map(|it| (it["value"].as_str().unwrap(), it["heldBack"].as_str().unwrap())).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("+2348031234567", "whitelisted"),
            ("allowed", "allowed"),
            ("by-typed", "typed"),
            ("shared", "shared"),
            ("typed", "typed")
        ]
    );
    assert_eq!(theirs(&api).await, [EMAIL]);
    // What is allowed is not blocked by a press of a button either.
    let allowed = items.iter().find(|it| it["value"] == "allowed").unwrap();
    let path = format!("/v1/persons/suggestions/{}/accept", allowed["id"].as_str().unwrap());
    assert_eq!(api.post_empty(&path).await.refused(409), "conflict");
    // Somebody's word puts the rest there all the same.
    let typed = items.iter().find(|it| it["value"] == "typed").unwrap();
    settle(&api, typed, "accept").await;
    assert_eq!(theirs(&api).await, [EMAIL, "typed"]);
}

#[tokio::test]
async fn a_named_customer_brings_its_record_and_two_persons_are_never_made_one() {
    let shop = Shop::open().await;
    let api = shop.secret();
    policy(&api, "add").await;
    block(&api, &[("device", "fp-1")]).await;
    let id = api.customer(json!({"email": EMAIL, "merchantRef": "r-9"})).await;
    api.decide(json!({"initiator": "customer", "customer": id, "device": "fp-1"})).await;
    let found = async || {
        let persons = api.get("/v1/persons?device=fp-1").await.expect(200);
        persons["items"][0]["entries"].as_array().unwrap().len()
    };
    for _ in 0..200 {
        if found().await == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(found().await, 3);
    block(&api, &[("email", "two@example.com")]).await;
    let both = json!({"initiator": "customer", "email": "two@example.com", "device": "fp-1", "iban": "DE89370400440532013000"});
    api.decide(both).await;
    let items = until(&api, "open", |items| items.len() == 2).await;
    assert!(items.iter().all(|it| it["heldBack"] == "two_persons" && it["kind"] == "iban"), "{items:?}");
    settle(&api, &items[0], "accept").await;
    let path = format!("/v1/persons/suggestions/{}/accept", items[1]["id"].as_str().unwrap());
    assert_eq!(api.post_empty(&path).await.refused(409), "conflict");
}

#[tokio::test]
async fn batches_are_noticed_and_nothing_is_where_nobody_wants_it_or_nobody_pays() {
    let shop = Shop::open().await;
    let api = shop.secret();
    block(&api, &[("email", EMAIL)]).await;
    policy(&api, "off").await;
    attempt(&api, "device", "off").await;
    api.get("/v1/persons/suggestions").await.expect(200);
    policy(&api, "suggest").await;
    let dry = json!({"initiator": "customer", "email": EMAIL, "device": "dry", "dryRun": true});
    api.decide(dry).await;
    let batch = json!({"decisions": [
        {"initiator": "customer", "email": EMAIL, "device": "dry-in-batch", "dryRun": true},
        {"initiator": "merchant", "email": EMAIL, "device": "in-batch"},
        {"initiator": "merchant", "email": "ben@example.com", "device": "other"},
    ]});
    api.post("/v1/decisions/batch", batch).await.expect(200);
    let suggestion = until(&api, "open", |items| !items.is_empty()).await;
    let told: Vec<_> = suggestion.iter().map(|it| it["value"].as_str().unwrap()).collect();
    assert_eq!(told, ["in-batch"]);
    assert_eq!(suggestion[0]["lastDecision"], suggestion[0]["firstDecision"]);
}

#[tokio::test]
async fn suggestions_are_one_merchant_s_and_an_erasure_takes_them() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": EMAIL})).await;
    block(&api, &[("email", EMAIL)]).await;
    attempt(&api, "device", "one").await;
    let suggestion = one(&api).await;
    attempt(&api, "device", "two").await;
    let two = until(&api, "open", |items| items.len() == 2).await;
    let two = two.iter().find(|it| it["value"] == "two").unwrap();
    settle(&api, two, "refuse").await;
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    let path = format!("/v1/persons/suggestions/{}", suggestion["id"].as_str().unwrap());
    for stranger in [shop.live(), other] {
        assert_eq!(stranger.get("/v1/persons/suggestions").await.expect(200)["items"], json!([]));
        for word in ["accept", "refuse"] {
            assert_eq!(stranger.post_empty(&format!("{path}/{word}")).await.refused(404), "not_found");
        }
    }
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    let left = api.get("/v1/persons/suggestions").await.expect(200);
    assert_eq!(
        left["items"].as_array().unwrap().len(),
        1,
        "what waited is gone, what was refused stays refused"
    );
    assert_eq!((&left["items"][0]["state"], &left["items"][0]["value"]), (&json!("refused"), &Value::Null));
    policy(&api, "add").await;
    attempt(&api, "device", "two").await;
    until(&api, "refused", |items| items[0]["seen"] == 2).await;
    assert_eq!(outcome(&api, "device", "two").await, "allow");
    let shop = shop.restart().await;
    let api = shop.secret();
    attempt(&api, "device", "two").await;
    until(&api, "refused", |items| items[0]["seen"] == 3).await;
}
