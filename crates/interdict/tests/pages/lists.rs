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
