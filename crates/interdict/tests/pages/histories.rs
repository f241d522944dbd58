//! Undo beside the history of a customer, an entry and a person.

use serde_json::json;

use super::{Browser, House, Page};

const UNDO: &str = "/dashboard/test/undo";

/// Presses the one button that undoes something on a page.
fn undo(browser: &mut Browser, page: &Page) -> Page {
    assert_eq!(page.body.matches(UNDO).count(), 1, "one thing can be undone: {}", page.body);
    let (once, sequence) = (page.field(UNDO, "once"), page.field(UNDO, "sequence"));
    browser.post(UNDO, &[("once", &once), ("sequence", &sequence)]).expect(303)
}

#[test]
fn what_was_done_last_to_an_entry_is_undone_from_its_history() {
    let house = House::open();
    let mut owner = house.owner();
    let id = house.entry("block", "email", "mallory@example.com");
    let path = format!("/dashboard/test/entries/{id}");
    for reason in ["first", "second"] {
        house.call("PATCH", &format!("/v1/entries/{id}"), &json!({"reason": reason}));
    }
    // A note changes nothing, and stands in nobody's way.
    house.call("POST", &format!("/v1/entries/{id}/notes"), &json!({"text": "called back"}));
    house.somebody("read_only").get(&path).expect(200).hides(UNDO);
    let page = owner.get(&path).expect(200);
    undo(&mut owner, &page);
    assert_eq!(house.read(&format!("/v1/entries/{id}"))["reason"], "first");
    // Deleted by the page, the line above offers it; made, it is taken back from its history.
    let made = house.entry("block", "email", "new@example.com");
    let page = owner.get(&format!("/dashboard/test/entries/{made}")).expect(200);
    assert_eq!(undo(&mut owner, &page).location, "/dashboard/test/blacklist?done=undone");
    owner.get(&format!("/dashboard/test/entries/{made}")).expect(404);
    // What the line above a page offers is not offered twice.
    let form =
        [("seen", page_seen(&mut owner, &path)), ("reason", "third".to_owned()), ("cit", "on".to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let changed = owner.post(&path, &form).expect(303).location;
    let page = owner.get(&changed).expect(200);
    page.shows("class=\"notice\"");
    undo(&mut owner, &page);
    assert_eq!(house.read(&format!("/v1/entries/{id}"))["reason"], "first");
}

fn page_seen(browser: &mut Browser, path: &str) -> String {
    browser.get(path).expect(200).field(&format!("{path}\""), "seen")
}

#[test]
fn what_was_done_last_to_a_customer_or_a_person_is_undone_from_the_history() {
    let house = House::open();
    let mut owner = house.owner();
    let id = house.customer("Anna", "anna@example.com");
    let path = format!("/dashboard/test/customers/{id}");
    owner.get(&path).expect(200).hides(UNDO);
    house.call("POST", &format!("/v1/customers/{id}/restrictions"), &json!({"restrictCit": true}));
    let page = owner.get(&path).expect(200);
    undo(&mut owner, &page);
    assert_eq!(house.read(&format!("/v1/customers/{id}"))["isRestricted"], false);
    // Who somebody is is not undone, by a hand-made form neither.
    house.call("PATCH", &format!("/v1/customers/{id}"), &json!({"name": "Hannah"}));
    owner.get(&path).expect(200).hides(UNDO);
    let history = house.read(&format!("/v1/customers/{id}/history"));
    let newest = history["items"][0]["sequence"].to_string();
    owner.post(UNDO, &[("sequence", &newest)]).expect(409);
    assert_eq!(house.read(&format!("/v1/customers/{id}"))["name"], "Hannah");

    let blocked = house.call("POST", "/v1/persons/block", &json!({"customer": id, "reason": "fraud"}));
    let person = blocked["id"].as_str().unwrap();
    let page = owner.get(&format!("/dashboard/test/persons/{person}")).expect(200);
    undo(&mut owner, &page);
    let attempt = json!({"initiator": "customer", "email": "anna@example.com"});
    assert_eq!(house.server.decide(&house.key, &attempt), "default");
}

#[test]
fn an_import_stands_in_the_histories_and_nothing_is_undone_over_it() {
    let house = House::open();
    let mut owner = house.owner();
    let new =
        json!({"list": "block", "kind": "email", "value": "mallory@example.com", "reason": "fraud ring 12"});
    let id = house.call("POST", "/v1/entries", &new)["id"].as_str().unwrap().to_owned();
    let path = format!("/dashboard/test/entries/{id}");
    let page = owner.get(&path).expect(200);
    let created = page.field(UNDO, "sequence");
    let file = house.place.path("cleanup.csv");
    std::fs::write(&file, "email,reason\nmallory@example.com,cleanup\nother@example.com,cleanup\n").unwrap();
    let words = format!("import {} --merchant 1 --mode test --list block --json", file.display());
    let import = house.place.json(&words)["id"].as_str().unwrap().to_owned();
    let find = "/dashboard/test/look-up?value=mallory@example.com";
    for page in [owner.get(&path).expect(200), owner.get(find).expect(200)] {
        page.shows("Entries imported")
            .shows(&format!("href=\"/dashboard/test/imports/{import}\""))
            .hides(UNDO);
        page.shows("fraud ring 12").shows("cleanup");
    }
    house.somebody("read_only").get(&path).expect(200).shows("Entries imported").hides("/imports/");
    owner.post(UNDO, &[("sequence", &created)]).expect(409);
    assert_eq!(house.read(&format!("/v1/entries/{id}"))["reason"], "cleanup");
    house.call("POST", &format!("/v1/imports/{import}/undo"), &json!({}));
    owner.get("/dashboard/test/look-up?value=other@example.com").expect(200).shows("Import undone");
}

#[test]
fn an_entrys_history_says_what_became_of_its_category_and_its_beginning() {
    let house = House::open();
    let made = json!({"list": "block", "kind": "device", "value": "dev-1", "reasonCode": "chargeback"});
    let id = house.call("POST", "/v1/entries", &made)["id"].as_str().unwrap().to_owned();
    let terms = json!({"reasonCode": "spam", "startsAt": "2099-12-01T00:00:00Z"});
    house.call("PATCH", &format!("/v1/entries/{id}"), &terms);
    let page = house.owner().get(&format!("/dashboard/test/entries/{id}")).expect(200);
    page.shows("<li>Category: <del>Chargeback</del> <ins>Spam</ins></li>");
    page.shows("2099-12-01T00:00:00.000Z</ins></li>");
}

#[test]
fn a_person_who_is_blocked_already_is_shown_as_that_and_gets_new_terms_that_can_be_undone() {
    let house = House::open();
    let mut owner = house.owner();
    let customer = house.customer("Anna", "anna@example.com");
    let block = json!({
        "identifiers": [{"kind": "email", "value": "anna@example.com"}],
        "reason": "Three of them", "reasonCode": "chargeback", "publicMessage": "Call us.",
        "scopes": ["mit"], "expiresAt": "2099-01-01T10:11:12Z",
    });
    let made = house.call("POST", "/v1/persons/block", &block);
    let id = made["id"].as_str().unwrap();
    let form = format!("/dashboard/test/customers/{customer}/person");
    let page = owner.get(&form).expect(200);
    page.shows("This person is blocked already.").shows(&format!("href=\"/dashboard/test/persons/{id}\""));
    page.shows(">Three of them</textarea>").shows("value=\"Call us.\"").shows("value=\"2099-01-01\"");
    page.shows("<option value=\"chargeback\" selected>");
    page.shows("name=\"mit\" checked").hides("name=\"cit\" checked");
    let was = page.field(&format!("{form}\""), "untilWas");
    let sent = [
        ("identifier", "email:anna@example.com"),
        ("scopes", "said"),
        ("mit", "on"),
        ("reason", "Four of them"),
        ("reasonCode", "chargeback"),
        ("publicMessage", "Call us."),
        ("until", "2099-01-01"),
        ("untilWas", was.as_str()),
    ];
    let done = owner.post(&form, &sent).expect(303).location;
    let now = house.read(&format!("/v1/persons/{id}"));
    for field in ["reasonCode", "publicMessage", "scopes", "expiresAt"] {
        assert_eq!(now[field], made[field], "{field} was not touched");
    }
    assert_eq!(now["reason"], "Four of them");
    let page = owner.get(&done).expect(200);
    page.shows("This person was blocked already");
    undo(&mut owner, &page);
    assert_eq!(house.read(&format!("/v1/persons/{id}"))["reason"], "Three of them");
}
