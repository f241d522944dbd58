//! The pages, one file each: what it reads, what it shows, what its forms do.

pub(crate) mod account;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod customer;
pub(crate) mod customers;
pub(crate) mod decisions;
pub(crate) mod entry;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod imports;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod look_up;
pub(crate) mod overview;
pub(crate) mod paging;
pub(crate) mod payment;
pub(crate) mod payments;
pub(crate) mod persons;
pub(crate) mod reports;
pub(crate) mod settings;
pub(crate) mod sign_in;
#[cfg(feature = "oidc")]
pub(crate) mod sign_in_by_oidc;
pub(crate) mod sources;
pub(crate) mod team;
pub(crate) mod undo;
