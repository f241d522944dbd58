//! The audit log: filters, names for ids, and where whoever may not see it finds out who changed what.

use serde_json::json;

use super::{House, Page};

const AUDIT: &str = "/dashboard/test/audit";

/// The rows of the table, each with all its marks.
fn rows(page: &Page) -> Vec<String> {
    let Some((_, table)) = page.body.split_once("<tbody>") else { return Vec::new() };
    table.split("</tbody>").next().unwrap().split("<tr>").skip(1).map(str::to_owned).collect()
}

#[test]
fn the_audit_log_is_filtered_by_who_what_about_what_and_when() {
    let house = House::open();
    let mut owner = house.owner();
    let anna = house.customer("Anna", "anna@example.com");
    house.customer("Bello", "bello@example.com");
    house.call("POST", &format!("/v1/customers/{anna}/restrictions"), &json!({"restrictCit": true}));
    let entry = house.entry("block", "email", "mallory@example.com");
    owner.post(&format!("/dashboard/test/customers/{anna}/restrict"), &[("liftCit", "on")]).expect(303);

    let page = owner.get(AUDIT).expect(200);
    // Whoever did it, by name: a person's link and a key's.
    let user = page.between("href=\"/dashboard/team?mode=test#usr_", "\"");
    page.shows(&format!("<option value=\"usr_{user}\">owner@interdict.local</option>"));
    let key = page.between("href=\"/dashboard/test/keys#key_", "\"");
    // What it is about, by name: a customer's link and an entry's.
    page.shows(&format!("<a href=\"/dashboard/test/customers/{anna}\">Anna</a>"));
    page.shows(&format!("<a href=\"/dashboard/test/entries/{entry}\">mallory@example.com</a>"));

    let mut found = |query: &str| rows(&owner.get(&format!("{AUDIT}?{query}")).expect(200));
    let by_owner = found(&format!("actor=usr_{user}&action=customer.unrestricted"));
    assert_eq!(by_owner.len(), 1, "{by_owner:?}");
    assert_eq!(found(&format!("actor=key_{key}")).len(), 4);
    assert_eq!(found(&format!("actor=key_{key}&action=customer.created")).len(), 2);
    assert_eq!(found("about=anna%40example.com").len(), 3, "by a customer's email");
    assert_eq!(found(&format!("about={anna}&action=customer.restricted")).len(), 1);
    assert_eq!(found("about=mallory%40example.com").len(), 1, "by an entry's");
    assert!(found("about=owner%40interdict.local").iter().all(|row| row.contains("owner@interdict.local")));
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert_eq!(found(&format!("about={anna}&from={today}&to={today}")).len(), 3);
    assert_eq!(found(&format!("about={anna}&to=2001-01-01")).len(), 0);
    assert_eq!(found(&format!("about={anna}&from=2099-01-01")).len(), 0);

    owner.get(&format!("{AUDIT}?from=2099-01-01")).expect(200).shows("No change is like that.");
    let unknown = owner.get(&format!("{AUDIT}?about=nobody%40example.com")).expect(422);
    unknown.shows("Nothing here has that name.").shows("value=\"nobody@example.com\"");
    owner.get(&format!("{AUDIT}?from=yesterday")).expect(422).shows("must be a day");
    // Two with one address: which is meant?
    house.customer("Another Anna", "anna@example.com");
    owner.get(&format!("{AUDIT}?about=anna%40example.com")).expect(422).shows("Several have this email.");
    // What was deleted keeps its name.
    house.call("DELETE", &format!("/v1/entries/{entry}"), &json!(null));
    let deleted = rows(&owner.get(&format!("{AUDIT}?action=entry.deleted")).expect(200));
    assert!(deleted[0].contains("mallory@example.com") && !deleted[0].contains("/entries/"), "{deleted:?}");
}

#[test]
fn filters_stay_from_page_to_page() {
    let house = House::open();
    let mut owner = house.owner();
    for number in 0..70 {
        house.entry("block", "email", &format!("b{number}@example.com"));
    }
    house.customer("Anna", "anna@example.com");
    let first = owner.get(&format!("{AUDIT}?action=entry.created")).expect(200);
    assert_eq!(rows(&first).len(), 50);
    let next = first.between("<a rel=\"next\" href=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
    assert!(next.contains("action=entry.created"), "{next}");
    let second = owner.get(&next).expect(200);
    assert_eq!(rows(&second).len(), 20);
    assert!(rows(&second).iter().all(|row| row.contains("Entry created")));
    second.hides("rel=\"next\"");
}

#[test]
fn whoever_may_not_see_the_audit_log_is_told_where_to_look() {
    let house = House::open();
    let mut support = house.somebody("support");
    support.get(AUDIT).expect(403).shows("History").shows("/dashboard/test/look-up");
    support.get("/dashboard/account").expect(200).shows("Your role does not open the audit log.");
    house.owner().get("/dashboard/account").expect(200).hides("Your role does not open the audit log.");
}
