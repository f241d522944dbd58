//! While the lists may be stale: what a block does, what the merchant's policy settles, who says so.
//!
//! Deliberately not here: whoever is charged (`outage_payments.rs`).

use std::sync::mpsc::Sender;
use std::time::Duration;

use interdict_app::MAX_STALENESS;
use interdict_app::store::StorageError;
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::shop::{Api, Shop};

/// Who is on the block list, whom nobody knows, and who is trusted by an entry.
pub const BLOCKED: &str = "mallory@example.com";
pub const STRANGER: &str = "stranger@example.com";
pub const TRUSTED: &str = "vip@example.com";
const INITIATORS: [&str; 2] = ["customer", "merchant"];
const NEUTRAL: &str = "This payment cannot be completed. Please contact the merchant.";

impl Shop {
    /// A shop with somebody on each list.
    pub async fn with_lists() -> Self {
        let shop = Self::open().await;
        for (list, value) in [("block", BLOCKED), ("allow", TRUSTED)] {
            let entry = json!({"list": list, "kind": "email", "value": value, "reason": "r",
                "publicMessage": "Please call us."});
            shop.secret().entry(entry).await;
        }
        shop
    }

    /// Until an index is fresh again, in both modes: the next look at the feed says so.
    pub async fn recovered(&self) {
        self.clock.keep_pace();
        let ready = async {
            while self.anonymous().get("/readyz").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ready).await.expect("the feed is heard");
    }

    /// The writer of test mode waits, and with it the look at the feed, until the handle is dropped.
    async fn hold_the_writer(&self) -> Sender<()> {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, beginning) = tokio::sync::oneshot::channel();
        let store = self.app.service(Mode::Test).store().clone();
        tokio::spawn(async move {
            let waiting = store.write(move |_| {
                begun.send(()).unwrap();
                // Dropped, never used.
                let _ = held.recv();
                Ok::<_, StorageError>(())
            });
            waiting.await.unwrap();
        });
        beginning.await.unwrap();
        release
    }
}

impl Api {
    /// Chooses a policy for one initiator, and the default for the other.
    pub async fn on_outage(&self, initiator: &str, policy: &str) {
        let mut outage = json!({"customer": "index", "merchant": "index"});
        outage[initiator] = json!(policy);
        let settings = self.patch("/v1/settings", json!({ "outage": outage })).await.expect(200);
        assert_eq!(settings["outage"], outage);
    }
}

fn attempt(initiator: &str, email: &str) -> Value {
    json!({"initiator": initiator, "email": email})
}

/// What the lists say, whatever the policy.
fn said(email: &str) -> (Value, Value) {
    match email {
        BLOCKED => (json!("block"), json!("identifier_blacklisted")),
        TRUSTED => (json!("allow"), json!("identifier_whitelisted")),
        _ => (json!("allow"), json!("default")),
    }
}

fn verdict(decision: &Value) -> (Value, Value) {
    (decision["outcome"].clone(), decision["code"].clone())
}

#[tokio::test]
async fn each_policy_settles_what_the_lists_do_not_block_for_its_initiator() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    shop.clock.outrun_the_feed();
    for policy in ["index", "block", "retry_later"] {
        for chosen_for in INITIATORS {
            api.on_outage(chosen_for, policy).await;
            for initiator in INITIATORS {
                for email in [BLOCKED, STRANGER, TRUSTED] {
                    let counts = initiator == chosen_for && email != BLOCKED;
                    let case = format!("{policy} for {chosen_for}: {initiator} {email}");
                    let reply = api.post("/v1/decisions", attempt(initiator, email)).await;
                    if counts && policy == "retry_later" {
                        assert_eq!(reply.refused(503), "index_stale", "{case}");
                        assert_eq!(reply.header("retry-after"), Some("1"), "{case}");
                        continue;
                    }
                    let decision = reply.expect(200);
                    assert_eq!(decision["degraded"], true, "{case}");
                    if counts && policy == "block" {
                        let expected = (json!("block"), json!("degraded_blocked"));
                        assert_eq!(verdict(&decision), expected, "{case}");
                        assert_eq!(
                            (&decision["reasons"], &decision["message"]),
                            (&json!([]), &json!(NEUTRAL))
                        );
                    } else {
                        assert_eq!(verdict(&decision), said(email), "{case}");
                    }
                }
            }
        }
    }
    let blocked = api.decide(attempt("customer", BLOCKED)).await;
    assert_eq!(blocked["reasons"][0]["tier"], 3);
    assert_eq!(blocked["message"], "Please call us.");
}

