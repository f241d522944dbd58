//! Mutations under an idempotency key: once done, answered as often as asked for a day.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};

use interdict_app::{Answer, App, Caller, MutateError, Mutated, Refusal, Replayable, create_customer};
use interdict_domain::customer::Profile;
use interdict_domain::merchant::MerchantNumber;
use support::{Shop, block_on};

/// A day, as kept.
const KEPT_S: i64 = 24 * 60 * 60;

struct Client {
    shop: Shop,
    caller: Caller,
    /// How often the work ran.
    ran: Arc<AtomicUsize>,
}

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() }
}

impl Client {
    fn new() -> Self {
        let shop = Shop::new();
        Self { caller: shop.caller(), shop, ran: Arc::default() }
    }

    fn replayable(&self, key: &str, body: &str) -> Replayable {
        self.shop.service().replayable("POST", "/v1/customers", key, "", body.as_bytes())
    }

    /// Makes a customer and answers so; the work's own run is a part of the answer.
    async fn create(
        &self,
        key: &str,
        body: &str,
        answer: Result<Answer, Answer>,
    ) -> Result<Mutated, MutateError> {
        let ran = Arc::clone(&self.ran);
        let replayable = self.replayable(key, body);
        self.shop
            .service()
            .mutate(&self.caller, Some(replayable), Vec::new(), move |transaction, by| {
                ran.fetch_add(1, Ordering::SeqCst);
                create_customer(transaction, by, Profile::default()).ok();
                answer.map_err(Refusal::Answer)
            })
            .await
    }

    fn created(&self, key: &str, body: &str) -> Result<Mutated, MutateError> {
        block_on(self.create(key, body, Ok(answer(201, "made"))))
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }

    /// Holds the store's writer.
    fn hold(&self) -> Sender<()> {
        let (release, released) = channel::<()>();
        let (entered, has_entered) = channel::<()>();
        let store = self.shop.service().store().clone();
        std::thread::spawn(move || {
            let work = move |_: &mut interdict_storage::Transaction<'_>| {
                entered.send(()).unwrap();
                let _ = released.recv();
                Ok::<_, interdict_storage::StorageError>(())
            };
            store.write_blocking(work).unwrap();
        });
        has_entered.recv().unwrap();
        release
    }
}

#[test]
fn the_same_request_is_done_once_and_answered_alike() {
    let client = Client::new();
    let first = client.created("k", "body").unwrap();
    let again = client.created("k", "body").unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(
        (again.answer.status, &again.answer.body, again.revision),
        (201, &first.answer.body, first.revision)
    );
    assert_eq!(client.ran(), 1);
    let other = client.created("another", "body").unwrap();
    assert!(!other.replayed);
    // Another merchant's key of the same name is another key.
    let stranger = Caller { merchant: MerchantNumber(2), ..client.caller.clone() };
    let theirs =
        client.shop.service().mutate(&stranger, Some(client.replayable("k", "body")), Vec::new(), |_, _| {
            Ok(answer(201, "theirs"))
        });
    assert!(!block_on(theirs).unwrap().replayed);
}

#[test]
fn method_path_and_key_tell_requests_apart_and_query_and_body_conflicts() {
    let service = Arc::clone(Client::new().shop.service());
    let one = service.replayable("POST", "/v1/a", "k", "q", b"b");
    assert_eq!(one, service.replayable("POST", "/v1/a", "k", "q", b"b"));
    for other in [
        service.replayable("PATCH", "/v1/a", "k", "q", b"b"),
        service.replayable("POST", "/v1/", "ak", "q", b"b"),
        service.replayable("POST", "/v1/a", "k", "", b"qb"),
        service.replayable("POST", "/v1/a", "k", "q", b"c"),
    ] {
        assert_ne!(one, other);
    }
}

