//! The pages, one file each: what it reads, what it shows, what its forms do.

pub(crate) mod customer;
pub(crate) mod customers;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod lists;
pub(crate) mod paging;
pub(crate) mod sign_in;
pub(crate) mod undo;
