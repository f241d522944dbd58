//! Entries that hit more than one person may list: they wait, and stand only once a second person approved them.

use std::sync::Arc;

use interdict_app::store::{Authorship, StorageError, WriteError};
use interdict_app::{
    NewEntry, ProposalError, Put, UseCaseError, approve_proposal, put_entry, refuse_proposal,
};
use interdict_domain::actor::Actor;
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::{ProposalId, UserId};
use serde_json::{Value, json};

use crate::billing::DAY_S;
use crate::shop::{Api, FIRST, Shop};

/// With a threshold of two, and three customers at a domain.
async fn shop() -> (Shop, Api) {
    let shop = Shop::open().await;
    let api = shop.secret();
    for name in ["a", "b", "c"] {
        api.customer(json!({"email": format!("{name}@example.com")})).await;
    }
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 2}})).await.expect(200);
    (shop, api)
}

fn domain(value: &str) -> Value {
    json!({"list": "block", "kind": "emailDomain", "value": value})
}

async fn is_blocked(api: &Api) -> bool {
    let attempt = json!({"initiator": "customer", "email": "x@example.com", "dryRun": true});
    api.decide(attempt).await["outcome"] == "block"
}

/// What a person in the dashboard does.
enum Press {
    Approve,
    Refuse,
}

async fn press(shop: &Shop, who: UserId, id: &Value, what: Press) -> Result<(), ProposalError> {
    let (id, now) = (id.as_str().unwrap().parse::<ProposalId>().unwrap(), shop.service().now());
    let random = Arc::clone(&shop.random);
    let written = shop.service().store().write(move |transaction| -> Result<(), NotDone> {
        let actor = Actor::user(who);
        let by = Authorship::new(&actor, now, random.as_ref());
        let mut transaction = transaction.merchant(FIRST);
        match what {
            Press::Approve => approve_proposal(&mut transaction, &by, who, id).map(drop),
            Press::Refuse => refuse_proposal(&mut transaction, &by, who, id),
        }
        .map_err(NotDone)
    });
    match written.await {
        Ok(_) => Ok(()),
        Err(WriteError::Refused(NotDone(error))) => Err(error),
        Err(error) => panic!("{error:?}"),
    }
}

#[derive(Debug)]
struct NotDone(ProposalError);

impl From<StorageError> for NotDone {
    fn from(error: StorageError) -> Self {
        Self(ProposalError::Storage(error))
    }
}

fn person(shop: &Shop) -> UserId {
    UserId::generate(shop.service().now(), shop.random.as_ref())
}

#[tokio::test]
async fn what_hits_more_waits_and_counts_once_another_person_approved_it() {
    let (shop, api) = shop().await;
    let body = json!({"list": "block", "kind": "emailDomain", "value": "@Example.com", "reason": "ring",
        "scopes": ["cit"], "expiresAt": "2099-01-01T00:00:00Z"});
    let proposed = api.post("/v1/entries", body).await.expect(202);
    assert_eq!((&proposed["state"], &proposed["entry"]["value"]), (&json!("open"), &json!("example.com")));
    assert_eq!(proposed["preview"]["customers"], json!({"count": 3, "atLeast": false}));
    assert_eq!(
        (&proposed["entry"]["reason"], &proposed["entry"]["scopes"]),
        (&json!("ring"), &json!(["cit"]))
    );
    assert_eq!(proposed["expiresAt"], shop.clock.in_seconds(7 * DAY_S));
    assert!(!is_blocked(&api).await);
    let id = &proposed["id"];
    let path = format!("/v1/proposals/{}", id.as_str().unwrap());
    assert_eq!(api.get(&path).await.expect(200), proposed);
    assert_eq!(api.get("/v1/proposals").await.expect(200)["items"], json!([proposed]));
    for stranger in [shop.live(), shop.bearer(&shop.another_merchant("Second").test.secret.secret)] {
        assert_eq!(stranger.get(&path).await.refused(404), "not_found");
        assert_eq!(stranger.get("/v1/proposals").await.expect(200)["items"], json!([]));
    }

    shop.clock.advance(60);
    let who = person(&shop);
    press(&shop, who, id, Press::Approve).await.unwrap();
    shop.clock.advance(1);
    assert!(is_blocked(&api).await);
    let after = api.get(&path).await.expect(200);
    assert_eq!((&after["state"], &after["decidedBy"]["id"]), (&json!("approved"), &json!(who.to_string())));
    let entry =
        api.get(&format!("/v1/entries/{}", proposed["entry"]["id"].as_str().unwrap())).await.expect(200);
    for field in ["value", "reason", "scopes", "strength", "expiresAt", "createdBy"] {
        assert_eq!(entry[field], proposed["entry"][field], "{field}");
    }
    let changes = api.get("/v1/changes?limit=100").await.expect(200);
    let items = changes["items"].as_array().unwrap();
    let of = |action: &str| items.iter().find(|item| item["action"] == action).unwrap();
    assert_eq!(of("entry.approved")["actor"]["id"], who.to_string());
    assert_eq!(of("entry.created")["actor"], of("entry.proposed")["actor"], "in the name of who proposed it");
    assert!(
        matches!(press(&shop, person(&shop), id, Press::Approve).await, Err(ProposalError::Over)),
        "once"
    );
}

