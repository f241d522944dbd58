//! What no page of ours sends: forged, stolen, repeated and outdated forms, and roles that want more than they may.

use interdict_test_support::wait_until;
use serde_json::json;

use super::browser::{GOOD, make_user};
use super::visitor::Visitor;
use super::{House, OWNER};

fn customer(house: &House) -> String {
    let body = json!({"email": "anna@example.com", "name": "Anna"});
    let (status, made) = house.server.call("POST", "/v1/customers", &house.key, &body);
    assert_eq!(status, 201);
    made["id"].as_str().unwrap().to_owned()
}

fn decision(house: &House, id: &str) -> String {
    house.server.decide(&house.key, &json!({"initiator": "customer", "customer": id}))
}

/// Somebody with a role, signed in.
fn with_role<'a>(house: &'a House, role: &str) -> Visitor<'a> {
    let email = format!("{role}@example.com");
    make_user(&house.place, &email, role);
    Visitor::signed_in(house, &email, GOOD)
}

#[test]
fn a_form_from_another_site_changes_nothing() {
    let house = House::open();
    let id = customer(&house);
    let mut owner = Visitor::signed_in(&house, OWNER, &house.password);
    let path = format!("/dashboard/test/customers/{id}/restrict");
    for origin in [Some("https://evil.example".to_owned()), Some("null".to_owned()), None] {
        owner.origin = origin;
        assert_eq!(owner.post(&path, &[("restrictCit", "on")]).status, 403);
        assert_eq!(
            owner.post("/dashboard/sign-in", &[("email", OWNER), ("password", &house.password)]).status,
            403
        );
    }
    assert_eq!(decision(&house, &id), "default");
    owner.origin = Some(house.server.url());
    assert_eq!(owner.post(&path, &[("restrictCit", "on")]).status, 303);
    assert_eq!(decision(&house, &id), "customer_restricted");
}

