//! Reads the fields of a body (or of a query) by name and collects every problem, so that a client
//! learns all of them from one answer, undocumented fields included.
//!
//! Messages never repeat a value: it may be a secret. Deliberately not here: which fields a route has.

use std::fmt::Display;

use interdict_domain::clock::Timestamp;

use super::{Json, Path, Sent};
use crate::error::Detail;

/// More details than this help nobody, and would let a small body make a large answer.
const MAX_DETAILS: usize = 100;
/// Whole numbers up to here are exact in an f64, so `1.0` and `1e3` can be taken as integers.
const MAX_EXACT_IN_F64: f64 = 9_007_199_254_740_992.0;

/// The issue of a required field that is not there; Idenza lists these apart.
pub(crate) const MISSING: &str = "is required";
const UNDOCUMENTED: &str = "is not a documented field";

#[derive(Debug)]
struct Field {
    name: String,
    value: Json,
    /// A query has texts only: there, texts may stand for flags and integers.
    from_query: bool,
    asked: bool,
}

/// The fields of one object. Each reading method takes the field out, notes what is wrong with it, and
/// marks it as documented; [`Fields::finish`] reports the rest.
#[derive(Debug)]
pub struct Fields {
    members: Vec<Field>,
    path: Path,
    problems: Vec<Detail>,
}

impl Fields {
    /// The fields of a body.
    pub fn new(json: Json) -> Self {
        Self::at(Path::root(), json)
    }

    /// No fields: the body is empty, on a call whose body is optional.
    pub fn empty() -> Self {
        Self { members: Vec::new(), path: Path::root(), problems: Vec::new() }
    }

    /// The fields of a query, percent-decoded.
    pub fn from_query(query: &str) -> Self {
        Self::empty().and_query(query)
    }

    /// The fields of an object somewhere in a body.
    pub fn at(path: Path, json: Json) -> Self {
        let mut fields = Self { members: Vec::new(), path, problems: Vec::new() };
        match json {
            Json::Object(members) => {
                fields.members = members
                    .into_iter()
                    .map(|(name, value)| Field { name, value, from_query: false, asked: false })
                    .collect();
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
                fields.problem_here("must be an object");
            }
        }
        fields
    }

