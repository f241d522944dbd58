//! The words of Interdict, pure: identifiers and their normalisation, customers, restrictions,
//! entries, windows, changes, payments, subscriptions, people who sign in.
//!
//! Deliberately not here: async, I/O, SQL, HTTP, and any reading of the time or of randomness. Both
//! are passed in ([`clock`]).

#[macro_use]
mod newtype;

pub mod actor;
pub mod change;
pub mod chargeback;
pub mod checkout;
pub mod clock;
pub mod credential;
pub mod customer;
pub mod date_of_birth;
pub mod decision_origin;
pub mod entry;
pub mod identifier;
pub mod ids;
pub mod import;
mod ksuid;
pub mod limits;
pub mod merchant;
pub mod mode;
pub mod money;
pub mod pan;
pub mod password;
pub mod payment;
pub mod person;
pub mod proposal;
pub mod provider_list;
pub mod role;
pub mod scopes;
pub mod settings;
pub mod subscription;
pub mod text;
pub mod user;
pub mod window;
