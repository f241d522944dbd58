//! The incidents of others that are about payments: each test names the one that it keeps from happening
//! here.
//!
//! Deliberately not here: those of chargebacks (8, 12).

use interdict_app::Renewed;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Shop};

/// So many are held, and lifted at once.
const HELD: usize = 1_000;
/// Requests that are under way at once.
const AT_ONCE: usize = 50;
/// The most that one sweep may charge of what was held: fifty arrears, and the newest period of the fifty
/// whose arrears the sweep before has collected.
const A_SWEEP_MAX: usize = 100;

/// Does the same for each of many, some at a time.
async fn for_each<T, F>(things: Vec<T>, act: impl Fn(T) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    for thing in things {
        if running.len() >= AT_ONCE {
            done.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(act(thing));
    }
    done.extend(running.join_all().await);
    done
}

/// A shop where the renewals of a thousand were blocked for two periods; and the thousand.
async fn thousand_held(on_lift: &'static str) -> (Shop, Api, Vec<String>) {
    let shop = Shop::open().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    let customers = for_each((0..HELD).collect(), |_| {
        let (api, plan) = (api.clone(), plan.clone());
        async move {
            let customer = api.customer(json!({})).await;
            let body = json!({"customerId": customer, "planId": plan, "onLift": on_lift});
            assert_eq!(api.post("/v1/subscriptions", body).await.expect(201)["status"], "active");
            api.blacklist(&customer).await;
            customer
        }
    });
    let customers = customers.await;
    for _ in 0..2 {
        shop.next_day().await;
    }
    let held = shop.service().renewals().of(Renewed::Held);
    assert_eq!((held, shop.charged().await.len()), (HELD as u64, HELD), "the sign-ups alone");
    (shop, api, customers)
}

async fn lift(api: &Api, customers: Vec<String>) {
    for_each(customers, |customer| {
        let api = api.clone();
        async move { api.unblacklist(&customer).await }
    })
    .await;
}

/// Incident 9: lifting a block fired all queued renewals at once.
#[tokio::test]
async fn incident_9_no_charge_fires_when_a_thousand_blocks_are_lifted() {
    let (shop, api, customers) = thousand_held("resume_from_now").await;
    shop.pass(DAY_S / 2).await;
    lift(&api, customers).await;
    for _ in 0..3 {
        shop.sweep().await;
    }
    assert_eq!(shop.ledger().await.len(), HELD, "no charge fires at the lifting");
    assert_eq!(shop.service().renewals().of(Renewed::Released), HELD as u64, "and nobody waits for a turn");
    shop.pass(DAY_S / 2 - 1).await;
    shop.sweep().await;
    assert_eq!(shop.ledger().await.len(), HELD, "nor before the next boundary");
    // Then everybody pays one period, and nobody the two that were missed.
    shop.pass(1).await;
    for _ in 0..3 {
        shop.sweep().await;
    }
    assert_eq!(shop.charged().await, vec![PRICE; 2 * HELD]);
}

/// Incident 9, where the merchant wants the arrears: never an avalanche.
#[tokio::test]
async fn incident_9_arrears_are_collected_a_few_at_a_time() {
    let (shop, api, customers) = thousand_held("collect_arrears").await;
    lift(&api, customers).await;
    let (mut before, mut sweeps) = (HELD, 0);
    while before < 3 * HELD {
        shop.sweep().await;
        sweeps += 1;
        let charged = shop.ledger().await.len();
        assert!(charged > before, "sweep {sweeps} charges nobody");
        assert!(charged - before <= A_SWEEP_MAX, "sweep {sweeps} charges {}", charged - before);
        before = charged;
    }
    assert!(sweeps >= 2 * HELD / A_SWEEP_MAX, "{sweeps}");
    // Each missed period once, and nothing twice.
    shop.sweep().await;
    assert_eq!(shop.charged().await, vec![PRICE; 3 * HELD]);
    let open = api.payments("status[eq]=open").await;
    assert_eq!(open, Vec::<Value>::new());
}
