//! The incidents of others that are about chargebacks: each test names the one that it keeps from happening
//! here.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};
use crate::signed::dispute;

const ADA: &str = "ada@example.com";
const CREATED: &str = "charge.dispute.created";
const CLOSED: &str = "charge.dispute.closed";

/// A shop that hears Stripe, with a customer who has paid once: the customer and the payment.
async fn sold() -> (Shop, Api, String, String) {
    let shop = Shop::open().await;
    shop.expect_webhooks().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    (shop, api, ada, payment)
}

async fn is_blocked(api: &Api, customer: &str) -> bool {
    let (flags, listed) = (api.flags(customer).await, api.blacklisted_emails().await);
    assert_eq!(flags == (true, true), listed == [ADA], "all of it or nothing: {flags:?} {listed:?}");
    assert!(flags.0 == flags.1, "{flags:?}");
    flags.0
}

/// Incident 8: one charge may hold several disputes.
#[tokio::test]
async fn incident_8_a_dispute_that_is_won_leaves_the_block_to_the_other_one() {
    for first_won in ["du_1", "du_2"] {
        let (shop, api, ada, payment) = sold().await;
        for id in ["du_1", "du_2"] {
            let open = dispute(id, &payment, "fraudulent", "needs_response");
            assert_eq!(shop.hear(&format!("evt_{id}"), CREATED, &open).await.0, "blocked");
        }
        assert_eq!(api.chargebacks().await.len(), 2);
        let won = dispute(first_won, &payment, "fraudulent", "won");
        assert_eq!(shop.hear("evt_3", CLOSED, &won).await.0, "reversed");
        assert!(is_blocked(&api, &ada).await, "the other one holds it");
        let path = format!("/payments/{payment}");
        assert_eq!(api.get(&path).await.expect(200)["isChargebacked"], true);
        let other = if first_won == "du_1" { "du_2" } else { "du_1" };
        let won = dispute(other, &payment, "fraudulent", "won");
        assert_eq!(shop.hear("evt_4", CLOSED, &won).await.0, "reversed");
        assert!(!is_blocked(&api, &ada).await, "nobody holds it any more");
        let after = api.get(&path).await.expect(200);
        assert_eq!((&after["isChargebacked"], &after["chargebackRecordedAt"]), (&json!(false), &Value::Null));
        api.paid(json!({"customer": ada})).await;
    }
}

/// Incident 8, where the disputes are of two payments of one customer.
#[tokio::test]
async fn incident_8_a_chargeback_of_another_payment_holds_the_customer_too() {
    let (_shop, api, ada, payment) = sold().await;
    let second = api.paid(json!({"customer": ada})).await;
    let body = json!({"blacklistCustomer": true});
    let one = api.charge_back(&payment, body.clone()).await.expect(200);
    let two = api.charge_back(&second, body).await.expect(200);
    assert_eq!(two["chargeback"]["blacklist"], "wants");
    api.win(&one["chargeback"]).await;
    assert!(is_blocked(&api, &ada).await);
    assert_eq!(api.get(&format!("/payments/{payment}")).await.expect(200)["isChargebacked"], false);
    assert_eq!(api.get(&format!("/payments/{second}")).await.expect(200)["isChargebacked"], true);
    // Twice is once: the second reversal of the first lifts nothing of the other's.
    api.win(&one["chargeback"]).await;
    assert!(is_blocked(&api, &ada).await);
    api.win(&two["chargeback"]).await;
    assert!(!is_blocked(&api, &ada).await);
}

/// Incident 11: deleting one scope's entry removed another's.
#[tokio::test]
async fn incident_11_a_reversal_lifts_only_what_its_chargeback_set() {
    let (_shop, api, ada, payment) = sold().await;
    api.restrict(&ada, json!({"restrictMit": true, "restrictReason": "Ours"})).await;
    api.blacklist(&ada).await;
    let body = json!({"blacklistCustomer": true});
    let recorded = api.charge_back(&payment, body).await.expect(200);
    assert_eq!(recorded["chargeback"]["restrictMit"], "wants");
    api.win(&recorded["chargeback"]).await;
    assert_eq!(api.flags(&ada).await, (false, true));
    let customer = api.get(&format!("/v1/customers/{ada}")).await.expect(200);
    assert_eq!(customer["restrictReason"], "Ours");
    assert_eq!(api.blacklisted_emails().await, Vec::<String>::new());
    assert_eq!(api.code_for(ADA).await, "customer_blacklisted", "the list status is of its own");
}

/// Incident 12: automation undid a person's decision.
#[tokio::test]
async fn incident_12_a_manual_entry_stays_after_a_reversal_whenever_it_was_made() {
    for before in [true, false] {
        let (_shop, api, ada, payment) = sold().await;
        let by_hand = json!({"email": ADA, "reason": "I know her"});
        if before {
            api.post("/blacklist", by_hand.clone()).await.expect(201);
        }
        let recorded = api.charge_back(&payment, json!({"blacklistCustomer": true})).await.expect(200);
        if !before {
            api.post("/blacklist", by_hand).await.expect(200);
        }
        api.win(&recorded["chargeback"]).await;
        assert_eq!(api.flags(&ada).await, (false, false), "before: {before}");
        assert_eq!(api.blacklisted_emails().await, [ADA], "before: {before}");
        let listed = api.get("/blacklist").await.expect(200);
        assert_eq!(listed["data"][0]["reason"], "I know her");
    }
}

/// Incident 12, of the flags: set by hand before, after, or lifted and set again.
#[tokio::test]
async fn incident_12_a_manual_restriction_stays_after_a_reversal_whenever_it_was_made() {
    let both = json!({"restrictCit": true, "restrictMit": true, "restrictReason": "I know her"});
    for when in ["before", "after", "again"] {
        let (_shop, api, ada, payment) = sold().await;
        if when == "before" {
            api.restrict(&ada, both.clone()).await;
        }
        let recorded = api.charge_back(&payment, json!({"blacklistCustomer": true})).await.expect(200);
        if when == "again" {
            api.restrict(&ada, json!({"restrictCit": false, "restrictMit": false})).await;
        }
        if when != "before" {
            api.restrict(&ada, both.clone()).await;
        }
        api.win(&recorded["chargeback"]).await;
        assert_eq!(api.flags(&ada).await, (true, true), "{when}");
        assert_eq!(api.blacklisted_emails().await, Vec::<String>::new(), "{when}");
        let customer = api.get(&format!("/v1/customers/{ada}")).await.expect(200);
        assert_eq!(customer["restrictReason"], "I know her", "{when}");
    }
}
