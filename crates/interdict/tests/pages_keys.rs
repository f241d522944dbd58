//! The pages of keys, of the audit log and of settings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::time::Duration;

use browser::{Browser, GOOD, make_user};
use interdict_test_support::wait_until;
use serde_json::{Value, json};
use support::{Place, Server};

const KEYS: &str = "/dashboard/test/keys";
const AUDIT: &str = "/dashboard/test/audit";
const SETTINGS: &str = "/dashboard/test/settings";

fn start() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    (place, server)
}

fn works(server: &Server, key: &str) -> bool {
    server.call("GET", "/v1/settings", key, &Value::Null).0 == 200
}

#[test]
fn a_key_is_made_rotated_with_an_overlap_and_revoked() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let form = [
        ("once", "a"),
        ("name", "<i>shop</i>"),
        ("kind", "secret"),
        ("permission", "payments:read"),
        ("permission", "decisions"),
    ];
    let page = owner.post(KEYS, &form).expect(200);
    page.shows("&#60;i&#62;shop").hides("<i>shop");
    let old = page.between("class=\"shown-once\">", "<");
    assert!(old.starts_with("sk_test_") && works(&server, &old));
    assert_eq!(owner.post(KEYS, &form).between("class=\"shown-once\">", "<"), old, "a second press");
    let page = owner.get(KEYS).expect(200);
    page.shows("&#60;i&#62;shop")
        .hides("<i>shop")
        .hides(&old)
        .shows("ask for decisions and read the log of them, read payments");
    assert_eq!(page.body.matches("<tr id=\"key_").count(), 3, "two from the first start, and one");

    let id = format!("key_{}", page.between("<tr id=\"key_", "\""));
    let rotate = format!("{KEYS}/{id}/rotate");
    owner.post(&rotate, &[("overlap", "a year")]).expect(422);
    let new = owner.post(&rotate, &[("overlap", "day")]).expect(200).between("class=\"shown-once\">", "<");
    assert!(new != old && works(&server, &old) && works(&server, &new));
    owner.post(&rotate, &[("overlap", "day")]).expect(409).shows("Somebody else was faster");
    let page = owner.get(KEYS).expect(200);
    page.shows("chip warn");
    owner.post(&format!("{KEYS}/{id}/revoke"), &[]).expect(303);
    assert!(!works(&server, &old) && works(&server, &new));
    owner
        .get("/dashboard/test/keys?done=key-revoked")
        .expect(200)
        .shows("The key is revoked.")
        .shows(">revoked<");
    owner.post(&rotate, &[("overlap", "none")]).expect(409);
    owner.post(&format!("{KEYS}/key_x/revoke"), &[]).expect(404);
}

#[test]
fn a_new_key_may_what_was_chosen_and_nothing_is_chosen_beforehand() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let page = owner.get(KEYS).expect(200);
    let dialog = page.between("<dialog id=\"create\"", "</dialog>");
    assert!(!dialog.contains(" checked"), "{dialog}");
    let attempt = serde_json::json!({"initiator": "customer", "email": "anna@example.com"});
    for (preset, decides, reads, writes) in
        [("decide", 200, 403, 403), ("read", 403, 200, 403), ("everything", 200, 200, 201)]
    {
        let fields = [("name", preset), ("kind", "secret"), ("preset", preset)];
        let key = owner.post(KEYS, &fields).expect(200).between("class=\"shown-once\">", "<");
        let entry =
            serde_json::json!({"list": "block", "kind": "email", "value": format!("{preset}@example.com")});
        assert_eq!(server.call("POST", "/v1/decisions", &key, &attempt).0, decides, "{preset}");
        assert_eq!(server.call("GET", "/v1/customers", &key, &Value::Null).0, reads, "{preset}");
        assert_eq!(server.call("POST", "/v1/entries", &key, &entry).0, writes, "{preset}");
    }
    let fields = [("name", "Own"), ("kind", "secret"), ("preset", "own"), ("permission", "decisions")];
    owner.post(KEYS, &fields).expect(200);
    let refused = owner.post(KEYS, &[("name", "Own"), ("kind", "secret"), ("preset", "own")]).expect(422);
    refused.shows("value=\"own\" checked");
}

