//! `interdict serve --feed-retention-days` over data that is years old, and what the other commands say of it then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_app::store::{Authorship, Durability};
use interdict_app::{
    App, AppOptions, DataPlace, MAX_STALENESS, NewEntry, StripeAddress, UseCaseError, list_entry,
};
use interdict_domain::actor::Actor;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind, Pepper};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use rusqlite::Connection;
use serde_json::Value;
use support::{Place, Server};

const PATIENCE: Duration = Duration::from_mins(1);
const CHANGES: u64 = 1_300;

/// The year 2020, for ever; and never the same bytes twice.
struct LongAgo(AtomicU64);

impl Clock for LongAgo {
    fn now(&self) -> Timestamp {
        "2020-01-01T00:00:00Z".parse().unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

impl Random for LongAgo {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

/// Blocks so many emails in test mode, long ago.
fn block_long_ago(place: &Place) {
    let pepper = std::fs::read_to_string(place.data("pepper")).unwrap();
    let long_ago = Arc::new(LongAgo(AtomicU64::new(0)));
    let app = App::open(&AppOptions {
        data: DataPlace::Folder(place.data("")),
        pepper: Pepper::parse(pepper.trim()).unwrap(),
        clock: Arc::clone(&long_ago) as Arc<dyn Clock>,
        random: Arc::clone(&long_ago) as Arc<dyn Random>,
        durability: Durability::Full,
        max_staleness: MAX_STALENESS,
        stripe: StripeAddress::default(),
        lease_term: None,
        with_index: false,
        take_over: false,
        decision_log: None,
    })
    .unwrap();
    let listed = app.service(Mode::Test).store().write_blocking(move |transaction| {
        let actor = Actor::system();
        let by = Authorship::new(&actor, long_ago.now(), long_ago.as_ref());
        for number in 0..CHANGES {
            let address = format!("somebody.{number}@example.com");
            let new = NewEntry::plain(
                List::Block,
                Identifier::parse(Kind::Email, &address).unwrap(),
                EntrySource::Api,
            );
            list_entry(&mut transaction.merchant(MerchantNumber(1)), &by, new)?;
        }
        Ok::<_, UseCaseError>(())
    });
    listed.unwrap();
}

fn trimmed_through(server: &Server, store: &str) -> Option<i64> {
    let start = format!("interdict_feed_trimmed_through{{store=\"{store}\"}} ");
    server.text("/metrics").lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
}

fn said(place: &Place, words: &str, status: i32) -> String {
    String::from_utf8(place.run(words).code(status).get_output().stdout.clone()).unwrap()
}

#[test]
fn old_changes_go_when_it_is_wanted_and_the_chain_says_so() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    block_long_ago(&place);

    // Whoever does not ask for it keeps everything.
    let server = place.serve("serve");
    server.wait_until_ready();
    assert_eq!(trimmed_through(&server, "test"), Some(0));
    assert!(server.stop());
    assert!(said(&place, "audit verify", 0).contains("test: 1300 changes, all sound"));

    let server = place.serve("serve --feed-retention-days 30");
    server.wait_until_ready();
    wait_until(|| trimmed_through(&server, "test") == Some(300), PATIENCE).unwrap();
    assert_eq!((trimmed_through(&server, "core"), trimmed_through(&server, "live")), (Some(0), Some(0)));
    assert!(server.stop());

    let text = said(&place, "audit verify", 0);
    assert!(text.contains("test: 1001 changes behind 300 that were trimmed, all sound"), "{text}");
    let report: Value = serde_json::from_str(&said(&place, "audit verify --json", 0)).unwrap();
    assert_eq!((&report["ok"], &report["stores"][0]["trimmed"]), (&true.into(), &0.into()));
    assert_eq!(
        (&report["stores"][1]["trimmed"], &report["stores"][1]["changes"]),
        (&300.into(), &1_001.into())
    );
    let text = said(&place, "doctor", 0);
    assert!(
        text.contains("✓ hash chain of test: 1001 changes behind 300 that were trimmed, all sound"),
        "{text}"
    );
    let named = "✓ tables of test: 0 customers and 1000 entries, those that changes 301 to 1301 name, as these say; \
                 before, the feed was trimmed, or the pepper rotated";
    assert!(text.contains(named), "{text}");

    let cut = "UPDATE anchor SET sequence = 301, hash = (SELECT hash FROM change WHERE sequence = 301);
               DELETE FROM change WHERE sequence = 301";
    Connection::open(place.data("test.db")).unwrap().execute_batch(cut).unwrap();
    let text = said(&place, "audit verify", 1);
    assert!(
        text.contains("the feed begins behind change 301, which no record of a trimming names"),
        "{text}"
    );
}
