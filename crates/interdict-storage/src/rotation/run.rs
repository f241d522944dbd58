//! The rotation of one store, in one transaction of its own: all of it is on the disk, or nothing.

use std::collections::BTreeMap;

use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::identifier::{Generation, Pepper};
use interdict_domain::ids::{Ksuid, UserId};
use interdict_domain::merchant::MerchantNumber;

use super::columns::{KEYED_COLUMNS, KeyFate, KeyedColumn};
use super::texts::{Pair, Texts};
use crate::error::StorageError;
use crate::migrations::{Dialect, Schema, migrate};
use crate::postgres::{self, Purpose, Session};
use crate::sql::{Connection, params};
use crate::sqlite;
use crate::store::{Durability, Place};
use crate::transaction::{Authorship, Head, NewChange, Transaction};
use crate::{departure, meta};

/// Each key once. The engine keeps it apart from the tables, and it goes with the connection.
const MAKE_SQLITE: &str = "CREATE TEMP TABLE rekey (merchant BIGINT NOT NULL, old_key BLOB NOT NULL,
    new_key BLOB NOT NULL, PRIMARY KEY (merchant, old_key)) WITHOUT ROWID";
const MAKE_POSTGRES: &str = "CREATE TEMP TABLE rekey (merchant BIGINT NOT NULL, old_key BYTEA NOT NULL,
    new_key BYTEA NOT NULL, PRIMARY KEY (merchant, old_key)) ON COMMIT DROP";
const DROP_SQLITE: &str = "DROP TABLE rekey";
const ANALYZE: &str = "ANALYZE rekey";
const PUT: &str = "INSERT INTO rekey (merchant, old_key, new_key) VALUES ($1, $2, $3)
                   ON CONFLICT (merchant, old_key) DO NOTHING";
const HOLD_HEAD: &str = "SELECT sequence FROM head WHERE id = 1 FOR UPDATE";
const TOMBSTONES: &str =
    "SELECT generation, CAST(COUNT(*) AS BIGINT) FROM entry WHERE generation IS NOT NULL GROUP BY generation";
const FACTORS: &str = "SELECT id, second_factor, pending_factor FROM user_account
                       WHERE second_factor IS NOT NULL OR pending_factor IS NOT NULL";
const PUT_FACTORS: &str = "UPDATE user_account SET second_factor = $1, pending_factor = $2 WHERE id = $3";
const GATEWAYS: &str = "SELECT merchant, secret_key, webhook_secret FROM gateway_account
                        WHERE secret_key IS NOT NULL OR webhook_secret IS NOT NULL";
const PUT_GATEWAY: &str =
    "UPDATE gateway_account SET secret_key = $1, webhook_secret = $2 WHERE merchant = $3";

/// Rows that are sent at once.
const AT_ONCE: usize = 5_000;
/// Whose change it is: nobody's, so that no merchant meets it in a feed.
const NOBODY: MerchantNumber = MerchantNumber(0);

/// What was sealed, and where: elsewhere it cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The secret of somebody's second factor.
    SecondFactor(UserId),
    /// The key of a merchant's account at a provider.
    GatewayKey(MerchantNumber),
    /// What a provider signs its webhooks with.
    WebhookSecret(MerchantNumber),
}

/// What is being done with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// So many keys were made anew from plain text.
    Keys(u64),
    /// A column is written.
    Column(&'static str, &'static str),
}

/// Opens what was sealed under a pepper, and seals it under another one; nothing when it cannot be opened.
pub type Reseal<'a> = dyn Fn(Sealed, (&Pepper, &Pepper), &[u8]) -> Option<Vec<u8>> + 'a;

/// What is rotated, and how.
pub struct Rotation<'a> {
    /// Where the store is.
    pub place: &'a Place,
    /// What kind of store it is.
    pub schema: Schema,
    /// The new pepper; that of the store is one of its former ones.
    pub pepper: &'a Pepper,
    /// When, by the server's clock.
    pub now: Timestamp,
    /// Where the new epoch comes from.
    pub random: &'a dyn Random,
    /// For what has to be read again.
    pub reseal: &'a Reseal<'a>,
    /// Whether nothing of it is to stay.
    pub is_dry_run: bool,
    /// When a commit counts as done.
    pub durability: Durability,
}

/// What became of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnRotated {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// Keys that were made anew.
    pub anew: u64,
    /// Keys that stay as they are, because there is no plain text, now and from earlier rotations.
    pub kept: u64,
}

/// What became of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RotatedStore {
    /// It was under the new pepper already.
    pub was_done: bool,
    /// Its columns.
    pub columns: Vec<ColumnRotated>,
    /// Secrets that were sealed anew.
    pub resealed: u64,
    /// Blocks of erased people that stand under former peppers, by generation.
    pub tombstones: BTreeMap<Generation, u64>,
    /// The former peppers that it needs.
    pub needed: Vec<Generation>,
}

