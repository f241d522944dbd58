//! The pages that look: somebody by an identifier, a decision on what stood then, and a person's data as a file.

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

use browser::{Browser, GOOD, make_user};
use serde_json::{Value, json};
use support::{Place, Server};

fn start() -> (Place, Server, String) {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    (place, server, key)
}

fn made(server: &Server, key: &str, path: &str, body: &Value) -> String {
    let (status, answer) = server.call("POST", path, key, body);
    assert!([200, 201].contains(&status), "{path} {status} {answer}");
    answer["id"].as_str().unwrap().to_owned()
}

#[test]
fn one_box_finds_who_it_is_and_every_entry_that_covers_it() {
    let (place, server, key) = start();
    let ada = json!({"email": "ada@shop.example", "name": "Ada <b>Obi</b>"});
    let ada = made(&server, &key, "/v1/customers", &ada);
    let entry =
        json!({"list": "block", "kind": "emailDomain", "value": "shop.example", "reason": "ring <i>7</i>"});
    made(&server, &key, "/v1/entries", &entry);
    let exact = json!({"list": "block", "kind": "email", "value": "ada@shop.example", "reason": "lied"});
    made(&server, &key, "/v1/entries", &exact);
    let mut owner = Browser::of_owner(&place, &server);
    let at = "/dashboard/test/look-up";
    owner.get(at).expect(200).shows("Whatever you know of somebody").hides("No customer has this.");
    let page = owner.get(&format!("{at}?value=ADA%40shop.example")).expect(200);
    page.shows(&format!("/dashboard/test/customers/{ada}")).shows("by its domain").shows("exactly");
    page.shows("ring &#60;i&#62;7").hides("<b>Obi").hides("<i>7").shows("Entry created");
    owner.get(&format!("{at}?value=203.0.113.7")).expect(200).shows("No customer has this.");
    owner.get(&format!("{at}?value={ada}")).expect(200).shows("Ada");
    owner.get(&format!("{at}?value=A-17")).expect(422).shows("Choose it.");
    owner
        .get(&format!("{at}?value=A-17&kind=device"))
        .expect(200)
        .shows("No entry of either list covers it.");
    owner.get(&format!("{at}?value=nonsense&kind=email")).expect(422).shows("role=\"alert\"");
    // From a search that finds nothing.
    let nothing = owner.get("/dashboard/test/customers?query=nobody%40x.example").expect(200);
    nothing.shows("/dashboard/test/look-up?value=nobody");
}

#[test]
fn a_decision_is_judged_again_on_what_stood_then() {
    let (place, server, key) = start();
    let entry = json!({"list": "block", "kind": "email", "value": "ada@shop.example"});
    let entry = made(&server, &key, "/v1/entries", &entry);
    assert_eq!(
        server.decide(&key, &json!({"initiator": "customer", "email": "ada@shop.example"})),
        "identifier_blacklisted"
    );
    assert_eq!(server.call("DELETE", &format!("/v1/entries/{entry}"), &key, &Value::Null).0, 204);
    let mut owner = Browser::of_owner(&place, &server);
    let list = owner.get("/dashboard/test/decisions").expect(200);
    let id = list.between("href=\"/dashboard/test/decisions/dec_", "\"");
    let page = owner.get(&format!("/dashboard/test/decisions/dec_{id}")).expect(200);
    let paths: Vec<String> = page
        .body
        .split("href=\"/dashboard/test/decisions/try?")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
        .collect();
    let path = |words: &str| format!("/dashboard/test/decisions/try?{words}");
    assert_eq!(paths.len(), 2, "{paths:?}");
    owner.get(&path(&paths[0])).expect(200).shows("identifier_blacklisted");
    owner.get(&path(&paths[1])).expect(200).shows("<code>default</code>").hides("identifier_blacklisted");
    let asked =
        |revision: &str| path(&format!("initiator=customer&email=ada%40shop.example&revision={revision}"));
    owner.get(&asked("1")).expect(200).shows("identifier_blacklisted");
    owner.get(&asked("2")).expect(200).shows("<code>default</code>");
    owner.get(&asked("99")).expect(422).shows("the newest is 2");
    owner.get(&asked("soon")).expect(422).shows("role=\"alert\"");
}

#[test]
fn a_persons_data_is_a_file_for_whoever_sees_it_all() {
    let (place, server, key) = start();
    let ada = made(&server, &key, "/v1/customers", &json!({"email": "ada@shop.example", "name": "Ada Obi"}));
    let path = format!("/dashboard/test/customers/{ada}");
    let mut owner = Browser::of_owner(&place, &server);
    owner.get(&path).expect(200).shows("Export data").shows(&format!("{path}/export"));
    let file = owner.get(&format!("{path}/export")).expect(200);
    let document: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!((&document["customer"]["name"], &document["mode"]), (&json!("Ada Obi"), &json!("test")));
    owner.get(&format!("/dashboard/live/customers/{ada}/export")).expect(404);
    owner.get("/dashboard/test/customers/cus_1/export").expect(404);
    make_user(&place, "reader@example.com", "read_only");
    let mut reader = Browser::of(&server, "reader@example.com", GOOD);
    reader.get(&format!("{path}/export")).expect(200);
    Browser::new(&server).get(&format!("{path}/export")).expect(303);
}
