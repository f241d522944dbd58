//! Signing in and staying so, on a clock that is set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;

use interdict_app::store::PostgresServer;
use interdict_app::{
    App, DataPlace, NewMerchant, NewUser, PasswordHash, SecondFactorAfterReset, SignIn, SignInError,
    SignedIn, UserError, create_user, disable_user, enable_user, set_password,
};
use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Subject};
use interdict_domain::credential::Permission;
use interdict_domain::ids::UserId;
use interdict_domain::mode::Mode;
use interdict_domain::password::Password;
use interdict_domain::role::{Capability, Role};
use interdict_domain::user::{LOCK_S, SESSION_IDLE_S, SESSION_S, User};
use interdict_storage::{Authorship, Transaction};
use interdict_test_support::{Postgres, wait_until};
use support::{MERCHANT, Shop, block_on, email};

const ADA: &str = "ada@example.com";
const GOOD: &str = "correct horse battery";
const WRONG: &str = "correct horse batterie";

/// A shop in which one person signs in.
struct World {
    shop: Shop,
    ada: User,
    _server: Option<Arc<Postgres>>,
}

impl World {
    fn new() -> Self {
        Self::filled(Shop::new(), None)
    }

    fn on_postgres(name: &str) -> Self {
        let server = Postgres::shared();
        let url = server.create_database(name);
        Self::filled(Shop::on(DataPlace::Server(PostgresServer::parse(&url).unwrap())), Some(server))
    }

    fn filled(shop: Shop, server: Option<Arc<Postgres>>) -> Self {
        shop.app
            .write_core(Actor::cli(), |transaction, by| NewMerchant::create(transaction, by, "Shop"))
            .unwrap();
        let ada = make(&shop.app, ADA, Role::Support).unwrap();
        Self { shop, ada, _server: server }
    }

    fn try_sign_in(&self, email: &str, password: &str) -> Result<SignedIn, SignInError> {
        block_on(self.shop.app.sign_in(shown(email, password)))
    }

    fn sign_in(&self) -> SignedIn {
        self.try_sign_in(ADA, GOOD).unwrap()
    }

    fn session(&self, signed_in: &SignedIn) -> Option<SignedIn> {
        block_on(self.shop.app.session(signed_in.token.as_str())).unwrap()
    }

    /// What the audit says of Ada, newest first.
    fn history(&self) -> Vec<Action> {
        let subject = Subject::User(self.ada.id);
        let read =
            self.shop.app.core().read_blocking(|view| view.merchant(MERCHANT).history(subject, i64::MAX, 50));
        read.unwrap().iter().map(|item| item.change.action).collect()
    }

    fn change(
        &self,
        work: impl FnOnce(&mut Transaction<'_>, &Authorship<'_>, UserId) -> Result<User, UserError>
        + Send
        + 'static,
    ) -> User {
        let id = self.ada.id;
        self.shop.app.write_core(Actor::cli(), move |transaction, by| work(transaction, by, id)).unwrap()
    }
}

fn make(app: &App, address: &str, role: Role) -> Result<User, UserError> {
    let new = NewUser { merchant: MERCHANT, email: email(address), role, password: hash(app, GOOD) };
    app.write_core(Actor::cli(), move |transaction, by| create_user(transaction, by, new))
        .map_err(UserError::from)
}

fn hash(app: &App, password: &str) -> PasswordHash {
    PasswordHash::of(&Password::shown(password), app.random()).unwrap()
}

fn shown(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: password.to_owned().into(),
        code: None,
        address: "192.0.2.1".parse().unwrap(),
        user_agent: format!("Fire\u{1b}fox {}", "x".repeat(300)),
    }
}

fn a_person_signs_in_and_out(world: &World) {
    let app = &world.shop.app;
    let first = world.try_sign_in(" Ada@Example.com ", GOOD).unwrap();
    assert_eq!((first.user.id, first.session.mode), (world.ada.id, Mode::Test));
    assert_eq!(first.user.last_signed_in_at, Some(world.shop.now()));
    assert_eq!(first.session.user_agent.chars().count(), 200);
    assert!(first.session.user_agent.starts_with("Firefox x"), "without what moves a terminal's cursor");

    let found = world.session(&first).unwrap();
    assert_eq!((&found.session, &found.user), (&first.session, &first.user));
    block_on(app.set_session_mode(&found, Mode::Live)).unwrap();
    let caller = world.session(&first).unwrap().caller(app);
    assert_eq!(
        (caller.service.mode(), caller.merchant, caller.actor()),
        (Mode::Live, MERCHANT, Actor::user(world.ada.id))
    );
    assert!(caller.permissions.contains(Permission::CustomersWrite));
    assert!(!caller.permissions.contains(Permission::PaymentsWrite));
    assert_eq!(app.label_of(&caller.actor()).as_deref(), Some(ADA));

    let second = world.sign_in();
    assert_ne!(first.token.as_str(), second.token.as_str(), "no token is there before its session");
    assert_eq!(second.session.mode, Mode::Test, "a new session is in test mode");
    assert_eq!(block_on(app.list_sessions(&second)).unwrap().len(), 2);
    assert!(block_on(app.end_session(&second, second.session.id)).unwrap());
    assert!(!block_on(app.end_session(&first, second.session.id)).unwrap(), "it had ended");
    assert!(
        world.session(&second).is_none(),
        "a token that was signed out opens nothing when it comes again"
    );
    assert!(world.session(&first).is_some());
    let third = world.sign_in();
    assert_eq!(block_on(app.end_other_sessions(&third)).unwrap(), 1);
    assert!(world.session(&first).is_none() && world.session(&third).is_some());
    assert_eq!(
        world.history(),
        [
            Action::SessionEnded,
            Action::UserSignedIn,
            Action::SessionEnded,
            Action::UserSignedIn,
            Action::UserSignedIn,
            Action::UserCreated
        ]
    );
}

