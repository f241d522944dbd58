//! Entries as NDJSON: an object a line, with the fields of `POST /v1/entries`.
//!
//! Deliberately not here: what a row may say ([`crate::import_row`]).

use std::fmt;
use std::io::{BufRead, Write};

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::limits::Limits;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::import_row::{
    BadRow, CURRENCY, EXPIRES_AT, FileError, KIND, LAPSES_ON_CHARGEBACK, MATCHING, MAX_AMOUNT,
    PUBLIC_MESSAGE, Problem, REASON, REASON_CODE, ROW_BYTES_MAX, RawRow, ReadRow, RowDefaults, SCOPES,
    STARTS_AT, STRENGTH, VALUE,
};
use crate::list_entry::NewEntry;

const LIST: &str = "list";
const LIMITS: &str = "limits";
const FIELDS: [&str; 12] = [
    LIST,
    KIND,
    VALUE,
    REASON,
    REASON_CODE,
    PUBLIC_MESSAGE,
    SCOPES,
    STRENGTH,
    STARTS_AT,
    EXPIRES_AT,
    MATCHING,
    LIMITS,
];

/// The rows of an NDJSON file.
pub struct NdjsonRows<R: BufRead> {
    file: R,
    defaults: RowDefaults,
    line: i64,
    text: Vec<u8>,
}

impl<R: BufRead> NdjsonRows<R> {
    pub(crate) fn open(file: R, defaults: RowDefaults) -> Self {
        Self { file, defaults, line: 0, text: Vec::new() }
    }

    /// The next row; lines without one are passed over.
    pub(crate) fn next_row(&mut self) -> Result<Option<ReadRow>, FileError> {
        loop {
            self.text.clear();
            let limit = ROW_BYTES_MAX as u64 + 1;
            let read = std::io::Read::take(&mut self.file, limit).read_until(b'\n', &mut self.text);
            if read.map_err(FileError::Io)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.text.len() > ROW_BYTES_MAX && !self.text.ends_with(b"\n") {
                return Err(FileError::RowTooLong { line: self.line });
            }
            let text = self.row();
            if text.is_empty() {
                continue;
            }
            let row = read_line(text, self.defaults).map_err(|(column, reason)| BadRow {
                line: self.line,
                column: column.to_owned(),
                reason,
                row: self.as_it_came(),
            });
            return Ok(Some((self.line, row)));
        }
    }

    fn row(&self) -> &[u8] {
        let text = self.text.trim_ascii();
        if self.line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text }
    }

    /// The row that was read last.
    pub(crate) fn as_it_came(&self) -> String {
        String::from_utf8_lossy(self.row()).into_owned()
    }
}

/// An object's members, each as often as it is there.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn read_line(text: &[u8], defaults: RowDefaults) -> Result<NewEntry, Problem> {
    let text = std::str::from_utf8(text).map_err(|_| ("", "must be UTF-8".to_owned()))?;
    let members: Members =
        serde_json::from_str(text).map_err(|_| ("", "must be one JSON object on one line".to_owned()))?;
    let mut found: Vec<(&'static str, Value)> = Vec::with_capacity(members.0.len());
    for (name, value) in members.0 {
        let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
            return Err(("", format!("has a field that is none of: {}", FIELDS.join(", "))));
        };
        if found.iter().any(|(other, _)| *other == field) {
            return Err((field, "is there more than once".to_owned()));
        }
        found.push((field, value));
    }
    let scopes = scopes_of(&found)?;
    let limits = limits_of(&found)?;
    let text = |name: &'static str| text_of(&found, name);
    if let Some(list) = text(LIST)?
        && List::parse(list) != Some(defaults.list)
    {
        return Err((LIST, format!("must be {}, as the import's", defaults.list.as_str())));
    }
    let raw = RawRow {
        value: text(VALUE)?.map(|value| (VALUE, value)),
        kind: text(KIND)?,
        reason: text(REASON)?,
        reason_code: text(REASON_CODE)?,
        public_message: text(PUBLIC_MESSAGE)?,
        scopes: scopes.as_deref(),
        strength: text(STRENGTH)?,
        starts_at: text(STARTS_AT)?,
        expires_at: text(EXPIRES_AT)?,
        matching: text(MATCHING)?,
        max_amount: limits.max_amount.as_deref(),
        currency: limits.currency.as_deref(),
        lapses_on_chargeback: limits.lapses_on_chargeback,
    };
    raw.read(defaults)
}

fn text_of<'v>(found: &'v [(&'static str, Value)], name: &'static str) -> Result<Option<&'v str>, Problem> {
    match found.iter().find(|(other, _)| *other == name).map(|(_, value)| value) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err((name, "must be a text".to_owned())),
    }
}

fn scopes_of(found: &[(&'static str, Value)]) -> Result<Option<String>, Problem> {
    let wrong = || (SCOPES, "must be an array of cit, mit, or both of them".to_owned());
    match found.iter().find(|(name, _)| *name == SCOPES).map(|(_, value)| value) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(names)) => {
            let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            Ok(Some(names.ok_or_else(wrong)?.join(" ")))
        }
        Some(_) => Err(wrong()),
    }
}

/// What `limits` says, as texts.
#[derive(Default)]
struct SaidLimits {
    max_amount: Option<String>,
    currency: Option<String>,
    lapses_on_chargeback: Option<&'static str>,
}

fn limits_of(found: &[(&'static str, Value)]) -> Result<SaidLimits, Problem> {
    let object = match found.iter().find(|(name, _)| *name == LIMITS).map(|(_, value)| value) {
        None | Some(Value::Null) => return Ok(SaidLimits::default()),
        Some(value) => value.as_object(),
    };
    let wrong = || (LIMITS, format!("must be an object of {MAX_AMOUNT}, {CURRENCY}, {LAPSES_ON_CHARGEBACK}"));
    let mut said = SaidLimits::default();
    for (name, value) in object.ok_or_else(wrong)?.iter().filter(|(_, value)| !value.is_null()) {
        match (name.as_str(), value) {
            (MAX_AMOUNT, Value::Number(amount)) => said.max_amount = Some(amount.to_string()),
            (CURRENCY, Value::String(currency)) => said.currency = Some(currency.clone()),
            (LAPSES_ON_CHARGEBACK, Value::Bool(flag)) => {
                said.lapses_on_chargeback = Some(if *flag { "true" } else { "false" });
            }
            _ => return Err(wrong()),
        }
    }
    Ok(said)
}

/// An entry as a line has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    list: List,
    kind: Kind,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<ReasonCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_message: Option<&'a PublicMessage>,
    scopes: Scopes,
    strength: Strength,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<EmailMatching>,
    #[serde(skip_serializing_if = "Limits::is_none")]
    limits: Limits,
}

/// Writes an entry as a line. One of somebody who was erased has no value, and is left out.
pub(crate) fn write(file: &mut impl Write, entry: &Entry) -> std::io::Result<()> {
    let Some(value) = &entry.value else { return Ok(()) };
    let line = Line {
        list: entry.list(),
        kind: entry.kind,
        value,
        reason: entry.reason.as_ref(),
        reason_code: entry.reason_code,
        public_message: entry.public_message.as_ref(),
        scopes: entry.scopes,
        strength: entry.strength,
        starts_at: entry.window.from(),
        expires_at: entry.window.until(),
        matching: Some(entry.matching).filter(|matching| *matching != EmailMatching::Exact),
        limits: entry.limits,
    };
    serde_json::to_writer(&mut *file, &line)?;
    file.write_all(b"\n")
}