#[test]
fn another_body_under_the_same_key_is_a_conflict() {
    let client = Client::new();
    client.created("k", "body").unwrap();
    assert!(matches!(client.created("k", "other"), Err(MutateError::IdempotencyConflict)));
    assert_eq!(client.ran(), 1);
}

#[test]
fn one_that_still_runs_is_said_to_run() {
    let client = Client::new();
    let release = client.hold();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(client.create("k", "body", Ok(answer(201, "made"))));
    assert!(matches!(first.as_mut().poll(&mut context), Poll::Pending));
    assert!(matches!(client.created("k", "body"), Err(MutateError::IdempotencyInProgress)));
    assert!(matches!(client.created("k", "other"), Err(MutateError::IdempotencyConflict)));
    drop(release);
    assert!(!block_on(first).unwrap().replayed);
    assert!(client.created("k", "body").unwrap().replayed);
    assert_eq!(client.ran(), 1);
}

#[test]
fn a_client_that_went_away_gets_its_answer_when_it_comes_back() {
    let client = Client::new();
    let release = client.hold();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(client.create("k", "body", Ok(answer(201, "made"))));
    assert!(matches!(first.as_mut().poll(&mut context), Poll::Pending));
    drop(first);
    // The work is still in the queue: whoever comes back waits behind it.
    let mut again = Box::pin(client.create("k", "body", Ok(answer(201, "made twice"))));
    assert!(matches!(again.as_mut().poll(&mut context), Poll::Pending));
    drop(release);
    let again = block_on(again).unwrap();
    assert_eq!((again.replayed, &again.answer.body[..]), (true, &b"made"[..]));
    assert_eq!(client.ran(), 1);
}

#[test]
fn a_refusal_is_kept_without_what_it_wrote() {
    let client = Client::new();
    let refused = |body| block_on(client.create("k", body, Err(answer(409, "taken"))));
    assert!(!refused("body").unwrap().replayed);
    let again = refused("body").unwrap();
    assert_eq!((again.replayed, again.answer.status), (true, 409));
    assert_eq!(client.ran(), 1);
    assert_eq!(client.shop.service().readiness().revision, 0, "the customer that it made is gone");
}

#[test]
fn the_services_own_trouble_is_not_kept() {
    let client = Client::new();
    for status in [500, 503, 429] {
        let failed = block_on(client.create("k", "body", Err(answer(status, "later")))).unwrap();
        assert_eq!((failed.answer.status, failed.replayed), (status, false));
    }
    assert!(!client.created("k", "body").unwrap().replayed);
    assert_eq!(client.ran(), 4);
}

#[test]
fn an_answer_is_kept_for_a_day() {
    let client = Client::new();
    client.created("k", "body").unwrap();
    client.shop.clock.advance_us(KEPT_S * 1_000_000 - 1);
    assert!(client.created("k", "body").unwrap().replayed);
    client.shop.clock.advance_us(1);
    assert!(!client.created("k", "other").unwrap().replayed, "forgotten, the body too");
    assert!(client.created("k", "other").unwrap().replayed);
    client.shop.clock.advance(KEPT_S);
    block_on(client.shop.service().forget_old_answers()).unwrap();
    let count = "SELECT COUNT(*) FROM idempotency";
    let beside = rusqlite::Connection::open(App::file(client.shop.folder.path(), "test")).unwrap();
    assert_eq!(beside.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_secret_is_shown_once_and_kept_nowhere() {
    let client = Client::new();
    let secret = Answer { holds_secret: true, ..answer(201, "sk_test_0123456789abcdef") };
    let create = || block_on(client.create("k", "body", Ok(secret.clone())));
    assert_eq!(create().unwrap().answer.body, secret.body);
    assert!(matches!(create(), Err(MutateError::SecretAlreadyShown)));
    assert!(matches!(client.created("k", "other"), Err(MutateError::IdempotencyConflict)));
    for file in std::fs::read_dir(client.shop.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.body.len()).any(|window| window == secret.body));
    }
}
