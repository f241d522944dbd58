//! The native API: Duro's paths and conventions, grown further. One file a resource.

pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod changes;
pub(crate) mod chargebacks;
pub(crate) mod checkout_sessions;
pub(crate) mod customers;
pub(crate) mod decision_log;
pub(crate) mod decisions;
pub(crate) mod entries;
pub(crate) mod entry_preview;
pub(crate) mod export;
pub(crate) mod gateway;
pub(crate) mod imports;
mod list_page;
pub(crate) mod list_status;
pub(crate) mod oauth;
pub(crate) mod plans;
pub(crate) mod proposals;
pub(crate) mod reports;
pub(crate) mod restrictions;
pub(crate) mod scores;
pub(crate) mod settings;
pub(crate) mod standing;
pub(crate) mod subscriptions;
pub(crate) mod test_clock;