#[tokio::test]
async fn nobody_approves_what_they_proposed_and_anybody_may_refuse() {
    let (shop, api) = shop().await;
    let owner = person(&shop);
    let new = NewEntry::plain(
        List::Block,
        Identifier::parse(Kind::EmailDomain, "example.com").unwrap(),
        EntrySource::Dashboard,
    );
    let weight = shop.service().weigh_entry(FIRST, &new).await.unwrap();
    let (now, random) = (shop.service().now(), Arc::clone(&shop.random));
    let put = shop.service().store().write(move |transaction| -> Result<_, NotPut> {
        let actor = Actor::user(owner);
        let by = Authorship::new(&actor, now, random.as_ref());
        put_entry(&mut transaction.merchant(FIRST), &by, new, weight).map_err(NotPut)
    });
    let Put::Proposal(proposal) = put.await.unwrap().value else { panic!("it waits") };
    let id = json!(proposal.id.to_string());
    assert!(matches!(press(&shop, owner, &id, Press::Approve).await, Err(ProposalError::Own)));
    assert!(!is_blocked(&api).await);
    press(&shop, owner, &id, Press::Refuse).await.unwrap();
    assert!(matches!(press(&shop, person(&shop), &id, Press::Approve).await, Err(ProposalError::Over)));
    assert!(!is_blocked(&api).await);
}