#[tokio::test]
async fn a_fresh_index_does_none_of_it() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    for policy in ["block", "retry_later"] {
        for initiator in INITIATORS {
            api.on_outage(initiator, policy).await;
            // Up to the bound.
            let held = shop.hold_the_writer().await;
            shop.clock.stand_still(MAX_STALENESS);
            for email in [BLOCKED, STRANGER, TRUSTED] {
                let decision = api.decide(attempt(initiator, email)).await;
                assert_eq!((verdict(&decision), &decision["degraded"]), (said(email), &json!(false)));
            }
            assert_eq!(shop.anonymous().get("/readyz").await.json()["test"]["fresh"], true);
            drop(held);
            shop.recovered().await;
        }
    }
}

/// Stopped, or the machine suspended: whatever was committed meanwhile is not known yet.
#[tokio::test]
async fn a_process_that_goes_on_is_stale_until_it_has_heard_the_feed() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    api.on_outage("customer", "block").await;
    let held = shop.hold_the_writer().await;
    shop.clock.stand_still(MAX_STALENESS + Duration::from_millis(1));
    let decision = api.decide(attempt("customer", STRANGER)).await;
    assert_eq!((&decision["code"], &decision["degraded"]), (&json!("degraded_blocked"), &json!(true)));
    let readiness = shop.anonymous().get("/readyz").await.expect(503);
    assert_eq!((&readiness["status"], &readiness["test"]["loaded"]), (&json!("stale"), &json!(true)));
    assert_eq!(readiness["test"]["fresh"], false);
    let metrics = shop.anonymous().get("/metrics").await.text();
    assert!(metrics.contains("index_fresh{mode=\"test\"} 0"), "{metrics}");
    assert!(metrics.contains("code=\"degraded_blocked\""), "{metrics}");
    drop(held);
    shop.recovered().await;
    let decision = api.decide(attempt("customer", STRANGER)).await;
    assert_eq!((&decision["code"], &decision["degraded"]), (&json!("default"), &json!(false)));
}

#[tokio::test]
async fn a_batch_says_once_that_it_is_degraded_and_answers_each_by_its_policy() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let outage = json!({"customer": "block", "merchant": "retry_later"});
    api.patch("/v1/settings", json!({ "outage": outage })).await.expect(200);
    let all: Vec<Value> = INITIATORS
        .iter()
        .flat_map(|initiator| [BLOCKED, STRANGER, TRUSTED].map(|email| attempt(initiator, email)))
        .collect();
    // More than are decided together.
    let decisions: Vec<Value> = all.iter().cycle().take(60).cloned().collect();
    let body = json!({ "decisions": decisions });
    let fresh = api.post("/v1/decisions/batch", body.clone()).await.expect(200);
    assert_eq!(fresh["degraded"], false);
    shop.clock.outrun_the_feed();
    let batch = api.post("/v1/decisions/batch", body.clone()).await.expect(200);
    assert_eq!(batch["degraded"], true);
    let (results, said_before) = (batch["results"].as_array().unwrap(), fresh["results"].as_array().unwrap());
    assert_eq!(results.len(), 60);
    for (place, result) in results.iter().enumerate() {
        match place % 6 {
            0 | 3 => assert_eq!(result, &said_before[place], "a block stands"),
            1 | 2 => assert_eq!(result, &json!({"outcome": "block", "code": "degraded_blocked"})),
            _ => assert_eq!(result["error"]["code"], "index_stale"),
        }
    }
    shop.recovered().await;
    let again = api.post("/v1/decisions/batch", body).await.expect(200);
    assert_eq!((&again["degraded"], &again["results"]), (&json!(false), &fresh["results"]));
}

#[tokio::test]
async fn a_dry_run_is_told_the_same_and_what_was_overruled_counts_no_hit() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let hits = async || {
        let entries = api.get("/v1/entries?list=allow").await.expect(200);
        entries["items"][0]["hitCount"].as_i64().unwrap()
    };
    for (policy, status) in [("block", 200), ("retry_later", 503)] {
        api.on_outage("customer", policy).await;
        shop.clock.outrun_the_feed();
        for dry_run in [true, false] {
            let body = json!({"initiator": "customer", "email": TRUSTED, "dryRun": dry_run});
            let answer = api.post("/v1/decisions", body).await.expect(status);
            if status == 200 {
                assert_eq!(verdict(&answer), (json!("block"), json!("degraded_blocked")));
            }
        }
        assert_eq!(hits().await, 0);
        shop.recovered().await;
    }
    api.on_outage("customer", "index").await;
    shop.clock.outrun_the_feed();
    api.decide(attempt("customer", TRUSTED)).await;
    assert_eq!(hits().await, 1);
}

