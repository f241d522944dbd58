//! The list of customers: what stands against whom, beside what was set on each.

use serde_json::json;

use super::House;

#[test]
fn the_list_of_customers_marks_whoever_is_blocked_by_whatever_blocks() {
    let house = House::open();
    let mut owner = house.owner();
    house.customer("Free", "free@example.com");
    house.customer("Domain", "somebody@evil.example");
    house.entry("block", "emailDomain", "evil.example");
    // Two with one address: what stands against one counts for the other.
    let culprit = house.customer("Culprit", "shared@example.com");
    house.customer("Neighbour", "shared@example.com");
    house.call("POST", &format!("/v1/customers/{culprit}/blacklist"), &json!({}));
    let restricted = house.customer("Restricted", "restricted@example.com");
    house.call("POST", &format!("/v1/customers/{restricted}/restrictions"), &json!({"restrictCit": true}));
    let renewals = json!({"list": "block", "kind": "email", "value": "late@example.com", "scopes": ["mit"]});
    house.customer("Late", "late@example.com");
    house.call("POST", "/v1/entries", &renewals);

    let page = owner.get("/dashboard/test/customers").expect(200);
    let chips = |name: &str| {
        let row = page.body.split("<tr>").find(|row| row.contains(&format!(">{name} "))).unwrap();
        let texts = row.split("<span class=\"chip ").skip(1);
        texts.map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(chips("Free"), [""; 0]);
    assert_eq!(chips("Domain"), ["Blocked"]);
    assert_eq!(chips("Culprit"), ["Blacklisted"], "once is enough");
    assert_eq!(chips("Neighbour"), ["Blocked"]);
    assert_eq!(chips("Restricted"), ["Restricted"]);
    assert_eq!(chips("Late"), ["Blocked for renewals"]);
    // What the list says, the page says.
    let path = page.body.split("<a href=\"").find(|rest| rest.contains(">Late ")).unwrap();
    let path = path.split('"').next().unwrap().to_owned();
    owner.get(&path).expect(200).shows("Blocked for renewals");
}
