//! Writes that are kept back: in order, in parts that can be undone, and sent as few statements.
//!
//! Rows that many pieces of work put into one table become one statement over arrays. The order between
//! statements on the same table stays; between tables it means nothing, because no table refers to another.

use std::collections::{HashMap, HashSet};

use tokio_postgres::types::Type;

use crate::error::StorageError;
use crate::sql::{Bound, SAVEPOINTS, savepoint};

/// Below it, rows go out one by one.
const SET_MIN: usize = 3;

/// A statement on its way: with one row of parameters, or with many.
#[derive(Debug)]
pub(super) struct Request {
    sql: &'static str,
    rows: Vec<Vec<Bound>>,
}

impl Request {
    pub(super) fn one(sql: &'static str, parameters: Vec<Bound>) -> Self {
        Self { sql, rows: vec![parameters] }
    }

    fn split_if_small(self) -> Vec<Self> {
        if self.rows.len() >= SET_MIN {
            return vec![self];
        }
        self.rows.into_iter().map(|row| Self::one(self.sql, row)).collect()
    }

    pub(super) fn sql(&self) -> &'static str {
        self.sql
    }

    pub(super) fn rows(&self) -> &[Vec<Bound>] {
        &self.rows
    }

    /// The statement's text for many rows: `VALUES ($1, …)` becomes a selection from arrays.
    pub(super) fn set_wise(&self, types: &[Type]) -> String {
        let Some((before, after)) = around_values(self.sql) else { return self.sql.to_owned() };
        let arrays: Vec<String> =
            (1..).zip(types).map(|(number, ty)| format!("${number}::{}[]", ty.name())).collect();
        format!("{before}SELECT * FROM unnest({}){after}", arrays.join(", "))
    }
}

/// A statement's text around its list of values, if it has nothing there but its parameters in order.
fn around_values(sql: &'static str) -> Option<(&'static str, &'static str)> {
    let start = sql.find("VALUES (")?;
    let (before, rest) = sql.split_at_checked(start)?;
    let end = rest.find(')')? + 1;
    let (values, after) = rest.split_at_checked(end)?;
    let list = values.strip_prefix("VALUES (")?.strip_suffix(')')?;
    let in_order = (1..).zip(list.split(',')).all(|(number, item)| item.trim() == format!("${number}"));
    in_order.then_some((before, after))
}

/// What a statement writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) table: &'static str,
    /// Puts rows in place, new ones or over old ones of the same key.
    pub(super) is_insert: bool,
    /// Whether many rows can go at once.
    takes_many: bool,
    /// Which parameters make the key under which an old row is found. It may be there once in a set.
    key: Vec<usize>,
}

impl Write {
    pub(super) fn parse(sql: &'static str) -> Option<Self> {
        let word = |rest: &'static str| rest.split(|c: char| c.is_whitespace() || c == '(').next();
        let sql = sql.trim_start();
        if let Some(rest) = sql.strip_prefix("INSERT INTO ") {
            let columns: Vec<&str> =
                rest.split_once('(')?.1.split_once(')')?.0.split(',').map(str::trim).collect();
            let target = rest.split_once("ON CONFLICT (").and_then(|(_, rest)| rest.split_once(')'));
            let key = target.map_or(Vec::new(), |(names, _)| {
                names.split(',').filter_map(|name| columns.iter().position(|c| *c == name.trim())).collect()
            });
            let takes_many = around_values(sql).is_some();
            return Some(Self { table: word(rest)?, is_insert: true, takes_many, key });
        }
        let rest = sql.strip_prefix("UPDATE ").or_else(|| sql.strip_prefix("DELETE FROM "))?;
        Some(Self { table: word(rest)?, is_insert: false, takes_many: false, key: Vec::new() })
    }
}

/// The table that a statement reads from.
pub(super) fn table_of_read(sql: &'static str) -> Option<&'static str> {
    sql.split_once(" FROM ")?.1.split_whitespace().next()
}

/// A part of the transaction that can be undone by itself.
#[derive(Debug)]
struct Part {
    /// How many writes were kept back when it began.
    start: usize,
    /// Whether the server knows of it: only when something of it was sent before its end.
    is_sent: bool,
}

/// What is kept back.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    writes: Vec<(&'static str, Vec<Bound>)>,
    parts: Vec<Part>,
    /// Texts are parsed once.
    parsed: HashMap<&'static str, Option<Write>>,
}

impl Deferred {
    /// What a statement writes to; nothing for one that writes to no table.
    pub(super) fn parsed(&mut self, sql: &'static str) -> Option<&Write> {
        parse_once(&mut self.parsed, sql)
    }

