//! The table of the decision, row by row, for each way to be charged: a payment of either initiator, a
//! sign-up and a renewal. The witness is the sandbox's ledger, which knows nothing of answers.

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Shop};

/// What is set before the attempt.
enum Set {
    /// A restriction: its flags.
    Flags(&'static [&'static str]),
    /// A list status, and for which initiators.
    Status(&'static str, &'static [&'static str]),
    /// An entry for the customer's email: list, strength, and for which initiators.
    Entry(&'static str, Option<&'static str>, &'static [&'static str]),
}
use Set::{Entry, Flags, Status};

/// What is set, and the code under which a customer's and a merchant's attempt are refused; nothing where
/// they are charged.
struct Row(&'static str, &'static [Set], Option<&'static str>, Option<&'static str>);

const BOTH: &[&str] = &["cit", "mit"];
const CIT: &[&str] = &["cit"];
const MIT: &[&str] = &["mit"];
const RESTRICTED: Option<&str> = Some("customer_restricted");
const BLACKLISTED: Option<&str> = Some("customer_blacklisted");
const LISTED: Option<&str> = Some("identifier_blacklisted");
const HARD: Option<&str> = Some("hard");
const SOFT: Option<&str> = Some("soft");

const ROWS: &[Row] = &[
    Row("nothing", &[], None, None),
    // Tier 1.
    Row("restricted for the customer", &[Flags(&["restrictCit"])], RESTRICTED, None),
    Row("restricted for the merchant", &[Flags(&["restrictMit"])], None, RESTRICTED),
    Row("restricted for both", &[Flags(&["restrictCit", "restrictMit"])], RESTRICTED, RESTRICTED),
    Row(
        "restricted and whitelisted",
        &[Flags(&["restrictCit"]), Status("whitelist", BOTH)],
        RESTRICTED,
        None,
    ),
    // Tier 2.
    Row("blacklisted", &[Status("blacklist", BOTH)], BLACKLISTED, BLACKLISTED),
    Row("blacklisted for the customer", &[Status("blacklist", CIT)], BLACKLISTED, None),
    Row("blacklisted for the merchant", &[Status("blacklist", MIT)], None, BLACKLISTED),
    Row(
        "restricted for the merchant and blacklisted",
        &[Flags(&["restrictMit"]), Status("blacklist", BOTH)],
        BLACKLISTED,
        RESTRICTED,
    ),
    Row(
        "blacklisted and on the allow list",
        &[Status("blacklist", BOTH), Entry("allow", None, BOTH)],
        BLACKLISTED,
        BLACKLISTED,
    ),
    // Tier 3.
    Row("a hard block", &[Entry("block", HARD, BOTH)], LISTED, LISTED),
    Row("a hard block for the customer", &[Entry("block", HARD, CIT)], LISTED, None),
    Row("a hard block for the merchant", &[Entry("block", HARD, MIT)], None, LISTED),
    Row("an email is blocked hard", &[Entry("block", None, BOTH)], LISTED, LISTED),
    Row(
        "a hard block and whitelisted",
        &[Entry("block", HARD, BOTH), Status("whitelist", BOTH)],
        LISTED,
        LISTED,
    ),
    Row(
        "a hard block and on the allow list",
        &[Entry("block", HARD, BOTH), Entry("allow", None, BOTH)],
        LISTED,
        LISTED,
    ),
    // Tier 4.
    Row("whitelisted", &[Status("whitelist", BOTH)], None, None),
    Row("a soft block and whitelisted", &[Entry("block", SOFT, BOTH), Status("whitelist", BOTH)], None, None),
    Row(
        "a soft block and whitelisted for the merchant",
        &[Entry("block", SOFT, BOTH), Status("whitelist", MIT)],
        LISTED,
        None,
    ),
    // Tier 5.
    Row(
        "a soft block and on the allow list",
        &[Entry("block", SOFT, BOTH), Entry("allow", None, BOTH)],
        None,
        None,
    ),
    Row(
        "a soft block and on the allow list for the customer",
        &[Entry("block", SOFT, BOTH), Entry("allow", None, CIT)],
        None,
        LISTED,
    ),
    // Tier 6.
    Row("a soft block", &[Entry("block", SOFT, BOTH)], LISTED, LISTED),
    Row("a soft block for the merchant", &[Entry("block", SOFT, MIT)], None, LISTED),
];

