//! The pages of people: one's own account, the team, and an invitation.

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

use std::collections::BTreeSet;

use browser::{Browser, GOOD, authenticator_code, make_user, owner_password};
use support::{Place, Server};

const ACCOUNT: &str = "/dashboard/account";
const TEAM: &str = "/dashboard/team";
const OTHER: &str = "another good password";

fn start() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve("serve");
    (place, server)
}

#[test]
fn a_password_is_changed_and_other_browsers_are_signed_out() {
    let (place, server) = start();
    let first = owner_password(&place);
    let (mut here, mut there) = (Browser::of_owner(&place, &server), Browser::of_owner(&place, &server));
    here.get(ACCOUNT).expect(200).shows("this one").shows("Firefox, Linux").shows("Sign out everywhere else");
    let path = "/dashboard/account/password";
    here.post(path, &[("old", "wrong wrong wrong"), ("new", OTHER)])
        .expect(422)
        .shows("The password is wrong.");
    here.post(path, &[("old", &first), ("new", "short")]).expect(422).shows("at least 10 characters");
    there.get(ACCOUNT).expect(200);

    let form = [("once", "a"), ("old", first.as_str()), ("new", OTHER)];
    let changed = here.post(path, &form).expect(303);
    here.get(&changed.location).expect(200).shows("The password is changed.");
    let again = here.post(path, &form).expect(303);
    assert_eq!(again.location, changed.location, "a second press is the first one");
    assert!(there.get(ACCOUNT).expect(303).location.starts_with("/dashboard/sign-in"));
    Browser::new(&server).sign_in(&[("email", "owner@interdict.local"), ("password", &first)]).expect(401);
    Browser::of(&server, "owner@interdict.local", OTHER).get(ACCOUNT).expect(200);
}

#[test]
fn sessions_are_ended_one_by_one_and_all_others_at_once() {
    let (place, server) = start();
    let mut here = Browser::of_owner(&place, &server);
    let mut others: Vec<_> = (0..3).map(|_| Browser::of_owner(&place, &server)).collect();
    let page = here.get(ACCOUNT).expect(200);
    assert_eq!(page.body.matches("this one").count(), 1);
    let id = page.between("action=\"/dashboard/account/sessions/ses_", "/end");
    here.post(&format!("/dashboard/account/sessions/ses_{id}/end"), &[]).expect(303);
    let in_use = |others: &mut [Browser]| {
        others.iter_mut().map(|one| one.get(ACCOUNT)).filter(|page| page.status == 200).count()
    };
    assert_eq!(in_use(&mut others), 2);
    here.post("/dashboard/account/sessions/end-others", &[]).expect(303);
    assert_eq!(in_use(&mut others), 0);
    here.get(ACCOUNT).expect(200).hides("Sign out everywhere else");
    here.post("/dashboard/account/sessions/ses_nobody/end", &[]).expect(404);
}

