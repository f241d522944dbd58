//! A whole Interdict in a temporary folder behind a real listener, and clients of it that hold a key.
//! The clock stands still until a test moves it, and the generator repeats itself.
//!
//! Deliberately not here: bytes on a socket (`support/mod.rs`).

#![allow(dead_code, reason = "each test target uses a part of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use interdict_app::{
    App, AppOptions, DecisionLogOptions, MAX_STALENESS, NewKey, NewKeyOptions, NewMerchant, StripeAddress,
    revoke_key,
};
use interdict_domain::actor::Actor;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::credential::{CredentialKind, Permissions};
use interdict_domain::identifier::Pepper;
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_http::middleware::metrics::Metrics;
use interdict_http::{Http, HttpOptions};

pub use crate::api::{Api, Reply};
use crate::support::{Server, options};

#[path = "data.rs"]
mod data;

use data::Data;
pub use data::Engine;

/// No condition takes longer than this; it is reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest file to import here.
pub const IMPORT_BYTES_MAX: u64 = 1 << 20;
/// When every test begins.
const BEGINNING: &str = "2026-11-21T03:00:00Z";

/// A clock that only a test moves.
pub struct TestClock {
    now_us: AtomicI64,
    uptime_ms: AtomicU64,
    /// What passes with each look at the uptime.
    each_look_ms: AtomicU64,
}

impl TestClock {
    fn new() -> Arc<Self> {
        let beginning: Timestamp = BEGINNING.parse().unwrap();
        Arc::new(Self {
            now_us: AtomicI64::new(beginning.micros()),
            uptime_ms: AtomicU64::new(1_000_000),
            each_look_ms: AtomicU64::new(0),
        })
    }

