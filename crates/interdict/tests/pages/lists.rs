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
