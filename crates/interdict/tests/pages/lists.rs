//! Adding to a list: what is typed, previewed, refused and taken.

use serde_json::json;

use super::{House, as_fields, hidden_fields};

const ENTRIES: &str = "/dashboard/test/entries";

#[test]
fn an_exemption_keeps_its_limits_through_the_preview() {
    let house = House::open();
    let mut owner = house.owner();
    let typed = [
        ("list", "allow"),
        ("value", "anna@example.com"),
        ("reason", "a regular"),
        ("publicMessage", "welcome"),
        ("maxAmount", "500.50"),
        ("currency", "usd"),
        ("lapsesOnChargeback", "on"),
        ("until", "2099-12-31"),
        ("scopes", "said"),
        ("cit", "on"),
    ];
    let preview = owner.post(ENTRIES, &[&typed[..], &[("preview", "on")]].concat()).expect(200);
    preview.shows("What this would have hit").shows("up to");
    let carried = hidden_fields(&preview, ENTRIES);
    // Back to the form, with everything that was typed.
    let back = owner.post(ENTRIES, &[&as_fields(&carried)[..], &[("back", "on")]].concat()).expect(200);
    back.shows("name=\"maxAmount\"").shows("value=\"500.50\"").shows("value=\"usd\"");
    back.shows("name=\"lapsesOnChargeback\" checked");
    owner.post(ENTRIES, &[&as_fields(&carried)[..], &[("previewed", "on")]].concat()).expect(303);
    let made = &house.read("/v1/entries?list=allow")["items"][0];
    assert_eq!(made["value"], "anna@example.com");
    assert_eq!(
        made["limits"],
        json!({"maxAmount": 50_050, "currency": "USD", "lapsesOnChargeback": true}),
        "{made}"
    );
    assert_eq!((&made["scopes"], &made["publicMessage"]), (&json!(["cit"]), &json!("welcome")));
    assert_eq!(made["expiresAt"], "2099-12-31T23:59:59.999Z");
}

#[test]
fn an_exemptions_limits_are_changed_on_its_page_and_stand_in_its_history() {
    let house = House::open();
    let mut owner = house.owner();
    let entry = json!({"list": "allow", "kind": "email", "value": "anna@example.com",
        "limits": {"maxAmount": 50_050, "currency": "USD", "lapsesOnChargeback": true}});
    let id = house.call("POST", "/v1/entries", &entry)["id"].as_str().unwrap().to_owned();
    let path = format!("/dashboard/test/entries/{id}");
    let limits = || house.read(&format!("/v1/entries/{id}"))["limits"].clone();
    let page = owner.get(&path).expect(200);
    let dialog = page.between("<dialog id=\"change\"", "</dialog>");
    assert!(dialog.contains("value=\"500.50\"") && dialog.contains("value=\"USD\""), "{dialog}");
    assert!(dialog.contains("name=\"lapsesOnChargeback\" checked"), "{dialog}");
    let seen = page.field(&format!("{path}\""), "seen");
    let terms = [("seen", seen.as_str()), ("limits", "said"), ("reason", "more trust"), ("cit", "on")];
    let wrong = owner.post(&path, &[&terms[..], &[("maxAmount", "a lot")]].concat()).expect(422);
    wrong.shows("value=\"a lot\"");
    let alone = "A currency says nothing without an amount";
    owner.post(&path, &[&terms[..], &[("currency", "USD")]].concat()).expect(422).shows(alone);
    let added = [("list", "allow"), ("value", "bob@example.com"), ("currency", "EUR"), ("cit", "on")];
    owner.post(ENTRIES, &added).expect(422).shows(alone).shows("value=\"EUR\"");
    let form = [&terms[..], &[("maxAmount", "900"), ("currency", "usd")]].concat();
    owner.post(&path, &form).expect(303);
    assert_eq!(limits(), json!({"maxAmount": 90_000, "currency": "USD", "lapsesOnChargeback": false}));
    let page = owner.get(&path).expect(200);
    page.shows(
        "<li>Limits: <del>up to 500.50 USD, until a chargeback</del> <ins>up to 900.00 USD</ins></li>",
    );
    // A form without these fields, as systems of old may send it, leaves them.
    let seen = page.field(&format!("{path}\""), "seen");
    owner.post(&path, &[("seen", seen.as_str()), ("reason", "as before"), ("cit", "on")]).expect(303);
    assert_eq!(limits()["maxAmount"], 90_000);
}

