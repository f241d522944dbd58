//! Why a payment failed: who refused it, and what to do.

use serde_json::json;

use super::{House, Page};

fn pay(house: &House, customer: &str, method: &str) {
    let body = json!({
        "amount": 500_000, "currency": "NGN", "confirm": true, "paymentMethod": method, "customer": customer,
    });
    assert!([201, 403].contains(&house.server.call("POST", "/payments", &house.key, &body).0));
}

fn newest(owner: &mut super::Browser) -> Page {
    let list = owner.get("/dashboard/test/payments").expect(200);
    let path = list.between("<td class=\"keep\"><a href=\"", "\"");
    owner.get(&path).expect(200)
}

#[test]
fn a_payments_page_says_who_refused_it_and_what_to_do() {
    let house = House::open();
    let mut owner = house.owner();
    let anna = house.customer("Anna", "anna@example.com");
    pay(&house, &anna, "pm_test_declined");
    let declined = newest(&mut owner);
    declined.shows("<h2>Declined by the bank or the payment provider</h2>").shows(">Declined</span>");
    declined.shows("Ask the customer to take another card").shows("nothing has to be lifted here");
    declined.shows("will not help in the same way").shows("This payment passed them");
    declined.hides(">Blocked</span>").hides("Blocked by your lists").hides("until the block is lifted");
    pay(&house, &anna, "pm_test_insufficient_funds");
    newest(&mut owner).shows("There is not enough money").shows("may help");

    house.call("POST", &format!("/v1/customers/{anna}/restrictions"), &json!({"restrictCit": true}));
    pay(&house, &anna, "pm_test_success");
    let blocked = newest(&mut owner);
    blocked
        .shows("<h2>Blocked by your lists</h2>")
        .shows("until the block is lifted")
        .shows(">Blocked</span>");
    blocked.hides("bank or the payment provider").hides("This payment passed them");
    let list = owner.get("/dashboard/test/payments").expect(200);
    assert_eq!(list.body.matches(">Declined</span>").count(), 2, "{}", list.body);
}
