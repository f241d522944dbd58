//! `/v1/reports`: each rule at its boundaries, and pages behind one another.

use serde_json::{Value, json};

use crate::billing::DAY_S;
use crate::shop::{Api, Shop};

async fn all(api: &Api, report: &str, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/reports/{report}?limit=2{query}{cursor}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(items.iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
        assert_eq!(page["hasMore"], true);
    }
}

/// What ends, by the value of an entry and the email of a customer.
fn names(found: &[Value]) -> Vec<&str> {
    let name = |one| -> Option<&str> {
        let one: &Value = one;
        one["entry"]["value"].as_str().or(one["customer"]["email"].as_str())
    };
    found.iter().filter_map(name).collect()
}

#[tokio::test]
async fn entries_that_never_matched_are_listed_once_they_are_old_enough() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut made = Vec::new();
    for (list, value) in
        [("block", "a@example.com"), ("allow", "b@example.com"), ("block", "hit@example.com")]
    {
        made.push(api.entry(json!({"list": list, "kind": "email", "value": value})).await);
        shop.clock.advance(60);
    }
    api.decide(json!({"initiator": "customer", "email": "hit@example.com"})).await;
    shop.service().write_hits().await.unwrap();
    assert_eq!(all(&api, "never-matched", "").await, Vec::<Value>::new());
    shop.clock.advance(30 * DAY_S - 180);
    api.entry(json!({"list": "block", "kind": "email", "value": "new@example.com"})).await;
    // The first is thirty days old to the second.
    let ids = |found: Vec<Value>| {
        found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(all(&api, "never-matched", "").await), [made[0].clone()]);
    shop.clock.advance(60);
    assert_eq!(ids(all(&api, "never-matched", "").await), [made[1].clone(), made[0].clone()]);
    assert_eq!(ids(all(&api, "never-matched", "&list=allow").await), [made[1].clone()]);
    assert_eq!(all(&api, "never-matched", "&olderThanDays=0").await.len(), 3);
    assert_eq!(api.get("/v1/reports/never-matched?olderThanDays=-1").await.paths(), ["olderThanDays"]);
    assert!(all(&shop.live(), "never-matched", "&olderThanDays=0").await.is_empty());
}

#[tokio::test]
async fn what_has_ended_and_what_ends_soon_is_listed_by_its_end() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (number, list) in [(1, "block"), (2, "allow"), (3, "block"), (9, "block")] {
        let ends = shop.clock.in_seconds(number * DAY_S);
        let value = format!("{number}@example.com");
        api.entry(json!({"list": list, "kind": "email", "value": value, "expiresAt": ends})).await;
    }
    api.entry(json!({"list": "block", "kind": "email", "value": "for@ever.example"})).await;
    for (number, verb) in [(2, "blacklist"), (4, "whitelist")] {
        let customer = api.customer(json!({"email": format!("c{number}@example.com")})).await;
        let until = shop.clock.in_seconds(number * DAY_S + 60);
        let path = format!("/v1/customers/{customer}/{verb}");
        api.post(&path, json!({"expiresAt": until, "reason": "odd"})).await.expect(200);
    }
    let soon = all(&api, "ending", "").await;
    assert_eq!(
        names(&soon),
        ["1@example.com", "2@example.com", "c2@example.com", "3@example.com", "c4@example.com"]
    );
    assert_eq!(
        (&soon[2]["customer"]["listStatus"], &soon[2]["customer"]["listStatusReason"]),
        (&json!("blacklisted"), &json!("odd"))
    );
    assert_eq!(names(&all(&api, "ending", "&days=1").await), ["1@example.com"]);
    assert!(all(&api, "expired", "").await.is_empty());
    // The end itself is over.
    shop.clock.advance(2 * DAY_S + 60);
    let over = all(&api, "expired", "").await;
    assert_eq!(names(&over), ["c2@example.com", "2@example.com", "1@example.com"]);
    assert_eq!(names(&all(&api, "ending", "").await), ["3@example.com", "c4@example.com", "9@example.com"]);
    assert!(all(&shop.live(), "expired", "").await.is_empty());
}

async fn pays(api: &Api, customer: &str, times: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..times {
        made.push(
            api.pay(json!({"customer": customer})).await.expect(201)["id"].as_str().unwrap().to_owned(),
        );
    }
    made
}

async fn refuse(api: &Api, customer: &str) {
    let path = format!("/v1/customers/{customer}/blacklist");
    api.post(&path, json!({"reason": "looked odd"})).await.expect(200);
    assert_eq!(api.pay(json!({"customer": customer})).await.status, 403);
}

