//! People who sign in, their sessions and their failures, in the core of either engine.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Subject};
use interdict_domain::identifier::Email;
use interdict_domain::ids::{SessionId, UserId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::role::Role;
use interdict_domain::user::{Failures, SESSION_S, Session, User, UserRecord};
use interdict_storage::{
    Authorship, Durability, Place, PostgresServer, Recorded, Schema, SchemaName, StorageError, Store,
    StoreOptions, Transaction, UserAccount,
};

use crate::support::{Deterministic, MERCHANT, Ticking, World, now, pepper};

on_both_engines!(
    a_user_is_found_by_what_names_it,
    an_email_belongs_to_one_person,
    what_a_change_says_of_a_person_stands_apart,
    a_session_ends_once_and_alone,
    old_sign_ins_are_forgotten,
    a_recovery_code_is_used_once,
);

fn open(world: &World) -> Store {
    let place = match world {
        World::Sqlite(folder) => Place::Sqlite(folder.path().join("core.db")),
        World::Postgres { url, .. } => Place::Postgres(PostgresServer::parse(url).unwrap(), SchemaName::Core),
    };
    Store::open(StoreOptions {
        clock: Arc::<Ticking>::default(),
        take_over: false,
        lease_term: None,
        place,
        schema: Schema::Core,
        pepper: pepper(),
        random: Deterministic::new(3),
        durability: Durability::ControlWithoutFlush,
        observer: None,
    })
    .unwrap()
}

fn run<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Transaction<'_>, &Authorship<'_>) -> Result<T, StorageError> + Send + 'static,
) -> T {
    try_run(store, work).unwrap()
}

fn try_run<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Transaction<'_>, &Authorship<'_>) -> Result<T, StorageError> + Send + 'static,
) -> Option<T> {
    let random = Deterministic::new(9);
    let work = move |transaction: &mut Transaction<'_>| {
        let actor = Actor::system();
        work(transaction, &Authorship::new(&actor, now(), random.as_ref()))
    };
    store.write_blocking::<_, StorageError, _>(work).ok().map(|committed| committed.value)
}

