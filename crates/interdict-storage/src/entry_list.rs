//! Entries in pages and counted. Pages go through the index of a list, of a list and a kind, or of what is on
//! them for a time only; where a filter names no list, the pages of both are put together.

use std::cell::OnceCell;

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::Ksuid;

use crate::counter::{self, Counted};
use crate::entry::{EntryRow, columns, keyset, read_with_hits as read, with_hits};
use crate::error::StorageError;
use crate::search::{self, Found, Route, Searched};
use crate::sql::{Value, params};
use crate::statements::statements;
use crate::view::{MerchantView, NumberedRows, PageRequest};

macro_rules! filter {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR list = $2)
          AND (CAST($3 AS BIGINT) IS NULL OR kind = $3)
          AND (CAST($4 AS TEXT) IS NULL OR LOWER(COALESCE(value, '')) LIKE $4 ESCAPE '\\'
               OR LOWER(COALESCE(reason, '')) LIKE $4 ESCAPE '\\')
          AND (CAST($5 AS BIGINT) IS NULL OR $5 = CASE
                WHEN (starts_at IS NULL OR starts_at <= $6) AND (expires_at IS NULL OR $6 < expires_at)
                THEN 1 ELSE 0 END)
          AND (CAST($7 AS BYTEA) IS NULL OR identifier_key = $7) "
    };
}

macro_rules! on_list {
    () => {
        " AND list = $2 "
    };
}

macro_rules! of_kind {
    () => {
        " AND list = $2 AND kind = $3 "
    };
}

macro_rules! windowed {
    () => {
        " AND list = $2 AND (starts_at IS NOT NULL OR expires_at IS NOT NULL) "
    };
}

// What an erasure left stands in an index of its own. With it goes `merchant + 0`, which is in no index: a planner
// might take the order's for better.
macro_rules! of_identifier {
    () => {
        " AND id IN (SELECT id FROM entry WHERE merchant = $1 AND identifier_key = $7 AND erased_customer IS NULL
              UNION ALL
              SELECT id FROM entry WHERE merchant = $1 AND identifier_key = $7 AND erased_customer IS NOT NULL) "
    };
}

macro_rules! after {
    ($merchant:expr, $index:expr, $end:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            with_hits!(),
            " FROM entry WHERE ",
            $merchant,
            filter!(),
            $index,
            " AND (created_at, id) < ($8, $9) ",
            $end
        )
    };
}

macro_rules! to_the_oldest {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $10"
    };
}

// Apart: a planner that knows nothing of the bound takes the rows for few, and sorts them.
macro_rules! to_the_walks_end {
    () => {
        " AND created_at >= $10 ORDER BY created_at DESC, id DESC LIMIT $11"
    };
}

// Where a walk over so many rows as are looked at before an index is asked would end.
macro_rules! walk_end {
    ($index:expr) => {
        concat!(
            "SELECT created_at FROM entry WHERE merchant = $1 AND list = $2 AND (created_at, id) < ($3, $4) ",
            $index,
            " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET 4096"
        )
    };
}

macro_rules! page {
    ($merchant:expr, $index:expr, $order:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            with_hits!(),
            " FROM entry WHERE ",
            $merchant,
            filter!(),
            $index,
            " ORDER BY ",
            $order,
            " LIMIT $8 OFFSET $9"
        )
    };
}

// Without another filter the rows that come before are counted off in the index.
macro_rules! whole_page {
    ($order:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            with_hits!(),
            " FROM entry WHERE merchant + 0 = $1 AND id IN (SELECT id FROM entry
              WHERE merchant = $1 AND list = $2 AND kind = $3 ORDER BY ",
            $order,
            " LIMIT $4 OFFSET $5)
              ORDER BY ",
            $order
        )
    };
}

pub(crate) use {filter, of_kind, on_list};

