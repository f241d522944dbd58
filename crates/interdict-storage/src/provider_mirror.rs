//! What a merchant wants on the provider's own lists, and how far they were brought in step: one row each.
//!
//! Deliberately not here: how each entry stands there ([`crate::provider_item`]).

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::provider_list::Mirroring;

use crate::error::StorageError;
use crate::facts;
use crate::postgres::Node;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, Head, MerchantTransaction};
use crate::trim::Anchor;
use crate::view::{MerchantView, View};

statements! {
    SELECT = "SELECT mirroring, position, again, stage, stage_at, stage_id, compared_at, strangers, repaired, failures,
            retry_at, problem, problem_at FROM provider_mirror WHERE merchant = $1";
    // Whose lease has no row is gone.
    SELECT_KEEPER = "SELECT node, (SELECT COUNT(*) FROM lease WHERE lease.node = provider_mirror.node)
        FROM provider_mirror WHERE merchant = $1";
    KEEP = "UPDATE provider_mirror SET node = $1 WHERE merchant = $2";
    SELECT_MERCHANTS = "SELECT merchant FROM provider_mirror ORDER BY merchant";
    CHOOSE = "INSERT INTO provider_mirror (merchant, mirroring, position, again, strangers, repaired, failures)
        VALUES ($1, $2, $3, 1, 0, 0, 0)
        ON CONFLICT (merchant) DO UPDATE SET mirroring = excluded.mirroring, failures = 0, retry_at = NULL";
    UPDATE = "UPDATE provider_mirror SET position = $1, again = $2, stage = $3, stage_at = $4, stage_id = $5,
            compared_at = $6, strangers = $7, repaired = $8, failures = $9, retry_at = $10, problem = $11,
            problem_at = $12 WHERE merchant = $13";
    // The facts of an import are heavy, and are not wanted: it is enough that there were many.
    SELECT_TOUCHED = "SELECT sequence, action, CASE WHEN LENGTH(facts) > 65536 THEN NULL ELSE facts END FROM change
        WHERE merchant = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
}

/// How many entries of one change are gone after one by one.
const FEW: usize = 100;

/// Where a round over everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundStage {
    /// What the provider has is compared with what was put there.
    Comparing,
    /// The entries of a list are gone through, behind one of them.
    Entries(List, Option<(Timestamp, EntryId)>),
    /// What stands at the provider is gone through, behind an entry.
    Items(Option<EntryId>),
}

impl RoundStage {
    const fn parts(self) -> (&'static str, Option<Timestamp>, Option<EntryId>) {
        let (list, at, id) = match self {
            Self::Comparing => return ("comparing", None, None),
            Self::Entries(list, Some((at, id))) => (list, Some(at), Some(id)),
            Self::Entries(list, None) => (list, None, None),
            Self::Items(Some(id)) => (id.list(), None, Some(id)),
            Self::Items(None) => (List::Block, None, None),
        };
        let word = match (self, list) {
            (Self::Items(_), List::Block) => "items.block",
            (Self::Items(_), List::Allow) => "items.allow",
            (_, List::Block) => "entries.block",
            (_, List::Allow) => "entries.allow",
        };
        (word, at, id)
    }
}

/// How far a merchant's lists at the provider are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMirror {
    /// What the merchant wants there.
    pub mirroring: Mirroring,
    /// Up to which change it was followed.
    pub position: i64,
    /// Whether a round over everything is wanted.
    pub again: bool,
    /// Where a round over everything is; nothing when there is none.
    pub stage: Option<RoundStage>,
    /// When the newest round ended.
    pub compared_at: Option<Timestamp>,
    /// Items on our lists that somebody else put there, as the newest comparison saw.
    pub strangers: i64,
    /// Items that somebody had taken away, and that were put there again, as the newest comparison saw.
    pub repaired: i64,
    /// How often in a row it failed.
    pub failures: i64,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// What the last failure was.
    pub problem: Option<String>,
    /// When that was.
    pub problem_at: Option<Timestamp>,
}

/// Who brings a merchant's lists at the provider in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// The node that asks.
    Us,
    /// Nobody, or a node that is gone.
    Nobody,
    /// Another node.
    Another,
}

/// What changes touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// These entries.
    pub entries: Vec<EntryId>,
    /// More than can be said one by one: everything has to be gone through.
    pub everything: bool,
    /// The account at the provider, or what is wanted there.
    pub account: bool,
    /// All changes up to this one were looked at.
    pub through: i64,
}

impl Touched {
    /// Whether nothing was.
    pub fn is_nothing(&self) -> bool {
        self.entries.is_empty() && !self.everything && !self.account
    }
}

fn read(row: Row<'_>) -> Result<ProviderMirror, StorageError> {
    let time =
        |index: usize| Ok::<_, StorageError>(row.get::<Option<i64>>(index)?.map(Timestamp::from_micros));
    let id = row.get::<Option<[u8; 20]>>(5)?.map(Ksuid::from_bytes);
    let of = |list: List| id.map(|id| EntryId::from_parts(list, id));
    let stage = match row.optional_text(3)? {
        None => None,
        Some("comparing") => Some(RoundStage::Comparing),
        Some("entries.block") => Some(RoundStage::Entries(List::Block, time(4)?.zip(of(List::Block)))),
        Some("entries.allow") => Some(RoundStage::Entries(List::Allow, time(4)?.zip(of(List::Allow)))),
        Some("items.block") => Some(RoundStage::Items(of(List::Block))),
        Some("items.allow") => Some(RoundStage::Items(of(List::Allow))),
        Some(_) => return Err(StorageError::Corrupt("stage of a round")),
    };
    Ok(ProviderMirror {
        mirroring: Mirroring::parse(row.text(0)?).ok_or(StorageError::Corrupt("mirroring"))?,
        position: row.get(1)?,
        again: row.get(2)?,
        stage,
        compared_at: time(6)?,
        strangers: row.get(7)?,
        repaired: row.get(8)?,
        failures: row.get(9)?,
        retry_at: time(10)?,
        problem: row.get(11)?,
        problem_at: time(12)?,
    })
}