/// Sets one thing about a customer with an email.
async fn set(api: &Api, customer: &str, email: &str, what: &Set) {
    match what {
        Flags(flags) => {
            let flags: Value = flags.iter().map(|flag| ((*flag).to_owned(), json!(true))).collect();
            api.post(&format!("/customers/{customer}/restrictions"), flags).await.expect(200);
        }
        Status(list, scopes) => {
            let body = json!({ "scopes": scopes });
            api.post(&format!("/v1/customers/{customer}/{list}"), body).await.expect(200);
        }
        Entry(list, strength, scopes) => {
            let mut body = json!({"list": list, "kind": "email", "value": email, "scopes": scopes});
            if let Some(strength) = strength {
                body["strength"] = json!(strength);
            }
            api.entry(body).await;
        }
    }
}

/// A shop with a plan, and for each row a customer whose email says the row's number.
async fn people(shop: &Shop) -> (Api, String, Vec<(String, String)>) {
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    let mut people = Vec::new();
    for number in 0..ROWS.len() {
        let email = format!("row{number}@example.com");
        people.push((api.customer(json!({ "email": email })).await, email));
    }
    (api, plan, people)
}

/// Payments with `confirm`, and payments that were open before the row was set: by id, by email, by both.
#[tokio::test]
async fn every_payment_obeys_the_table() {
    let shop = Shop::open().await;
    let (api, _, people) = people(&shop).await;
    for (Row(name, things, cit, mit), (customer, email)) in ROWS.iter().zip(&people) {
        let mut open = Vec::new();
        for initiator in ["customer", "merchant"] {
            let who = json!({"customer": customer, "initiator": initiator, "confirm": false});
            open.push(api.pay(who).await.expect(201)["id"].as_str().unwrap().to_owned());
        }
        for thing in *things {
            set(&api, customer, email, thing).await;
        }
        for (initiator, code, open) in [("customer", cit, &open[0]), ("merchant", mit, &open[1])] {
            let before = shop.ledger().await.len();
            let attempts = [
                api.pay(json!({"customer": customer, "initiator": initiator})).await,
                api.pay(json!({"customer": customer, "email": email, "initiator": initiator})).await,
                api.post_empty(&format!("/payments/{open}/authorize")).await,
            ];
            for (attempt, status) in attempts.iter().zip([201, 201, 200]) {
                match code {
                    None => assert_eq!(attempt.expect(status)["status"], "succeeded", "{name}, {initiator}"),
                    Some(code) => assert_eq!(attempt.refused(403), *code, "{name}, {initiator}"),
                }
            }
            let charged = shop.ledger().await.len() - before;
            assert_eq!(charged, if code.is_some() { 0 } else { 3 }, "{name}, {initiator}");
        }
    }
    assert_eq!(shop.ledger().await.len(), shop.charged().await.len());
}

/// An email alone meets every block of whoever has it, and no whitelist.
#[tokio::test]
async fn a_payment_by_email_alone_meets_every_block() {
    let shop = Shop::open().await;
    let (api, _, people) = people(&shop).await;
    for (Row(name, things, cit, mit), (customer, email)) in ROWS.iter().zip(&people) {
        for thing in *things {
            set(&api, customer, email, thing).await;
        }
        let trusted = things.iter().any(|thing| matches!(thing, Status("whitelist", _)));
        let softly = things.iter().any(|thing| matches!(thing, Entry("block", SOFT, _)));
        for (initiator, code) in [("customer", cit), ("merchant", mit)] {
            let code = if trusted && softly { &LISTED } else { code };
            let before = shop.ledger().await.len();
            let attempt = api.pay(json!({"email": email, "initiator": initiator})).await;
            match code {
                None => assert_eq!(attempt.expect(201)["status"], "succeeded", "{name}, {initiator}"),
                Some(code) => assert_eq!(attempt.refused(403), *code, "{name}, {initiator}"),
            }
            let charged = shop.ledger().await.len() - before;
            assert_eq!(charged, usize::from(code.is_none()), "{name}, {initiator}");
        }
    }
}

