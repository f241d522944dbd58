//! Odus's paths (docs.odus.com): customers, restrictions, the email blacklist, payments. One file a
//! resource.

pub(crate) mod blacklist;
pub(crate) mod customers;
pub(crate) mod payments;
pub(crate) mod record_chargeback;