fn people(store: &Store) -> i64 {
    store.read_blocking(|view| -> Result<i64, StorageError> { view.count_users() }).unwrap()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// Somebody with all that a row can hold.
fn account(seed: u64, address: &str) -> UserAccount {
    let user = User {
        id: UserId::generate(now(), Deterministic::new(seed).as_ref()),
        merchant: MERCHANT,
        email: email(address),
        role: Role::Support,
        version: 1,
        second_factor: true,
        created_at: now(),
        last_signed_in_at: Some(now().plus_seconds(-5)),
        invitation_ends_at: Some(now().plus_seconds(5)),
        disabled_at: None,
    };
    UserAccount {
        user,
        password_hash: Some("$argon2id$…".to_owned()),
        second_factor: Some(vec![1, 2, 3]),
        second_factor_step: 77,
        pending_factor: Some(vec![4]),
        invitation: Some([u8::try_from(seed).unwrap(); 32]),
    }
}

fn keep(store: &Store, account: &UserAccount) {
    let account = account.clone();
    run(store, move |transaction, by| transaction.create_user(by, Action::UserCreated, &account));
}

fn session(user: UserId, seed: u64) -> Session {
    Session {
        id: SessionId::generate(now(), Deterministic::new(seed).as_ref()),
        user,
        mode: Mode::Test,
        created_at: now(),
        last_seen_at: now(),
        expires_at: now().plus_seconds(SESSION_S),
        second_factor_passed: true,
        user_agent: "Firefox".to_owned(),
        address: "192.0.2.1".to_owned(),
        ended_at: None,
    }
}

fn begin(store: &Store, session: &Session, digest: [u8; 32]) {
    let session = session.clone();
    run(store, move |transaction, _| transaction.create_session(&session, &digest));
}

fn a_user_is_found_by_what_names_it(world: &World) {
    let store = open(world);
    let (ada, bob) = (account(1, "ada@example.com"), account(2, "bob@example.com"));
    keep(&store, &ada);
    keep(&store, &bob);
    store
        .read_blocking(|view| -> Result<(), StorageError> {
            assert!(view.user(ada.user.id)?.as_ref() == Some(&ada), "all of it comes back");
            assert!(view.user_by_email(&email("ADA@example.com"))?.as_ref() == Some(&ada));
            assert!(view.user_by_invitation(&[2; 32])?.as_ref() == Some(&bob));
            assert!(view.user_by_email(&email("eve@example.com"))?.is_none());
            assert_eq!(view.users(None)?.len(), 2);
            assert_eq!(view.users(Some(MerchantNumber(2)))?, []);
            assert_eq!(view.count_users()?, 2);
            assert!(view.merchant(MERCHANT).user(ada.user.id)?.as_ref() == Some(&ada));
            assert!(view.merchant(MerchantNumber(2)).user(ada.user.id)?.is_none(), "merchants do not meet");
            Ok(())
        })
        .unwrap();
}

fn an_email_belongs_to_one_person(world: &World) {
    let store = open(world);
    keep(&store, &account(1, "ada@example.com"));
    let mut other = account(2, "Ada@Example.com");
    other.user.merchant = MerchantNumber(2);
    let made = try_run(&store, move |transaction, by| {
        transaction.create_user(by, Action::UserCreated, &other)?;
        // Kept back until something is read, on PostgreSQL.
        transaction.view().count_users()
    });
    assert_eq!(made, None, "not even at another merchant");
    assert_eq!(people(&store), 1);
}

fn what_a_change_says_of_a_person_stands_apart(world: &World) {
    let store = open(world);
    let ada = account(1, "ada@example.com");
    keep(&store, &ada);
    let (before, mut after) = (ada.user.clone(), ada.clone());
    after.user.role = Role::Admin;
    after.user.version = 2;
    let kept = after.clone();
    run(&store, move |transaction, by| {
        transaction.change_user(by, Action::UserRoleChanged, &before, &kept)?;
        transaction.note_user(by, Action::UserSignedIn, &kept.user)
    });
    let items = store.read_blocking(|view| view.merchant(MERCHANT).changes_after(0, 10)).unwrap();
    let told: Vec<_> = items.iter().map(|item| (item.change.action, item.change.subject)).collect();
    let subject = Subject::User(ada.user.id);
    assert_eq!(
        told,
        [(Action::UserCreated, subject), (Action::UserRoleChanged, subject), (Action::UserSignedIn, subject)]
    );
    let record = |user: &User| Some(Recorded::User(Box::new(UserRecord::from(user))));
    assert_eq!((&items[0].before, &items[0].after), (&None, &record(&ada.user)));
    assert_eq!((&items[1].before, &items[1].after), (&record(&ada.user), &record(&after.user)));
    assert_eq!((&items[2].before, &items[2].after), (&None, &None));
    assert!(items.iter().all(|item| item.change.facts.is_empty()), "the index knows nobody who signs in");
    let report = store.verify_chain(&mut |_| {}).unwrap();
    assert_eq!((report.changes, report.personal, report.fault), (3, 2, None));
}

fn a_session_ends_once_and_alone(world: &World) {
    let store = open(world);
    let ada = account(1, "ada@example.com");
    let (id, other) = (ada.user.id, account(2, "bob@example.com").user.id);
    keep(&store, &ada);
    let sessions: Vec<Session> = (1..=3).map(|seed| session(id, seed)).collect();
    for (session, number) in sessions.iter().zip(1..) {
        begin(&store, session, [number; 32]);
    }
    let found = store.read_blocking(|view| view.session_by_digest(&[2; 32])).unwrap();
    assert_eq!(found.as_ref(), Some(&sessions[1]));
    let (second, later) = (sessions[1].id, now().plus_seconds(60));
    run(&store, move |transaction, _| {
        transaction.see_session(second, later)?;
        transaction.see_session(second, now())?;
        transaction.set_session_mode(second, Mode::Live)
    });
    let seen = Session { last_seen_at: later, mode: Mode::Live, ..sessions[1].clone() };
    assert_eq!(store.read_blocking(|view| view.session_by_digest(&[2; 32])).unwrap(), Some(seen));

    let ended = run(&store, move |transaction, by| {
        let foreign = transaction.end_session(other, second, by.now)?;
        let first = transaction.end_session(id, second, by.now)?;
        let again = transaction.end_session(id, second, by.now)?;
        Ok((foreign, first, again))
    });
    assert_eq!(ended, (false, true, false));
    let own = sessions[0].id;
    let others = run(&store, move |transaction, by| transaction.end_sessions(id, Some(own), by.now));
    assert_eq!(others, 1, "one was over, one is the person's own");
    let open: Vec<_> = store.read_blocking(|view| view.sessions_of(id)).unwrap();
    let open: Vec<_> =
        open.iter().filter(|session| session.ended_at.is_none()).map(|session| session.id).collect();
    assert_eq!(open, [own]);
    assert_eq!(run(&store, move |transaction, by| transaction.end_sessions(id, None, by.now)), 1);
}

fn old_sign_ins_are_forgotten(world: &World) {
    let store = open(world);
    let ada = account(1, "ada@example.com");
    begin(&store, &session(ada.user.id, 1), [1; 32]);
    let failures = |seconds| Failures { count: 3, last_at: now().plus_seconds(seconds) };
    run(&store, move |transaction, _| {
        transaction.put_sign_in_failures(&email("ada@example.com"), Some(failures(0)))?;
        transaction.put_sign_in_failures(&email("ada@example.com"), Some(failures(1)))?;
        transaction.put_sign_in_failures(&email("nobody@example.com"), Some(failures(2)))?;
        transaction.put_sign_in_failures(&email("eve@example.com"), Some(failures(2)))?;
        transaction.put_sign_in_failures(&email("eve@example.com"), None)
    });
    let of = |address: &'static str| {
        store.read_blocking(move |view| view.sign_in_failures(&email(address))).unwrap()
    };
    assert_eq!(of("Ada@example.com"), Some(failures(1)));
    assert_eq!(of("eve@example.com"), None);
    run(&store, |transaction, _| {
        transaction.forget_sign_ins(now().plus_seconds(SESSION_S - 1), now().plus_seconds(1))
    });
    assert_eq!((of("ada@example.com"), of("nobody@example.com")), (None, Some(failures(2))));
    assert_eq!(store.read_blocking(|view| view.sessions_of(ada.user.id)).unwrap().len(), 1);
    run(&store, |transaction, _| transaction.forget_sign_ins(now().plus_seconds(SESSION_S), now()));
    assert_eq!(store.read_blocking(|view| view.sessions_of(ada.user.id)).unwrap(), []);
}

fn a_recovery_code_is_used_once(world: &World) {
    let store = open(world);
    let id = account(1, "ada@example.com").user.id;
    run(&store, move |transaction, _| transaction.put_recovery_codes(id, &[[1; 32], [2; 32]]));
    let used = run(&store, move |transaction, _| {
        Ok([[1; 32], [1; 32], [3; 32]].map(|digest| transaction.use_recovery_code(id, &digest).unwrap()))
    });
    assert_eq!(used, [true, false, false]);
    assert_eq!(store.read_blocking(|view| view.count_recovery_codes(id)).unwrap(), 1);
    run(&store, move |transaction, _| transaction.put_recovery_codes(id, &[[2; 32], [4; 32], [5; 32]]));
    assert_eq!(store.read_blocking(|view| view.count_recovery_codes(id)).unwrap(), 3);
}
