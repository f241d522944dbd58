//! Stripe: payments as PaymentIntents, made first and confirmed later, the webhooks that tell of
//! disputes, and Radar's value lists.
//!
//! What is unknown is asked again, never charged again: the intent's id is kept before it is
//! confirmed, each step has an `Idempotency-Key` of the payment's own, and an intent can be paid only
//! once whatever the keys do.
//!
//! Deliberately not here: anything but cards, Stripe Connect, and what a chargeback does to a
//! customer.

mod amount;
mod answer;
mod connection;
mod decline;
mod event;
mod gateway;
mod intent;
mod options;
mod radar;
mod scrub;
mod webhook;

pub use event::{
    Dispute, DisputeReason, DisputeStatus, DisputeStep, EarlyFraudWarning, FraudType, StripeEvent,
    StripeEventKind,
};
pub use gateway::Stripe;
pub use options::{
    PublishableKey, PublishableKeyError, SecretKey, SecretKeyError, StripeOptions, StripeSetupError,
};
pub use webhook::{WebhookError, WebhookSecret, WebhookSecretError, verify_webhook};
