//! The overview, the payments and the page that explains decisions. None of them has a form that changes anything.

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

use browser::{Browser, GOOD, Page, make_user};
use serde_json::{Value, json};
use support::{Place, Server};

/// A server with its key and its owner.
struct Shop {
    place: Place,
    server: Server,
    key: String,
}

impl Shop {
    fn open() -> Self {
        let place = Place::new();
        let server = place.serve("serve");
        server.wait_until_ready();
        let key = place.first_key();
        Self { place, server, key }
    }

    fn owner(&self) -> Browser {
        Browser::of_owner(&self.place, &self.server)
    }

    fn somebody(&self, role: &str) -> Browser {
        let email = format!("{role}@example.com");
        make_user(&self.place, &email, role);
        Browser::of(&self.server, &email, GOOD)
    }

    fn call(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.server.call("POST", path, &self.key, body);
        assert!([200, 201].contains(&status), "{path} {status} {answer}");
        answer
    }

    fn customer(&self, name: &str, email: &str) -> String {
        let answer = self.call("/customers", &json!({"name": name, "email": email}));
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Tries to pay, whatever comes of it.
    fn pay(&self, payer: (&str, &str), method: &str) -> Value {
        let (field, value) = payer;
        let body = json!({
            "amount": 500_000, "currency": "NGN", "confirm": true, "paymentMethod": method, field: value,
        });
        self.server.call("POST", "/payments", &self.key, &body).1
    }

    fn call_for_decision(&self, attempt: &Value) {
        let (status, answer) = self.server.call("POST", "/v1/decisions", &self.key, attempt);
        assert_eq!(status, 200, "{answer}");
    }

    fn restrict(&self, customer: &str) {
        let body = json!({"restrictCit": true, "restrictReason": "<i>looked odd</i>"});
        self.call(&format!("/customers/{customer}/restrictions"), &body);
    }
}

/// The address of the first payment of a page.
fn first_payment(page: &Page) -> String {
    let rest = page.body.split_once("href=\"/dashboard/test/payments/").unwrap().1;
    format!("/dashboard/test/payments/{}", rest.split_once('"').unwrap().0)
}

/// How many payments a filter lets through, page by page.
fn count(reader: &mut Browser, query: &str) -> usize {
    let (mut found, mut next) = (0, Some(format!("/dashboard/test/payments{query}")));
    while let Some(path) = next {
        let page = reader.get(&path).expect(200);
        found += page.body.matches("/dashboard/test/payments/pay_").count();
        next = next_page(&page);
    }
    found
}

/// The address of the page behind a page.
fn next_page(page: &Page) -> Option<String> {
    let rest = page.body.split_once("rel=\"next\" href=\"")?.1;
    Some(rest.split_once('"')?.0.replace("&#38;", "&"))
}

#[test]
fn payments_are_found_and_each_says_why() {
    let shop = Shop::open();
    let anna = shop.customer("Anna <b>Bold</b>", "anna@example.com");
    shop.pay(("customer", &anna), "pm_test_success");
    shop.pay(("email", "poor@example.com"), "pm_test_insufficient_funds");
    shop.restrict(&anna);
    shop.pay(("customer", &anna), "pm_test_success");
    let mut owner = shop.owner();
    let at = "/dashboard/test/payments";

    let all = owner.get(at).expect(200);
    all.shows("Anna &#60;b&#62;Bold").hides("<b>Bold").shows("Insufficient funds").shows("Restricted");
    assert_eq!(all.body.matches("/dashboard/test/payments/pay_").count(), 3);
    let [hers, refused, paid] =
        ["", "&blocked=on", "&status=succeeded"].map(|more| format!("customer={anna}{more}"));
    let of_all = [("status=succeeded", 1), ("status=cancelled", 2), ("initiator=merchant", 0)];
    let of_one = [("email=POOR%40example.com", 1), (&hers, 2), (&refused, 1), (&paid, 1)];
    for (query, count) in of_all.into_iter().chain(of_one).chain([("blocked=on", 1)]) {
        let page = owner.get(&format!("{at}?{query}")).expect(200);
        assert_eq!(page.body.matches("/dashboard/test/payments/pay_").count(), count, "{query}");
    }
    owner.get(&format!("{at}?email=nobody")).expect(200).shows("No customer is like that");

    let path = first_payment(&owner.get(&format!("{at}?blocked=on")).expect(200));
    let id = path.rsplit('/').next().unwrap();
    let by_id = owner.get(&format!("{at}?email={id}")).expect(303);
    assert_eq!(by_id.location, path);
    let page = owner.get(&path).expect(200);
    page.shows("customer_restricted").shows("Lift it on the customer&#39;s page").shows("Payment blocked");
    page.shows(&format!("/dashboard/test/customers/{anna}"))
        .shows("&#60;i&#62;looked odd")
        .hides("<i>looked");
    page.shows("/dashboard/test/decisions/try?initiator=customer");

    shop.call(&format!("/customers/{anna}/restrictions"), &json!({"restrictCit": false}));
    let lifted = owner.get(&path).expect(200);
    lifted.shows("No block and no exemption applies.").shows("customer_restricted");

    owner.get("/dashboard/live/payments").expect(200).hides("/payments/pay_");
    owner.get(&path.replace("/test/", "/live/")).expect(404);
    owner.get("/dashboard/test/payments/pay_nonsense").expect(404);
}

#[test]
fn a_chargeback_stands_on_its_payment_and_pages_follow_one_another() {
    let shop = Shop::open();
    for number in 0..51 {
        shop.pay(("email", &format!("user{number}@example.com")), "pm_test_success");
    }
    let disputed = shop.pay(("email", "regret@example.com"), "pm_test_success");
    let id = disputed["id"].as_str().unwrap();
    shop.call(&format!("/payments/{id}/record-chargeback"), &json!({"blacklistCustomer": true}));
    let mut owner = shop.owner();
    let page = owner.get(&format!("/dashboard/test/payments/{id}")).expect(200);
    page.shows("Recorded by you").shows("On the blacklist").shows("/dashboard/test/entries/bl_");

    let first = owner.get("/dashboard/test/payments").expect(200);
    assert_eq!(first.body.matches("/dashboard/test/payments/pay_").count(), 50);
    let second = owner.get(&next_page(&first).unwrap()).expect(200);
    assert_eq!(second.body.matches("/dashboard/test/payments/pay_").count(), 2);
    assert!(next_page(&second).is_none());
    assert_eq!(count(&mut owner, ""), 52);
}

#[test]
fn a_decision_is_explained_and_its_address_says_all_of_it() {
    let shop = Shop::open();
    let at = "/dashboard/test/decisions/try";
    let mallory = shop.customer("Mallory", "mallory@example.com");
    shop.server.block(&shop.key, "bad@example.com");
    let mut owner = shop.owner();
    owner.get(at).expect(200).shows("name=\"cardFingerprint\"").hides("The order, step by step");

    let blocked = owner.get(&format!("{at}?initiator=customer&email=Bad%40Example.com")).expect(200);
    blocked.shows("identifier_blacklisted").shows("/dashboard/test/entries/bl_").shows("decides");
    assert_eq!(blocked.body.matches("<th scope=\"row\">").count(), 7, "seven steps");
    let allowed = owner.get(&format!("{at}?initiator=merchant&customer={mallory}")).expect(200);
    allowed.shows("Mallory").shows("named by its id").shows("<code>default</code>");

    shop.restrict(&mallory);
    let restricted = owner.get(&format!("{at}?initiator=customer&customer={mallory}")).expect(200);
    restricted.shows("customer_restricted").shows("&#60;i&#62;looked odd").hides("<i>looked");
    let other_side = owner.get(&format!("{at}?initiator=merchant&customer={mallory}")).expect(200);
    other_side.hides("customer_restricted");

    let wrong = owner.get(&format!("{at}?initiator=customer&email=%22%3E%3Cb%3E&bin=12")).expect(422);
    wrong.shows("aria-invalid").shows("bin-problem").hides("\"><b>").hides("The order, step by step");
    owner.get(&format!("{at}?initiator=customer")).expect(422).shows("Nothing says who pays");
    let gone = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    owner.get(&format!("{at}?initiator=customer&customer={gone}")).expect(422).shows("no such customer");
    owner.get("/dashboard/test/blacklist").expect(200).shows("never");
}

/// The address of the first decision of a page.
fn first_decision(page: &Page) -> String {
    let rest = page.body.split_once("href=\"/dashboard/test/decisions/dec_").unwrap().1;
    format!("/dashboard/test/decisions/dec_{}", rest.split_once('"').unwrap().0)
}

#[test]
fn the_log_finds_decisions_and_each_says_what_it_rested_on() {
    let shop = Shop::open();
    let at = "/dashboard/test/decisions";
    let mut owner = shop.owner();
    owner.get(at).expect(200).shows("No decisions yet.").shows("/dashboard/test/decisions/try");
    let anna = shop.customer("Anna <b>Bold</b>", "anna@example.com");
    shop.server.block(&shop.key, "bad@example.com");
    shop.restrict(&anna);
    shop.pay(("customer", &anna), "pm_test_success");
    for attempt in [
        json!({"initiator": "customer", "email": "bad@example.com", "device": "<i>d-1"}),
        json!({"initiator": "merchant", "customer": anna}),
        json!({"initiator": "customer", "email": "new@example.com"}),
        json!({"initiator": "customer", "email": "dry@example.com", "dryRun": true}),
    ] {
        shop.call_for_decision(&attempt);
    }
    let rows = |owner: &mut Browser, query: &str| {
        owner.get(&format!("{at}?{query}")).expect(200).body.matches("/dashboard/test/decisions/dec_").count()
    };
    for (query, expected) in [
        ("", 4),
        ("outcome=block", 2),
        ("code=customer_restricted", 1),
        ("initiator=merchant", 1),
        ("origin=payment", 1),
        ("kind=email&value=BAD%40example.com", 1),
        ("kind=device&value=%3Ci%3Ed-1", 1),
        (&format!("customer={anna}"), 2),
        ("kind=email&value=dry%40example.com", 0),
    ] {
        assert_eq!(rows(&mut owner, query), expected, "{query}");
    }
    owner.get(&format!("{at}?value=nonsense")).expect(200).shows("role=\"alert\"");
    owner.get(&format!("{at}?customer=%22%3E%3Cb%3E")).expect(200).shows("role=\"alert\"").hides("\"><b>");

    let path = first_decision(&owner.get(&format!("{at}?kind=device&value=%3Ci%3Ed-1")).expect(200));
    let page = owner.get(&path).expect(200);
    page.shows("identifier_blacklisted").shows("/dashboard/test/entries/bl_").shows("decides");
    page.shows("&#60;i&#62;d-1").hides("<i>d-1").shows("/dashboard/test/decisions/try?initiator=customer");
    assert_eq!(page.body.matches("<th scope=\"row\">").count(), 7, "seven steps");
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(owner.get(&format!("{at}?value={id}")).expect(303).location, path);
    owner.get(&path.replace("/test/", "/live/")).expect(404);
    owner.get(&format!("{at}/dec_nonsense")).expect(404);
    owner.get("/dashboard/live/decisions").expect(200).hides("/decisions/dec_");

    // What was said stays, whatever is lifted.
    let paid = first_payment(&owner.get("/dashboard/test/payments").expect(200));
    shop.call(&format!("/customers/{anna}/restrictions"), &json!({"restrictCit": false}));
    let payment = owner.get(&paid).expect(200);
    let decided = owner.get(&first_decision(&payment)).expect(200);
    decided.shows("customer_restricted").shows(&paid).shows("&#60;i&#62;looked odd").hides("<i>looked");

    let (status, _) = shop.server.call("DELETE", &format!("/v1/customers/{anna}"), &shop.key, &json!({}));
    assert_eq!(status, 200);
    let payment = owner.get(&paid).expect(200);
    let erased = owner.get(&first_decision(&payment)).expect(200);
    erased.shows("Somebody in this decision was erased").hides("looked odd").hides("Anna").hides("try-same");
}

#[test]
fn the_overview_counts_what_happened_and_finds_good_customers() {
    let shop = Shop::open();
    let mut owner = shop.owner();
    let at = "/dashboard/test";
    assert_eq!(owner.get("/dashboard").expect(303).location, at);
    owner.get(at).expect(200).shows("No payments yet.").shows("Nobody. That is how it should be.");

    let good = shop.customer("Good Customer", "good@example.com");
    let new = shop.customer("New Customer", "new@example.com");
    for _ in 0..3 {
        shop.pay(("customer", &good), "pm_test_success");
    }
    shop.pay(("customer", &new), "pm_test_declined");
    for customer in [&good, &new] {
        shop.restrict(customer);
        shop.pay(("customer", customer), "pm_test_success");
    }
    let page = owner.get(at).expect(200);
    for (word, number) in [("Attempts", 6), ("Blocked", 2), ("Allowed", 4), ("Succeeded", 3)] {
        page.shows(&format!("<dt>{word}</dt><dd>{number}</dd>"));
    }
    page.shows("<svg class=\"chart\"").hides("style=");
    page.shows("Card declined").shows("2 blocked of 6").shows("0 blocked of 0");
    let good_ones = page.body.split_once("Good customers who were blocked").unwrap().1;
    let good_ones = good_ones.split_once("</section>").unwrap().0;
    assert!(good_ones.contains(&good) && !good_ones.contains(&new), "{good_ones}");
    // Each of the newest blocks leads to the decision that refused it.
    let blocks = page.between("<h2>Newest blocks", "</section>");
    assert_eq!(blocks.matches("/dashboard/test/decisions/dec_").count(), 2, "{blocks}");
    owner.get(&first_decision(&page)).expect(200).shows("customer_restricted");
    owner.get("/dashboard/live").expect(200).shows("No payments yet.");
}

#[test]
fn reports_are_looked_at_and_taken_away_as_files() {
    let shop = Shop::open();
    let mut owner = shop.owner();
    let at = "/dashboard/test/reports";
    owner.get("/dashboard/test").expect(200).shows(at);
    owner.get(at).expect(200).shows("Nothing here.");
    let good = shop.customer("=Good()", "good@example.com");
    for _ in 0..3 {
        shop.pay(("customer", &good), "pm_test_success");
    }
    shop.restrict(&good);
    shop.pay(("customer", &good), "pm_test_success");
    let entry = json!({"list": "block", "kind": "email", "value": "soon@example.com", "reason": "=1+1",
        "expiresAt": "2099-01-01T00:00:00Z"});
    let made = shop.server.call("POST", "/v1/entries", &shop.key, &entry).1;
    let path = format!("/v1/entries/{}", made["id"].as_str().unwrap());
    let over = json!({"expiresAt": "2020-01-01T00:00:00Z"});
    assert_eq!(shop.server.call("PATCH", &path, &shop.key, &over).0, 200);

    owner.get(&format!("{at}?report=good-customers-blocked")).expect(200).shows(&good).shows("Restricted");
    owner.get(&format!("{at}?report=expired")).expect(200).shows("soon@example.com").shows("=1+1");
    owner.get(&format!("{at}?report=ending")).expect(200).hides("soon@example.com");
    owner.get(&format!("{at}?report=never-matched")).expect(200).hides("soon@example.com");
    let file = owner.get(&format!("{at}/expired.csv")).expect(200);
    file.shows("endsAt,id,list,kind,value,reason,hitCount,lastHitAt").shows(",soon@example.com,'=1+1,0,");
    let file = owner.get(&format!("{at}/good-customers-blocked.csv")).expect(200);
    file.shows(&format!("{good},'=Good(),good@example.com,3,")).shows(",customer_restricted");
    let mut reader = shop.somebody("read_only");
    reader.get(at).expect(200).hides("expired.csv");
    reader.get(&format!("{at}/expired.csv")).expect(403);
    owner.get("/dashboard/live/reports?report=expired").expect(200).hides("soon@example.com");
}

#[test]
fn everybody_who_signs_in_may_look_and_nobody_else() {
    let shop = Shop::open();
    let decisions = "/dashboard/test/decisions";
    let paths = ["/dashboard/test", "/dashboard/test/payments", decisions, "/dashboard/test/decisions/try"];
    for path in paths {
        let refused = Browser::new(&shop.server).get(path).expect(303);
        assert!(refused.location.starts_with("/dashboard/sign-in"), "{}", refused.location);
    }
    for role in ["admin", "developer", "support", "read_only"] {
        let mut reader = shop.somebody(role);
        for path in paths {
            reader.get(path).expect(200);
        }
    }
    shop.owner().get("/dashboard/nowhere/payments").expect(404);
}

#[test]
fn the_demonstration_has_something_of_everything() {
    let place = Place::new();
    let mut command = place.process("demo --listen 127.0.0.1:0 --workers 1");
    command.env("TMPDIR", place.path(""));
    let server = Server::start(command);
    server.wait_until_ready();
    let mut owner = Browser::of(&server, "owner@example.com", "sample-shop-owner");

    let overview = owner.get("/dashboard/test").expect(200);
    overview.shows("cooling.off@example.com").shows("Femi Bello");
    for reason in ["Restricted", "Customer is blacklisted", "On the blacklist", "Card declined"] {
        overview.shows(&format!("<th scope=\"row\">{reason}</th>"));
    }
    let days = overview.body.split_once("Days as a table").unwrap().1.split_once("</table>").unwrap().0;
    let empty = "<td class=\"number\">0</td><td class=\"number\">0</td><td class=\"number\">0</td>";
    assert_eq!(days.matches("<th scope=\"row\">").count(), 30);
    assert_eq!(days.matches(empty).count(), 0, "something happens on each day: {days}");
    for status in ["open", "requires_action", "succeeded", "cancelled"] {
        owner.get(&format!("/dashboard/test/payments?status={status}")).expect(200).shows("/payments/pay_");
    }
    owner.get("/dashboard/test/payments?initiator=merchant&blocked=on").expect(200).shows("Femi Bello");
    // Of each step of the order, the first six by what they say, the last one by who asked.
    for query in [
        "code=customer_restricted",
        "code=customer_blacklisted",
        "code=identifier_blacklisted&kind=merchantRef&value=shop-1003",
        "code=customer_whitelisted",
        "code=identifier_whitelisted",
        "code=identifier_blacklisted&kind=email&value=bargain.hunter%40example.org",
        "code=default&origin=api",
    ] {
        let page = owner.get(&format!("/dashboard/test/decisions?{query}")).expect(200);
        assert!(page.body.contains("/dashboard/test/decisions/dec_"), "{query}");
    }

    for report in ["never-matched", "expired", "ending", "good-customers-blocked"] {
        let page = owner.get(&format!("/dashboard/test/reports?report={report}")).expect(200);
        assert!(page.body.contains("<td class=\"value\">"), "{report} shows something");
    }

    let (succeeded, cancelled) =
        (count(&mut owner, "?status=succeeded"), count(&mut owner, "?status=cancelled"));
    let blocked = count(&mut owner, "?blocked=on");
    let expected = [
        ("Attempts", succeeded + cancelled),
        ("Blocked", blocked),
        ("Allowed", succeeded + cancelled - blocked),
        ("Succeeded", succeeded),
    ];
    for (word, number) in expected {
        overview.shows(&format!("<dt>{word}</dt><dd>{number}</dd>"));
    }
}
