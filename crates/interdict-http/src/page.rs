//! Pages and queries: Duro's cursors in `/v1`, Odus's page numbers on its paths.
//!
//! Deliberately not here: which filters a route has, and the reading of rows.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Detail;

/// Duro: items of a page unless the query says otherwise.
pub const LIMIT_DEFAULT: usize = 20;
/// Duro: the most items of a page.
pub const LIMIT_MAX: usize = 100;
/// Odus: items of a page unless the query says otherwise.
pub const PAGE_SIZE_DEFAULT: usize = 10;
/// Odus: the most items of a page.
pub const PAGE_SIZE_MAX: usize = 100;
/// The longest part of a text that is searched for: the longest text is a reason.
const PART_CHARS_MAX: usize = 1000;
/// More than any id of ours.
const CURSOR_ID_CHARS_MAX: usize = 64;

/// The parameters of a query, percent-decoded, in order. The readers take what they know;
/// [`Query::finish`] reports the rest.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String, bool)>,
    problems: Vec<Detail>,
}

impl Query {
    /// Of a URI's query, which may be missing.
    pub fn new(query: Option<&str>) -> Self {
        let parsed = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let pairs = parsed.map(|(name, value)| (name.into_owned(), value.into_owned(), false)).collect();
        Self { pairs, problems: Vec::new() }
    }

    /// The value of a parameter; the first where it is there twice.
    pub fn get(&mut self, name: &str) -> Option<&str> {
        let mut found = None;
        for (other, value, asked) in &mut self.pairs {
            if other == name {
                *asked = true;
                found = found.or(Some(value.as_str()));
            }
        }
        found
    }

    /// The value of a parameter, checked; a bad one is a problem. The error's Display is the issue.
    pub fn parse<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = parse(self.get(name)?);
        match parsed {
            Ok(value) => Some(value),
            Err(issue) => {
                self.problems.push(Detail::new(name, issue.to_string()));
                None
            }
        }
    }

    /// One of some words.
    pub fn word<T: Clone>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        self.parse(name, |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone()).ok_or_else(|| {
                let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("must be one of: {}", allowed.join(", "))
            })
        })
    }

    /// `true` or `false`, in any case.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.parse(name, |text| flag_of(text).ok_or("must be true or false"))
    }

    /// A whole number within a range.
    pub fn integer(&mut self, name: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        self.parse(name, |text| {
            text.parse()
                .ok()
                .filter(|value| range.contains(value))
                .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// `query`, a part of some text; nothing when it is empty. SQLite would fail on a very long pattern,
    /// and would read one no further than a NUL.
    pub fn part(&mut self) -> Option<String> {
        let part = self.parse("query", |text| {
            if text.contains(char::is_control) {
                return Err("must not hold control characters".to_owned());
            }
            if text.chars().nth(PART_CHARS_MAX).is_some() {
                return Err(format!("must be at most {PART_CHARS_MAX} characters long"));
            }
            Ok(text.to_owned())
        });
        part.filter(|part| !part.is_empty())
    }

    /// Notes a problem with a parameter, for rules that the readers do not know.
    pub fn problem(&mut self, name: &str, issue: &str) {
        self.problems.push(Detail::new(name, issue));
    }

    /// Odus's filter `name[eq]=value`.
    pub fn filter_eq(&mut self, name: &str) -> Option<&str> {
        self.get(&format!("{name}[eq]"))
    }

    /// The end, where undocumented parameters are problems, as they are in `/v1`.
    pub fn finish(mut self) -> Result<(), Vec<Detail>> {
        for (name, _, asked) in &self.pairs {
            if !asked {
                let path = crate::json::Path::root().to_unknown(name);
                self.problems.push(Detail::new(path, "is not a documented parameter"));
            }
        }
        self.finish_lenient()
    }

    /// The end, where undocumented parameters are ignored, as on Odus's paths.
    pub fn finish_lenient(self) -> Result<(), Vec<Detail>> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }
}

/// A flag in a query, in any case: some languages write theirs as `True`.
pub(crate) fn flag_of(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

/// Where the next page begins: after this row, newest first. Clients must not look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the last row of the page was created.
    pub created_at: Timestamp,
    /// The last row's id.
    pub id: String,
}

/// A text that is no cursor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a nextCursor of an earlier answer")]
pub struct CursorError;

impl Cursor {
    /// base64url of the time in microseconds and the id.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.created_at.micros(), self.id))
    }

    /// Back from [`Cursor::encode`]; anything else is refused.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let plain = String::from_utf8(bytes).map_err(|_| CursorError)?;
        let (micros, id) = plain.split_once('.').ok_or(CursorError)?;
        let micros: i64 = micros.parse().map_err(|_| CursorError)?;
        let is_id = !id.is_empty()
            && id.len() <= CURSOR_ID_CHARS_MAX
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let cursor = Self { created_at: Timestamp::from_micros(micros), id: id.to_owned() };
        // What would be written otherwise was not written by us.
        if is_id && cursor.encode() == text { Ok(cursor) } else { Err(CursorError) }
    }

    /// The time and the id of a cursor, whose id must be one of the list that is asked for.
    pub fn position<Id: FromStr>(text: &str) -> Result<(Timestamp, Id), CursorError> {
        let cursor = Self::decode(text)?;
        let id = cursor.id.parse().map_err(|_| CursorError)?;
        Ok((cursor.created_at, id))
    }
}

