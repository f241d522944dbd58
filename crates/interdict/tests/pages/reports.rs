//! Good customers who are blocked, as the overview and the report show them; and where a report's rows lead to.

use serde_json::json;

use super::House;

const REPORT: &str = "/dashboard/test/reports?report=good-customers-blocked";

fn pay(house: &House, customer: &str, initiator: &str) -> u16 {
    let body = json!({
        "amount": 500_000, "currency": "NGN", "confirm": true, "paymentMethod": "pm_test_success",
        "customer": customer, "initiator": initiator,
    });
    house.server.call("POST", "/payments", &house.key, &body).0
}

/// Somebody whose payments have succeeded so often.
fn paid(house: &House, name: &str, times: usize) -> String {
    let email = format!("{}@example.com", name.to_lowercase());
    let id = house.customer(name, &email);
    for _ in 0..times {
        assert_eq!(pay(house, &id, "customer"), 201);
    }
    id
}

#[test]
fn good_customers_who_are_blocked_are_the_same_on_the_overview_and_in_the_report() {
    let house = House::open();
    let mut owner = house.owner();
    let renewals = paid(&house, "Renewals", 3);
    house.call("POST", &format!("/v1/customers/{renewals}/restrictions"), &json!({"restrictMit": true}));
    assert_eq!(pay(&house, &renewals, "merchant"), 403);
    let trusted = paid(&house, "Trusted", 3);
    house.call("POST", &format!("/v1/customers/{trusted}/whitelist"), &json!({}));
    house.entry("block", "email", "trusted@example.com");
    assert_eq!(pay(&house, &trusted, "customer"), 403);
    // Whitelisted, but never a payer: blocked, and none of those who have paid often.
    let favoured = paid(&house, "Favoured", 2);
    house.call("POST", &format!("/v1/customers/{favoured}/whitelist"), &json!({}));
    house.entry("block", "email", "favoured@example.com");
    assert_eq!(pay(&house, &favoured, "customer"), 403);

    let overview = owner.get("/dashboard/test").expect(200);
    let report = owner.get(REPORT).expect(200);
    let on_overview = overview.between("<h2>Good customers who were blocked", "</section>");
    let in_report = report.between("<tbody>", "</tbody>");
    for shown in [&on_overview, &in_report] {
        assert!(
            shown.contains(&renewals) && shown.contains(&trusted) && !shown.contains(&favoured),
            "{shown}"
        );
        let of = |id: &str| shown.split("<tr>").find(|row| row.contains(id)).unwrap();
        assert!(
            of(&renewals).contains("The shop") && of(&renewals).contains("Blocked for renewals"),
            "{shown}"
        );
        assert!(of(&trusted).contains("The customer") && of(&trusted).contains("Blocked<"), "{shown}");
    }
    // Where the others are who are trusted and blocked.
    report.shows("/dashboard/test/customers?status=whitelisted");
    let customers = owner.get("/dashboard/test/customers?status=whitelisted").expect(200);
    assert_eq!(customers.body.matches("<span class=\"chip bad\">Blocked</span>").count(), 2);
}

#[test]
fn a_reports_row_leads_to_its_entry() {
    let house = House::open();
    let mut owner = house.owner();
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let body = json!({"list": "block", "kind": "email", "value": "soon@example.com", "expiresAt": soon});
    let id = house.call("POST", "/v1/entries", &body)["id"].as_str().unwrap().to_owned();
    let link = format!("href=\"/dashboard/test/entries/{id}\"");
    owner.get("/dashboard/test/reports?report=ending").expect(200).shows(&link);
    owner.get("/dashboard/test").expect(200).shows(&link);
}
