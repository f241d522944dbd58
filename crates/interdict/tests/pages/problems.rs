//! Pages that say why not: each has a way back, and keeps what was typed.

use serde_json::json;

use super::House;

#[test]
fn a_page_that_says_why_not_leads_back_to_a_page_of_ours_and_to_the_nearest_list() {
    let house = House::open();
    let mut owner = house.owner();
    let id = house.customer("Anna", "anna@example.com");
    let customers = "/dashboard/test/customers?query=anna";
    let base = house.server.url();
    owner.came_from = Some(format!("{base}{customers}&done=undone"));
    let gone = owner.get("/dashboard/test/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV").expect(404);
    gone.shows(&format!("href=\"{customers}\">Back to where you came from")).shows("To the page Customers");
    // A form that came too late: back to the page on which it stands.
    let page = format!("/dashboard/test/customers/{id}");
    owner.came_from = Some(format!("{base}{page}?done=restricted&undo=4"));
    let late = owner.post(&format!("{page}/restrict"), &[("seen", "1"), ("restrictCit", "on")]).expect(409);
    late.shows(&format!("href=\"{page}\">Back to where you came from"));
    // Nobody is led to another site, or in a circle.
    let missing = "/dashboard/test/entries/bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    for elsewhere in ["https://evil.example/dashboard/test".to_owned(), format!("{base}{missing}")] {
        owner.came_from = Some(elsewhere);
        let page = owner.get(missing).expect(404);
        page.hides("Back to where").shows("href=\"/dashboard/test/blacklist\">To the page Blacklist");
    }
    owner.came_from = None;
    owner.get("/dashboard/test/nowhere").expect(404).hides("Back to where").shows("To the dashboard");
}

#[test]
fn what_was_typed_is_kept_when_a_form_is_refused() {
    let house = House::open();
    let mut owner = house.owner();
    let id = house.entry("block", "email", "mallory@example.com");
    house.call("PATCH", &format!("/v1/entries/{id}"), &json!({"reason": "as it stands"}));
    let path = format!("/dashboard/test/entries/{id}");
    // Somebody else was faster: the text can be taken from the page.
    let chosen = [("reasonCode", "spam"), ("strength", "soft"), ("cit", "on")];
    let terms = [&[("seen", "1"), ("reason", "typed for <ten> minutes")][..], &chosen].concat();
    let late = owner.post(&path, &terms).expect(409);
    late.shows("What you had typed").shows("typed for &#60;ten&#62; minutes");
    late.shows(">Spam</dd>").shows(">customer-initiated payments</dd>");
    // A note that is refused stays in its field, and leaves the terms as they are.
    let note = owner.post(&format!("{path}/notes"), &[("text", "card 4111 1111 1111 1111")]).expect(422);
    // A card number is never echoed, the words around it are.
    note.shows("card •••• •••• •••• ••••</textarea>")
        .hides("4111")
        .shows("role=\"alert\"")
        .shows(">as it stands</textarea>");
    assert!(!note.between("<dialog id=\"change\"", ">").contains("open"), "the other form stays shut");
    // Boxes, too.
    let customer = house.customer("Anna", "anna@example.com");
    let status = format!("/dashboard/test/customers/{customer}/list-status");
    let fields = [("status", "blacklisted"), ("scopes", "said"), ("cit", "on"), ("until", "2001-01-01")];
    let refused = owner.post(&status, &fields).expect(422);
    let dialog = refused.between("<dialog id=\"blacklist\"", "</dialog>");
    assert!(dialog.contains("name=\"cit\" checked") && dialog.contains("name=\"mit\">"), "{dialog}");
    assert!(dialog.contains("value=\"2001-01-01\""), "{dialog}");
    let settings = [("origins", "https://shop.example"), ("second-approver", "many")];
    let refused = owner.post("/dashboard/test/settings", &settings).expect(422);
    refused.shows("https://shop.example</textarea>").shows("value=\"many\"");
    refused.shows("A second person approves more than: type a whole number from 0 to 9999.");
    let refused = owner.post("/dashboard/test/settings", &[("allowed-per-second", "-5")]).expect(422);
    refused.shows("per second: type a whole number from 0 to 1000.");
    // A kind that takes no card numbers shows none, either.
    let device = [("list", "block"), ("kind", "device"), ("value", "4242 4242 4242 4242")];
    owner.post("/dashboard/test/entries", &device).expect(422).hides("4242").shows("role=\"alert\"");
}