#[test]
fn a_person_signs_in_and_out_on_sqlite() {
    a_person_signs_in_and_out(&World::new());
}

#[test]
fn a_person_signs_in_and_out_on_postgresql() {
    a_person_signs_in_and_out(&World::on_postgres("sign_in_and_out"));
}

#[test]
fn nobody_learns_who_signs_in_here() {
    let world = World::new();
    make(&world.shop.app, "gone@example.com", Role::Admin).unwrap();
    let gone =
        world.shop.app.core().read_blocking(|view| view.user_by_email(&email("gone@example.com"))).unwrap();
    let id = gone.unwrap().user.id;
    world
        .shop
        .app
        .write_core(Actor::cli(), move |transaction, by| disable_user(transaction, by, id))
        .unwrap();
    let told = |address, password| world.try_sign_in(address, password).unwrap_err().to_string();
    let said = SignInError::Refused.to_string();
    assert_eq!(told(ADA, WRONG), said);
    assert_eq!(told("gone@example.com", GOOD), said);
    assert_eq!(told("nobody@example.com", GOOD), said);
    assert_eq!(told("no email", GOOD), said);
    // Nor by trying until it is locked.
    for address in [ADA, "gone@example.com", "nobody@example.com"] {
        for _ in 0..8 {
            assert_eq!(told(address, WRONG), said, "{address}");
        }
        let locked = world.try_sign_in(address, WRONG).unwrap_err();
        assert!(matches!(locked, SignInError::Locked { .. }), "the tenth of {address}: {locked:?}");
        world.shop.clock.stand_still_ms(60_000);
    }
}

#[test]
fn ten_failures_lock_a_quarter_of_an_hour() {
    let world = World::new();
    for _ in 0..9 {
        assert!(matches!(world.try_sign_in(ADA, WRONG), Err(SignInError::Refused)));
    }
    world.sign_in();
    for _ in 0..9 {
        assert!(matches!(world.try_sign_in(ADA, WRONG), Err(SignInError::Refused)), "counted anew");
    }
    // Attempts from elsewhere are not held up by the rate.
    world.shop.clock.stand_still_ms(600_000);
    let until = world.shop.now().plus_seconds(LOCK_S);
    for password in [WRONG, GOOD, WRONG] {
        match world.try_sign_in(ADA, password) {
            Err(SignInError::Locked { until: told }) => {
                assert_eq!(told, until, "going on does not prolong it");
            }
            other => panic!("{other:?}"),
        }
        world.shop.clock.advance(10);
    }
    assert_eq!(world.history().iter().filter(|action| **action == Action::UserLocked).count(), 1);
    world.shop.clock.advance(LOCK_S - 30);
    world.sign_in();
}

#[test]
fn a_new_password_lifts_a_lock_and_ends_what_was_signed_in() {
    let world = World::new();
    let before = world.sign_in();
    for _ in 0..10 {
        let _ = world.try_sign_in(ADA, WRONG);
    }
    assert!(matches!(world.try_sign_in(ADA, GOOD), Err(SignInError::Locked { .. })));
    assert!(world.session(&before).is_some(), "who is signed in is not locked out by others");
    let new = hash(&world.shop.app, "another good one");
    let changed = world.change(move |transaction, by, id| {
        set_password(transaction, by, id, new, SecondFactorAfterReset::Kept)
    });
    assert_eq!(changed.version, 2);
    assert!(world.session(&before).is_none());
    world.shop.clock.stand_still_ms(60_000);
    assert!(matches!(world.try_sign_in(ADA, GOOD), Err(SignInError::Refused)));
    world.try_sign_in(ADA, "another good one").unwrap();
}

#[test]
fn a_session_ends_unused_and_at_the_latest_after_a_week() {
    let world = World::new();
    let idle = world.sign_in();
    world.shop.clock.advance(SESSION_IDLE_S - 1);
    assert!(world.session(&idle).is_some(), "and is seen");
    world.shop.clock.advance(SESSION_IDLE_S - 1);
    assert!(world.session(&idle).is_some());
    world.shop.clock.advance(SESSION_IDLE_S);
    assert!(world.session(&idle).is_none());

    let busy = world.sign_in();
    let mut hours = 0;
    while world.session(&busy).is_some() {
        world.shop.clock.advance(3_600);
        hours += 1;
    }
    assert_eq!(hours * 3_600, SESSION_S);
    block_on(world.shop.app.do_chores(true));
    let kept = world.shop.app.core().read_blocking(|view| view.sessions_of(world.ada.id)).unwrap();
    assert_eq!(kept.len(), 0, "what is over is forgotten");
}

