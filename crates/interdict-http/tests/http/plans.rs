//! `/v1/plans`: made, changed for those who come, archived.

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::Shop;

#[tokio::test]
async fn a_plan_is_made_with_duros_defaults_and_read() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let body = json!({"name": "Gold", "amount": 500_000, "interval": "month"});
    let plan = api.post("/v1/plans", body).await.expect(201);
    let (id, now) = (plan["id"].as_str().unwrap(), shop.clock.in_seconds(0));
    let expected = json!({"id": id, "name": "Gold", "amount": 500_000, "currency": "NGN", "interval": "month",
        "intervalCount": 1, "trialDays": 0, "maxCycles": null, "archived": false, "createdAt": now,
        "updatedAt": now});
    assert_eq!(plan, expected);
    assert!(id.starts_with("plan_"), "{id}");
    assert_eq!(api.get(&format!("/v1/plans/{id}")).await.expect(200), plan);
    let full = json!({"name": "Two weeks", "amount": 1, "currency": "eur", "interval": "week",
        "intervalCount": 2, "trialDays": 14, "maxCycles": 6});
    let plan = api.post("/v1/plans", full.clone()).await.expect(201);
    for (field, value) in full.as_object().unwrap() {
        let value = if field == "currency" { json!("EUR") } else { value.clone() };
        assert_eq!(plan[field], value, "{field}");
    }
    for interval in ["hour", "day", "week", "month", "quarter", "biannual", "year"] {
        api.plan(json!({ "interval": interval })).await;
    }
}

#[tokio::test]
async fn plans_are_listed_newest_first() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut made = Vec::new();
    for number in 0..5 {
        shop.clock.advance(1);
        made.push(api.plan(json!({"name": format!("Plan {number}")})).await);
    }
    made.reverse();
    let first = api.get("/v1/plans?limit=3").await.expect(200);
    assert_eq!(first["hasMore"], true);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = api.get(&format!("/v1/plans?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!((&second["hasMore"], &second["nextCursor"]), (&json!(false), &Value::Null));
    let both = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let ids: Vec<&str> = both.map(|plan| plan["id"].as_str().unwrap()).collect();
    assert_eq!(ids, made);
    assert_eq!(api.get("/v1/plans?colour=red").await.paths(), ["colour"]);
    assert_eq!(shop.live().get("/v1/plans").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn who_has_subscribed_goes_on_as_agreed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let (early, late) = (api.customer(json!({})).await, api.customer(json!({})).await);
    let plan = api.plan(json!({})).await;
    let agreed = api.subscribe(&early, &plan).await;
    let dearer = json!({"name": "Gold 2027", "amount": 600_000, "trialDays": 0, "maxCycles": 1});
    let changed = api.patch(&format!("/v1/plans/{plan}"), dearer).await.expect(200);
    assert_eq!((&changed["amount"], &changed["maxCycles"]), (&json!(600_000), &json!(1)));
    assert_eq!((&changed["currency"], &changed["interval"]), (&json!("NGN"), &json!("day")));
    assert_eq!(api.subscribe(&late, &plan).await["amount"], 600_000);
    shop.next_day().await;
    let mut amounts = shop.charged().await;
    amounts.sort_unstable();
    assert_eq!(amounts, [PRICE, PRICE, 600_000]);
    let now = api.subscription(&agreed).await;
    assert_eq!((&now["amount"], &now["status"]), (&json!(PRICE), &json!("active")));
    let cleared = api.patch(&format!("/v1/plans/{plan}"), json!({"maxCycles": null})).await.expect(200);
    assert_eq!(cleared["maxCycles"], Value::Null);
    assert_eq!(cleared["name"], "Gold 2027");
}

#[tokio::test]
async fn nobody_signs_up_for_an_archived_plan() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let (early, late) = (api.customer(json!({})).await, api.customer(json!({})).await);
    let plan = api.plan(json!({})).await;
    api.subscribe(&early, &plan).await;
    let archived = api.delete(&format!("/v1/plans/{plan}")).await.expect(200);
    assert_eq!(archived["archived"], true);
    let revision = shop.revision().await;
    assert_eq!(api.delete(&format!("/v1/plans/{plan}")).await.expect(200), archived);
    let refused = api.post("/v1/subscriptions", json!({"customerId": late, "planId": plan})).await;
    assert_eq!(refused.refused(409), "conflict");
    assert_eq!(refused.json()["error"]["message"], "This plan is archived: it cannot be subscribed to.");
    assert_eq!(shop.revision().await, revision, "nothing changed");
    assert_eq!(shop.charged().await, [PRICE]);
    // Who has goes on.
    shop.next_day().await;
    assert_eq!(shop.charged().await, [PRICE, PRICE]);
}

/// A subscription of the 31st is charged on the last day of a shorter month, and on the 31st again.
#[tokio::test]
async fn a_month_is_counted_from_the_day_of_the_sign_up() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({"interval": "month"})).await;
    // The shop opens on the 21st of November: the 31st of January is 71 days later.
    shop.pass(71 * DAY_S).await;
    let subscription = api.subscribe(&customer, &plan).await;
    assert_eq!(subscription["currentPeriodStart"], "2027-01-31T03:00:00.000Z");
    for (days, end) in [(2, "2027-02-28"), (28, "2027-03-31"), (31, "2027-04-30"), (30, "2027-05-31")] {
        shop.pass(days * DAY_S).await;
        shop.sweep().await;
        let now = api.subscription(&subscription).await;
        assert_eq!(now["currentPeriodEnd"], format!("{end}T03:00:00.000Z"));
    }
    assert_eq!(shop.charged().await, [PRICE; 4]);
}