#[test]
fn what_is_no_key_is_said_in_the_dialog_with_what_was_typed() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let name = ("name", "\"><script>x");
    let all = ("permission", "decisions");
    for (fields, says) in [
        (vec![("kind", "secret"), all], "Give the key a name"),
        (vec![name, ("kind", "secret")], "Choose what the key may do"),
        (vec![name, ("kind", "secret"), ("permission", "everything")], "Choose what the key may do"),
        (vec![name, ("kind", "golden"), all], "This kind of key does not exist"),
        (vec![name, ("kind", "secret"), all, ("until", "2001-01-01")], "The end must lie in the future"),
        (vec![name, ("kind", "secret"), all, ("until", "soon")], "must be a day"),
    ] {
        let page = owner.post(KEYS, &fields).expect(422);
        page.shows(says)
            .shows("<dialog id=\"create\" aria-labelledby=\"create-title\" open>")
            .hides("<script>x");
    }
    let oauth = [("name", "Erp"), ("kind", "oauth"), all];
    owner.post(KEYS, &oauth).expect(200).shows("Client id").shows("oas_test_");
    let publishable = [("name", "Web"), ("kind", "publishable")];
    owner.post(KEYS, &publishable).expect(200).shows("pk_test_");
}

#[test]
fn roles_reach_as_far_as_the_table_says_and_other_sites_nowhere() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let key = [("name", "Shop"), ("kind", "secret"), ("permission", "decisions")];
    let live = "/dashboard/live/keys";
    owner.post(live, &key).expect(200).shows("sk_live_");
    let live_id = format!("key_{}", owner.get(live).between("<tr id=\"key_", "\""));
    for (role, keys, audit, settings) in [
        ("admin", 200, 200, 200),
        ("developer", 200, 200, 403),
        ("support", 403, 403, 403),
        ("read_only", 403, 200, 403),
    ] {
        let email = format!("{role}@example.com");
        make_user(&place, &email, role);
        let mut browser = Browser::of(&server, &email, GOOD);
        browser.get(KEYS).expect(keys);
        let log = browser.get(AUDIT).expect(audit);
        assert_eq!(log.body.contains(&format!("href=\"{live}#{live_id}\"")), keys == 200, "{role}");
        browser.get(SETTINGS).expect(settings);
        browser.post(KEYS, &key).expect(keys);
        browser.post(live, &key).expect(if role == "admin" { 200 } else { 403 });
        if role != "admin" {
            for path in [live, KEYS] {
                // Neither by its own address nor by that of the other mode.
                browser.post(&format!("{path}/{live_id}/revoke"), &[]).expect(403);
                browser.post(&format!("{path}/{live_id}/rotate"), &[("overlap", "none")]).expect(403);
            }
            browser.post(SETTINGS, &[("on-lift", "collect_arrears")]).expect(403);
            browser.post(&format!("{SETTINGS}/gateway"), &[("webhookSecret", "whsec_x")]).expect(403);
            browser.post(&format!("{SETTINGS}/gateway-lists"), &[("mirroring", "block")]).expect(403);
        }
        browser.post(&format!("{AUDIT}/verify"), &[]).expect(if audit == 200 { 303 } else { 403 });
    }
    for form in [
        KEYS.to_owned(),
        format!("{live}/{live_id}/revoke"),
        format!("{live}/{live_id}/rotate"),
        format!("{AUDIT}/verify"),
        SETTINGS.to_owned(),
        format!("{SETTINGS}/gateway"),
        format!("{SETTINGS}/gateway-lists"),
    ] {
        owner
            .post_from("https://evil.example", &form, &key)
            .expect(403)
            .shows("This came from somewhere else");
        assert!(
            Browser::new(&server).post(&form, &key).expect(303).location.starts_with("/dashboard/sign-in")
        );
    }
    owner.get(live).expect(200).shows(&live_id).hides(">revoked<");
}