#[test]
fn that_it_is_used_is_written_once_a_minute() {
    let world = World::new();
    let signed_in = world.sign_in();
    let seen = || world.session(&signed_in).unwrap().session.last_seen_at;
    let begun = world.shop.now();
    world.shop.clock.advance(59);
    assert_eq!((seen(), seen()), (begun, begun));
    world.shop.clock.advance(1);
    seen();
    assert_eq!(seen(), begun.plus_seconds(60));
}

#[test]
fn whoever_is_disabled_is_out_at_once_and_on_every_node() {
    let world = World::new();
    let signed_in = world.sign_in();
    let beside = world.shop.reopened();
    let id = world.ada.id;
    beside.write_core(Actor::cli(), move |transaction, by| disable_user(transaction, by, id)).unwrap();
    assert!(world.session(&signed_in).is_none());
    assert!(matches!(world.try_sign_in(ADA, GOOD), Err(SignInError::Refused)));
    world.change(enable_user);
    assert!(world.session(&signed_in).is_none(), "what was ended stays so");
    world.sign_in();
    wait_until(
        || world.shop.app.label_of(&Actor::user(id)).as_deref() == Some(ADA),
        std::time::Duration::from_secs(20),
    )
    .unwrap();
}

#[test]
fn a_token_that_is_none_opens_nothing() {
    let world = World::new();
    let good = world.sign_in();
    let token = good.token.as_str();
    assert_eq!(token.len(), 43, "256 bits");
    let short = token.get(1..).unwrap();
    let other = format!("{}{short}", if token.starts_with('A') { "B" } else { "A" });
    for text in ["", "x", short, other.as_str(), &format!("{token}="), &format!("{token} ")] {
        assert!(block_on(world.shop.app.session(text)).unwrap().is_none(), "{text}");
    }
    assert_eq!(format!("{:?}", good.token), "SecretToken(…)");
}

#[test]
fn attempts_are_limited_by_address_and_by_email() {
    let world = World::new();
    let attempt = |address: &str, from: &str| {
        let mut shown = shown(address, WRONG);
        shown.address = from.parse().unwrap();
        block_on(world.shop.app.sign_in(shown)).unwrap_err()
    };
    let is_limited = |error: &SignInError| matches!(error, SignInError::TooMany { .. });
    let from_one = (0..31).map(|number| attempt(&format!("p{number}@example.com"), "192.0.2.7"));
    assert_eq!(from_one.filter(is_limited).count(), 1);
    // Whoever has an IPv6 address has 2^64 of them.
    for number in 0..30 {
        let error = attempt(&format!("q{number}@example.com"), &format!("2001:db8::{number}"));
        assert!(!is_limited(&error), "{number}");
    }
    assert!(is_limited(&attempt("q30@example.com", "2001:db8::ffff")));
    let for_one: Vec<_> =
        (0..21).map(|number| attempt("one@example.com", &format!("192.0.2.{}", 100 + number))).collect();
    match for_one.last().unwrap() {
        SignInError::TooMany { retry_after_s } => assert_eq!(*retry_after_s, 15),
        other => panic!("{other:?}"),
    }
    world.shop.clock.stand_still_ms(15_000);
    assert!(!is_limited(&attempt("one@example.com", "192.0.2.200")));
}

#[test]
fn an_email_signs_in_to_one_merchant() {
    let world = World::new();
    let made = world
        .shop
        .app
        .write_core(Actor::cli(), |transaction, by| NewMerchant::create(transaction, by, "Second"))
        .unwrap();
    let password = hash(&world.shop.app, GOOD);
    let new = |merchant, address: &str| NewUser {
        merchant,
        email: email(address),
        role: Role::Owner,
        password: password.clone(),
    };
    let second = made.merchant.number;
    let taken = new(second, "ADA@example.com");
    let made =
        world.shop.app.write_core(Actor::cli(), move |transaction, by| create_user(transaction, by, taken));
    assert!(matches!(made.map_err(UserError::from), Err(UserError::EmailTaken)));
    let nowhere = new(interdict_domain::merchant::MerchantNumber(9), "eve@example.com");
    let made =
        world.shop.app.write_core(Actor::cli(), move |transaction, by| create_user(transaction, by, nowhere));
    assert!(matches!(made.map_err(UserError::from), Err(UserError::NoMerchant)));
}

#[test]
fn a_role_counts_as_of_each_request() {
    let world = World::new();
    let signed_in = world.sign_in();
    assert!(signed_in.may(Capability::ChangeCustomers) && !signed_in.may(Capability::ManageTeam));
    world.change(|transaction, by, id| {
        let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
        let before = account.user.clone();
        account.user.role = Role::ReadOnly;
        transaction.change_user(by, Action::UserRoleChanged, &before, &account)?;
        Ok(account.user)
    });
    assert!(!world.session(&signed_in).unwrap().may(Capability::ChangeCustomers));
}