/// Why a store was not rotated: it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A secret was written under yet another pepper, or altered.
    #[error("{0:?} cannot be opened: set it anew, then rotate")]
    Unsealed(Sealed),
}

/// A connection that has a store for itself.
enum Alone {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Session>),
}

impl Alone {
    /// Begins a transaction in which the store is up to date and nobody else writes.
    fn begin(rotation: &Rotation<'_>) -> Result<Self, StorageError> {
        match rotation.place {
            Place::Sqlite(path) => {
                let connection = sqlite::connection::open_writer(path, rotation.durability)?;
                // As many keys as there are may not fit into memory. They say nothing without the pepper.
                connection.pragma_update(None, "temp_store", "file")?;
                connection.execute_batch("BEGIN IMMEDIATE")?;
                migrate(Connection::Sqlite(&connection), rotation.schema, Dialect::Sqlite)?;
                connection.execute_batch(MAKE_SQLITE)?;
                Ok(Self::Sqlite(connection))
            }
            Place::Postgres(server, name) => {
                let session = server.connect(name.as_str(), Purpose::Maintain)?;
                postgres::begin(&session, name.as_str(), rotation.schema)?;
                let connection = Connection::Postgres(&session);
                connection.query_one(HOLD_HEAD, &[], |row| row.get::<i64>(0))?;
                session.run_script(MAKE_POSTGRES)?;
                Ok(Self::Postgres(Box::new(session)))
            }
        }
    }

    fn connection(&self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(session) => Connection::Postgres(session),
        }
    }

    /// Sends what was kept back.
    fn flush(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.flush(),
        }
    }

    fn end(self, keep: bool) -> Result<(), StorageError> {
        self.flush()?;
        let end = if keep { "COMMIT" } else { "ROLLBACK" };
        match self {
            Self::Sqlite(connection) => {
                if keep {
                    connection.execute_batch(DROP_SQLITE)?;
                }
                connection.execute_batch(end)?;
                // The keys of before are in neither; a reader in the way puts that off to the next start.
                sqlite::connection::truncate_log(&connection).map(drop)
            }
            Self::Postgres(session) => session.run_script(end),
        }
    }
}

/// Puts a store under the new pepper; one that is under it already is only looked at.
pub fn rotate_store(
    rotation: &Rotation<'_>,
    progress: &mut dyn FnMut(RotationStep),
) -> Result<RotatedStore, RotationError> {
    let alone = Alone::begin(rotation)?;
    let connection = alone.connection();
    if meta::moving(connection)?.is_some() {
        return Err(StorageError::MoveUnfinished.into());
    }
    let Some(stored) = meta::pepper_of(connection)? else {
        // A first start was cut before it came to this store: there is nothing in it.
        alone.end(false)?;
        return Ok(RotatedStore { was_done: true, ..RotatedStore::default() });
    };
    let is_stored = |pepper: &Pepper| meta::fingerprint(pepper) == stored;
    let mut done = RotatedStore { was_done: is_stored(rotation.pepper), ..RotatedStore::default() };
    if !done.was_done {
        let old = rotation.pepper.former().find(|former| is_stored(former));
        let old = old.ok_or(StorageError::WrongPepper)?;
        make_anew(&alone, rotation, old, (&mut done, progress))?;
    }
    settle(connection, rotation, &mut done)?;
    alone.end(!rotation.is_dry_run)?;
    Ok(done)
}

fn make_anew(
    alone: &Alone,
    rotation: &Rotation<'_>,
    old: &Pepper,
    (done, progress): (&mut RotatedStore, &mut dyn FnMut(RotationStep)),
) -> Result<(), RotationError> {
    let connection = alone.connection();
    let mut keys = 0;
    Texts::for_each(connection, rotation.schema, (old, rotation.pepper), &mut |pairs: Vec<Pair>| {
        for some in pairs.chunks(AT_ONCE) {
            for Pair { merchant, old, new } in some {
                connection.execute(PUT, params![merchant.0, old.0, new.0])?;
            }
            alone.flush()?;
            keys += some.len() as u64;
            progress(RotationStep::Keys(keys));
        }
        Ok(())
    })?;
    connection.run_script(ANALYZE)?;
    for column in own_columns(rotation.schema) {
        progress(RotationStep::Column(column.table, column.column));
        let [keep, anew] = column.sql;
        if let Some(keep) = keep {
            connection.execute_counted(keep, params![old.generation().0])?;
        }
        let anew = anew.map_or(Ok(0), |anew| connection.execute_counted(anew, &[]))?;
        done.columns.push(ColumnRotated { table: column.table, column: column.column, anew, kept: 0 });
    }
    done.resealed = reseal(connection, rotation, old)?;
    say_so(connection, rotation)?;
    Ok(())
}

