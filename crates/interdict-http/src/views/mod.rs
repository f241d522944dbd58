//! What answers look like: one file a thing, shared by the dialects that show it alike.

mod change;
mod chargeback;
mod customer;
mod decision;
mod entry;
mod import;
mod payment;
mod person;
mod reason;
mod subscription;
mod text;

pub(crate) use change::{ActorView, ChangeView, HistoryView};
pub(crate) use chargeback::ChargebackView;
pub(crate) use customer::{CustomerView, OdusCustomerView, PublicCustomerView};
pub(crate) use decision::DecisionView;
pub use decision::decision_as_json;
#[cfg(test)]
pub(crate) use decision::tests::decisions as test_decisions;
pub(crate) use decision::write_decision;
pub(crate) use entry::{BlacklistEntryView, EntryView};
pub(crate) use import::{ChangedSinceView, ImportView, PartView, UndoneView};
pub(crate) use payment::{NextActionView, PaymentView};
pub(crate) use person::{AcceptedView, BlockedPersonView, LiftedPersonView, PersonView, SuggestionView};
pub(crate) use reason::{ReasonView, write_reasons};
pub(crate) use subscription::{PlanView, SubscriptionView};
pub(crate) use text::Text;
