//! How each entry stands on the provider's own lists, one row each, and how many stand how: moved in one commit.
//!
//! Deliberately not here: what belongs there (`interdict-domain`), and how a list is brought in step (`interdict-app`).

use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::provider_list::{ItemState, ProviderList};

use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

macro_rules! columns {
    () => {
        "entry, list, kind, state, item, made_at, due_at, mark"
    };
}

statements! {
    SELECT = concat!("SELECT ", columns!(), " FROM provider_item WHERE merchant = $1 AND entry = $2");
    SELECT_DUE = "SELECT entry, list FROM provider_item
        WHERE merchant = $1 AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, entry LIMIT $3";
    SELECT_ADDING = concat!("SELECT ", columns!(), " FROM provider_item
        WHERE merchant = $1 AND mark IS NOT NULL AND entry > $2 ORDER BY entry LIMIT $3");
    SELECT_AFTER = "SELECT entry, list FROM provider_item WHERE merchant = $1 AND entry > $2 ORDER BY entry LIMIT $3";
    SELECT_MADE = concat!("SELECT ", columns!(), " FROM provider_item
        WHERE merchant = $1 AND list = $2 AND kind = $3 AND made_at IS NOT NULL AND made_at > $4
          AND (made_at, entry) < ($5, $6)
        ORDER BY made_at DESC, entry DESC LIMIT $7");
    SELECT_COUNTS = "SELECT list, kind, state, items FROM provider_item_count
        WHERE merchant = $1 AND items > 0 ORDER BY list, kind, state";
    UPSERT = "INSERT INTO provider_item (merchant, entry, list, kind, state, item, made_at, due_at, mark)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (merchant, entry) DO UPDATE SET state = excluded.state, item = excluded.item,
            made_at = excluded.made_at, due_at = excluded.due_at, mark = excluded.mark";
    DELETE = "DELETE FROM provider_item WHERE merchant = $1 AND entry = $2";
    COUNT = "INSERT INTO provider_item_count (merchant, list, kind, state, items) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant, list, kind, state) DO UPDATE SET items = provider_item_count.items + excluded.items";
}

const SALT: usize = 16;

/// By what an item that is on its way is known again: a salt, and a hash under it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ItemMark([u8; 32]);

impl ItemMark {
    /// Of a value, under a salt of its own.
    pub fn new(value: &str, random: &dyn Random) -> Self {
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        Self::under(salt, value)
    }

    /// Whether it is this value's.
    pub fn is_of(&self, value: &str) -> bool {
        self.0.first_chunk().is_some_and(|salt| Self::under(*salt, value) == *self)
    }

    fn under(salt: [u8; SALT], value: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&salt).update(value.as_bytes());
        let mut mark = [0; 32];
        let (first, rest) = mark.split_at_mut(SALT);
        first.copy_from_slice(&salt);
        hasher.finalize_xof().fill(rest);
        Self(mark)
    }
}

/// It says nothing to anybody.
impl std::fmt::Debug for ItemMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ItemMark(…)")
    }
}

/// How an entry stands at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderItem {
    /// Which entry.
    pub entry: EntryId,
    /// The entry's kind.
    pub kind: Kind,
    /// How it stands.
    pub state: ItemState,
    /// The provider's own id for the item that was put there.
    pub item: Option<String>,
    /// When that was made, in the provider's seconds.
    pub made_at: Option<i64>,
    /// When it has to be looked at again.
    pub due_at: Option<Timestamp>,
    /// By what it is known again while it is on its way.
    pub mark: Option<ItemMark>,
}

impl ProviderItem {
    /// One that stands so without anything at the provider.
    pub const fn without_item(
        entry: EntryId,
        kind: Kind,
        state: ItemState,
        due_at: Option<Timestamp>,
    ) -> Self {
        Self { entry, kind, state, item: None, made_at: None, due_at, mark: None }
    }
}

fn entry_of(row: Row<'_>) -> Result<EntryId, StorageError> {
    let list = List::parse(row.text(1)?).ok_or(StorageError::Corrupt("list"))?;
    Ok(EntryId::from_parts(list, Ksuid::from_bytes(row.get(0)?)))
}

