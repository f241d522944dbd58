//! The only SQL: databases, migrations, one file an aggregate, the group-commit writer and the
//! gapless feed.
//!
//! A [`Store`] belongs to one mode, or is the core (invariant 8). Reads go through a
//! [`MerchantView`], writes through a [`MerchantTransaction`]: both are made for one merchant, so
//! that no query can forget it (invariant 9). A row and its change are written by one call, so that
//! neither exists without the other (invariant 3).
//!
//! Deliberately not here: what a change means (`interdict-app`), and the index that follows the feed
//! (`interdict-decision`).

mod aside;
mod attempt_count;
mod audit;
mod chain;
mod chargeback;
mod checkout;
mod counter;
mod credential;
mod customer;
mod customer_cover;
mod customer_list;
mod decision_log;
mod departure;
mod entry;
mod entry_former;
mod entry_history;
mod entry_import;
mod entry_list;
mod entry_report;
mod erasure;
mod error;
mod facts;
mod feed;
mod follower;
mod foreseen;
mod former;
mod gateway_account;
mod hits;
mod idempotency;
mod import;
mod import_part;
mod imported_row;
mod ledger;
mod load;
mod merchant;
mod meta;
mod migrations;
mod move_up;
mod note;
mod oldest_first;
mod past;
mod payment;
mod payment_list;
mod person;
mod person_erasure;
mod personal;
mod plan;
mod postgres;
mod proposal;
mod provider_event;
mod provider_item;
mod provider_mirror;
mod readers;
mod rotation;
mod score;
mod search;
mod session;
mod settings;
mod sql;
mod sqlite;
mod statements;
mod status;
mod store;
mod subscription;
mod suggestion;
mod test_clock;
mod transaction;
mod trim;
mod under_keys;
mod user;
mod view;
mod window_end;
mod writer;

pub use aside::{keep_aside, spawn_aside};
pub use attempt_count::{AttemptCount, AttemptOutcome, RefusedAttempt, day_of};
pub use audit::{ChangeFilter, Changes};
pub use chain::{ChainError, ChainReport};
pub use counter::{Counted, Totals};
pub use customer::Erased;
pub use customer_cover::CoveredCustomers;
pub use customer_list::CustomerFilter;
pub use decision_log::{DecisionFilter, DecisionRow, DecisionStore, SearchKey};
pub use entry::EntryRow;
pub use entry_list::EntryFilter;
pub use erasure::Extent;
pub use error::StorageError;
pub use feed::{FeedObserver, HistoryItem, Recorded};
pub use foreseen::Foreseen;
pub use gateway_account::GatewayAccount;
pub use idempotency::{IdempotencyRecord, RequestKey};
pub use import_part::{LeftPosition, PartDone, RowLeft};
pub use imported_row::{ImportPart, ImportedRow, PartTaken, RowFate};
pub use ledger::LedgerEntry;
pub use migrations::{Dialect, Schema, migration_texts};
pub use move_up::{
    Course, MoveError, MoveReport, MoveStep, MoveUp, MovedStore, MovedTable, Progress, move_up,
};
pub use note::Note;
pub use past::{Past, Retained};
pub use payment_list::PaymentFilter;
pub use person::PersonFilter;
pub use postgres::{BadUrl, Node, NodePlace, PostgresServer, SchemaName};
pub use provider_event::ProviderEvent;
pub use provider_item::{ItemMark, ProviderItem};
pub use provider_mirror::{Keeper, ProviderMirror, RoundStage, Touched};
pub use rotation::{
    ColumnRotated, KEYED_COLUMNS, KeyFate, KeyedColumn, RotatedStore, Rotation, RotationError, RotationStep,
    Sealed, ServerAlone, StoreStanding, finish_rotation, rotate_store, standing,
};
pub use score::Score;
pub use search::SearchState;
pub use sqlite::backup::{BackupError, backup, restore};
pub use statements::all as statements;
pub use status::{COMMIT_BOUNDS_US, ReadersStatus, StoreStatus, WriterStatus};
pub use store::{Durability, Place, Store, StoreOptions};
pub use subscription::DuePosition;
pub use suggestion::Sighting;
pub use transaction::{Authorship, MerchantTransaction, Transaction};
pub use trim::{Trimmed, Trimming};
pub use user::UserAccount;
pub use view::{MerchantView, NumberedRows, PageRequest, View};
pub use writer::{Committed, Pending, WriteError};