#[tokio::test]
async fn good_customers_who_were_refused_are_listed_by_the_rule_and_at_its_boundaries() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut customers = Vec::new();
    for name in ["twice", "thrice", "back", "back-long-ago"] {
        customers.push(api.customer(json!({"email": format!("{name}@example.com")})).await);
    }
    let [twice, thrice, back, long_ago] = customers.as_slice() else { panic!() };
    let paid = pays(&api, long_ago, 3).await;
    api.post(&format!("/payments/{}/record-chargeback", paid[0]), json!({})).await.expect(200);
    shop.clock.advance(1);
    let paid = pays(&api, back, 4).await;
    api.post(&format!("/payments/{}/record-chargeback", paid[0]), json!({})).await.expect(200);
    // The first chargeback is a second too old by then, the other one is not.
    shop.clock.advance(180 * DAY_S);
    pays(&api, twice, 2).await;
    pays(&api, thrice, 3).await;
    for customer in &customers {
        refuse(&api, customer).await;
    }
    let ids = |found: &[Value]| {
        found.iter().map(|one| one["customer"]["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&all(&api, "good-customers-blocked", "").await), [long_ago.clone(), thrice.clone()]);
    shop.clock.advance(1);
    assert_eq!(api.pay(json!({"customer": thrice})).await.status, 403);
    let items = all(&api, "good-customers-blocked", "").await;
    assert_eq!(
        ids(&items),
        [thrice.clone(), long_ago.clone(), back.clone()],
        "each once, the newest attempt first"
    );
    assert_eq!(items[0]["succeededPayments"], 3);
    assert_eq!(items[0]["lastBlocked"]["code"], "customer_blacklisted");
    assert_eq!(items[0]["blockedBy"][0]["reason"], "looked odd");
    assert_eq!(items[0]["blockedBy"].as_array().unwrap().len(), 1);
    // Whom nothing blocks any more stays for thirty days.
    api.delete(&format!("/v1/customers/{thrice}/blacklist")).await.expect(200);
    assert_eq!(all(&api, "good-customers-blocked", "").await[0]["blockedBy"], json!([]));
    shop.clock.advance(30 * DAY_S);
    assert_eq!(
        all(&api, "good-customers-blocked", "").await.len(),
        1,
        "the newest is thirty days old to the second"
    );
    shop.clock.advance(1);
    assert!(all(&api, "good-customers-blocked", "").await.is_empty());
    assert!(all(&shop.live(), "good-customers-blocked", "").await.is_empty());
}

#[tokio::test]
async fn good_customers_whom_a_decision_blocked_are_listed_beside_those_whose_payment_was_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut customers = Vec::new();
    for name in ["asked", "found", "both", "paid", "new"] {
        customers.push(api.customer(json!({"email": format!("{name}@example.com")})).await);
    }
    let [asked, found, both, paid, new] = customers.as_slice() else { panic!() };
    for customer in [asked, found, both, paid] {
        pays(&api, customer, 3).await;
    }
    api.entry(json!({"list": "block", "kind": "device", "value": "bad"})).await;
    let ask = async |mut attempt: Value| {
        shop.clock.advance(1);
        attempt["initiator"] = json!("customer");
        attempt["device"] = json!("bad");
        api.decide(attempt).await["id"].clone()
    };
    refuse(&api, both).await;
    api.delete(&format!("/v1/customers/{both}/blacklist")).await.expect(200);
    ask(json!({"customer": asked, "dryRun": true})).await;
    ask(json!({"customer": new})).await;
    // An email that somebody typed besides the named customer's own is nobody's attempt but that customer's.
    let of_both = ask(json!({"customer": both, "email": "paid@example.com"})).await;
    let of_found = ask(json!({"email": "found@example.com"})).await;
    for _ in 0..2 {
        ask(json!({"customer": asked})).await;
    }
    shop.clock.advance(1);
    let batch = json!({"decisions": [{"initiator": "merchant", "customer": asked, "device": "bad"}]});
    assert_eq!(api.post("/v1/decisions/batch", batch).await.expect(200)["results"][0]["outcome"], "block");
    shop.clock.advance(1);
    refuse(&api, paid).await;

    // Two by two: somebody who was refused twice stays one.
    let items = all(&api, "good-customers-blocked", "").await;
    let ids: Vec<&Value> = items.iter().map(|one| &one["customer"]["id"]).collect();
    assert_eq!(ids, [paid, asked, found, both]);
    let last = |position: usize| &items[position]["lastBlocked"];
    assert!(last(0)["payment"].is_string() && last(0)["decision"].is_null());
    assert!(last(1)["payment"].is_null());
    assert_eq!((&last(2)["decision"], &last(3)["decision"]), (&of_found, &of_both));
    assert_eq!((&last(2)["code"], &last(3)["payment"]), (&json!("identifier_blacklisted"), &Value::Null));
    let path = format!("/v1/decisions/{}", last(1)["decision"].as_str().unwrap());
    assert_eq!(api.get(&path).await.expect(200)["origin"], "batch");
    let page = api.get("/v1/reports/good-customers-blocked").await.expect(200);
    assert!(page["since"].is_string());
    // Of thirty days, as payments.
    shop.clock.advance(30 * DAY_S);
    assert_eq!(all(&api, "good-customers-blocked", "").await.len(), 1);
    assert_eq!(shop.live().get("/v1/reports/good-customers-blocked").await.expect(200)["since"], Value::Null);
}