#[tokio::test]
async fn an_explanation_goes_on_saying_what_the_lists_say() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    api.on_outage("customer", "block").await;
    let body = json!({"initiator": "customer", "email": TRUSTED, "explain": true});
    let fresh = api.decide(body.clone()).await;
    shop.clock.outrun_the_feed();
    let degraded = api.decide(body).await;
    assert_eq!(degraded["code"], "degraded_blocked");
    assert_eq!(degraded["explanation"], fresh["explanation"]);
    assert_eq!(degraded["explanation"]["tiers"][4]["outcome"], "allow");
}

/// A customer who was made elsewhere a moment ago may not be known here.
#[tokio::test]
async fn somebody_unknown_may_only_be_unknown_yet() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let unknown = json!({"initiator": "customer", "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV"});
    let nothing = json!({"initiator": "customer"});
    shop.clock.outrun_the_feed();
    for (policy, code) in [("index", "not_found"), ("block", "not_found"), ("retry_later", "index_stale")] {
        api.on_outage("customer", policy).await;
        let reply = api.post("/v1/decisions", unknown.clone()).await;
        assert_eq!(reply.json()["error"]["code"], code, "{policy}");
        api.post("/v1/decisions", nothing.clone()).await.refused(422);
    }
}

#[tokio::test]
async fn a_standing_is_what_the_lists_say() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": TRUSTED})).await;
    let path = format!("/v1/customers/{id}/standing");
    let fresh = api.get(&path).await.expect(200);
    shop.clock.outrun_the_feed();
    for policy in ["block", "retry_later"] {
        api.on_outage("customer", policy).await;
        let standing = api.get(&path).await.expect(200);
        assert_eq!((&standing["cit"], &standing["mit"]), (&fresh["cit"], &fresh["mit"]));
    }
}

/// From the table, as from the feed.
#[tokio::test]
async fn a_policy_outlives_the_process_and_is_nobody_elses() {
    let shop = Shop::with_lists().await;
    shop.secret().on_outage("merchant", "block").await;
    let fingerprint = shop.app.service(Mode::Test).fingerprint();
    let other = shop.another_merchant("Second");
    let shop = shop.restart().await;
    assert_eq!(shop.app.service(Mode::Test).fingerprint(), fingerprint);
    shop.clock.outrun_the_feed();
    let code = async |api: Api, initiator| api.decide(attempt(initiator, STRANGER)).await["code"].clone();
    assert_eq!(code(shop.secret(), "merchant").await, "degraded_blocked");
    assert_eq!(code(shop.secret(), "customer").await, "default");
    assert_eq!(code(shop.live(), "merchant").await, "default");
    assert_eq!(code(shop.bearer(&other.test.secret.secret), "merchant").await, "default");
}

#[tokio::test]
async fn a_score_obeys_in_idenzas_shape() {
    let shop = Shop::with_lists().await;
    let (api, idenza) = (shop.secret(), shop.idenza());
    let score = async |user: &str| {
        let payload = json!({"transaction_amount": 500, "currency": "NGN", "user_id": user});
        let body = json!({"subscriber_id": 1, "request_id": "q-1", "payload": payload});
        idenza.post("/risk/bin/score", body).await
    };
    shop.clock.outrun_the_feed();
    for (policy, stranger, trusted) in
        [("index", "REVIEW", "APPROVE"), ("block", "DECLINE", "DECLINE"), ("retry_later", "", "")]
    {
        api.on_outage("customer", policy).await;
        assert_eq!(score(BLOCKED).await.expect(200)["action"], "DECLINE", "{policy}");
        for (user, action) in [(STRANGER, stranger), (TRUSTED, trusted)] {
            let reply = score(user).await;
            if action.is_empty() {
                assert_eq!(reply.expect(503), json!({"error": "Parties service unavailable"}));
                assert_eq!(reply.header("retry-after"), Some("1"));
            } else {
                assert_eq!(reply.expect(200)["action"], action, "{policy}");
            }
        }
    }
    let scores = api.get("/v1/scores").await.expect(200);
    let codes: Vec<&Value> = scores["items"].as_array().unwrap().iter().map(|score| &score["code"]).collect();
    assert_eq!(codes.iter().filter(|code| ***code == "degraded_blocked").count(), 2, "{codes:?}");
}