statements! {
    AFTER = after!("merchant = $1 ", on_list!(), to_the_oldest!());
    WALK = after!("merchant = $1 ", on_list!(), to_the_walks_end!());
    AFTER_OF_KIND = after!("merchant = $1 ", of_kind!(), to_the_oldest!());
    WALK_OF_KIND = after!("merchant = $1 ", of_kind!(), to_the_walks_end!());
    AFTER_WINDOWED = after!("merchant = $1 ", windowed!(), to_the_oldest!());
    WALK_WINDOWED = after!("merchant = $1 ", windowed!(), to_the_walks_end!());
    AFTER_OF_IDENTIFIER = after!("merchant + 0 = $1 ", of_identifier!(), to_the_oldest!());
    WALK_END = walk_end!("");
    WALK_END_OF_KIND = walk_end!(" AND kind = $5 ");
    WALK_END_WINDOWED = walk_end!(" AND (starts_at IS NOT NULL OR expires_at IS NOT NULL) ");
    // One that was found by a part of its text, if it is what is wanted.
    SELECT_IF =
        concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 ", filter!(), " AND id = $8");
    // All of them before any is chosen: a planner that thinks them many would walk over everything.
    FOUND_AFTER = concat!("WITH found AS MATERIALIZED (SELECT ", columns!(), " FROM entry WHERE merchant = $1 ",
        filter!(), " AND (LOWER(COALESCE(value, '')) LIKE $4 ESCAPE '\\'
                          OR LOWER(COALESCE(reason, '')) LIKE $4 ESCAPE '\\'))
        SELECT ", columns!(), with_hits!(), " FROM found AS entry
        WHERE (created_at, id) < ($8, $9) ORDER BY created_at DESC, id DESC LIMIT $10");
    PAGE_NEWEST = page!("merchant = $1 ", "", "created_at DESC, id DESC");
    PAGE_OLDEST = page!("merchant = $1 ", "", "created_at, id");
    PAGE_NEWEST_OF_IDENTIFIER = page!("merchant + 0 = $1 ", of_identifier!(), "created_at DESC, id DESC");
    PAGE_OLDEST_OF_IDENTIFIER = page!("merchant + 0 = $1 ", of_identifier!(), "created_at, id");
    WHOLE_PAGE_NEWEST = whole_page!("created_at DESC, id DESC");
    WHOLE_PAGE_OLDEST = whole_page!("created_at, id");
    COUNT = concat!("SELECT COUNT(*) FROM entry WHERE merchant = $1 ", filter!());
    COUNT_OF_IDENTIFIER = concat!("SELECT COUNT(*) FROM entry WHERE merchant + 0 = $1 ", filter!(), of_identifier!());
}

/// Which entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFilter {
    /// On which list.
    pub list: Option<List>,
    /// Of which kind.
    pub kind: Option<Kind>,
    /// Part of value or reason, in any case.
    pub query: Option<String>,
    /// Whether it counts now.
    pub active: Option<bool>,
    /// Exactly this identifier.
    pub identifier: Option<Identifier>,
    /// Now.
    pub now: Timestamp,
}

impl EntryFilter {
    /// All of a list.
    pub const fn of(list: List, now: Timestamp) -> Self {
        Self { list: Some(list), kind: None, query: None, active: None, identifier: None, now }
    }

    /// Whether it asks for a list and a kind at most.
    fn is_by_kind(&self) -> bool {
        self.query.is_none() && self.active.is_none() && self.identifier.is_none()
    }

    const fn walk(&self) -> &'static str {
        match self {
            Self { active: Some(false), .. } => WALK_WINDOWED,
            Self { kind: Some(_), .. } => WALK_OF_KIND,
            Self { .. } => WALK,
        }
    }

    const fn after(&self) -> &'static str {
        match self {
            Self { identifier: Some(_), .. } => AFTER_OF_IDENTIFIER,
            Self { active: Some(false), .. } => AFTER_WINDOWED,
            Self { kind: Some(_), .. } => AFTER_OF_KIND,
            Self { .. } => AFTER,
        }
    }
}

type Position = (Timestamp, Ksuid);

