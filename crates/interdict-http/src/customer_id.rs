//! A customer's id in a body. What passes for an id but is none of ours names nobody: 404, as in a path.

use interdict_domain::ids::{CustomerId, IdError};

use crate::json::{Fields, Sent};

/// Whom an id in a body names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedCustomer {
    /// None is sent, or what is sent is a problem that the fields know.
    Unsaid,
    /// Somebody, perhaps.
    Id(CustomerId),
    /// Nobody can have it.
    Nobody,
}

impl NamedCustomer {
    /// The id, if it is one.
    pub(crate) const fn id(self) -> Option<CustomerId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Unsaid | Self::Nobody => None,
        }
    }
}

/// Whom a text names; an error when it is no id at all.
pub(crate) fn parse(text: &str) -> Result<NamedCustomer, IdError> {
    match text.parse() {
        Ok(id) => Ok(NamedCustomer::Id(id)),
        Err(_) if text.starts_with(CustomerId::PREFIX) => Ok(NamedCustomer::Nobody),
        Err(error) => Err(error),
    }
}

/// Takes the field out.
pub(crate) fn read(fields: &mut Fields, name: &'static str) -> NamedCustomer {
    match fields.parse(name, parse) {
        Sent::Value(named) => named,
        Sent::Absent | Sent::Null | Sent::Refused => NamedCustomer::Unsaid,
    }
}