/// What a client of `/v1` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorPage<Id> {
    /// 1 to 100.
    pub limit: usize,
    /// The time and the id of the last row of the page before; nothing for the first page.
    pub position: Option<(Timestamp, Id)>,
}

impl<Id: FromStr> CursorPage<Id> {
    /// Takes `limit` and `cursor`; bad values are problems.
    pub fn read(query: &mut Query) -> Self {
        let issue = || format!("must be a whole number from 1 to {LIMIT_MAX}");
        let limit = query.parse("limit", |text| {
            text.parse::<usize>().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(issue)
        });
        let position = query.parse("cursor", Cursor::position);
        Self { limit: limit.unwrap_or(LIMIT_DEFAULT), position }
    }
}

/// What is read for a page: the place behind which it begins, and how many rows. One more than are shown only tells that
/// there is more.
pub(crate) type Behind = (Option<(Timestamp, Ksuid)>, i64);

impl<Id: Into<Ksuid>> CursorPage<Id> {
    pub(crate) fn behind(self) -> Behind {
        let position = self.position.map(|(at, id)| (at, id.into()));
        (position, i64::try_from(self.limit + 1).unwrap_or(i64::MAX))
    }
}

/// A page of `/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Items<T> {
    /// Newest first, unless the list says otherwise.
    pub items: Vec<T>,
    /// For the next page's `cursor`; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> Items<T> {
    /// From one row more than `limit`, where there are as many: that one only tells that there is more.
    pub fn from_one_more(mut rows: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| has_more).map(|row| cursor(row).encode());
        Self { items: rows, next_cursor, has_more }
    }

    /// The same page with other items: the rows as the client sees them.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Items<U> {
        Items {
            items: self.items.into_iter().map(change).collect(),
            next_cursor: self.next_cursor,
            has_more: self.has_more,
        }
    }
}

/// Odus's order by `createdAt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortDirection {
    /// Oldest first: Odus's default.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// What a client of Odus's paths asks for. Bad values fall back silently (Odus, Conventions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedPage {
    /// From 1.
    pub page: usize,
    /// 1 to 100.
    pub page_size: usize,
    /// Of `createdAt`.
    pub sort_direction: SortDirection,
}

impl NumberedPage {
    /// Takes `page`, `pageSize`, `sortBy` and `sortDirection`.
    pub fn read(query: &mut Query) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
        let page = number(query.get("page")).unwrap_or(1);
        let page_size =
            number(query.get("pageSize")).map_or(PAGE_SIZE_DEFAULT, |size| size.min(PAGE_SIZE_MAX));
        let sort_direction = match query.get("sortDirection") {
            Some(text) if text.eq_ignore_ascii_case("desc") => SortDirection::Descending,
            _ => SortDirection::Ascending,
        };
        query.get("sortBy");
        Self { page, page_size, sort_direction }
    }

    /// Rows before this page.
    pub fn offset(&self) -> usize {
        (self.page - 1).saturating_mul(self.page_size)
    }

    /// The answer, from the rows of this page and the number of all rows.
    pub fn answer<T>(&self, data: Vec<T>, item_count: usize) -> Numbered<T> {
        let page_count = item_count.div_ceil(self.page_size);
        let pagination = Pagination {
            has_next_page: self.page < page_count,
            has_previous_page: self.page > 1,
            item_count,
            page: self.page,
            page_count,
            page_size: self.page_size,
        };
        Numbered { data, pagination }
    }
}

/// A page of Odus's paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Numbered<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Where they are.
    pub pagination: Pagination,
}

/// Odus, Conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// Whether there is a next page.
    pub has_next_page: bool,
    /// Whether there is a previous page.
    pub has_previous_page: bool,
    /// Of all pages.
    pub item_count: usize,
    /// From 1.
    pub page: usize,
    /// 0 where there are no items.
    pub page_count: usize,
    /// Items of a full page.
    pub page_size: usize,
}

#[cfg(test)]
mod tests;