    /// Drops it.
    pub(super) fn clear(&mut self) {
        self.writes.clear();
        self.parts.clear();
    }

    pub(super) fn push(&mut self, sql: &'static str, parameters: Vec<Bound>) {
        self.writes.push((sql, parameters));
    }

    pub(super) fn begin_part(&mut self, depth: usize) -> Result<(), StorageError> {
        // A piece of work that panicked left its inner parts open: they end with the outer one.
        self.parts.truncate(depth);
        savepoint(depth)?;
        self.parts.push(Part { start: self.writes.len(), is_sent: false });
        Ok(())
    }

    pub(super) fn end_part(&mut self, depth: usize, keep: bool) -> Result<(), StorageError> {
        let [_, undo, end] = savepoint(depth)?;
        self.parts.truncate(depth + 1);
        let part = self.parts.pop().ok_or(StorageError::Corrupt("a part ends that did not begin"))?;
        if !keep {
            self.writes.truncate(part.start);
            if part.is_sent {
                self.push(undo, Vec::new());
            }
        }
        if part.is_sent {
            self.push(end, Vec::new());
        }
        Ok(())
    }

    /// Everything in order, as few requests as can be. When a write follows that is not kept back, it
    /// belongs to the parts that are open, too: the server is told of all of them.
    pub(super) fn take(&mut self, write_follows: bool) -> Vec<Request> {
        let mut requests = Requests::default();
        let mut unknown = self.parts.iter_mut().zip(SAVEPOINTS).filter(|(part, _)| !part.is_sent).peekable();
        for (at, (sql, parameters)) in self.writes.drain(..).enumerate() {
            while let Some((part, [begin, ..])) = unknown.next_if(|(part, _)| part.start <= at) {
                requests.add(begin, None, Vec::new());
                part.is_sent = true;
            }
            requests.add(sql, parse_once(&mut self.parsed, sql), parameters);
        }
        if write_follows {
            for (part, [begin, ..]) in unknown {
                requests.add(begin, None, Vec::new());
                part.is_sent = true;
            }
        }
        for part in &mut self.parts {
            part.start = 0;
        }
        requests.all.into_iter().flat_map(Request::split_if_small).collect()
    }
}

fn parse_once<'p>(
    parsed: &'p mut HashMap<&'static str, Option<Write>>,
    sql: &'static str,
) -> Option<&'p Write> {
    parsed.entry(sql).or_insert_with(|| Write::parse(sql)).as_ref()
}

/// Requests being put together.
#[derive(Default)]
struct Requests {
    all: Vec<Request>,
    /// The newest request on each table, which more rows may join, and the keys that it has.
    newest: HashMap<&'static str, (usize, HashSet<Vec<Bound>>)>,
}

