//! The incidents of others: each test names the one that it keeps from happening here.
//!
//! Deliberately not here: those of payments (`incidents_of_payments.rs`) and of storage (15).

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

async fn block(api: &Api, email: &str) -> String {
    api.entry(json!({"list": "block", "kind": "email", "value": email})).await
}

/// Incident 1: the raw form was stored, the folded one looked up, so that the entry never matched itself.
#[tokio::test]
async fn incident_1_an_entry_matches_itself_however_it_was_written() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (number, written) in
        ["John.Doe@Example.COM", "  x+y@example.com ", "ünï@exämple.com", "o'neil@b-c.example"]
            .into_iter()
            .enumerate()
    {
        let entry = block(&api, written).await;
        assert_eq!(api.code_for(written).await, "identifier_blacklisted", "{written}");
        let shown =
            api.get(&format!("/v1/entries/{entry}")).await.expect(200)["value"].as_str().unwrap().to_owned();
        assert_eq!(api.code_for(&shown).await, "identifier_blacklisted", "{shown}");
        // And through a customer who has it.
        let id = api.customer(json!({"email": written, "merchantRef": format!("r{number}")})).await;
        let decision = api.decide(json!({"initiator": "merchant", "customer": id})).await;
        assert_eq!(decision["code"], "identifier_blacklisted", "{written}");
    }
}

/// Incident 2: Gmail's rules applied to every domain merged strangers.
#[tokio::test]
async fn incident_2_strangers_are_not_merged() {
    let shop = Shop::open().await;
    let api = shop.secret();
    block(&api, "john.doe@example.com").await;
    for stranger in ["johndoe@example.com", "john.doe+x@example.com", "j.ohndoe@example.com"] {
        assert_eq!(api.code_for(stranger).await, "default", "{stranger}");
    }
}

/// Incident 3: a re-block without an expiry kept an old expiry in the past: the block was inert.
#[tokio::test]
async fn incident_3_a_new_block_without_an_end_clears_the_old_end() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let until = shop.clock.in_seconds(10);
    let id = api.customer(json!({"merchantRef": "r"})).await;
    let listed = json!({"list": "block", "kind": "email", "value": "a@example.com", "expiresAt": until});
    let entry = api.entry(listed).await;
    let path = format!("/v1/customers/{id}/blacklist");
    api.post(&path, json!({"expiresAt": until})).await.expect(200);
    shop.clock.advance(11);
    assert_eq!(api.code_for("a@example.com").await, "default");
    let again = api.post("/blacklist", json!({"email": "a@example.com"})).await.expect(200);
    assert_eq!(again["id"], entry.as_str());
    api.post_empty(&path).await.expect(200);
    shop.clock.advance(1_000_000);
    assert_eq!(api.code_for("a@example.com").await, "identifier_blacklisted");
    let decision = api.decide(json!({"initiator": "customer", "customer": id})).await;
    assert_eq!(decision["code"], "customer_blacklisted");
    // The same in Idenza's words.
    let person = json!({"subscriber_id": 1, "first_name": "A", "last_name": "B", "email": "z@example.com",
        "customer_reference_id": "r", "add_to_blacklist": true});
    api.post(&path, json!({"expiresAt": shop.clock.in_seconds(10)})).await.expect(200);
    shop.clock.advance(11);
    api.post("/customer/add", person).await.expect(200);
    let decision = api.decide(json!({"initiator": "customer", "merchantRef": "r"})).await;
    assert_eq!(decision["code"], "customer_blacklisted");
}

/// Incident 4: a boundary written `<` in one place and `<=` in another.
#[tokio::test]
async fn incident_4_windows_are_half_open_everywhere() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let (from, until) = (shop.clock.in_seconds(10), shop.clock.in_seconds(20));
    let id = api.customer(json!({"email": "c@example.com"})).await;
    api.post(&format!("/v1/customers/{id}/whitelist"), json!({"expiresAt": until})).await.expect(200);
    for list in ["block", "allow"] {
        let value = format!("{list}@example.com");
        let body =
            json!({"list": list, "kind": "email", "value": value, "startsAt": from, "expiresAt": until});
        api.entry(body).await;
    }
    for (second, inside) in [(9, false), (1, true), (9, true), (1, false)] {
        shop.clock.advance(second);
        let expected = |code: &str| if inside { code.to_owned() } else { "default".to_owned() };
        assert_eq!(api.code_for("block@example.com").await, expected("identifier_blacklisted"));
        assert_eq!(api.code_for("allow@example.com").await, expected("identifier_whitelisted"));
        let active = api.get("/v1/entries?active=true").await.expect(200);
        assert_eq!(active["items"].as_array().unwrap().len(), if inside { 2 } else { 0 });
    }
    // The status ended at the same moment, in the decision and in what is shown.
    let decision = api.decide(json!({"initiator": "customer", "customer": id})).await;
    assert_eq!(decision["code"], "default");
    let shown = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!(shown["listStatus"], "normal");
}