impl MerchantView<'_> {
    pub(crate) fn entries_under_one(
        &self,
        filter: &EntryFilter,
        page: PageRequest,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (position, limit) = match page {
            PageRequest::After { position, limit } => (position, limit),
            PageRequest::Numbered(rows) => return self.numbered_entries(filter, rows),
        };
        let routed = OnceCell::new();
        let few = match filter.query.as_deref() {
            Some(part) => search::few(self, Searched::Entries, part)?,
            None => None,
        };
        let mut found = Vec::new();
        let lists = filter.list.map_or(List::ALL.to_vec(), |list| vec![list]);
        let is_put_together = lists.len() > 1;
        for list in lists {
            let filter = EntryFilter { list: Some(list), ..filter.clone() };
            found.extend(match (filter.query.as_deref(), &few) {
                (None, _) => self.entries_after(&filter, position, None, limit)?,
                (Some(_), Some(rows)) => self.entries_of(&filter, rows, keyset(position), limit)?,
                (Some(part), None) => self.entries_with(&filter, part, &routed, (position, limit))?,
            });
        }
        if is_put_together {
            found.sort_unstable_by_key(|row| std::cmp::Reverse((row.entry.created_at, row.entry.id.ksuid())));
            found.truncate(usize::try_from(limit).unwrap_or(0));
        }
        Ok(found)
    }

    /// How many entries a filter lets through.
    pub fn count_entries(&self, filter: &EntryFilter) -> Result<i64, StorageError> {
        if filter.is_by_kind()
            && let Some(count) = counter::read(self, Counted::Entries(filter.list, filter.kind))?
        {
            return Ok(count);
        }
        let sql = if filter.identifier.is_some() { COUNT_OF_IDENTIFIER } else { COUNT };
        let count = |view: &MerchantView<'_>| {
            view.with_entry_filter(filter, |filters| {
                view.connection.query_one(sql, filters, |row| row.get::<i64>(0))
            })
        };
        if filter.identifier.is_none() {
            count(self)
        } else {
            self.under_each_pepper().map(|it| count(&it)).sum()
        }
    }

    pub(crate) fn with_entry_filter<T>(
        &self,
        filter: &EntryFilter,
        run: impl FnOnce(&[Value<'_>]) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let (list, kind) = (filter.list.map(List::as_str), filter.kind.map(Kind::code));
        let pattern = filter.query.as_deref().map(search::pattern);
        let (active, now) = (filter.active.map(i64::from), filter.now.micros());
        let identifier = filter.identifier.as_ref();
        let key = identifier.map(|of| of.key(self.pepper, self.merchant).0);
        run(params![self.merchant.0, list, kind, pattern, active, now, key])
    }

    /// Those before a position and not before a moment, newest first.
    fn entries_after(
        &self,
        filter: &EntryFilter,
        position: Option<Position>,
        since: Option<i64>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (at, id) = keyset(position);
        self.with_entry_filter(filter, |filters| {
            let query = |sql: &'static str, more: &[Value<'_>]| {
                self.connection.query(sql, &[filters, more].concat(), read)
            };
            match since {
                None => query(filter.after(), params![at, id, limit]),
                Some(since) => query(filter.walk(), params![at, id, since, limit]),
            }
        })
    }

    /// Those with a part in their text: as with customers.
    fn entries_with(
        &self,
        filter: &EntryFilter,
        part: &str,
        routed: &OnceCell<Route>,
        (position, limit): (Option<Position>, i64),
    ) -> Result<Vec<EntryRow>, StorageError> {
        let walk_end = self.end_of_entries_walk(filter, position)?;
        let mut found = self.entries_after(filter, position, walk_end, limit)?;
        let missing = limit.saturating_sub_unsigned(found.len() as u64);
        let Some(walk_end) = walk_end.filter(|_| missing > 0) else { return Ok(found) };
        // All that is not older was looked at.
        let rest = (Timestamp::from_micros(walk_end), Ksuid::from_bytes([0; 20]));
        if routed.get().is_none() {
            // Both lists' rows, from the newest on: the lists' walks end at different moments.
            drop(routed.set(search::route(self, Searched::Entries, part)?));
        }
        match routed.get().unwrap_or(&Route::Walk) {
            Route::Walk => found.extend(self.entries_after(filter, Some(rest), None, missing)?),
            Route::Statement => self.with_entry_filter(filter, |filters| {
                let (at, id) = keyset(Some(rest));
                let parameters = [filters, params![at, id, missing]].concat();
                found.extend(self.connection.query(FOUND_AFTER, &parameters, read)?);
                Ok(())
            })?,
            Route::Rows(rows) => found.extend(self.entries_of(filter, rows, keyset(Some(rest)), missing)?),
        }
        Ok(found)
    }

    /// Those of some rows that a filter lets through.
    fn entries_of(
        &self,
        filter: &EntryFilter,
        rows: &[Found],
        before: Found,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        self.with_entry_filter(filter, |filters| {
            let wanted = |id: &[u8; 20]| {
                self.connection.query_optional(SELECT_IF, &[filters, params![id]].concat(), read)
            };
            search::pick(rows, before, limit, wanted)
        })
    }

    /// The moment at which a walk of bounded length ends; nothing when it would reach the oldest.
    fn end_of_entries_walk(
        &self,
        filter: &EntryFilter,
        position: Option<Position>,
    ) -> Result<Option<i64>, StorageError> {
        let (at, id) = keyset(position);
        let (list, kind) = (filter.list.map(List::as_str), filter.kind.map(Kind::code));
        let place = params![self.merchant.0, list, at, id];
        let end = |sql: &'static str, more: &[Value<'_>]| {
            self.connection.query_optional(sql, &[place, more].concat(), |row| row.get(0))
        };
        match filter {
            EntryFilter { identifier: Some(_), .. } => Ok(None),
            EntryFilter { active: Some(false), .. } => end(WALK_END_WINDOWED, &[]),
            EntryFilter { kind: Some(_), .. } => end(WALK_END_OF_KIND, params![kind]),
            EntryFilter { .. } => end(WALK_END, &[]),
        }
    }

    fn numbered_entries(
        &self,
        filter: &EntryFilter,
        rows: NumberedRows,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let more = params![rows.limit, rows.offset];
        if let (true, Some(list), Some(kind)) = (filter.is_by_kind(), filter.list, filter.kind) {
            let sql = if rows.ascending { WHOLE_PAGE_OLDEST } else { WHOLE_PAGE_NEWEST };
            let (list, kind) = (list.as_str(), kind.code());
            let parameters = params![self.merchant.0, list, kind, rows.limit, rows.offset];
            return self.connection.query(sql, parameters, read);
        }
        let sql = match (filter.identifier.is_some(), rows.ascending) {
            (false, false) => PAGE_NEWEST,
            (false, true) => PAGE_OLDEST,
            (true, false) => PAGE_NEWEST_OF_IDENTIFIER,
            (true, true) => PAGE_OLDEST_OF_IDENTIFIER,
        };
        self.with_entry_filter(filter, |filters| self.connection.query(sql, &[filters, more].concat(), read))
    }
}