    /// These fields and those of a query: Idenza takes parameters from either. A field in both, or
    /// twice in the query, is a problem.
    #[must_use]
    pub fn and_query(mut self, query: &str) -> Self {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if self.members.iter().any(|field| field.name == name) {
                let path = self.path.to_unknown(&name);
                self.note(path, "is there more than once");
            } else {
                let value = Json::Text(value.into_owned());
                let name = name.into_owned();
                self.members.push(Field { name, value, from_query: true, asked: false });
            }
        }
        self
    }

    /// Where these fields are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Any value, untouched.
    pub fn json(&mut self, name: &'static str) -> Sent<Json> {
        self.read(name, |json, _| Ok::<_, &str>(json))
    }

    /// A text.
    pub fn text(&mut self, name: &'static str) -> Sent<String> {
        self.read(name, |json, _| text_of(json))
    }

    /// A text that a type checks; the error's Display is the issue.
    pub fn parse<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Sent<T> {
        match self.text(name) {
            Sent::Value(text) => match parse(&text) {
                Ok(value) => Sent::Value(value),
                Err(issue) => {
                    self.problem(name, issue);
                    Sent::Refused
                }
            },
            other => other.map_never(),
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Sent<bool> {
        self.read(name, |json, from_query| match json {
            Json::Bool(value) => Ok(value),
            Json::Text(text) if from_query => crate::page::flag_of(&text).ok_or("must be true or false"),
            _ => Err("must be true or false"),
        })
    }

    /// A whole number within a range.
    pub fn integer(&mut self, name: &'static str, range: std::ops::RangeInclusive<i64>) -> Sent<i64> {
        self.read(name, |json, from_query| {
            whole(&json, from_query).filter(|value| range.contains(value)).ok_or_else(|| {
                match (*range.start(), *range.end()) {
                    (i64::MIN, i64::MAX) => "must be a whole number".to_owned(),
                    (least, i64::MAX) => format!("must be a whole number from {least} up"),
                    (least, most) => format!("must be a whole number from {least} to {most}"),
                }
            })
        })
    }

    /// One of some words.
    pub fn word<T: Clone>(&mut self, name: &'static str, words: &[(&str, T)]) -> Sent<T> {
        self.read(name, |json, _| word_of(&json, words))
    }

    /// Some words, each at most once, and at least so many.
    pub fn words<T: Clone + PartialEq>(
        &mut self,
        name: &'static str,
        least: usize,
        words: &[(&str, T)],
    ) -> Sent<Vec<T>> {
        let sent = self.array(name, least..=words.len());
        self.items(name, sent, |json| word_of(&json, words)).map_checked(self, name, |values: &Vec<T>| {
            let twice = values.iter().enumerate().any(|(n, value)| values.iter().take(n).any(|v| v == value));
            if twice { Err("must not repeat a word") } else { Ok(()) }
        })
    }

    /// An RFC 3339 time.
    pub fn time(&mut self, name: &'static str) -> Sent<Timestamp> {
        self.parse(name, str::parse::<Timestamp>)
    }

    /// An array with a number of items within a range; what each holds is not looked at.
    pub fn array(&mut self, name: &'static str, size: std::ops::RangeInclusive<usize>) -> Sent<Vec<Json>> {
        self.read(name, |json, _| match json {
            Json::Array(items) if size.contains(&items.len()) => Ok(items),
            Json::Array(_) => Err(format!("must have from {} to {} items", size.start(), size.end())),
            _ => Err("must be an array".to_owned()),
        })
    }

    /// An array of texts.
    pub fn texts(&mut self, name: &'static str, size: std::ops::RangeInclusive<usize>) -> Sent<Vec<String>> {
        let sent = self.array(name, size);
        self.items(name, sent, text_of)
    }

    /// An array of objects, each a reader of its own that knows its path. They are finished one by one,
    /// so that a batch can answer a bad item in its place; [`Fields::absorb`] takes their problems over
    /// where they spoil the whole body.
    pub fn objects(
        &mut self,
        name: &'static str,
        size: std::ops::RangeInclusive<usize>,
    ) -> Sent<Vec<Fields>> {
        let path = self.path.name(name);
        let at = |(index, json)| Self::at(path.index(index), json);
        self.array(name, size).map(|items| items.into_iter().enumerate().map(at).collect())
    }

    /// An object inside this one, read and finished by the closure.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Fields) -> Result<T, Vec<Detail>>,
    ) -> Sent<T> {
        let path = self.path.name(name);
        match self.json(name) {
            Sent::Value(json) => match read(Self::at(path, json)) {
                Ok(value) => Sent::Value(value),
                Err(details) => {
                    self.absorb(details);
                    Sent::Refused
                }
            },
            other => other.map_never(),
        }
    }

    /// The value of a field that must be there and not `null`.
    pub fn required<T>(&mut self, name: &'static str, sent: Sent<T>) -> Option<T> {
        if matches!(sent, Sent::Absent | Sent::Null) {
            self.problem(name, MISSING);
        }
        sent.value()
    }

    /// The value of a field that may be absent, but not `null`.
    pub fn not_null<T>(&mut self, name: &'static str, sent: Sent<T>) -> Option<T> {
        if matches!(sent, Sent::Null) {
            self.problem(name, "must not be null");
        }
        sent.value()
    }

    /// Notes a problem with a field, for rules that span fields.
    pub fn problem(&mut self, name: &'static str, issue: impl Display) {
        let path = self.path.name(name).to_string();
        self.note(path, issue);
    }

    /// Notes a problem with the object itself.
    pub fn problem_here(&mut self, issue: impl Display) {
        let path = self.path.to_string();
        self.note(path, issue);
    }

    /// Takes over the problems of a part.
    pub fn absorb(&mut self, details: Vec<Detail>) {
        let room = MAX_DETAILS.saturating_sub(self.problems.len());
        self.problems.extend(details.into_iter().take(room));
    }

    /// Whether nothing is wrong so far; undocumented fields are looked for by `finish` only.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// The end: the value, or every problem. `None` is for a value whose required parts are missing;
    /// they have been noted where they were asked for.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Detail>> {
        for field in std::mem::take(&mut self.members) {
            if !field.asked {
                let path = self.path.to_unknown(&field.name);
                self.note(path, UNDOCUMENTED);
            }
        }
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            Some(_) => Err(self.problems),
            None => {
                if self.problems.is_empty() {
                    self.problem_here("lacks a required field");
                }
                Err(self.problems)
            }
        }
    }

    fn note(&mut self, path: String, issue: impl Display) {
        if self.problems.len() < MAX_DETAILS {
            self.problems.push(Detail { path, issue: issue.to_string() });
        }
    }

    /// Takes a field out, marks it as documented, and reads it.
    fn read<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Json, bool) -> Result<T, E>,
    ) -> Sent<T> {
        let Some(field) = self.members.iter_mut().find(|field| field.name == name) else {
            return Sent::Absent;
        };
        field.asked = true;
        if field.value == Json::Null {
            return Sent::Null;
        }
        let from_query = field.from_query;
        match read(std::mem::replace(&mut field.value, Json::Null), from_query) {
            Ok(value) => Sent::Value(value),
            Err(issue) => {
                self.problem(name, issue);
                Sent::Refused
            }
        }
    }

    fn items<T, E: Display>(
        &mut self,
        name: &'static str,
        sent: Sent<Vec<Json>>,
        mut read: impl FnMut(Json) -> Result<T, E>,
    ) -> Sent<Vec<T>> {
        let Sent::Value(items) = sent else {
            return sent.map_never();
        };
        let size = items.len();
        let mut values = Vec::with_capacity(size);
        for (index, json) in items.into_iter().enumerate() {
            match read(json) {
                Ok(value) => values.push(value),
                Err(issue) => self.note(self.path.name(name).index(index).to_string(), issue),
            }
        }
        if values.len() == size { Sent::Value(values) } else { Sent::Refused }
    }
}

fn text_of(json: Json) -> Result<String, &'static str> {
    match json {
        Json::Text(text) => Ok(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Err("must be a text")
        }
    }
}

fn word_of<T: Clone>(json: &Json, words: &[(&str, T)]) -> Result<T, String> {
    if let Json::Text(text) = json
        && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
    {
        return Ok(value.clone());
    }
    let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    Err(format!("must be one of: {}", allowed.join(", ")))
}

fn whole(json: &Json, from_query: bool) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64().or_else(|| {
            let value = number.as_f64().filter(|value| value.fract() == 0.0)?;
            #[allow(clippy::cast_possible_truncation, reason = "whole and exact: checked on these two lines")]
            (value.abs() <= MAX_EXACT_IN_F64).then_some(value as i64)
        }),
        Json::Text(text) if from_query => text.parse().ok(),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