#[derive(Debug)]
struct NotPut(#[allow(dead_code, reason = "shown when the test fails")] UseCaseError);

impl From<StorageError> for NotPut {
    fn from(error: StorageError) -> Self {
        Self(error.into())
    }
}

#[tokio::test]
async fn a_proposal_ends_and_does_not_survive_a_change_of_its_entry() {
    let (shop, api) = shop().await;
    let old = api.post("/v1/entries", domain("example.com")).await.expect(202);
    shop.clock.advance(7 * DAY_S);
    let path = format!("/v1/proposals/{}", old["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.expect(200)["state"], "expired");
    assert!(matches!(
        press(&shop, person(&shop), &old["id"], Press::Approve).await,
        Err(ProposalError::Over)
    ));

    let first = api.post("/v1/entries", domain("example.com")).await.expect(202);
    shop.clock.advance(1);
    let second = api.post("/v1/entries", domain("example.com")).await.expect(202);
    press(&shop, person(&shop), &first["id"], Press::Approve).await.unwrap();
    let other = press(&shop, person(&shop), &second["id"], Press::Approve).await;
    assert!(matches!(other, Err(ProposalError::EntryChanged)));
}

#[tokio::test]
async fn only_what_widens_waits() {
    let (shop, api) = shop().await;
    // What hits few, does not.
    api.post("/v1/entries", domain("example.org")).await.expect(201);
    api.post("/v1/entries", json!({"list": "block", "kind": "email", "value": "a@example.com"}))
        .await
        .expect(201);
    let terms = json!({"list": "block", "kind": "emailDomain", "value": "example.com", "scopes": ["cit"],
        "expiresAt": "2099-01-01T00:00:00Z"});
    let proposed = api.post("/v1/entries", terms.clone()).await.expect(202);
    press(&shop, person(&shop), &proposed["id"], Press::Approve).await.unwrap();
    shop.clock.advance(1);
    let path = format!("/v1/entries/{}", proposed["entry"]["id"].as_str().unwrap());
    for (body, status) in [
        (json!({"reason": "reviewed"}), 200),
        (json!({"expiresAt": "2098-01-01T00:00:00Z"}), 200),
        (json!({"expiresAt": null}), 202),
        (json!({"scopes": ["cit", "mit"]}), 202),
        (json!({"strength": "hard"}), 202),
        (json!({"startsAt": "2090-01-01T00:00:00Z"}), 200),
        (json!({"startsAt": null}), 202),
        (json!({"expiresAt": "2026-01-01T00:00:00Z", "startsAt": null}), 200),
        (json!({"expiresAt": "2097-01-01T00:00:00Z"}), 202),
    ] {
        assert_eq!(api.patch(&path, body.clone()).await.status, status, "{body}");
    }
    // The same once more, as a new entry, would begin again.
    assert_eq!(api.post("/v1/entries", terms).await.status, 202);
    let allow = json!({"list": "allow", "kind": "emailDomain", "value": "example.com"});
    assert_eq!(api.post("/v1/entries", allow).await.status, 202);
    // A change of an entry is done as it was proposed, too.
    let longer = api.patch(&path, json!({"expiresAt": "2097-01-01T00:00:00Z"})).await.expect(202);
    press(&shop, person(&shop), &longer["id"], Press::Approve).await.unwrap();
    assert_eq!(api.get(&path).await.expect(200)["expiresAt"], "2097-01-01T00:00:00.000Z");
    // Odus's call names one payer, and its contract knows no waiting.
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 0}})).await.expect(200);
    api.post("/blacklist", json!({"email": "b@example.com"})).await.expect(201);
    api.patch("/v1/settings", json!({"secondApprover": null})).await.expect(200);
    api.post("/v1/entries", domain("mail.example.com")).await.expect(201);
}

#[tokio::test]
async fn a_range_waits_for_the_customers_who_came_from_it() {
    let (shop, api) = shop().await;
    let range = json!({"list": "block", "kind": "ip", "value": "203.0.113.0/24"});
    for name in ["a", "b"] {
        api.decide(
            json!({"initiator": "customer", "email": format!("{name}@example.com"), "ip": "203.0.113.7"}),
        )
        .await;
    }
    let entry = api.post("/v1/entries", range.clone()).await.expect(201);
    api.delete(&format!("/v1/entries/{}", entry["id"].as_str().unwrap())).await;
    shop.clock.advance(1);
    api.decide(json!({"initiator": "customer", "email": "c@example.com", "ip": "203.0.113.8"})).await;
    let proposed = api.post("/v1/entries", range).await.expect(202);
    assert_eq!(proposed["preview"]["customers"], json!({"count": 3, "atLeast": false}));
}

#[tokio::test]
async fn a_replay_gets_the_same_proposal_and_an_erasure_takes_it_away() {
    let (shop, api) = shop().await;
    api.patch("/v1/settings", json!({"secondApprover": {"threshold": 0}})).await.expect(200);
    let body = json!({"list": "block", "kind": "email", "value": "a@example.com", "reason": "looked odd"});
    let keyed = api.with("Idempotency-Key", "once");
    let proposed = keyed.post("/v1/entries", body.clone()).await.expect(202);
    shop.clock.advance(1);
    assert_eq!(keyed.post("/v1/entries", body).await.expect(202), proposed);
    assert_eq!(api.get("/v1/proposals").await.expect(200)["items"].as_array().unwrap().len(), 1);
    let customer = api.get("/v1/customers?query=a%40example.com").await.expect(200);
    let id = customer["items"][0]["id"].as_str().unwrap();
    assert_eq!(api.delete(&format!("/v1/customers/{id}")).await.status, 200);
    assert_eq!(api.get("/v1/proposals").await.expect(200)["items"], json!([]));
}