    /// Some seconds later.
    pub fn advance(&self, seconds: i64) {
        self.now_us.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The process or the machine stood still for so long, and goes on.
    pub fn stand_still(&self, time: Duration) {
        self.uptime_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// From now on, between any two looks at the clock more time passes than an index stays fresh: whatever
    /// was heard of the feed is too old when somebody asks, on every thread.
    pub fn outrun_the_feed(&self) {
        let beyond = u64::try_from(MAX_STALENESS.as_millis()).unwrap() + 1;
        self.each_look_ms.store(beyond, Ordering::SeqCst);
    }

    /// Time passes at a usual pace again.
    pub fn keep_pace(&self) {
        self.each_look_ms.store(0, Ordering::SeqCst);
    }

    /// A moment some seconds from now, as a body says it.
    pub fn in_seconds(&self, seconds: i64) -> String {
        self.now().plus_seconds(seconds).to_string()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_us.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        let passed = self.each_look_ms.load(Ordering::SeqCst);
        Duration::from_millis(self.uptime_ms.fetch_add(passed, Ordering::SeqCst) + passed)
    }
}

/// SplitMix64: never the same twice in a test, always the same in each run.
pub struct Repeatable(AtomicU64);

impl Random for Repeatable {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

/// One merchant's Interdict.
pub struct Shop {
    pub app: Arc<App>,
    pub clock: Arc<TestClock>,
    pub merchant: NewMerchant,
    pub random: Arc<Repeatable>,
    server: Server,
    client: reqwest::Client,
    data: Data,
    stripe: StripeAddress,
}

impl Shop {
    /// A new one, with merchant 1.
    pub async fn open() -> Self {
        Self::open_with(StripeAddress::default()).await
    }

    /// A new one whose live payments go to a Stripe of the test's own.
    pub async fn open_with(stripe: StripeAddress) -> Self {
        Self::open_on(Engine::of_this_run(), stripe).await
    }

    /// The same on an engine that the story names.
    pub async fn open_on(engine: Engine, stripe: StripeAddress) -> Self {
        let (clock, random) = (TestClock::new(), Arc::new(Repeatable(AtomicU64::new(1))));
        let data = Data::on(engine);
        let app = open_app(&data, &clock, &random, &stripe, Role::Alone);
        let merchant = create_merchant(&app, "First");
        Self::serve(app, clock, merchant, random, data, stripe).await
    }

    async fn serve(
        app: Arc<App>,
        clock: Arc<TestClock>,
        merchant: NewMerchant,
        random: Arc<Repeatable>,
        data: Data,
        stripe: StripeAddress,
    ) -> Self {
        let ready = async {
            while !app.is_ready() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the index is loaded");
        let limits = HttpOptions {
            at_least_wait: Duration::from_millis(50),
            import_bytes_max: IMPORT_BYTES_MAX,
            ..HttpOptions::default()
        };
        let http = Http::new(Arc::clone(&app), Metrics::new(), limits);
        let server = Server::start(options(), http).await;
        Self { app, clock, merchant, random, server, client: client(), data, stripe }
    }

    /// The same folder under a new application: what is not on the disk is gone.
    pub async fn restart(self) -> Self {
        let Self { app, clock, merchant, random, server, client, data, stripe } = self;
        drop(client);
        server.stop().await;
        drop(app);
        let app = open_app(&data, &clock, &random, &stripe, Role::Alone);
        Self::serve(app, clock, merchant, random, data, stripe).await
    }

    /// Another merchant, with keys of its own.
    pub fn another_merchant(&self, name: &str) -> NewMerchant {
        create_merchant(&self.app, name)
    }

    /// Another application on the same folder, as a command of the command line is beside a server.
    pub fn beside(&self) -> Arc<App> {
        open_app(&self.data, &self.clock, &self.random, &self.stripe, Role::Command)
    }

    /// Another node over the same data.
    pub async fn another_node(&self) -> Arc<App> {
        let node = open_app(&self.data, &self.clock, &self.random, &self.stripe, Role::Node);
        while !node.is_ready() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        node
    }

    /// Where the files of imports of test mode are.
    pub fn imports(&self) -> std::path::PathBuf {
        self.data.imports().join("imports/test")
    }

    /// A client without a credential.
    pub fn anonymous(&self) -> Api {
        Api::new(self.client.clone(), self.url())
    }

    /// Where it is served.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// A client with a bearer secret.
    pub fn bearer(&self, secret: &str) -> Api {
        self.anonymous().with("authorization", &format!("Bearer {secret}"))
    }

    /// The merchant's server, in test mode.
    pub fn secret(&self) -> Api {
        self.bearer(&self.merchant.test.secret.secret)
    }

    /// The merchant's server, in live mode.
    pub fn live(&self) -> Api {
        self.bearer(&self.merchant.live.secret.secret)
    }

    /// A browser, in test mode.
    pub fn publishable(&self) -> Api {
        self.bearer(&self.merchant.test.publishable.secret)
    }

    /// The merchant's server as Idenza's clients show themselves.
    pub fn idenza(&self) -> Api {
        self.anonymous().with("x-api-key", &self.merchant.test.secret.secret)
    }

    /// A key of test mode that is made now.
    pub fn key(&self, kind: CredentialKind, permissions: &str, expires_in_s: Option<i64>) -> NewKey {
        self.key_by(&self.app, kind, permissions, expires_in_s)
    }

    /// A key of test mode that another application makes.
    pub fn key_by(
        &self,
        app: &App,
        kind: CredentialKind,
        permissions: &str,
        expires_in_s: Option<i64>,
    ) -> NewKey {
        let options = NewKeyOptions {
            merchant: self.merchant.merchant.number,
            mode: Mode::Test,
            kind,
            name: format!("key for {permissions}"),
            permissions: Permissions::parse(permissions).unwrap(),
            expires_at: expires_in_s.map(|seconds| self.clock.now().plus_seconds(seconds)),
        };
        let key = NewKey::generate(options, self.clock.now(), self.app.random());
        let saved = key.clone();
        waiting(|| app.write_core(Actor::cli(), move |transaction, by| saved.save(transaction, by))).unwrap();
        key
    }

    /// Revokes a key now.
    pub fn revoke(&self, id: KeyId) {
        self.revoke_by(&self.app, id);
    }

    /// Revokes a key now, through another application.
    pub fn revoke_by(&self, app: &App, id: KeyId) {
        let now = self.clock.now();
        waiting(|| app.write_core(Actor::cli(), move |transaction, by| revoke_key(transaction, by, id, now)))
            .unwrap();
    }

    /// The newest change of test mode, as the store has it.
    pub async fn revision(&self) -> i64 {
        let store = self.app.service(Mode::Test).store();
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime too few")]
        let revision = store.read_all(|view| view.revision());
        revision.await.unwrap()
    }

    /// Where everything is kept.
    pub fn folder(&self) -> std::path::PathBuf {
        match &self.data {
            Data::Folder(folder) => folder.path().to_owned(),
            Data::Database { server, .. } => server.data_folder(),
        }
    }

    /// Bytes before HTTP makes anything of them.
    pub async fn connect(&self) -> crate::support::Client {
        self.server.connect().await
    }
}

/// A client that gives up, and that goes where it is sent only when a test says so.
fn client() -> reqwest::Client {
    #[allow(clippy::disallowed_methods, reason = "a test talks to its own server only")]
    let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    let client = builder.redirect(reqwest::redirect::Policy::none()).build();
    client.unwrap()
}

/// What an application is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The only one that serves.
    Alone,
    /// One of several.
    Node,
    /// A command: it only writes.
    Command,
}

fn open_app(
    data: &Data,
    clock: &Arc<TestClock>,
    random: &Arc<Repeatable>,
    stripe: &StripeAddress,
    role: Role,
) -> Arc<App> {
    let options = AppOptions {
        take_over: role == Role::Alone,
        decision_log: Some(DecisionLogOptions { retention: Duration::from_hours(720) }),
        max_staleness: MAX_STALENESS,
        stripe: stripe.clone(),
        data: data.place(),
        pepper: Pepper::parse(&"5e".repeat(32)).unwrap(),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::clone(random) as Arc<dyn Random>,
        durability: data.durability(),
        lease_term: (role == Role::Node).then_some(MAX_STALENESS),
        with_index: role != Role::Command,
    };
    let app = waiting(|| App::open(&options)).unwrap();
    app.keep_imports_in(&data.imports());
    Arc::new(app)
}

/// Does something that waits for the core's writer, on a thread that may wait.
fn waiting<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn create_merchant(app: &Arc<App>, name: &str) -> NewMerchant {
    let name = name.to_owned();
    waiting(|| {
        app.write_core(Actor::cli(), move |transaction, by| NewMerchant::create(transaction, by, &name))
    })
    .unwrap()
}

/// Of the merchant that every shop begins with.
pub const FIRST: MerchantNumber = MerchantNumber(1);