/// Incident 6: the seller's own IP was checked along with the buyer's, and every purchase failed.
#[tokio::test]
async fn incident_6_only_what_the_attempt_names_is_looked_up() {
    let shop = Shop::open().await;
    // The call comes from 127.0.0.1, through a proxy that says so, too.
    let api = shop.secret().with("x-forwarded-for", "192.0.2.7");
    let decision = api.decide(json!({"initiator": "customer", "ip": "198.51.100.9", "explain": true})).await;
    let lookups = decision["explanation"]["lookups"].as_array().unwrap();
    let values: Vec<&Value> = lookups.iter().map(|lookup| &lookup["value"]).collect();
    assert_eq!(values, [&json!("198.51.100.9")]);
}

/// Incident 7: an exemption keyed on a typed email could be claimed by anyone who typed it.
#[tokio::test]
async fn incident_7_an_exemption_cannot_be_typed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let vip = api.customer(json!({"email": "vip@example.com"})).await;
    api.post(&format!("/v1/customers/{vip}/whitelist"), json!({})).await.expect(200);
    api.entry(json!({"list": "allow", "kind": "email", "value": "vip@example.com"})).await;
    let typed = json!({"initiator": "customer", "email": "vip@example.com", "unverified": ["email"]});
    assert_eq!(api.decide(typed).await["code"], "default");
    // A bad customer who types it stays blocked.
    let bad = api.customer(json!({"email": "bad@example.com"})).await;
    api.entry(json!({"list": "block", "kind": "email", "value": "bad@example.com", "strength": "soft"}))
        .await;
    let claimed = json!({"initiator": "customer", "customer": bad, "email": "vip@example.com", "unverified": ["email"]});
    assert_eq!(api.decide(claimed).await["code"], "identifier_blacklisted");
    // A whitelist found through an email counts for nobody, typed or not.
    api.delete(&format!("/v1/entries/{}", entry_of(&api, "vip@example.com").await)).await.expect(204);
    assert_eq!(api.code_for("vip@example.com").await, "default");
}

async fn entry_of(api: &Api, value: &str) -> String {
    let found = api.get(&format!("/v1/entries?query={value}")).await.expect(200);
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

/// Incident 10: a wrong id was accepted and "completed" having blocked nothing.
#[tokio::test]
async fn incident_10_nothing_is_a_silent_no_op() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let nobody = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    for path in [
        format!("/v1/customers/{nobody}/blacklist"),
        format!("/v1/customers/{nobody}/whitelist"),
        format!("/v1/customers/{nobody}/restrictions"),
        format!("/customers/{nobody}/restrictions"),
        "/customers/nonsense/restrictions".to_owned(),
    ] {
        assert_eq!(api.post(&path, json!({})).await.refused(404), "not_found", "{path}");
    }
    assert_eq!(shop.revision().await, 0);
    // A write answers with the effective state, and the next decision obeys it.
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let written = api.post(&format!("/v1/customers/{id}/blacklist"), json!({})).await;
    let customer = written.expect(200);
    assert_eq!((&customer["blacklisted"], &customer["listStatus"]), (&json!(true), &json!("blacklisted")));
    let decision = api.decide(json!({"initiator": "customer", "customer": id})).await;
    assert!(decision["revision"].as_i64().unwrap() >= written.revision());
    assert_eq!(decision["outcome"], "block");
}

/// Incident 10 once more: what is written without effect is refused, or says what stands over it.
#[tokio::test]
async fn incident_10_an_exemption_says_which_hard_block_stands_over_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let put = async |terms: Value, status: u16| {
        let mut entry = json!({"list": "allow", "kind": "email", "value": "a@example.com"});
        entry.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        api.post("/v1/entries", entry).await.expect(status)
    };
    let id = put(json!({}), 201).await["id"].clone();
    let hard = block(&api, "a@example.com").await;
    let again = put(json!({}), 200).await;
    assert_eq!(again["overriddenBy"], json!(hard));
    assert_eq!(
        api.decide(json!({"initiator": "customer", "email": "a@example.com"})).await["outcome"],
        "block"
    );
    let path = format!("/v1/entries/{}", id.as_str().unwrap());
    assert_eq!(api.patch(&path, json!({"reason": "known"})).await.expect(200)["overriddenBy"], json!(hard));
    // Reading says what is on the list, and nothing else.
    assert_eq!(api.get(&path).await.expect(200).get("overriddenBy"), None);
    // A soft one yields, and one for the other initiator does not meet it.
    api.patch(&format!("/v1/entries/{hard}"), json!({"scopes": ["mit"]})).await.expect(200);
    assert_eq!(put(json!({"scopes": ["cit"]}), 200).await.get("overriddenBy"), None);
    api.patch(&format!("/v1/entries/{hard}"), json!({"scopes": null, "strength": "soft"})).await.expect(200);
    assert_eq!(put(json!({}), 200).await.get("overriddenBy"), None);
    // What is wider may be hard, too.
    let domain = json!({"list": "block", "kind": "emailDomain", "value": "example.com", "strength": "hard"});
    let domain = api.entry(domain).await;
    assert_eq!(put(json!({}), 200).await["overriddenBy"], json!(domain));
}