#[test]
fn a_second_factor_is_set_up_asked_for_and_turned_off() {
    let (place, server) = start();
    let password = owner_password(&place);
    let mut here = Browser::of_owner(&place, &server);
    let page = here.post("/dashboard/account/second-factor", &[("once", "a")]).expect(200);
    page.shows("data:image/svg+xml;base64,");
    let secret = page.between("class=\"shown-once\">", "<");
    let again = here.post("/dashboard/account/second-factor", &[("once", "a")]).expect(200);
    assert_eq!(again.between("class=\"shown-once\">", "<"), secret, "a second press is the first one");

    let confirm = "/dashboard/account/second-factor/confirm";
    here.post(confirm, &[("code", "000000")]).expect(422).shows("The code is wrong.").hides(&secret);
    let page = here.post(confirm, &[("code", &authenticator_code(&secret))]).expect(200);
    let codes: Vec<String> = page
        .between("class=\"codes\">", "</ol>")
        .split("<li>")
        .skip(1)
        .map(|item| item.split('<').next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    here.get(ACCOUNT).expect(200).shows("10 recovery codes are left").hides(&codes[0]);

    let owner = [("email", "owner@interdict.local"), ("password", password.as_str())];
    let mut there = Browser::new(&server);
    there.sign_in(&owner).expect(401).shows("name=\"code\"");
    there.sign_in(&[owner[0], owner[1], ("code", &codes[0])]).expect(303);
    here.get(ACCOUNT).expect(200).shows("9 recovery codes are left");

    let disable = "/dashboard/account/second-factor/disable";
    here.post(disable, &[("password", "wrong wrong wrong")]).expect(422).shows("The password is wrong.");
    here.post(disable, &[("password", &password)]).expect(303);
    Browser::new(&server).sign_in(&owner).expect(303);
    here.post(disable, &[("password", &password)]).expect(422).shows("no second factor");
}

#[test]
fn somebody_is_invited_signs_in_gets_another_role_and_is_disabled() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let invite = "/dashboard/team/invite";
    let form = [("once", "a"), ("email", "Ada@Example.com"), ("role", "support")];
    let page = owner.post(invite, &form).expect(200);
    let link = page.between("class=\"shown-once\">", "<");
    assert_eq!(owner.post(invite, &form).between("class=\"shown-once\">", "<"), link, "a second press");
    let path = link.strip_prefix(&server.url()).unwrap().to_owned();
    owner.get(TEAM).expect(200).shows("ada@example.com").shows("invited").hides(&path);
    let refused = owner.post(invite, &[("email", "ada@example.com"), ("role", "admin")]).expect(422);
    refused.shows("Somebody signs in with this email already.").shows("value=\"ada@example.com\"");
    owner.post(invite, &[("email", "\"><b>x"), ("role", "admin")]).expect(422).hides("<b>x");
    owner.post(invite, &[("email", "eve@example.com"), ("role", "god")]).expect(422);

    let mut ada = Browser::new(&server);
    ada.get(&path).expect(200).shows("ada@example.com");
    ada.post(&path, &[("password", GOOD), ("again", OTHER)]).expect(422).shows("not the same");
    ada.post(&path, &[("password", "password12"), ("again", "password12")]).expect(422).shows("tried first");
    let accepted = ada.post(&path, &[("password", GOOD), ("again", GOOD)]).expect(303);
    ada.get(&accepted.location).expect(200).shows("Your password is set.");
    ada.get(&path).expect(404).shows("This invitation is over");
    ada.post(&path, &[("password", GOOD), ("again", GOOD)]).expect(404);
    ada.sign_in(&[("email", "ada@example.com"), ("password", GOOD)]).expect(303);
    ada.get(TEAM).expect(200).hides("Invite somebody").hides("manage-usr_");

    let page = owner.get(TEAM).expect(200);
    let id = format!("usr_{}", page.between("action=\"/dashboard/team/usr_", "/"));
    let at = |verb: &str| format!("{TEAM}/{id}/{verb}");
    let version = page.field(&at("role"), "version");
    let seen = ("version", version.as_str());
    owner.post(&at("role"), &[seen, ("role", "developer")]).expect(303);
    owner.get(TEAM).expect(200).shows("<td>Developer</td>");
    owner.post(&at("role"), &[seen, ("role", "admin")]).expect(409).shows("Somebody else was faster");
    for verb in ["disable", "enable", "reset"] {
        owner.post(&at(verb), &[seen]).expect(409);
        owner.post(&at(verb), &[]).expect(409);
    }

    let version = owner.get(TEAM).field(&at("disable"), "version");
    ada.get(TEAM).expect(200);
    owner.post(&at("disable"), &[("version", &version)]).expect(303);
    assert!(ada.get(TEAM).expect(303).location.starts_with("/dashboard/sign-in"));
    ada.sign_in(&[("email", "ada@example.com"), ("password", GOOD)]).expect(401);
    let version = owner.get(TEAM).field(&at("enable"), "version");
    owner.post(&at("enable"), &[("version", &version)]).expect(303);
    ada.sign_in(&[("email", "ada@example.com"), ("password", GOOD)]).expect(303);

    let version = owner.get(TEAM).field(&at("reset"), "version");
    let page = owner.post(&at("reset"), &[("version", &version)]).expect(200);
    let path = page.between("class=\"shown-once\">", "<").replace(&server.url(), "");
    assert!(ada.get(TEAM).expect(303).location.starts_with("/dashboard/sign-in"));
    Browser::new(&server).post(&path, &[("password", OTHER), ("again", OTHER)]).expect(303);
    Browser::of(&server, "ada@example.com", OTHER).get(TEAM).expect(200);
}

