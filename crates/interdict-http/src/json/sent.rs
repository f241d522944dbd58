//! A field that is absent, `null`, good or bad: four things that a use case must not confuse.
//!
//! Deliberately not here: the reading ([`super::Fields`]).

use std::fmt::Display;

use super::Fields;

/// What a client sent for one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<T> {
    /// The field is not there.
    Absent,
    /// The field is `null`.
    Null,
    /// A good value.
    Value(T),
    /// A bad value: the problem is noted already, and `finish` will report it.
    Refused,
}

impl<T> Sent<T> {
    /// The value, where absent and `null` mean the same.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null | Self::Refused => None,
        }
    }

    /// For updates: `None` keeps what is, `Some(None)` clears it.
    pub fn update(self) -> Option<Option<T>> {
        match self {
            Self::Value(value) => Some(Some(value)),
            Self::Null => Some(None),
            Self::Absent | Self::Refused => None,
        }
    }

    /// Whether the client named the field at all.
    pub fn is_sent(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Another type of value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Sent<U> {
        match self {
            Self::Absent => Sent::Absent,
            Self::Null => Sent::Null,
            Self::Refused => Sent::Refused,
            Self::Value(value) => Sent::Value(change(value)),
        }
    }
}

impl<T> Sent<T> {
    /// The same answer in another type, for what is no value.
    pub(super) fn map_never<U>(self) -> Sent<U> {
        match self {
            Self::Absent => Sent::Absent,
            Self::Null => Sent::Null,
            Self::Refused | Self::Value(_) => Sent::Refused,
        }
    }

    pub(super) fn map_checked<E: Display>(
        self,
        fields: &mut Fields,
        name: &'static str,
        check: impl FnOnce(&T) -> Result<(), E>,
    ) -> Self {
        match self {
            Self::Value(value) => match check(&value) {
                Ok(()) => Self::Value(value),
                Err(issue) => {
                    fields.problem(name, issue);
                    Self::Refused
                }
            },
            other => other,
        }
    }
}