#[tokio::test]
async fn incident_10_a_strength_that_means_nothing_is_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (kind, value, other) in [("email", "a@example.com", "soft"), ("ip", "203.0.113.7", "hard")] {
        let mut body = json!({"list": "allow", "kind": kind, "value": value, "strength": other});
        for path in ["/v1/entries", "/v1/entries/preview"] {
            assert_eq!(api.post(path, body.clone()).await.paths(), ["strength"], "{kind} {path}");
        }
        body.as_object_mut().unwrap().remove("strength");
        let entry = api.post("/v1/entries", body).await.expect(201);
        let path = format!("/v1/entries/{}", entry["id"].as_str().unwrap());
        assert_eq!(api.patch(&path, json!({"strength": other})).await.paths(), ["strength"], "{kind}");
        // What is read may be sent back.
        api.patch(&path, json!({"strength": entry["strength"]})).await.expect(200);
    }
}

#[tokio::test]
async fn incident_10_a_range_that_would_match_no_address_of_ipv4_is_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let range = |value: &str| json!({"list": "block", "kind": "ip", "value": value});
    for value in ["::ffff:0:0/90", "::ffff:203.0.113.0/64", "::ffc0:0:0/90"] {
        assert_eq!(api.post("/v1/entries", range(value)).await.paths(), ["value"], "{value}");
    }
    let entry = api.post("/v1/entries", range("::ffff:203.0.113.0/120")).await.expect(201);
    assert_eq!(entry["value"], "203.0.113.0/24");
    let attempt = json!({"initiator": "customer", "ip": "::ffff:203.0.113.7"});
    assert_eq!(api.decide(attempt).await["outcome"], "block");
}

/// Incident 11: deleting one scope's entry removed another's.
#[tokio::test]
async fn incident_11_blocks_are_held_per_source() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictCit": true, "restrictMit": true}))
        .await
        .expect(200);
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({})).await.expect(200);
    let entry = block(&api, "a@example.com").await;
    let code = async || api.decide(json!({"initiator": "merchant", "customer": id})).await["code"].clone();
    api.delete(&format!("/blacklist/{entry}")).await.expect(204);
    assert_eq!(code().await, "customer_restricted");
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictCit": false})).await.expect(200);
    assert_eq!(code().await, "customer_restricted", "the other flag");
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictMit": false})).await.expect(200);
    assert_eq!(code().await, "customer_blacklisted", "the status");
    block(&api, "a@example.com").await;
    api.delete(&format!("/v1/customers/{id}/blacklist")).await.expect(200);
    assert_eq!(code().await, "identifier_blacklisted", "the entry");
}

/// Incident 14: a block hit was logged as an allow hit.
#[tokio::test]
async fn incident_14_a_decision_names_the_entry_the_value_and_the_rule() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let allow = api.entry(json!({"list": "allow", "kind": "email", "value": "a@example.com"})).await;
    let hard = block(&api, "a@example.com").await;
    let decision =
        api.decide(json!({"initiator": "customer", "email": " A@example.com", "explain": true})).await;
    let expected = json!([
        {"tier": 3, "code": "identifier_blacklisted", "source": "entry", "entry": hard, "customer": null,
            "kind": "email", "value": "a@example.com", "reason": null},
        {"tier": 5, "code": "identifier_whitelisted", "source": "entry", "entry": allow, "customer": null,
            "kind": "email", "value": "a@example.com", "reason": null},
    ]);
    assert_eq!(decision["reasons"], expected);
    assert_eq!(decision["code"], "identifier_blacklisted");
    let hits = async |id: &str| api.get(&format!("/v1/entries/{id}")).await.expect(200)["hitCount"].clone();
    assert_eq!(hits(&hard).await, 1);
}