/// Whom somebody may manage, as the page shows it.
fn manageable(browser: &mut Browser) -> BTreeSet<String> {
    let page = browser.get(TEAM).expect(200);
    let after = page.body.split("<dialog id=\"manage-").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn nobody_manages_oneself_or_beyond_the_own_role() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    make_user(&place, "admin@example.com", "admin");
    make_user(&place, "second@example.com", "owner");
    make_user(&place, "support@example.com", "support");
    let mut admin = Browser::of(&server, "admin@example.com", GOOD);
    let mut second = Browser::of(&server, "second@example.com", GOOD);
    let by_owner = manageable(&mut owner);
    let (by_second, by_admin) = (manageable(&mut second), manageable(&mut admin));
    assert_eq!((by_owner.len(), by_second.len(), by_admin.len()), (3, 3, 1));
    let itself = by_second.difference(&by_owner).next().unwrap();
    let other = by_owner.difference(&by_second).next().unwrap();
    for verb in ["role", "disable", "reset"] {
        let form = [("version", "1"), ("role", "support")];
        let path = format!("{TEAM}/{itself}/{verb}");
        owner.post(&path, &form).expect(422).shows("Nobody does this to themselves.");
        admin.post(&format!("{TEAM}/{other}/{verb}"), &form).expect(403);
    }
    admin.post("/dashboard/team/invite", &[("email", "x@example.com"), ("role", "owner")]).expect(403);
    admin.get(TEAM).expect(200).hides("<option value=\"owner\"");
    owner.post(&format!("{TEAM}/usr_nobody/disable"), &[("version", "1")]).expect(404);
}

#[test]
fn roles_that_may_not_and_other_sites_change_nothing() {
    let (place, server) = start();
    let mut owner = Browser::of_owner(&place, &server);
    let forms = [
        "/dashboard/team/invite",
        "/dashboard/team/usr_x/role",
        "/dashboard/team/usr_x/disable",
        "/dashboard/team/usr_x/enable",
        "/dashboard/team/usr_x/reset",
    ];
    for role in ["developer", "support", "read_only"] {
        let email = format!("{role}@example.com");
        make_user(&place, &email, role);
        let mut browser = Browser::of(&server, &email, GOOD);
        browser.get(TEAM).expect(200).hides("Invite somebody").shows("Who may do what");
        browser.get(ACCOUNT).expect(200);
        for form in forms {
            browser
                .post(form, &[("email", "x@example.com"), ("role", "admin"), ("version", "1")])
                .expect(403);
        }
    }
    let own = [
        "/dashboard/account/password",
        "/dashboard/account/second-factor",
        "/dashboard/account/second-factor/confirm",
        "/dashboard/account/second-factor/disable",
        "/dashboard/account/sessions/end-others",
        "/dashboard/account/sessions/ses_x/end",
        "/dashboard/invitation/x",
    ];
    for form in own.into_iter().chain(forms) {
        owner.post_from("https://evil.example", form, &[]).expect(403).shows("This came from somewhere else");
        let stranger = Browser::new(&server).post(form, &[]);
        assert!(stranger.location.starts_with("/dashboard/sign-in") || stranger.status == 404, "{form}");
    }
    owner.get(TEAM).expect(200).hides("x@example.com");
}
