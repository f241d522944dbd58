//! What the tests of the use cases share: a clock that is set, a deterministic generator, a shop in a
//! folder of its own, and short ways to say what they do.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod peppers;
pub mod place;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use interdict_app::decision::{Code, Decision, Outcome};
use interdict_app::store::{Authorship, MerchantTransaction, StorageError, Trimmed, Trimming, WriteError};
use interdict_app::{
    App, Caller, DataPlace, DecidePaymentError, ImportError, NewEntry, NewImport, PaymentAttempt, Presented,
    Service, Shown, UndoneImport, UseCaseError,
};
use interdict_domain::actor::Actor;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::credential::Permissions;
use interdict_domain::customer::Profile;
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Email, Identifier, Kind, MerchantRef, Phone};
use interdict_domain::ids::{CustomerId, EntryId, ImportId, KeyId};
use interdict_domain::import::{Import, ImportFormat};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Reason;
use interdict_test_support::wait_until;
use peppers::{open_under, pepper};
use tempfile::TempDir;

pub const MERCHANT: MerchantNumber = MerchantNumber(1);
pub const START_US: i64 = 1_790_000_000_000_000;

pub const MAX_STALENESS: Duration = Duration::from_secs(5);

/// A clock that stands still until it is moved.
pub struct FakeClock {
    micros: AtomicI64,
    uptime_ms: AtomicU64,
}

impl FakeClock {
    fn new() -> Arc<Self> {
        Arc::new(Self { micros: AtomicI64::new(START_US), uptime_ms: AtomicU64::new(1_000_000) })
    }

    /// The process or the machine stood still for so long: nobody's time of day says so.
    pub fn stand_still_ms(&self, milliseconds: u64) {
        self.uptime_ms.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub fn advance(&self, seconds: i64) {
        self.advance_us(seconds * 1_000_000);
    }

    pub fn advance_us(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(self.uptime_ms.load(Ordering::SeqCst))
    }
}

/// The same bytes in each run, and never the same twice in one.
pub struct Deterministic(AtomicU64);

impl Random for Deterministic {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

/// The application on a folder that goes with it.
pub struct Shop {
    pub app: App,
    pub clock: Arc<FakeClock>,
    pub random: Arc<Deterministic>,
    pub folder: TempDir,
    data: DataPlace,
}

pub fn open(folder: &Path, clock: &Arc<FakeClock>, random: &Arc<Deterministic>) -> App {
    open_on(DataPlace::Folder(folder.to_owned()), clock, random, true)
}

fn open_on(data: DataPlace, clock: &Arc<FakeClock>, random: &Arc<Deterministic>, with_index: bool) -> App {
    open_keeping(data, clock, random, with_index.then_some(Duration::from_hours(720)))
}

/// With an index and a log of decisions, or with neither.
fn open_keeping(
    data: DataPlace,
    clock: &Arc<FakeClock>,
    random: &Arc<Deterministic>,
    retention: Option<Duration>,
) -> App {
    let with_index = retention.is_some();
    let app = open_under(data, clock, random, (&pepper(), retention)).unwrap();
    wait_until(|| app.is_ready() || !with_index, Duration::from_mins(1)).unwrap();
    app
}

impl Shop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataPlace::Folder(folder.path().to_owned());
        Self::made(folder, data)
    }

    /// On a database that is not in the folder.
    pub fn on(data: DataPlace) -> Self {
        Self::made(tempfile::tempdir().unwrap(), data)
    }

    fn made(folder: TempDir, data: DataPlace) -> Self {
        let clock = FakeClock::new();
        let random = Arc::new(Deterministic(AtomicU64::new(0)));
        let app = open_on(data.clone(), &clock, &random, true);
        app.keep_imports_in(folder.path());
        Self { app, clock, random, folder, data }
    }

    /// The same files, opened anew beside.
    pub fn reopened(&self) -> App {
        open_on(self.data.clone(), &self.clock, &self.random, true)
    }

    /// The same with decisions kept for so long.
    pub fn reopened_keeping(&self, retention: Duration) -> App {
        open_keeping(self.data.clone(), &self.clock, &self.random, Some(retention))
    }

    /// The same for one who only writes.
    pub fn without_index(&self) -> App {
        open_on(self.data.clone(), &self.clock, &self.random, false)
    }

