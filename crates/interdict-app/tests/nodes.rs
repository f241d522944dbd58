//! Three nodes over one PostgreSQL: sixteen writers, some of whose work is refused, leave a feed without a hole
//! and the same index on every node, which is the one that a node that starts afterwards builds.
//!
//! `INTERDICT_CHANGES` makes it longer than the form that every run has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_app::store::{Authorship, Durability, MerchantTransaction, NodePlace, PostgresServer};
use interdict_app::{
    Answer, App, AppOptions, Caller, DataPlace, MAX_STALENESS, NewEntry, NewListStatus, Refusal, Service,
    Shown, StripeAddress, UseCaseError, create_customer, list_entry, set_list_status, unlist_entry,
};
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::credential::Permissions;
use interdict_domain::customer::{ListStatus, Profile};
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Email, Identifier, Kind, Pepper};
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::scopes::Scopes;
use interdict_test_support::{Postgres, wait_until};

const MERCHANT: MerchantNumber = MerchantNumber(1);
const NODES: usize = 3;
const WRITERS: u64 = 16;
const CHANGES: u64 = 12_000;
/// Few, so that writers on different nodes meet at the same rows.
const EMAILS: u64 = 3_000;
const PATIENCE: Duration = Duration::from_mins(2);

/// The machine's own, and random enough.
struct Machine {
    started: std::time::Instant,
    seed: u64,
    next: AtomicU64,
}

impl Machine {
    #[allow(clippy::disallowed_methods, reason = "leases are about time that passes")]
    fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { started: std::time::Instant::now(), seed, next: AtomicU64::new(0) })
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.started.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(1_790_000_000_000_000 + micros)
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Random for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

fn open(url: &str, seed: u64) -> Arc<App> {
    let machine = Machine::new(seed);
    let app = App::open(&AppOptions {
        stripe: StripeAddress::default(),
        data: DataPlace::Server(PostgresServer::parse(url).unwrap()),
        pepper: Pepper::from_bytes([7; 32]),
        clock: Arc::clone(&machine) as Arc<dyn Clock>,
        random: machine,
        durability: Durability::ControlWithoutFlush,
        max_staleness: MAX_STALENESS,
        lease_term: Some(MAX_STALENESS),
        with_index: true,
        take_over: false,
        decision_log: None,
    })
    .unwrap();
    wait_until(|| app.is_ready(), PATIENCE).unwrap();
    Arc::new(app)
}

fn identifier(number: u64) -> Identifier {
    Identifier::parse(Kind::Email, &format!("somebody.{number}@example.com")).unwrap()
}

fn listing(number: u64, list: List) -> NewEntry {
    NewEntry::plain(list, identifier(number), EntrySource::Api)
}

/// One piece of work of many kinds; what is refused had written before.
fn act(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    dice: u64,
) -> Result<Answer, Refusal> {
    let number = dice % EMAILS;
    let storage = |error| match error {
        UseCaseError::Storage(error) => Refusal::Storage(error),
        error => panic!("{error:?}"),
    };
    match dice / EMAILS % 8 {
        0 => {
            let email = Email::parse(identifier(number).value()).unwrap();
            let profile = Profile { email: Some(email), ..Profile::default() };
            let customer = create_customer(transaction, by, profile).map_err(storage)?;
            let new = NewListStatus {
                status: ListStatus::Blacklisted,
                reason: None,
                scopes: Scopes::BOTH,
                expires_at: None,
            };
            set_list_status(transaction, by, customer.id, new).map_err(storage)?;
        }
        1 | 2 => {
            if let Some(entry) = transaction.view().entry_of(List::Block, &identifier(number))? {
                unlist_entry(transaction, by, entry.id).map_err(storage)?;
            }
        }
        3 => drop(list_entry(transaction, by, listing(number, List::Allow)).map_err(storage)?),
        4 => {
            list_entry(transaction, by, listing(number, List::Block)).map_err(storage)?;
            return Err(Refusal::Answer(Answer { status: 422, ..Answer::default() }));
        }
        _ => drop(list_entry(transaction, by, listing(number, List::Block)).map_err(storage)?),
    }
    Ok(Answer { status: 200, ..Answer::default() })
}

