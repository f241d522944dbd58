//! What answers look like: one file a thing, shared by the dialects that show it alike.

mod change;
mod chargeback;
mod customer;
mod decision;
mod entry;
mod payment;
mod reason;
mod subscription;

pub(crate) use change::{ChangeView, HistoryView};
pub(crate) use chargeback::ChargebackView;
pub(crate) use customer::{CustomerView, OdusCustomerView, PublicCustomerView};
pub(crate) use decision::DecisionView;
pub use decision::decision_as_json;
pub(crate) use entry::{BlacklistEntryView, EntryView};
pub(crate) use payment::{NextActionView, PaymentView};
pub(crate) use reason::ReasonView;
pub(crate) use subscription::{PlanView, SubscriptionView};
