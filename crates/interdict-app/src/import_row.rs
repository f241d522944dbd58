//! A row of a file of entries, whatever the file's format: what it may say, and what is wrong with one.
//!
//! Each field is read by what reads it in `POST /v1/entries`. Messages never repeat a value.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Identifier, Kind, PhoneRegion};
use interdict_domain::limits::Limits;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;
use interdict_storage::ImportedRow;

use crate::list_entry::{CANNOT_LAPSE, NO_STRENGTH, NewEntry, limits_of, strength_of};
use crate::service::Service;

/// The longest row, in bytes.
pub const ROW_BYTES_MAX: usize = 64 * 1024;
/// The most rows of a file.
pub const ROWS_MAX: i64 = 10_000_000;

/// The fields besides the value, by the names that they have in the API.
pub(crate) const KIND: &str = "kind";
pub(crate) const VALUE: &str = "value";
pub(crate) const REASON: &str = "reason";
pub(crate) const REASON_CODE: &str = "reasonCode";
pub(crate) const PUBLIC_MESSAGE: &str = "publicMessage";
pub(crate) const SCOPES: &str = "scopes";
pub(crate) const STRENGTH: &str = "strength";
pub(crate) const STARTS_AT: &str = "startsAt";
pub(crate) const EXPIRES_AT: &str = "expiresAt";
pub(crate) const MATCHING: &str = "matching";
pub(crate) const MAX_AMOUNT: &str = "maxAmount";
pub(crate) const CURRENCY: &str = "currency";
pub(crate) const LAPSES_ON_CHARGEBACK: &str = "lapsesOnChargeback";

/// What goes without saying in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDefaults {
    /// The list of all its rows.
    pub list: List,
    /// The kind of a value that says none.
    pub kind: Kind,
    /// Where a phone number is dialled that is no international one.
    pub phone_region: Option<PhoneRegion>,
}

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it begins in the file, counted from 1.
    pub line: i64,
    /// Which field is wrong; empty for the row as such.
    pub column: String,
    /// Why, and what would be right. Never repeats a value.
    pub reason: String,
    /// The row as it came, for whoever may read it.
    pub row: String,
}

/// A row that was read, with the line in which it begins.
pub type ReadRow = (i64, Result<NewEntry, BadRow>);

/// Why a file is refused, or cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is in it.
    #[error("the file is empty: its first line must name the columns ({known})")]
    Empty {
        /// The columns that there are.
        known: String,
    },
    /// A column that means nothing here: what it says would be lost in silence.
    #[error(
        "column {number} is not known, or is there twice. The columns are {known}; they are separated by commas, \
         semicolons or tabs, and the text is UTF-8"
    )]
    UnknownColumn {
        /// Which one, from 1.
        number: usize,
        /// Those that there are.
        known: String,
    },
    /// None of the columns has the values.
    #[error("no column has the values: name one \"value\", or by its kind ({kinds})")]
    NoValues {
        /// The kinds that can be listed.
        kinds: String,
    },
    /// Columns for two kinds.
    #[error("two columns have values: a row lists one identifier")]
    TwoValues,
    /// A row without an end.
    #[error("the row that begins in line {line} is longer than 64 KiB: is a closing quotation mark missing?")]
    RowTooLong {
        /// Where it begins.
        line: i64,
    },
    /// The file ends within quotes: its last rows may be none.
    #[error("the quote opened on line {line} is never closed: whatever follows it would be one cell")]
    UnclosedQuote {
        /// Where it stands.
        line: i64,
    },
    /// Too much at once.
    #[error("the file has more than 10,000,000 rows: split it")]
    TooManyRows,
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Io(#[source] std::io::Error),
}

/// Which field is wrong, and why.
pub(crate) type Problem = (&'static str, String);

/// What a row says, as texts. Absent is what is not said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawRow<'a> {
    /// The value, and in which column: its name may be a kind's.
    pub(crate) value: Option<(&'static str, &'a str)>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) reason_code: Option<&'a str>,
    pub(crate) public_message: Option<&'a str>,
    pub(crate) scopes: Option<&'a str>,
    pub(crate) strength: Option<&'a str>,
    pub(crate) starts_at: Option<&'a str>,
    pub(crate) expires_at: Option<&'a str>,
    pub(crate) matching: Option<&'a str>,
    pub(crate) max_amount: Option<&'a str>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) lapses_on_chargeback: Option<&'a str>,
}

/// The kinds that can be listed, for messages.
pub(crate) fn kinds() -> String {
    Kind::ALL.map(Kind::as_str).join(", ")
}

fn one_of(words: &[&str]) -> String {
    format!("must be one of: {}", words.join(", "))
}