#[test]
fn the_audit_log_says_who_made_what_of_what_and_goes_on_page_by_page() {
    let (place, server) = start();
    let key = place.first_key();
    let mut owner = Browser::of_owner(&place, &server);
    owner.post("/dashboard/team/invite", &[("email", "ada@example.com"), ("role", "support")]).expect(200);
    let body = json!({"email": "eve@example.com", "name": "<b>Eve</b>"});
    let (status, customer) = server.call("POST", "/customers", &key, &body);
    assert_eq!(status, 201, "{customer}");
    let path = format!("/dashboard/test/customers/{}", customer["id"].as_str().unwrap());
    let page = owner.get(AUDIT).expect(200);
    page.shows("Customer created").shows(&format!("href=\"{path}\"")).hides("<b>Eve").shows("&#60;b&#62;Eve");
    page.shows("Person invited")
        .shows("ada@example.com")
        .shows("<ins>Support</ins>")
        .shows("owner@interdict.local");
    page.shows("Signed in").shows("Key created");
    owner
        .get("/dashboard/live/audit")
        .expect(200)
        .hides("<strong>Customer created")
        .shows("<strong>Person invited");
    owner.get(&path).expect(200);

    for number in 0..60 {
        server.block(&key, &format!("user{number}@example.com"));
    }
    let (mut page, mut rows) = (owner.get(AUDIT).expect(200), 0);
    loop {
        rows += page.body.matches("<td><strong>").count();
        if !page.body.contains("rel=\"next\"") {
            break;
        }
        let next = page.between("rel=\"next\" href=\"", "\"");
        page = owner.get(&next).expect(200);
    }
    let shown = page.body.contains("<strong>Merchant created");
    assert!(shown && rows >= 66, "the last page of {rows} rows ends with the beginning");
    owner.get("/dashboard/test/audit?before=nonsense").expect(200);
}

#[test]
fn the_chain_is_verified_by_a_button_and_what_was_altered_is_found() {
    let (place, server) = start();
    server.block(&place.first_key(), "eve@example.com");
    let mut owner = Browser::of_owner(&place, &server);
    owner.get(AUDIT).expect(200).shows("Not verified since");
    owner.post(&format!("{AUDIT}/verify"), &[]).expect(303);
    wait_until(|| owner.get(AUDIT).body.contains(">unaltered<"), Duration::from_mins(1)).unwrap();
    owner.get("/dashboard/live/audit").expect(200).shows("Not verified since");

    let database = rusqlite::Connection::open(place.data("test.db")).unwrap();
    let altered = database.execute("UPDATE change SET actor_id = 'nobody' WHERE sequence = 1", []).unwrap();
    assert_eq!(altered, 1);
    owner.post(&format!("{AUDIT}/verify"), &[]).expect(303);
    wait_until(|| owner.get(AUDIT).body.contains(">altered<"), Duration::from_mins(1)).unwrap();
}

