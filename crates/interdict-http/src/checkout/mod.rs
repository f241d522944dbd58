//! What a payer calls, without a key: the token of a session is the credential. As JSON for the
//! merchant's own page ([`api`]), and as a page of ours ([`page`]).

pub(crate) mod api;
pub(crate) mod document;
pub(crate) mod opened;
pub(crate) mod page;
pub(crate) mod returned;
pub(crate) mod step;
