//! A customer's id in a body. What passes for an id but is none of ours names nobody: 404, as in a path.

use interdict_domain::ids::{CustomerId, IdError};

use crate::json::{Fields, Sent};

/// Whom an id in a body names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedCustomer {
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
            Self::Nobody => None,
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
pub(crate) fn read(fields: &mut Fields, name: &'static str) -> Sent<NamedCustomer> {
    fields.parse(name, parse)
}