#[test]
fn a_cookie_that_was_there_before_signing_in_opens_nothing_and_a_stolen_one_ends_with_its_session() {
    let house = House::open();
    let mut stranger = Visitor::stranger(&house);
    stranger.cookie = Some("interdict=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let form = [("email", OWNER), ("password", house.password.as_str())];
    let reply = stranger.post("/dashboard/sign-in", &form);
    let given = reply.header("set-cookie").unwrap();
    assert!(!given.contains("AAAAAAAA") && given.contains("HttpOnly") && given.contains("SameSite=Strict"));
    assert_eq!(stranger.get("/dashboard/test/customers").status, 303, "fixed before, it opens nothing after");
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let thief = Visitor { cookie: owner.cookie.clone(), ..Visitor::stranger(&house) };
    assert_eq!(thief.get("/dashboard/test/customers").status, 200);
    assert_eq!(owner.post("/dashboard/sign-out", &[]).status, 303);
    assert_eq!(
        thief.get("/dashboard/test/customers").header("location"),
        Some("/dashboard/sign-in?next=%2Fdashboard%2Ftest%2Fcustomers")
    );
    assert_eq!(
        thief.post("/dashboard/test/entries", &[("list", "block"), ("email", "a@example.com")]).status,
        303
    );
    house.server.block(&house.key, "a@example.com");
}

#[test]
fn a_role_may_what_it_may_however_the_request_was_made() {
    let house = House::open();
    let id = customer(&house);
    for (role, status) in [("read_only", 403), ("developer", 403), ("support", 303), ("admin", 303)] {
        let visitor = with_role(&house, role);
        assert_eq!(visitor.get("/dashboard/test/customers").status, 200, "{role}");
        let page = visitor.get(&format!("/dashboard/test/customers/{id}"));
        assert_eq!(page.status, 200);
        assert_eq!(page.body.contains(">Restrict customer<"), status == 303, "{role} is offered what it may");
        let post = |path: &str, fields: &[(&str, &str)]| {
            visitor.post(&format!("/dashboard/test/{path}"), fields).status
        };
        assert_eq!(post(&format!("customers/{id}/restrict"), &[("restrictCit", "on")]), status, "{role}");
        assert_eq!(
            post(&format!("customers/{id}/list-status"), &[("status", "blacklisted")]),
            status,
            "{role}"
        );
        assert_eq!(
            post("entries", &[("list", "block"), ("email", &format!("{role}@example.org"))]),
            status,
            "{role}"
        );
        let gone = if status == 303 { 409 } else { 403 };
        assert_eq!(post("entries/bl_2R0uWz4tu9wxTMBXxj9CJfSE9vV/delete", &[]), gone, "{role}");
        assert_eq!(post("undo", &[("sequence", "999999")]), gone, "{role}");
    }
}

#[test]
fn a_second_press_does_nothing_again_and_an_outdated_form_is_told() {
    let house = House::open();
    let id = customer(&house);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let path = format!("/dashboard/test/customers/{id}");
    let action = format!("{path}/restrict");
    let page = owner.get(&path);
    let (once, seen) = (page.field(&action, "once"), page.field(&action, "seen"));
    let form = [("once", once.as_str()), ("seen", &seen), ("restrictCit", "on"), ("restrictReason", "fraud")];
    let first = owner.post(&action, &form);
    assert_eq!(first.status, 303);
    let second = owner.post(&action, &form);
    assert_eq!(
        (second.status, second.header("location")),
        (303, first.header("location")),
        "the first one's answer"
    );
    let changes =
        house.server.call("GET", &format!("/v1/customers/{id}/history"), &house.key, &json!(null)).1;
    assert_eq!(changes["items"].as_array().unwrap().len(), 2, "made, and restricted once");
    assert_eq!(changes["items"][0]["actor"]["label"], OWNER);
    // Somebody else, with the page as it was before.
    let other = [("once", "another"), ("seen", &seen), ("restrictMit", "on")];
    let told = owner.post(&action, &other);
    assert_eq!(told.status, 409);
    assert!(told.body.contains("Somebody else was faster"));
    assert_eq!(decision(&house, &id), "customer_restricted");
}

#[test]
fn a_person_is_erased_by_whoever_may_and_means_it() {
    let house = House::open();
    let id = customer(&house);
    house.server.block(&house.key, "anna@example.com");
    let path = format!("/dashboard/test/customers/{id}");
    let erase = format!("{path}/erase");
    let support = with_role(&house, "support");
    assert!(!support.get(&path).body.contains(&erase), "not offered");
    assert_eq!(support.post(&erase, &[("confirm", "erase")]).status, 403);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    assert!(owner.get(&path).body.contains(&erase));
    let unmeant = owner.post(&erase, &[("confirm", "yes")]);
    assert_eq!(unmeant.status, 422);
    assert!(unmeant.body.contains("Type the word"));
    let erased = owner.post(&erase, &[("confirm", "Erase")]);
    assert_eq!(erased.header("location"), Some("/dashboard/test/customers?done=erased"));
    assert!(owner.get("/dashboard/test/customers?done=erased").body.contains("Blocks stay in force"));
    assert_eq!(owner.get(&path).status, 404);
    assert_eq!(owner.post(&erase, &[("confirm", "erase")]).status, 409, "gone already");
    let attempt = json!({"initiator": "customer", "email": "anna@example.com"});
    assert_eq!(house.server.decide(&house.key, &attempt), "identifier_blacklisted");
}

#[test]
fn lists_are_turned_and_show_what_ends_and_what_never_matched() {
    let house = House::open();
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let in_a_week = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(7 * 24)).to_string();
    let addresses =
        [("first@example.com", None), ("second@example.com", Some(in_a_week)), ("third@example.com", None)];
    for (email, until) in addresses {
        let body = json!({"list": "block", "kind": "email", "value": email, "expiresAt": until});
        assert_eq!(house.server.call("POST", "/v1/entries", &house.key, &body).0, 201);
    }
    let attempt = json!({"initiator": "customer", "email": "third@example.com"});
    assert_eq!(house.server.decide(&house.key, &attempt), "identifier_blacklisted");
    let shown = |query: &str| {
        let page = owner.get(&format!("/dashboard/test/blacklist{query}"));
        assert_eq!(page.status, 200);
        let at = |email: &str| page.body.find(&format!(">{email}</a>"));
        let names = ["first", "second", "third"];
        let mut there: Vec<_> = names
            .iter()
            .filter_map(|name| at(&format!("{name}@example.com")).map(|at| (at, *name)))
            .collect();
        there.sort_unstable();
        there.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(shown(""), ["third", "second", "first"]);
    assert_eq!(shown("?sort=oldest"), ["first", "second", "third"]);
    assert_eq!(
        shown("?sort=oldest&query=example"),
        ["third", "second", "first"],
        "a search has the newest first"
    );
    assert_eq!(shown("?show=ending"), ["second"]);
    assert_eq!(shown("?show=unmatched"), ["second", "first"]);
    assert_eq!(shown("?show=inactive"), Vec::<&str>::new());
    assert_eq!(shown("?show=active&kind=email"), ["third", "second", "first"]);
    let newest = owner.get("/dashboard/test/blacklist");
    assert!(newest.body.contains("aria-sort=\"descending\""));
    assert!(newest.body.contains("href=\"/dashboard/test/blacklist?sort=oldest\""));
}

#[test]
fn what_people_typed_is_shown_as_text() {
    let house = House::open();
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let nasty = "\"><img src=x onerror=alert(1)>{{7*7}}'";
    let body = json!({"email": "x@example.com", "name": nasty});
    let (_, made) = house.server.call("POST", "/v1/customers", &house.key, &body);
    let id = made["id"].as_str().unwrap();
    let path = format!("/dashboard/test/customers/{id}");
    assert_eq!(
        owner.post(&format!("{path}/restrict"), &[("restrictCit", "on"), ("restrictReason", nasty)]).status,
        303
    );
    let entry = [("list", "block"), ("email", "x@example.com"), ("reason", nasty)];
    assert_eq!(owner.post("/dashboard/test/entries", &entry).status, 303);
    let query = "/dashboard/test/blacklist?query=%22%3E%3Cimg+src%3Dx";
    for page in ["/dashboard/test/customers", &path, "/dashboard/test/blacklist", query] {
        let reply = owner.get(page);
        assert_eq!(reply.status, 200, "{page}");
        assert!(!reply.body.contains("<img"), "{page}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn nonsense_is_answered_in_words_and_never_by_a_fault() {
    let house = House::open();
    let id = customer(&house);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let long = "x".repeat(200_000);
    let path = |rest: &str| format!("/dashboard/test/{rest}");
    let restrict = path(&format!("customers/{id}/restrict"));
    for (path, fields, status) in [
        (path("entries"), vec![("list", "block")], 422),
        (path("entries"), vec![("list", "nowhere"), ("email", "a@example.com")], 422),
        (path("entries"), vec![("list", "block"), ("kind", "shoe"), ("value", "9")], 422),
        (path("entries"), vec![("list", "block"), ("email", "a@b.example"), ("until", "yesterday")], 422),
        (path("entries"), vec![("list", "block"), ("email", "a@b.example"), ("until", "2001-01-01")], 422),
        (
            path("entries"),
            vec![("list", "block"), ("email", "a@b.example"), ("reason", "4111 1111 1111 1111")],
            422,
        ),
        (path("entries"), vec![("list", "block"), ("email", &long)], 413),
        (restrict.clone(), vec![("restrictReason", "a\u{0}b")], 422),
        (restrict, vec![("seen", "not a number"), ("restrictCit", "on")], 409),
        (path("customers/cus_nonsense/restrict"), vec![("restrictCit", "on")], 404),
        (path("entries/delete"), vec![], 422),
        (path("undo"), vec![("sequence", "-1")], 422),
        (path("undo"), vec![("sequence", "1-900")], 422),
        (path("undo"), vec![("sequence", "9999")], 409),
        ("/dashboard/nowhere/entries".to_owned(), vec![("list", "block")], 404),
    ] {
        let reply = owner.post(&path, &fields);
        assert_eq!(reply.status, status, "{path} {fields:?}: {}", reply.body);
        assert!(reply.body.contains("<h1"), "a page, for people: {path}");
    }
    for (page, status) in [
        ("/dashboard/test/customers?after=nonsense&status=x&restricted=&query=%FF%00", 200),
        ("/dashboard/test/blacklist?after=1.zz&kind=shoe&tab=customers", 200),
        ("/dashboard/test/customers/cus_0", 404),
        ("/dashboard/prod/customers", 404),
    ] {
        assert_eq!(owner.get(page).status, status, "{page}");
    }
    let json = owner.get("/dashboard/test/customers").header("content-type").unwrap().to_owned();
    assert!(json.starts_with("text/html"));
}

#[test]
fn too_many_wrong_passwords_lock_the_address_and_nobody_learns_who_is_there() {
    let house = House::open();
    let stranger = Visitor::stranger(&house);
    let attempt = |email: &str| {
        stranger.post("/dashboard/sign-in", &[("email", email), ("password", "wrong password")])
    };
    let (known, unknown) = (attempt(OWNER), attempt("nobody@example.com"));
    assert_eq!((known.status, unknown.status), (401, 401));
    let without = |body: &str, email: &str| body.replace(email, "");
    assert_eq!(without(&known.body, OWNER), without(&unknown.body, "nobody@example.com"));
    let locked = wait_until(
        || attempt(OWNER).body.contains("Too many attempts failed"),
        std::time::Duration::from_mins(3),
    );
    assert!(locked.is_ok(), "locked after ten failures");
    let right = stranger.post("/dashboard/sign-in", &[("email", OWNER), ("password", &house.password)]);
    assert_eq!(right.status, 429, "the right password does not open a lock");
}

#[test]
fn a_server_that_others_can_reach_without_tls_refuses_to_start() {
    let place = super::support::Place::new();
    let said = place.complaint("serve --listen 0.0.0.0:0", 2);
    assert!(said.contains("--behind-proxy"), "{said}");
    let behind = "serve --behind-proxy --public-url https://interdict.example --listen 0.0.0.0:0";
    drop(super::support::Server::start(place.process(behind)));
}

#[test]
fn whoever_may_not_change_many_sends_no_files_and_takes_no_bad_rows_away() {
    let house = House::open();
    let developer = with_role(&house, "developer");
    let import = "/dashboard/test/imports/imp_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    assert_eq!(developer.get("/dashboard/test/imports").status, 403);
    assert_eq!(developer.post("/dashboard/test/imports", &[]).status, 403);
    assert_eq!(developer.get(&format!("{import}/errors")).status, 403);
    for step in ["start", "cancel", "undo"] {
        assert_eq!(developer.post(&format!("{import}/{step}"), &[]).status, 403);
    }
    assert_eq!(developer.get("/dashboard/test/entries/export?list=block").status, 403);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    assert_eq!(owner.get(import).status, 404);
    assert_eq!(owner.post("/dashboard/test/imports", &[("list", "block")]).status, 400, "no multipart");
}

#[test]
fn a_huge_file_is_refused_before_it_is_sent_and_leaves_nothing() {
    let house = House::open();
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let head = "--x\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\nblock\r\n--x\r\n\
                Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail\n";
    let reply =
        owner.send_form("/dashboard/test/imports", "multipart/form-data; boundary=x", 3_000_000_000, head);
    assert_eq!(reply.status, 413, "{}", reply.body);
    assert!(reply.body.contains("<h1"), "a page, for people");
    // One that was cut off is nothing, either.
    let cut = owner.send_form("/dashboard/test/imports", "multipart/form-data; boundary=x", head.len(), head);
    assert_eq!(cut.status, 422, "{}", cut.body);
    let left: Vec<_> = std::fs::read_dir(house.place.data("imports"))
        .map(|files| files.flatten().filter(|file| file.path().is_file()).collect())
        .unwrap_or_default();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn whoever_may_not_change_customers_looks_at_persons_and_settles_nothing() {
    let house = House::open();
    let id = customer(&house);
    let developer = with_role(&house, "developer");
    let person = "/dashboard/test/persons/per_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    let suggestion = "/dashboard/test/persons/suggestions/sug_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    let block = format!("/dashboard/test/customers/{id}/person");
    assert_eq!(developer.get("/dashboard/test/persons").status, 200);
    assert_eq!(developer.get("/dashboard/test/persons?tab=suggestions").status, 200);
    assert_eq!(developer.get(&block).status, 403);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    for (path, status) in [
        (format!("{person}/lift"), 409),
        (format!("{suggestion}/accept"), 409),
        (format!("{suggestion}/refuse"), 409),
        (block.clone(), 422),
    ] {
        assert_eq!(developer.post(&path, &[]).status, 403, "{path}");
        assert_eq!(owner.post(&path, &[]).status, status, "{path}");
    }
    assert_eq!(owner.get(person).status, 404);
    assert_eq!(owner.get(&block).status, 200);
    assert_eq!(owner.post(&format!("{suggestion}/forget"), &[]).status, 404);
    for nonsense in ["ip:203.0.113.7", "email", "email:nobody", "shoe:9"] {
        assert_eq!(owner.post(&block, &[("identifier", nonsense)]).status, 422, "{nonsense}");
    }
}

#[test]
fn an_approval_is_anothers_and_done_once_however_it_is_sent() {
    let house = House::open();
    let settings = json!({"secondApprover": {"threshold": 0}});
    assert_eq!(house.server.call("PATCH", "/v1/settings", &house.key, &settings).0, 200);
    customer(&house);
    let owner = Visitor::signed_in(&house, OWNER, &house.password);
    let form = [("list", "block"), ("kind", "emailDomain"), ("value", "example.com"), ("previewed", "on")];
    let both = [("scopes", "said"), ("cit", "on"), ("mit", "on")];
    let proposed = owner.post("/dashboard/test/entries", &[&form[..], &both].concat());
    assert_eq!(proposed.header("location"), Some("/dashboard/test/approvals?done=proposed"));
    let waiting = house.server.call("GET", "/v1/proposals", &house.key, &json!(null)).1;
    let path = format!("/dashboard/test/approvals/{}", waiting["items"][0]["id"].as_str().unwrap());
    let told = owner.post(&format!("{path}/approve"), &[]);
    assert_eq!(told.status, 422);
    assert!(told.body.contains("Somebody else has to approve it."));
    let reader = with_role(&house, "read_only");
    assert_eq!(reader.get("/dashboard/test/approvals").status, 200);
    assert_eq!(reader.post(&format!("{path}/approve"), &[]).status, 403);
    assert_eq!(reader.post(&format!("{path}/refuse"), &[]).status, 403);
    let support = with_role(&house, "support");
    assert_eq!(support.post(&path.replace("/test/", "/live/"), &[]).status, 404);
    assert_eq!(support.post(&format!("{}/approve", path.replace("/test/", "/live/")), &[]).status, 422);
    let once = [("once", "one press")];
    let approved = support.post(&format!("{path}/approve"), &once);
    assert_eq!(approved.header("location"), Some("/dashboard/test/approvals?done=approved"));
    let again = support.post(&format!("{path}/approve"), &once);
    assert_eq!(again.header("location"), approved.header("location"), "a second press is the first one");
    let later = support.post(&format!("{path}/approve"), &[]);
    assert!(later.body.contains("It no longer waits"), "{}", later.body);
    let entries = house.server.call("GET", "/v1/entries", &house.key, &json!(null)).1;
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
}
