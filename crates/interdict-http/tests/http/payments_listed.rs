//! `GET /payments`: Odus's pages and filters; and the replays of what made the payments.

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Shop};

fn ids(payments: &[Value]) -> Vec<&str> {
    payments.iter().map(|payment| payment["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_have_numbers_oldest_first() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut made = Vec::new();
    for amount in 1..=13 {
        shop.clock.advance(1);
        let who = json!({"email": "a@example.com", "amount": amount, "confirm": false});
        made.push(api.pay(who).await.expect(201)["id"].as_str().unwrap().to_owned());
    }
    let page = api.get("/payments").await.expect(200);
    assert_eq!(ids(page["data"].as_array().unwrap()), made[..10]);
    let expected = json!({"hasNextPage": true, "hasPreviousPage": false, "itemCount": 13, "page": 1,
        "pageCount": 2, "pageSize": 10});
    assert_eq!(page["pagination"], expected);
    let second = api.get("/payments?page=2&pageSize=5").await.expect(200);
    assert_eq!(ids(second["data"].as_array().unwrap()), made[5..10]);
    let newest = api.payments("sortDirection=desc").await;
    made.reverse();
    assert_eq!(ids(&newest), made);
    // A bad page falls back silently (Odus), and one past the end is empty.
    assert_eq!(api.get("/payments?page=x&pageSize=-1").await.expect(200), page);
    assert_eq!(api.get("/payments?page=9").await.expect(200)["data"], json!([]));
    // Nobody else's are here.
    let other = shop.another_merchant("Second");
    for stranger in [shop.bearer(&other.test.secret.secret), shop.live()] {
        assert_eq!(stranger.get("/payments").await.expect(200)["pagination"]["itemCount"], 0);
        assert_eq!(stranger.get(&format!("/payments/{}", made[0])).await.refused(404), "not_found");
    }
}

async fn count(api: &Api, query: &str) -> usize {
    let page = api.get(&format!("/payments?pageSize=100&{query}")).await.expect(200);
    let rows = page["data"].as_array().unwrap().len();
    assert_eq!(page["pagination"]["itemCount"], rows, "{query}");
    rows
}

#[tokio::test]
async fn filters_let_through_what_they_say() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": "ada@example.com"})).await;
    let bob = api.customer(json!({})).await;
    for who in [
        json!({"customer": ada, "amount": 100}),
        json!({"customer": ada, "amount": 200, "initiator": "merchant", "currency": "EUR"}),
        json!({"customer": ada, "amount": 300, "confirm": false}),
        json!({"customer": bob, "amount": 100, "paymentMethod": "pm_test_declined"}),
        json!({"email": "Ada@example.com", "amount": 400}),
    ] {
        api.pay(who).await.expect(201);
    }
    for (query, expected) in [
        (String::new(), 5),
        (format!("customer[eq]={ada}"), 3),
        (format!("customer%5Beq%5D={bob}"), 1),
        ("status[eq]=succeeded".to_owned(), 3),
        ("status[eq]=open".to_owned(), 1),
        ("status[eq]=cancelled".to_owned(), 1),
        ("initiator[eq]=merchant".to_owned(), 1),
        ("currency[eq]=eur".to_owned(), 1),
        ("email[eq]=ADA@example.com".to_owned(), 1),
        ("isChargebacked[eq]=false".to_owned(), 5),
        ("isChargebacked[eq]=true".to_owned(), 0),
        ("amount[eq]=100".to_owned(), 2),
        ("amount[gt]=100&amount[lt]=400".to_owned(), 2),
        ("amount[gte]=100&amount[lte]=400".to_owned(), 5),
        ("amount[gt]=9223372036854775807".to_owned(), 0),
        ("amount[lt]=-9223372036854775808".to_owned(), 0),
        (format!("customer[eq]={ada}&status[eq]=succeeded&amount[gte]=200"), 1),
        // What no payment can meet lets nothing through; what is not documented is ignored.
        ("status[eq]=paid".to_owned(), 0),
        ("customer[eq]=nobody".to_owned(), 0),
        ("amount[gt]=much".to_owned(), 0),
        ("colour[eq]=red".to_owned(), 5),
    ] {
        assert_eq!(count(&api, &query).await, expected, "{query}");
    }
}

/// Every charge is a row here, renewals included, and every refusal.
#[tokio::test]
async fn sign_ups_and_renewals_are_payments_too() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let subscription = api.subscribe(&customer, &plan).await;
    let start = subscription["currentPeriodStart"].clone();
    shop.next_day().await;
    api.blacklist(&customer).await;
    shop.next_day().await;
    let rows = api.payments(&format!("customer[eq]={customer}")).await;
    let told: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["origin"], row["initiator"], row["status"], row["outcome"]["errorCode"]]))
        .collect();
    let mut told_sorted = told.clone();
    told_sorted.sort_by_key(Value::to_string);
    let expected = [
        json!(["renewal", "merchant", "cancelled", "customer_blacklisted"]),
        json!(["renewal", "merchant", "succeeded", null]),
        json!(["sign_up", "customer", "succeeded", null]),
    ];
    assert_eq!(told_sorted, expected);
    for row in &rows {
        assert_eq!((&row["subscription"], &row["amount"]), (&subscription["id"], &json!(PRICE)));
    }
    let starts: Vec<&Value> = rows.iter().map(|row| &row["periodStart"]).collect();
    let after = |days| json!(shop.clock.in_seconds(days * DAY_S));
    for expected in [&start, &after(1), &after(2)] {
        assert!(starts.contains(&expected), "{expected}: {starts:?}");
    }
}