#[test]
fn settings_are_changed_unless_somebody_else_was_faster() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let page = owner.get(SETTINGS).expect(200);
    let seen = page.field(SETTINGS, "seen");
    let form = |seen: &str, origins: &str| {
        [
            ("seen", seen.to_owned()),
            ("outage-customer", "block".to_owned()),
            ("outage-merchant", "retry_later".to_owned()),
            ("on-blacklist", "cancel".to_owned()),
            ("on-lift", "collect_arrears".to_owned()),
            ("on-dispute", "record".to_owned()),
            ("on-fraud-warning", "block".to_owned()),
            ("origins", origins.to_owned()),
            ("allowed-per-second", "25".to_owned()),
        ]
    };
    let mut send = |seen: &str, origins: &str| {
        let form = form(seen, origins);
        let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        owner.post(SETTINGS, &fields)
    };
    let refused = send(&seen, "https://shop.example/path\n</textarea><b>x").expect(422);
    refused.shows("Each line must be an origin").hides("<b>x").shows("value=\"collect_arrears\" selected");
    send(&seen, "https://shop.example\r\nhttps://two.example").expect(303);
    send(&seen, "").expect(409).shows("Somebody else was faster");
    let (_, settings) = server.call("GET", "/v1/settings", &place.first_key(), &Value::Null);
    assert_eq!(settings["allowedOrigins"], json!(["https://shop.example", "https://two.example"]));
    assert_eq!(settings["decisionLog"], json!({"allowedPerSecond": 25}));
    assert_eq!(settings["outage"], json!({"customer": "block", "merchant": "retry_later"}));
    assert_eq!(
        (&settings["onLift"], &settings["onBlacklist"], &settings["onDispute"], &settings["onFraudWarning"]),
        (&"collect_arrears".into(), &"cancel".into(), &"record".into(), &"block".into())
    );
    let page = owner.get("/dashboard/test/settings?done=settings-changed").expect(200);
    page.shows("Saved. It counts from now on.").shows("https://two.example");
    owner.post(SETTINGS, &[("seen", &page.field(SETTINGS, "seen")), ("on-lift", "never")]).expect(422);
    let too_many = [("seen", &*page.field(SETTINGS, "seen")), ("allowed-per-second", "1001")];
    owner.post(SETTINGS, &too_many).expect(422);
    owner.get("/dashboard/live/settings").expect(200).hides("https://two.example");
    owner.get(AUDIT).expect(200).shows("Settings changed");
}

#[test]
fn the_provider_s_secrets_are_set_and_never_shown() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let (live, path) = ("/dashboard/live/settings", "/dashboard/live/settings/gateway");
    let page = owner.get(live).expect(200);
    let seen = page.field(path, "seen");
    let send =
        |owner: &mut Browser, name: &str, value: &str| owner.post(path, &[("seen", &seen), (name, value)]);
    send(&mut owner, "secretKey", "").expect(422).shows("Type at least one of them.");
    send(&mut owner, "secretKey", "sk_test_wrong1234")
        .expect(422)
        .shows("must be a live key")
        .hides("wrong1234");
    send(&mut owner, "webhookSecret", "secret").expect(422).shows("whsec_");
    send(&mut owner, "publishableKey", "pk_x").expect(422).shows("pk_live_");
    send(&mut owner, "secretKey", "sk_live_51HqExample9876").expect(303);
    owner.get(live).expect(200).shows("…9876").hides("Example9876");
    send(&mut owner, "webhookSecret", "whsec_x").expect(409);
    let seen = owner.get(live).field(path, "seen");
    owner.post(path, &[("seen", &seen), ("publishableKey", "pk_live_51Hq")]).expect(303);
    owner.get(live).expect(200).shows("pk_live_51Hq").shows("…9876");
    owner.get(SETTINGS).expect(200).hides("name=\"secretKey\"").hides("9876");
}

#[test]
fn the_provider_s_lists_are_wanted_and_told_of_in_live_mode_only() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let (live, path) = ("/dashboard/live/settings", "/dashboard/live/settings/gateway-lists");
    let page = owner.get(live).expect(200);
    let seen = page.field(path, "seen");
    owner.get(SETTINGS).expect(200).hides("name=\"mirroring\"");
    owner.post(path, &[("seen", &seen), ("mirroring", "everything")]).expect(422);
    owner.post(path, &[("seen", &seen), ("mirroring", "block")]).expect(303);
    owner.post(path, &[("seen", &seen), ("mirroring", "off")]).expect(409);
    owner.get(live).expect(200).shows("value=\"block\" selected");
    owner.get("/dashboard/live/audit").expect(200).shows("Provider’s lists changed");
    // There is no key: the server says so with its first step.
    let told = || owner.get(live).body.contains("the merchant has named no gateway");
    wait_until(told, Duration::from_secs(20)).unwrap();
}