fn parse<T, E: std::fmt::Display>(
    column: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Problem> {
    text.map(parse).transpose().map_err(|error| (column, error.to_string()))
}

impl RawRow<'_> {
    /// The entry that it asks for.
    pub(crate) fn read(&self, defaults: RowDefaults) -> Result<NewEntry, Problem> {
        let (column, value) = self.value.ok_or((VALUE, "is required".to_owned()))?;
        let named = Kind::parse(column);
        let said = parse(KIND, self.kind, |text| {
            Kind::parse(text).ok_or_else(|| one_of(&Kind::ALL.map(Kind::as_str)))
        })?;
        if said.is_some() && named.is_some() && said != named {
            return Err((KIND, format!("must be {column}, as the column of the value is named")));
        }
        let kind = said.or(named).unwrap_or(defaults.kind);
        let identifier = Identifier::parse_in(kind, value, || defaults.phone_region)
            .and_then(Identifier::listable)
            .map_err(|error| (column, error.to_string()))?;
        let codes: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
        let strengths = Strength::ALL.map(Strength::as_str);
        let strength =
            parse(STRENGTH, self.strength, |text| Strength::parse(text).ok_or_else(|| one_of(&strengths)))?;
        if strength_of(defaults.list, kind, strength).is_err() {
            return Err((STRENGTH, NO_STRENGTH.to_owned()));
        }
        let matchings: Vec<&str> = EmailMatching::ALL.iter().map(|word| word.as_str()).collect();
        let matching = parse(MATCHING, self.matching, |text| {
            EmailMatching::parse(text).ok_or_else(|| one_of(&matchings))
        })?;
        let new = NewEntry {
            list: defaults.list,
            identifier,
            reason: parse(REASON, self.reason, Reason::parse)?,
            reason_code: parse(REASON_CODE, self.reason_code, |text| {
                ReasonCode::parse(text).ok_or_else(|| one_of(&codes))
            })?,
            public_message: parse(PUBLIC_MESSAGE, self.public_message, PublicMessage::parse)?,
            scopes: parse(SCOPES, self.scopes, |text| {
                Scopes::from_names(text.split_whitespace())
                    .ok_or("must be cit, mit, or both with a space between")
            })?
            .unwrap_or(Scopes::BOTH),
            strength,
            starts_at: parse(STARTS_AT, self.starts_at, str::parse::<Timestamp>)?,
            expires_at: parse(EXPIRES_AT, self.expires_at, str::parse::<Timestamp>)?,
            source: EntrySource::Import,
            // A file says what it means: an address stands for itself.
            matching: Some(matching.unwrap_or_default()),
            limits: self.limits(defaults.list, kind)?,
        };
        match Window::new(new.starts_at, new.expires_at) {
            Ok(_) => Ok(new),
            Err(_) => Err((EXPIRES_AT, "must lie after startsAt".to_owned())),
        }
    }
}

impl RawRow<'_> {
    fn limits(&self, list: List, kind: Kind) -> Result<Limits, Problem> {
        let amount = parse(MAX_AMOUNT, self.max_amount, |text| {
            text.parse::<i64>().map_err(|_| "must be a whole number of minor units")
        })?;
        let currency = parse(CURRENCY, self.currency, Currency::parse)?;
        if amount.is_none() && currency.is_some() {
            return Err((CURRENCY, "says nothing without maxAmount".to_owned()));
        }
        let max_amount = amount.map(|amount| Money::new(amount, currency.unwrap_or(Currency::NGN)));
        let max_amount = max_amount.transpose().map_err(|error| (MAX_AMOUNT, error.to_string()))?;
        let flag = |text: &str| text.parse::<bool>().map_err(|_| "must be true or false");
        let lapses = parse(LAPSES_ON_CHARGEBACK, self.lapses_on_chargeback, flag)?.unwrap_or(false);
        let limits = Limits { max_amount, lapses_on_chargeback: lapses };
        if list == List::Allow && limits_of(list, kind, limits).is_err() {
            return Err((LAPSES_ON_CHARGEBACK, CANNOT_LAPSE.to_owned()));
        }
        if limits_of(list, kind, limits).is_err() {
            let column = if max_amount.is_some() { MAX_AMOUNT } else { LAPSES_ON_CHARGEBACK };
            return Err((column, "is for the allow list: a block has no limits".to_owned()));
        }
        Ok(limits)
    }
}

impl Service {
    /// A row as it is stored.
    pub(crate) fn imported_row(&self, merchant: MerchantNumber, line: i64, new: NewEntry) -> ImportedRow {
        let identifier = new.identifier.matched(new.matching.unwrap_or_default());
        let kind = identifier.kind();
        ImportedRow {
            line,
            kind,
            matching: identifier.matching(),
            key: identifier.key(&self.pepper, merchant),
            value: identifier.value().to_owned(),
            reason: new.reason,
            reason_code: new.reason_code,
            public_message: new.public_message,
            scopes: new.scopes,
            strength: new.strength.unwrap_or_else(|| kind.default_strength()),
            // The row was refused if these two make none.
            window: Window::new(new.starts_at, new.expires_at).unwrap_or_default(),
            limits: new.limits,
            came: None,
            former: self.pepper.former().map(|one| identifier.key(one, merchant)).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