#[test]
fn what_is_listed_is_typed_into_one_field_after_its_kind() {
    let house = House::open();
    let mut owner = house.owner();
    let page = owner.get("/dashboard/test/blacklist").expect(200);
    let dialog = page.between("<dialog id=\"add\"", "</dialog>");
    let at = |text: &str| dialog.find(text).unwrap_or_else(|| panic!("no {text} in {dialog}"));
    assert!(at("name=\"kind\"") < at("name=\"value\"") && at("name=\"value\"") < at("name=\"reason\""));
    assert!(!dialog.contains("name=\"email\"") && dialog.contains("<span>Email</span></label>"));
    let list = |owner: &mut super::Browser, kind: &str, value: &str| {
        let fields = [("list", "block"), ("kind", kind), ("value", value), ("previewed", "on")];
        owner.post(ENTRIES, &fields)
    };
    list(&mut owner, "email", "mallory@example.com").expect(303);
    list(&mut owner, "phone", "+2348012345678").expect(303);
    let refused = list(&mut owner, "country", "nowhere").expect(422);
    refused.shows("value=\"nowhere\"").shows("value=\"country\" selected").shows("Country ");
    list(&mut owner, "email", "").expect(422).shows("Type what is to be listed.");
    // Whoever sends the form as it was of old is understood.
    owner.post(ENTRIES, &[("list", "block"), ("email", "old@example.com")]).expect(303);
    let items = house.read("/v1/entries?list=block");
    let values: Vec<_> =
        items["items"].as_array().unwrap().iter().map(|item| item["value"].clone()).collect();
    assert_eq!(values, ["old@example.com", "+2348012345678", "mallory@example.com"]);
}

#[test]
fn whoever_chooses_who_starts_a_payment_reads_what_that_is() {
    let house = House::open();
    let mut owner = house.owner();
    let customer = house.customer("Anna", "anna@example.com");
    let entry = house.entry("block", "email", "mallory@example.com");
    let pages = [
        ("/dashboard/test/blacklist".to_owned(), 1),
        (format!("/dashboard/test/entries/{entry}"), 1),
        // Two dialogs and two sides.
        (format!("/dashboard/test/customers/{customer}"), 3),
        (format!("/dashboard/test/customers/{customer}/person"), 1),
    ];
    for (path, times) in pages {
        let page = owner.get(&path).expect(200);
        for words in
            ["The customer pays, at the checkout.", "Renewals, and other charges without the customer."]
        {
            assert_eq!(page.body.matches(words).count(), times, "{path}: {words}");
        }
    }
}