fn caller(service: &Arc<Service>) -> Caller {
    Caller {
        service: Arc::clone(service),
        merchant: MERCHANT,
        shown: Shown::Secret(KeyId::generate(service.now(), service.random())),
        permissions: Permissions::ALL,
    }
}

/// Writes until the feed is so long.
async fn write(nodes: Vec<Arc<App>>, writer: u64, changes: i64) {
    let mut dice = blake3::hash(&writer.to_le_bytes());
    loop {
        dice = blake3::hash(dice.as_bytes());
        let number = u64::from_le_bytes(*dice.as_bytes().first_chunk().unwrap());
        let service = nodes[usize::try_from(number % 3).unwrap()].service(Mode::Test);
        let foreseen = listing(number / 3 % EMAILS, List::Block).foreseen(service, MERCHANT);
        let work = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
            act(transaction, by, number / 3)
        };
        let mutated = service.mutate(&caller(service), None, foreseen, work).await.unwrap();
        assert!(service.readiness().revision >= mutated.revision, "a node knows what it acknowledged");
        if mutated.revision >= changes {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_ends_with_the_index_that_a_new_one_builds() {
    #[allow(clippy::disallowed_methods, reason = "how long a test runs is for who runs it")]
    let wanted = std::env::var("INTERDICT_CHANGES").ok().map(|text| text.parse().unwrap());
    let changes = i64::try_from(wanted.unwrap_or(CHANGES)).unwrap();
    let server = Postgres::shared();
    let url = server.create_database("nodes");
    let opened = tokio::task::spawn_blocking(move || {
        let nodes: Vec<Arc<App>> = (0..).map(|seed| open(&url, seed)).take(NODES).collect();
        (nodes, url)
    });
    let (nodes, url) = opened.await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(nodes.clone(), writer, changes));
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let compare = tokio::task::spawn_blocking(move || {
        let services = nodes.iter().map(|node| node.service(Mode::Test));
        let newest = services.clone().map(|service| service.readiness().revision).max().unwrap();
        for service in services.clone() {
            wait_until(|| service.readiness().revision == newest, PATIENCE).unwrap();
        }
        let fresh = open(&url, 99);
        let built = fresh.service(Mode::Test).fingerprint();
        for service in services {
            assert_eq!(service.fingerprint(), built);
        }
        let report = fresh.service(Mode::Test).store().verify_chain(&mut |_| {}).unwrap();
        assert_eq!((report.changes, report.fault), (newest, None));
        nodes
    });
    let mut nodes = compare.await.unwrap();
    // Every node tries, and one of them does it.
    wait_for_places(&nodes).await;
    nodes.sort_by_key(|node| std::cmp::Reverse(place(node).rank));
    for node in &nodes {
        assert_eq!(trimmed_through(node), 0);
        node.trim_feeds(Duration::ZERO).await;
    }
    let compare = tokio::task::spawn_blocking(move || assert_all_follow_what_was_trimmed(&nodes));
    compare.await.unwrap();
}

fn place(node: &App) -> NodePlace {
    node.service(Mode::Test).store().place()
}

fn trimmed_through(node: &App) -> i64 {
    node.service(Mode::Test).store().status().trimmed_through
}

/// The node that came last for a comparison is gone.
async fn wait_for_places(nodes: &[Arc<App>]) {
    let begun = tokio::time::Instant::now();
    while nodes.iter().any(|node| place(node).nodes != NODES) {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn assert_all_follow_what_was_trimmed(nodes: &[Arc<App>]) {
    let through = trimmed_through(&nodes[NODES - 1]);
    let report = nodes[0].service(Mode::Test).store().verify_chain(&mut |_| {}).unwrap();
    assert_eq!((report.trimmed, report.fault), (through, None));
    assert!((1_000..1_200).contains(&report.changes), "{report:?}");
    let newest = report.trimmed + report.changes;
    for node in nodes {
        let service = node.service(Mode::Test);
        wait_until(|| service.readiness().revision == newest, PATIENCE).unwrap();
        assert_eq!((trimmed_through(node), service.store().status().rebuilds()), (through, 0));
        assert!(service.compare_with_store().unwrap().is_equal());
        assert!(service.compare_with_feed().unwrap().is_equal());
    }
}