impl Requests {
    fn add(&mut self, sql: &'static str, write: Option<&Write>, parameters: Vec<Bound>) {
        let Some(write) = write else {
            // Nothing moves across what begins and ends a part.
            self.newest.clear();
            return self.all.push(Request::one(sql, parameters));
        };
        let key: Vec<Bound> = write.key.iter().filter_map(|index| parameters.get(*index).cloned()).collect();
        if write.takes_many
            && let Some((at, keys)) = self.newest.get_mut(write.table)
            && let Some(request) = self.all.get_mut(*at).filter(|request| request.sql == sql)
            && (key.is_empty() || keys.insert(key.clone()))
        {
            return request.rows.push(parameters);
        }
        self.newest.insert(write.table, (self.all.len(), HashSet::from([key])));
        self.all.push(Request::one(sql, parameters));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &str = "INSERT INTO entry (id, reason) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET reason = excluded.reason";
    const DELETE: &str = "DELETE FROM entry WHERE id = $1";
    const LOG: &str = "INSERT INTO change (sequence, what) VALUES ($1, $2)";

    fn row(number: i64) -> Vec<Bound> {
        vec![Bound::Integer(number), Bound::Text("x".into())]
    }

    fn shape(requests: &[Request]) -> Vec<(&'static str, usize)> {
        requests.iter().map(|request| (request.sql, request.rows.len())).collect()
    }

    #[test]
    fn rows_for_one_table_go_together_past_those_for_another() {
        let mut deferred = Deferred::default();
        for number in 0..4 {
            deferred.push(PUT, row(number));
            deferred.push(LOG, row(number));
        }
        assert_eq!(shape(&deferred.take(false)), [(PUT, 4), (LOG, 4)]);
        assert!(deferred.take(false).is_empty());
    }

    #[test]
    fn what_comes_between_on_the_same_table_keeps_its_place() {
        let mut deferred = Deferred::default();
        for (sql, number) in [(PUT, 1), (PUT, 2), (PUT, 3), (DELETE, 1), (PUT, 1), (PUT, 4), (PUT, 5)] {
            deferred.push(sql, row(number));
        }
        assert_eq!(shape(&deferred.take(false)), [(PUT, 3), (DELETE, 1), (PUT, 3)]);
    }

    #[test]
    fn one_statement_touches_no_row_twice() {
        let mut deferred = Deferred::default();
        for number in [1, 2, 3, 2, 4, 5] {
            deferred.push(PUT, row(number));
        }
        assert_eq!(shape(&deferred.take(false)), [(PUT, 3), (PUT, 3)]);
    }

    #[test]
    fn a_part_that_is_undone_before_it_was_sent_leaves_no_trace() {
        let mut deferred = Deferred::default();
        deferred.push(LOG, row(1));
        deferred.begin_part(0).unwrap();
        deferred.push(LOG, row(2));
        deferred.end_part(0, false).unwrap();
        assert_eq!(shape(&deferred.take(false)), [(LOG, 1)]);
    }

    #[test]
    fn a_part_of_which_something_was_sent_has_a_savepoint_before_it() {
        let mut deferred = Deferred::default();
        deferred.push(LOG, row(1));
        deferred.begin_part(0).unwrap();
        deferred.begin_part(1).unwrap();
        deferred.push(LOG, row(2));
        let [outer, inner, _] = SAVEPOINTS;
        assert_eq!(shape(&deferred.take(false)), [(LOG, 1), (outer[0], 1), (inner[0], 1), (LOG, 1)]);
        deferred.push(LOG, row(3));
        deferred.end_part(1, false).unwrap();
        deferred.push(LOG, row(4));
        deferred.end_part(0, true).unwrap();
        let rest = shape(&deferred.take(false));
        assert_eq!(rest, [(inner[1], 1), (inner[2], 1), (LOG, 1), (outer[2], 1)]);
    }

    #[test]
    fn a_write_that_is_not_kept_back_belongs_to_the_parts_that_are_open() {
        let mut deferred = Deferred::default();
        deferred.begin_part(0).unwrap();
        assert!(deferred.take(false).is_empty());
        assert_eq!(shape(&deferred.take(true)), [(SAVEPOINTS[0][0], 1)]);
    }

    #[test]
    fn many_rows_come_from_arrays() {
        let request = Request { sql: PUT, rows: vec![row(1), row(2), row(3)] };
        let text = request.set_wise(&[Type::INT8, Type::TEXT]);
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            "INSERT INTO entry (id, reason) SELECT * FROM unnest($1::int8[], $2::text[]) ON CONFLICT (id) DO UPDATE \
             SET reason = excluded.reason"
        );
        let literal = "INSERT INTO meta (name, value) VALUES ('epoch', $1)";
        assert!(!Write::parse(literal).unwrap().takes_many);
    }

    #[test]
    fn every_statement_that_writes_is_known_for_what_it_is() {
        for schema in [crate::Schema::Core, crate::Schema::Mode, crate::Schema::Decisions] {
            for (name, sql) in crate::statements(schema) {
                let writes = ["INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.starts_with(word));
                assert_eq!(Write::parse(sql).is_some(), writes, "{name}");
                if !writes {
                    assert!(table_of_read(sql).is_some(), "{name}");
                }
            }
        }
    }
}