#[test]
fn every_term_of_a_block_is_typed_and_goes_through_the_preview() {
    let house = House::open();
    let mut owner = house.owner();
    let page = owner.get("/dashboard/test/blacklist").expect(200);
    let dialog = page.between("<dialog id=\"add\"", "</dialog>");
    let (calm, more) = dialog.split_once("<details>").expect("what is rare stands apart");
    for field in ["reasonCode", "strength", "from", "until", "publicMessage", "cit"] {
        let name = format!("name=\"{field}\"");
        assert!(more.contains(&name) && !calm.contains(&name), "{field}");
    }
    let typed = [
        ("list", "block"),
        ("kind", "email"),
        ("value", "mallory@example.com"),
        ("reason", "order 1043"),
        ("reasonCode", "chargeback"),
        ("strength", "soft"),
        ("from", "2099-01-01"),
        ("until", "2099-12-31"),
    ];
    let preview = owner.post(ENTRIES, &[&typed[..], &[("preview", "on")]].concat()).expect(200);
    let carried = hidden_fields(&preview, ENTRIES);
    let back = owner.post(ENTRIES, &[&as_fields(&carried)[..], &[("back", "on")]].concat()).expect(200);
    back.shows("value=\"chargeback\" selected")
        .shows("value=\"soft\" selected")
        .shows("value=\"2099-01-01\"");
    owner.post(ENTRIES, &[&as_fields(&carried)[..], &[("previewed", "on")]].concat()).expect(303);
    let made = &house.read("/v1/entries?list=block")["items"][0];
    assert_eq!((&made["reasonCode"], &made["strength"]), (&json!("chargeback"), &json!("soft")));
    assert_eq!(
        (&made["startsAt"], &made["expiresAt"]),
        (&json!("2099-01-01T00:00:00.000Z"), &json!("2099-12-31T23:59:59.999Z"))
    );
    let turned = [&typed[..6], &[("from", "2099-12-31"), ("until", "2099-01-01")]].concat();
    owner.post(ENTRIES, &turned).expect(422).shows("The end must lie after the beginning.");
    let wrong = [&typed[..3], &[("reasonCode", "bad luck")]].concat();
    owner.post(ENTRIES, &wrong).expect(422).shows("This choice does not exist.");
    // An exemption has no strength.
    let page = owner.get("/dashboard/test/whitelist").expect(200);
    let dialog = page.between("<dialog id=\"add\"", "</dialog>");
    assert!(!dialog.contains("name=\"strength\"") && dialog.contains("name=\"reasonCode\""), "{dialog}");
}

#[test]
fn all_terms_are_changed_on_the_entrys_page_and_a_day_that_is_not_touched_keeps_its_moment() {
    let house = House::open();
    let mut owner = house.owner();
    let entry = json!({"list": "block", "kind": "email", "value": "mallory@example.com", "reasonCode": "spam",
        "startsAt": "2098-01-01T09:30:00Z", "expiresAt": "2099-01-01T12:00:00Z"});
    let id = house.call("POST", "/v1/entries", &entry)["id"].as_str().unwrap().to_owned();
    let (path, read) = (format!("/dashboard/test/entries/{id}"), format!("/v1/entries/{id}"));
    let mut change = |terms: &[(&str, &str)]| {
        let page = owner.get(&path).expect(200);
        let form = format!("{path}\"");
        let was = ["seen", "fromWas", "untilWas"].map(|field| (field, page.field(&form, field)));
        let was = was.iter().map(|(field, value)| (*field, value.as_str()));
        let fields: Vec<(&str, &str)> = was.chain(terms.iter().copied()).collect();
        owner.post(&path, &fields).expect(303);
        let made = house.read(&read);
        ["reasonCode", "strength", "startsAt", "expiresAt"].map(|field| made[field].clone())
    };
    let untouched =
        [("reasonCode", "abuse"), ("strength", "soft"), ("from", "2098-01-01"), ("until", "2099-01-01")];
    let expected = ["abuse", "soft", "2098-01-01T09:30:00.000Z", "2099-01-01T12:00:00.000Z"];
    assert_eq!(change(&untouched), expected.map(|text| json!(text)));
    let touched = [("reasonCode", ""), ("from", "2098-02-01"), ("until", "")];
    assert_eq!(
        change(&touched),
        [json!(null), json!("soft"), json!("2098-02-01T00:00:00.000Z"), json!(null)]
    );
    // A form without these fields, as systems of old may send it, leaves them.
    assert_eq!(change(&[("until", "2099-01-01")])[2], json!("2098-02-01T00:00:00.000Z"));
}

#[test]
fn an_exemption_under_a_hard_block_is_added_with_a_word_about_it() {
    let house = House::open();
    let mut owner = house.owner();
    house.entry("block", "email", "anna@example.com");
    let fields = [("list", "allow"), ("value", "anna@example.com")];
    let added = owner.post(ENTRIES, &fields).expect(303);
    owner
        .get(&added.location)
        .expect(200)
        .shows("Added, but a hard block of the same stands on the blacklist");
    let lapsing = [("list", "allow"), ("kind", "device"), ("value", "d-1"), ("lapsesOnChargeback", "on")];
    owner.post(ENTRIES, &lapsing).expect(422).shows("A chargeback says nothing about who has this.");
}