#[tokio::test]
async fn the_same_key_is_one_payment_and_one_charge() {
    let shop = Shop::open().await;
    let open = shop.secret().pay(json!({"email": "a@example.com", "confirm": false})).await.expect(201);
    let authorize = format!("/payments/{}/authorize", open["id"].as_str().unwrap());
    let reverse = format!("/payments/{}/reverse", open["id"].as_str().unwrap());
    let confirmed = json!({"amount": 100, "currency": "NGN", "email": "a@example.com", "confirm": true});
    let api = shop.secret().with("idempotency-key", "one");
    for (path, body, rows) in [
        ("/payments", confirmed, 1),
        (authorize.as_str(), json!({"paymentMethod": "pm_test_success"}), 2),
        (reverse.as_str(), json!({"amount": 40}), 3),
    ] {
        let first = api.post(path, body.clone()).await;
        assert!(first.status < 300, "{path}: {}", first.text());
        let revision = shop.revision().await;
        for _ in 0..3 {
            let again = api.post(path, body.clone()).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{path}");
            assert_eq!(again.header("interdict-revision"), first.header("interdict-revision"), "{path}");
        }
        let other = api.post(path, json!({"amount": 41})).await;
        assert_eq!(other.refused(409), "idempotency_conflict", "{path}");
        assert_eq!((shop.ledger().await.len(), shop.revision().await), (rows, revision), "{path}");
    }
    assert_eq!(api.payments("").await.len(), 2);
}

/// A refusal is an answer as well: the attempt is kept once.
#[tokio::test]
async fn a_blocked_attempt_replays_its_refusal() {
    let shop = Shop::open().await;
    shop.secret().post("/blacklist", json!({"email": "a@example.com"})).await.expect(201);
    let api = shop.secret().with("idempotency-key", "one");
    let first = api.pay(json!({"email": "a@example.com"})).await;
    assert_eq!(first.refused(403), "identifier_blacklisted");
    let again = api.pay(json!({"email": "a@example.com"})).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    assert_eq!(api.payments("").await.len(), 1);
}

#[tokio::test]
async fn at_once_the_same_key_charges_once() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    let sends: Vec<_> = (0..16)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.pay(json!({"email": "a@example.com"})).await })
        })
        .collect();
    let mut made = Vec::new();
    for send in sends {
        let reply = send.await.unwrap();
        match reply.status {
            201 => made.push(reply.body),
            _ => assert_eq!(reply.refused(409), "idempotency_in_progress"),
        }
    }
    made.dedup();
    assert_eq!((made.len(), shop.ledger().await.len(), api.payments("").await.len()), (1, 1, 1));
}

/// Of many who authorize the same payment at once, one charges it.
#[tokio::test]
async fn at_once_a_payment_is_authorized_once_and_reversed_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let open = api.pay(json!({"email": "a@example.com", "confirm": false})).await.expect(201);
    for (what, status, rows) in [("authorize", "isCaptured", 1), ("reverse", "isFullyReversed", 2)] {
        let path = format!("/payments/{}/{what}", open["id"].as_str().unwrap());
        let sends: Vec<_> = (0..16)
            .map(|_| {
                let (api, path) = (api.clone(), path.clone());
                tokio::spawn(async move { api.post_empty(&path).await })
            })
            .collect();
        let mut done = 0;
        for send in sends {
            let reply = send.await.unwrap();
            if reply.status == 200 {
                assert_eq!(reply.json()[status], true, "{}", reply.text());
                done += 1;
            } else {
                assert_eq!(reply.refused(409), "conflict");
            }
        }
        assert_eq!((done, shop.ledger().await.len()), (1, rows), "{what}");
    }
}
