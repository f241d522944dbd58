//! Pages of a list, by keyset: after the last row of the page before. The place and the order stand in the
//! address.

use http::HeaderMap;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;

use crate::form::Form;
use crate::of;

/// Rows of a page.
pub(crate) const PAGE_ROWS: i64 = 50;

/// Whether the rows alone are wanted: somebody searches as one types.
pub(crate) fn wants_rows_alone(headers: &HeaderMap) -> bool {
    headers.get("hx-target").is_some_and(|target| target == "rows")
}

/// The order by the time at which something was added, and the way to the other one.
pub(crate) struct Order {
    pub(crate) is_oldest_first: bool,
    /// Where the list is the other way round; nothing where it has one order only.
    pub(crate) turn: Option<String>,
}

impl Order {
    /// What the address says. A search has the newest first: it looks there first.
    pub(crate) fn of(query: &Form, can_turn: bool) -> Self {
        let can_turn = can_turn && query.text("query").is_none();
        let is_oldest_first = can_turn && query.text("sort") == Some("oldest");
        let other = if is_oldest_first { "newest" } else { "oldest" };
        Self { is_oldest_first, turn: can_turn.then(|| query.with("sort", other)) }
    }

    /// As `aria-sort` says it.
    pub(crate) fn aria(&self) -> &'static str {
        if self.is_oldest_first { "ascending" } else { "descending" }
    }

    /// What the link to the other order does.
    pub(crate) fn label(&self) -> String {
        of("sort-", if self.is_oldest_first { "newest" } else { "oldest" })
    }
}

/// Where the address says that the page begins; the first page where it says nothing of sense.
pub(crate) fn position(query: &Form) -> Option<(Timestamp, Ksuid)> {
    let (at, id) = query.text("after")?.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), Ksuid::from_bytes(hex::FromHex::from_hex(id).ok()?)))
}

/// Takes away the one row more that was read, and says where the next page is if there was one.
pub(crate) fn one_more<T>(
    mut rows: Vec<T>,
    place: impl Fn(&T) -> (Timestamp, Ksuid),
    query: &Form,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more).map(|row| {
        let (at, id) = place(row);
        query.with("after", &format!("{}.{}", at.micros(), hex::encode(id.bytes())))
    });
    (rows, last)
}