fn read(row: Row<'_>) -> Result<ProviderItem, StorageError> {
    Ok(ProviderItem {
        entry: entry_of(row)?,
        kind: Kind::from_code(row.get(2)?).ok_or(StorageError::Corrupt("kind"))?,
        state: ItemState::parse(row.text(3)?).ok_or(StorageError::Corrupt("state of an item"))?,
        item: row.get(4)?,
        made_at: row.get(5)?,
        due_at: row.get::<Option<i64>>(6)?.map(Timestamp::from_micros),
        mark: row.get::<Option<[u8; 32]>>(7)?.map(ItemMark),
    })
}

fn key(entry: Option<EntryId>) -> [u8; 20] {
    entry.map_or([0; 20], |entry| *entry.ksuid().bytes())
}

impl MerchantView<'_> {
    /// How an entry stands at the provider.
    pub fn provider_item(&self, entry: EntryId) -> Result<Option<ProviderItem>, StorageError> {
        let found =
            self.connection.query_optional(SELECT, params![self.merchant.0, key(Some(entry))], read)?;
        Ok(found.filter(|item| item.entry == entry))
    }

    /// What has to be looked at again by now, the longest due first.
    pub fn provider_items_due(&self, now: Timestamp, limit: i64) -> Result<Vec<EntryId>, StorageError> {
        self.connection.query(SELECT_DUE, params![self.merchant.0, now.micros(), limit], entry_of)
    }

    /// What was on its way, behind an entry.
    pub fn provider_items_adding(
        &self,
        after: Option<EntryId>,
        limit: i64,
    ) -> Result<Vec<ProviderItem>, StorageError> {
        self.connection.query(SELECT_ADDING, params![self.merchant.0, key(after), limit], read)
    }

    /// All that stands there in any way, behind an entry.
    pub fn provider_items_after(
        &self,
        after: Option<EntryId>,
        limit: i64,
    ) -> Result<Vec<EntryId>, StorageError> {
        self.connection.query(SELECT_AFTER, params![self.merchant.0, key(after), limit], entry_of)
    }

    /// What was put on a list after one of the provider's seconds and before an item, the newest first.
    pub fn provider_items_made(
        &self,
        list: ProviderList,
        after: i64,
        before: (i64, Option<EntryId>),
        limit: i64,
    ) -> Result<Vec<ProviderItem>, StorageError> {
        let (of, kind, before, entry) = (list.list.as_str(), list.kind.code(), before.0, key(before.1));
        let parameters = params![self.merchant.0, of, kind, after, before, entry, limit];
        self.connection.query(SELECT_MADE, parameters, read)
    }

    /// How many stand how.
    pub fn provider_item_counts(&self) -> Result<Vec<(List, Kind, ItemState, i64)>, StorageError> {
        self.connection.query(SELECT_COUNTS, params![self.merchant.0], |row| {
            Ok((
                List::parse(row.text(0)?).ok_or(StorageError::Corrupt("list"))?,
                Kind::from_code(row.get(1)?).ok_or(StorageError::Corrupt("kind"))?,
                ItemState::parse(row.text(2)?).ok_or(StorageError::Corrupt("state of an item"))?,
                row.get(3)?,
            ))
        })
    }
}

impl MerchantTransaction<'_, '_> {
    /// Says how an entry stands at the provider from now on. False, and nothing is written, when it does not stand as it
    /// was seen any more: somebody else is at it.
    pub fn put_provider_item(
        &mut self,
        entry: EntryId,
        seen: Option<&ProviderItem>,
        after: Option<&ProviderItem>,
    ) -> Result<bool, StorageError> {
        let before = self.view().provider_item(entry)?;
        if before.as_ref() != seen {
            return Ok(false);
        }
        let (connection, merchant) = (self.transaction.connection, self.merchant.0);
        match after {
            Some(item) => {
                let (list, kind) = (item.entry.list().as_str(), item.kind.code());
                let (due, mark) = (item.due_at.map(Timestamp::micros), item.mark.as_ref().map(|mark| mark.0));
                let state = item.state.as_str();
                let key = key(Some(entry));
                connection.execute(
                    UPSERT,
                    params![merchant, key, list, kind, state, item.item, item.made_at, due, mark],
                )?;
            }
            None => connection.execute(DELETE, params![merchant, key(Some(entry))])?,
        }
        for (item, count) in [(before.as_ref(), -1_i64), (after, 1)] {
            let Some(item) = item else { continue };
            let (list, kind) = (item.entry.list().as_str(), item.kind.code());
            connection.execute(COUNT, params![merchant, list, kind, item.state.as_str(), count])?;
        }
        Ok(true)
    }
}