    pub fn service(&self) -> &Arc<Service> {
        self.app.service(Mode::Test)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn caller(&self) -> Caller {
        Caller {
            service: Arc::clone(self.service()),
            merchant: MERCHANT,
            shown: Shown::Secret(KeyId::generate(self.now(), self.random.as_ref())),
            permissions: Permissions::ALL,
        }
    }

    /// Runs a use case in a commit of its own.
    pub fn run<T, F>(&self, work: F) -> Result<T, UseCaseError>
    where
        T: Send + 'static,
        F: FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<T, UseCaseError>
            + Send
            + 'static,
    {
        let (now, random) = (self.now(), Arc::clone(&self.random));
        let committed = self.service().store().write_blocking(move |transaction| {
            let actor = Actor::system();
            let by = Authorship::new(&actor, now, random.as_ref());
            work(&mut transaction.merchant(MERCHANT), &by)
        });
        match committed {
            Ok(committed) => Ok(committed.value),
            Err(WriteError::Refused(error)) => Err(error),
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Trims the feed, and says how far.
    pub fn trim(&self, what: Trimming) -> Option<Trimmed> {
        let (now, random) = (self.now(), Arc::clone(&self.random));
        let trimmed = self.service().store().write_blocking(move |transaction| {
            transaction.trim_feed(&Authorship::new(&Actor::system(), now, random.as_ref()), &what)
        });
        trimmed.map_err(|error: WriteError<StorageError>| error).unwrap().value
    }

    /// Reads as the API would.
    pub fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&interdict_app::store::MerchantView<'_>) -> Result<T, StorageError>,
    ) -> T {
        self.service().store().read_blocking(|view| read(&view.merchant(MERCHANT))).unwrap()
    }

    pub fn customer(&self, profile: Profile) -> interdict_domain::customer::Customer {
        self.run(move |transaction, by| interdict_app::create_customer(transaction, by, profile)).unwrap()
    }

    pub fn list(&self, new: NewEntry) -> interdict_domain::entry::Entry {
        self.run(move |transaction, by| interdict_app::list_entry(transaction, by, new)).unwrap().0
    }

    /// Imports a text of CSV on the block list, as the API would, and says how that ended.
    pub fn import(&self, csv: &str) -> Import {
        self.import_as(new_import(false), csv)
    }

    pub fn import_as(&self, new: NewImport, text: &str) -> Import {
        let import = self.upload(new, text).unwrap();
        self.service().work_on_imports().unwrap();
        self.import_of(import.id)
    }

    pub fn upload(&self, new: NewImport, text: &str) -> Result<Import, ImportError> {
        let mut upload = self.service().begin_upload()?;
        upload.write(text.as_bytes())?;
        block_on(self.service().create_import(&self.caller(), upload, new))
    }

    pub fn import_of(&self, id: ImportId) -> Import {
        self.read(|view| view.import(id)).unwrap()
    }

    pub fn undo_import(&self, id: ImportId) -> Result<UndoneImport, ImportError> {
        block_on(self.service().undo_import(&self.caller(), id))
    }

    pub fn decide(&self, attempt: &Try<'_>) -> Result<Answered, DecidePaymentError> {
        decide(self.service(), self.now(), attempt)
    }
}

/// A file of emails for the block list.
pub fn new_import(is_dry_run: bool) -> NewImport {
    let (list, kind, format) = (List::Block, Kind::Email, ImportFormat::Csv);
    NewImport { list, kind, format, is_dry_run, request: None }
}

/// Waits for what is asynchronous.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// What a payer comes with.
#[derive(Clone, Default)]
pub struct Try<'a> {
    pub customer: Option<CustomerId>,
    pub identifiers: Vec<(Kind, &'a str)>,
    pub by_merchant: bool,
    pub typed: bool,
    pub dry_run: bool,
}

pub fn by_email(email: &str) -> Try<'_> {
    by(Kind::Email, email)
}

pub fn by(kind: Kind, value: &str) -> Try<'_> {
    Try { identifiers: vec![(kind, value)], ..Try::default() }
}

pub fn by_id(id: CustomerId) -> Try<'static> {
    Try { customer: Some(id), ..Try::default() }
}

/// The part of a decision that tests look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub outcome: Outcome,
    pub code: Code,
    pub customer: Option<CustomerId>,
    pub sources: Vec<AnsweredSource>,
    pub public_message: Option<String>,
    pub revision: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredSource {
    pub tier: interdict_app::decision::Tier,
    pub entry: Option<EntryId>,
    pub customer: Option<CustomerId>,
    pub kind: Option<Kind>,
    pub value: Option<String>,
    pub reason: Option<String>,
}

impl Answered {
    fn of(decision: &Decision<'_>) -> Self {
        let sources = decision.sources.iter().map(|source| AnsweredSource {
            tier: source.tier,
            entry: source.entry,
            customer: source.customer,
            kind: source.kind,
            value: source.value.as_ref().map(|value| value.to_string()),
            reason: source.reason.as_deref().map(str::to_owned),
        });
        Self {
            outcome: decision.outcome,
            code: decision.code,
            customer: decision.customer,
            sources: sources.collect(),
            public_message: decision.public_message.as_deref().map(str::to_owned),
            revision: decision.revision,
        }
    }

    pub fn blocks(&self) -> bool {
        self.outcome == Outcome::Block
    }
}

/// Decides as the API would: values are normalised by the kind's own function.
pub fn decide(service: &Service, now: Timestamp, attempt: &Try<'_>) -> Result<Answered, DecidePaymentError> {
    let identifiers: Vec<Presented<'_>> = attempt
        .identifiers
        .iter()
        .map(|(kind, value)| Presented {
            kind: *kind,
            value: Cow::Owned(kind.normalise(value).unwrap().into_owned()),
            verified: !attempt.typed,
        })
        .collect();
    let attempt = PaymentAttempt {
        initiator: if attempt.by_merchant { Initiator::Merchant } else { Initiator::Customer },
        customer: attempt.customer,
        identifiers: &identifiers,
        money: None,
        explain: false,
        dry_run: attempt.dry_run,
    };
    service.decide(MERCHANT, now, &attempt, |decision, _| Answered::of(decision))
}

pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub fn phone(text: &str) -> Phone {
    Phone::parse(text).unwrap()
}

pub fn merchant_ref(text: &str) -> MerchantRef {
    MerchantRef::parse(text).unwrap()
}

pub fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

pub fn with_email(text: &str) -> Profile {
    Profile { email: Some(email(text)), ..Profile::default() }
}

/// An entry with nothing said but what is listed.
pub fn new_entry(list: List, kind: Kind, value: &str) -> NewEntry {
    NewEntry::plain(list, Identifier::parse(kind, value).unwrap(), EntrySource::Api)
}

pub fn block_email(value: &str) -> NewEntry {
    new_entry(List::Block, Kind::Email, value)
}