fn own_columns(schema: Schema) -> impl Iterator<Item = &'static KeyedColumn> {
    KEYED_COLUMNS.iter().filter(move |column| {
        column.schema == schema && !matches!(column.fate, KeyFate::NoKey | KeyFate::Sealed)
    })
}

/// Whose they are, and two that may be there.
type TwoSecrets<K> = (K, Option<Vec<u8>>, Option<Vec<u8>>);

/// What is sealed is opened, and sealed under the new pepper.
fn reseal(connection: Connection<'_>, rotation: &Rotation<'_>, old: &Pepper) -> Result<u64, RotationError> {
    let mut resealed = 0;
    let mut again = |what: Sealed, sealed: Option<Vec<u8>>| -> Result<Option<Vec<u8>>, RotationError> {
        let Some(sealed) = sealed else { return Ok(None) };
        resealed += 1;
        let anew = (rotation.reseal)(what, (old, rotation.pepper), &sealed);
        Ok(Some(anew.ok_or(RotationError::Unsealed(what))?))
    };
    match rotation.schema {
        Schema::Core => {
            let found: Vec<TwoSecrets<[u8; 20]>> =
                connection.query(FACTORS, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            for (id, factor, pending) in found {
                let what = Sealed::SecondFactor(UserId::from_ksuid(Ksuid::from_bytes(id)));
                let (factor, pending) = (again(what, factor)?, again(what, pending)?);
                connection.execute_counted(PUT_FACTORS, params![factor, pending, id])?;
            }
        }
        Schema::Mode => {
            let found: Vec<TwoSecrets<i64>> =
                connection.query(GATEWAYS, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            for (merchant, key, webhook) in found {
                let key = again(Sealed::GatewayKey(MerchantNumber(merchant)), key)?;
                let webhook = again(Sealed::WebhookSecret(MerchantNumber(merchant)), webhook)?;
                connection.execute_counted(PUT_GATEWAY, params![key, webhook, merchant])?;
            }
        }
        Schema::Decisions => {}
    }
    Ok(resealed)
}

/// Writes the change, and that the store is under another pepper and in another life: whoever follows it begins anew.
fn say_so(connection: Connection<'_>, rotation: &Rotation<'_>) -> Result<(), StorageError> {
    let before = Head::read(connection)?;
    let mut transaction = Transaction::new(connection, rotation.pepper, before);
    let actor = Actor::cli();
    let sequence = transaction.append(NewChange {
        merchant: NOBODY,
        action: Action::PepperRotated,
        subject: Subject::Pepper(rotation.pepper.generation()),
        facts: Vec::new(),
        personal: None,
        by: &Authorship::new(&actor, rotation.now, rotation.random),
    })?;
    transaction.finish(before)?;
    if rotation.schema == Schema::Mode {
        departure::begin_anew(connection)?;
    }
    meta::put_pepper(connection, rotation.pepper)?;
    meta::put_rotated(connection, sequence)?;
    meta::new_epoch(connection, rotation.random)?;
    if rotation.schema == Schema::Core {
        meta::begin_ending(connection)?;
    }
    Ok(())
}

/// Says which former peppers are still needed: those of what is left under them.
fn settle(
    connection: Connection<'_>,
    rotation: &Rotation<'_>,
    done: &mut RotatedStore,
) -> Result<(), StorageError> {
    let count = |sql| {
        connection.query(sql, &[], |row| Ok((Generation(row.get(0)?), row.get::<i64>(1)?.unsigned_abs())))
    };
    let mut needed = Vec::new();
    for column in own_columns(rotation.schema) {
        let Some(left) = column.left else { continue };
        let found = count(left)?;
        needed.extend(found.iter().map(|(generation, _)| *generation));
        let kept = found.iter().map(|(_, rows)| rows).sum();
        let same = |known: &&mut ColumnRotated| (known.table, known.column) == (column.table, column.column);
        if let Some(known) = done.columns.iter_mut().find(same) {
            known.kept = kept;
        }
    }
    needed.sort_unstable();
    needed.dedup();
    if rotation.schema == Schema::Mode {
        done.tombstones = count(TOMBSTONES)?.into_iter().collect();
    }
    let of = |generation: &Generation| {
        let found = rotation.pepper.former().find(|former| former.generation() == *generation);
        found.ok_or(StorageError::FormerPepperMissing(*generation))
    };
    meta::put_former(connection, needed.iter().map(of).collect::<Result<Vec<_>, _>>()?)?;
    done.needed = needed;
    Ok(())
}