/// A sign-up is the customer's own doing.
#[tokio::test]
async fn every_sign_up_obeys_the_table() {
    let shop = Shop::open().await;
    let (api, plan, people) = people(&shop).await;
    let trial = api.plan(json!({"trialDays": 7})).await;
    for (Row(name, things, cit, _), (customer, email)) in ROWS.iter().zip(&people) {
        for thing in *things {
            set(&api, customer, email, thing).await;
        }
        let before = shop.ledger().await.len();
        for (plan, status) in [(&plan, "active"), (&trial, "trialing")] {
            let body = json!({"customerId": customer, "planId": plan});
            let answer = api.post("/v1/subscriptions", body).await;
            let Some(code) = cit else {
                assert_eq!(answer.expect(201)["status"], status, "{name}");
                continue;
            };
            assert_eq!(answer.refused(403), *code, "{name}");
            let id = answer.json()["error"]["paymentId"].as_str().unwrap().to_owned();
            let kept = api.get(&format!("/payments/{id}")).await.expect(200);
            assert_eq!(
                (&kept["status"], &kept["origin"]),
                (&json!("cancelled"), &json!("sign_up")),
                "{name}"
            );
            assert_eq!(kept["outcome"]["errorCode"], *code, "{name}");
        }
        let charged = shop.ledger().await.len() - before;
        assert_eq!(charged, usize::from(cit.is_none()), "{name}");
        let subscriptions = api.get(&format!("/v1/customers/{customer}/subscriptions")).await.expect(200);
        let signed_up = subscriptions["items"].as_array().unwrap().len();
        assert_eq!(signed_up, if cit.is_some() { 0 } else { 2 }, "{name}");
    }
}

/// A renewal is the merchant's doing: a block holds it, and the subscription stays.
#[tokio::test]
async fn every_renewal_obeys_the_table() {
    let shop = Shop::open().await;
    let (api, plan, people) = people(&shop).await;
    let mut subscriptions = Vec::new();
    for (customer, _) in &people {
        subscriptions.push(api.subscribe(customer, &plan).await);
    }
    for (Row(_, things, ..), (customer, email)) in ROWS.iter().zip(&people) {
        for thing in *things {
            set(&api, customer, email, thing).await;
        }
    }
    shop.pass(DAY_S - 1).await;
    shop.sweep().await;
    assert_eq!(shop.ledger().await.len(), ROWS.len(), "nothing is charged before its time");
    shop.pass(1).await;
    for sweep in ["the first", "the second"] {
        shop.sweep().await;
        for ((Row(name, _, _, mit), (customer, _)), agreed) in ROWS.iter().zip(&people).zip(&subscriptions) {
            let payments = api.payments(&format!("customer[eq]={customer}&initiator[eq]=merchant")).await;
            assert_eq!(payments.len(), 1, "{name}, {sweep} sweep");
            let witness = shop.ledger_of(&payments[0]).await;
            let now = api.subscription(agreed).await;
            assert_eq!(now["status"], "active", "{name}");
            assert_eq!(now["autoBillingEnabled"], mit.is_none(), "{name}");
            assert_eq!(now["autoBillingDisabledReason"], json!(mit), "{name}");
            assert_eq!(payments[0]["outcome"]["errorCode"], json!(mit), "{name}");
            assert_eq!(payments[0]["periodStart"], agreed["currentPeriodEnd"], "{name}");
            if mit.is_some() {
                assert_eq!(witness, [], "{name}: nobody asked the gateway");
                assert_eq!(now["currentPeriodEnd"], agreed["currentPeriodEnd"], "{name}");
                assert_eq!(now["cyclesCompleted"], 1, "{name}");
            } else {
                assert_eq!(witness, [(PRICE, "succeeded".to_owned())], "{name}");
                assert_eq!(now["currentPeriodStart"], agreed["currentPeriodEnd"], "{name}");
                assert_eq!(now["cyclesCompleted"], 2, "{name}");
            }
        }
    }
    let renewed = ROWS.iter().filter(|Row(_, _, _, mit)| mit.is_none()).count();
    assert_eq!(shop.charged().await.len(), ROWS.len() + renewed);
}