impl View<'_> {
    /// The merchants who want anything, or ever wanted it, on a provider's lists.
    pub fn merchants_with_provider_lists(&self) -> Result<Vec<MerchantNumber>, StorageError> {
        self.connection.query(SELECT_MERCHANTS, &[], |row| Ok(MerchantNumber(row.get(0)?)))
    }
}

impl MerchantView<'_> {
    /// How far the merchant's lists at the provider are; nothing when nothing was ever wanted there.
    pub fn provider_mirror(&self) -> Result<Option<ProviderMirror>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0], read)
    }

    /// Who brings the merchant's lists at the provider in step.
    pub fn provider_mirror_keeper(&self, us: Node) -> Result<Keeper, StorageError> {
        let found = self.connection.query_optional(SELECT_KEEPER, params![self.merchant.0], |row| {
            Ok((row.get::<Option<Node>>(0)?, row.get::<i64>(1)? > 0))
        })?;
        Ok(match found {
            Some((Some(node), _)) if node == us => Keeper::Us,
            Some((Some(_), true)) => Keeper::Another,
            Some((_, _)) | None => Keeper::Nobody,
        })
    }

    /// Which entries changes behind a sequence have touched, of so many changes at most.
    pub fn entries_touched(&self, after: i64, limit: i64) -> Result<Touched, StorageError> {
        let head = Head::read(self.connection)?.sequence;
        let mut touched = Touched { through: after, ..Touched::default() };
        // Trimmed meanwhile, or an older state was put back: nobody can say what was touched.
        if after > head || after < Anchor::read(self.connection)?.sequence {
            return Ok(Touched { everything: true, account: true, through: head, ..touched });
        }
        let mut seen = 0_i64;
        self.connection.for_each(SELECT_TOUCHED, params![self.merchant.0, after, limit], &mut |row| {
            seen += 1;
            touched.through = row.get(0)?;
            let action = Action::parse(row.text(1)?).ok_or(StorageError::Corrupt("action"))?;
            touched.account |= matches!(action, Action::GatewayChanged | Action::GatewayListsChanged);
            let Some(facts) = row.optional_text(2)? else {
                touched.everything = true;
                return Ok(());
            };
            let entries = facts::read(facts)?.into_iter().filter_map(|fact| match fact {
                Fact::EntryPut(entry) => Some(entry.id),
                Fact::EntryRemoved { id, .. } => Some(id),
                _ => None,
            });
            let entries: Vec<EntryId> = entries.collect();
            if entries.len() > FEW {
                touched.everything = true;
            } else {
                touched.entries.extend(entries);
            }
            Ok(())
        })?;
        if seen < limit {
            touched.through = head;
        }
        Ok(touched)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes what the merchant wants on the provider's lists.
    pub fn choose_mirroring(
        &mut self,
        by: &Authorship<'_>,
        mirroring: Mirroring,
    ) -> Result<(), StorageError> {
        let (position, word) = (self.transaction.revision(), mirroring.as_str());
        let parameters = params![self.merchant.0, word, position];
        self.transaction.connection.execute(CHOOSE, parameters)?;
        let subject = Subject::Merchant(self.merchant);
        self.append(by, Action::GatewayListsChanged, subject, Vec::new(), None)?;
        Ok(())
    }

    /// Has a node bring the merchant's lists at the provider in step, from now on; false where another one does.
    pub fn keep_provider_mirror(&mut self, us: Node) -> Result<bool, StorageError> {
        match self.view().provider_mirror_keeper(us)? {
            Keeper::Us => {}
            Keeper::Another => return Ok(false),
            Keeper::Nobody => self.transaction.connection.execute(KEEP, params![us, self.merchant.0])?,
        }
        Ok(true)
    }

    /// Writes how far it is. What the merchant wants stays as it is.
    pub fn put_provider_mirror(&mut self, mirror: &ProviderMirror) -> Result<(), StorageError> {
        let (stage, at, id) = mirror.stage.map_or((None, None, None), |stage| {
            let (word, at, id) = stage.parts();
            (Some(word), at.map(Timestamp::micros), id.map(|id| *id.ksuid().bytes()))
        });
        let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
        let again = i64::from(mirror.again);
        let (compared, retry) = (micros(mirror.compared_at), micros(mirror.retry_at));
        let problem_at = micros(mirror.problem_at);
        let parameters = params![
            mirror.position,
            again,
            stage,
            at,
            id,
            compared,
            mirror.strangers,
            mirror.repaired,
            mirror.failures,
            retry,
            mirror.problem,
            problem_at,
            self.merchant.0
        ];
        self.transaction.connection.execute(UPDATE, parameters)
    }
}
