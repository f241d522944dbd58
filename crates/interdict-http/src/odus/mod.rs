//! Odus's paths (docs.odus.com): customers, restrictions, the email blacklist. One file a resource.

pub(crate) mod blacklist;
pub(crate) mod customers;
