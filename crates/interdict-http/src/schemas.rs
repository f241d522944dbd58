//! What the API's document says of requests: bodies, queries, errors. Types for the document only:
//! the handlers read bodies by [`crate::json::Fields`], and a test sends every example here to them.
//!
//! Deliberately not here: answers, which are documented where they are made ([`crate::views`]).

#![allow(dead_code, reason = "nobody reads the fields: the document is made from their types")]

mod answers;
mod chargebacks;
mod checkouts;
mod customers;
mod decisions;
mod entries;
mod errors;
mod idenza;
mod lookup;
mod payments;
mod persons;
mod queries;
mod subscriptions;
mod words;

pub(crate) use answers::{AnyCustomer, AnyOdusCustomer, BatchResult};
pub(crate) use chargebacks::{ChargebackPath, ChargebackRecord};
pub(crate) use checkouts::{CheckoutPay, CheckoutSessionCreate, TokenPath};
pub(crate) use customers::{
    CustomerCreate, CustomerUpdate, IdentifierErase, ListStatusSet, OdusCustomerCreate, OdusCustomerUpdate,
    RestrictionSet,
};
pub(crate) use decisions::{AttemptRequest, DecisionBatchRequest};
pub(crate) use entries::{BlacklistAdd, EntryCreate, EntryUpdate, NoteCreate};
pub(crate) use errors::{Error, IdenzaError};
pub(crate) use idenza::{CustomerAdd, CustomerRemove, ScoreRequest, TokenRequest};
pub(crate) use lookup::{CustomerExport, LookupRequest, ReplayRequest};
pub(crate) use payments::{ClockAdvance, GatewaySet, PaymentAuthorize, PaymentCreate, PaymentReverse};
pub(crate) use persons::{
    HeldBackWord, KeptForWord, PersonBlock, PersonIdentifiersAdd, PersonKindWord, PersonPath,
    PersonPolicyWord, PersonsQuery, SuggestionPath, SuggestionStateWord, SuggestionsQuery,
};
pub(crate) use queries::{
    ChangesQuery, CustomerPath, CustomerStatusQuery, CustomersQuery, DecisionPath, DecisionsQuery,
    EndingQuery, EntriesQuery, EntryPath, ExportQuery, ImportPath, ImportQuery, LimitQuery,
    NeverMatchedQuery, NumberedQuery, PageQuery, PaymentPath, PaymentsQuery, PlanPath, ProposalPath, RefPath,
    SubscriptionPath, WebhookPath,
};
pub(crate) use subscriptions::{
    PlanCreate, PlanUpdate, SettingsUpdate, SubscriptionCancel, SubscriptionCreate,
};
pub(crate) use words::{
    ChargebackSourceWord, CheckoutStatusWord, DecisionCodeWord, DecisionOriginWord, DecisionOutcomeWord,
    DeclineTypeWord, EmailMatchingWord, HoldWord, ImportFormatWord, ImportStateWord, IntervalWord, KindWord,
    ListStatusWord, ListWord, OnBlacklistWord, OnDisputeWord, OnLiftWord, OnOutageWord, OutcomeStatusWord,
    PaymentOriginWord, PaymentStatusWord, ReasonCodeWord, ScopeWord, StrengthWord, SubscriptionStatusWord,
};
