//! Stripe's events, as far as they concern who may pay: disputes and early fraud warnings.
//!
//! Events come twice and out of order: each carries its id, and when it was made, in whole seconds. A
//! charge may hold several disputes, an inquiry may become a dispute, and a dispute may be won: the
//! status counts, not the name of the event. Deliberately not here: what follows for a customer.

use serde::Deserialize;
use serde_json::value::RawValue;

use interdict_domain::clock::Timestamp;
use interdict_domain::money::Money;

use super::amount::from_stripe;
use super::answer::Expandable;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeEvent {
    /// Its id, `evt_…`: the same when it is sent again.
    pub id: String,
    /// When Stripe made it, to the second.
    pub created: Timestamp,
    /// Whether it tells of real money.
    pub live_mode: bool,
    /// What it tells.
    pub kind: StripeEventKind,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StripeEventKind {
    /// A dispute, or an inquiry, as it stood when the event was made.
    Dispute(DisputeStep, Dispute),
    /// The issuer holds a charge for fraud, before anybody disputes it.
    EarlyFraudWarning(EarlyFraudWarning),
    /// Another type, which is none of our business.
    Ignored(String),
}

/// Which of the three events of a dispute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStep {
    /// `charge.dispute.created`: for an inquiry as well.
    Created,
    /// `charge.dispute.updated`: so an inquiry becomes a dispute.
    Updated,
    /// `charge.dispute.closed`: the status says how.
    Closed,
}

impl DisputeStep {
    /// The event's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "charge.dispute.created",
            Self::Updated => "charge.dispute.updated",
            Self::Closed => "charge.dispute.closed",
        }
    }
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id, `du_…` or `dp_…`.
    pub id: String,
    /// The charge, `ch_…`.
    pub charge: String,
    /// The intent, `pi_…`, which is a payment's gateway reference; old charges have none.
    pub payment_intent: Option<String>,
    /// How much is disputed: often the charge, but not always. Nothing when it is no amount, or in no
    /// currency, that we have.
    pub money: Option<Money>,
    /// What the cardholder says.
    pub reason: DisputeReason,
    /// Where it stands.
    pub status: DisputeStatus,
}

impl Dispute {
    /// Whether the issuer only asks: no money was taken back, and perhaps never is.
    pub const fn is_inquiry(&self) -> bool {
        matches!(self.status, DisputeStatus::Inquiry | DisputeStatus::InquiryClosed)
    }

    /// Whether it is held against the customer by itself: a strong reason, more than an inquiry, and
    /// neither won nor prevented.
    pub const fn is_strong(&self) -> bool {
        self.reason.is_strong() && matches!(self.status, DisputeStatus::Open | DisputeStatus::Lost)
    }
}

/// Defines an enum over Stripe's words; one that Stripe adds later is kept as it is.
macro_rules! stripe_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal $(| $more:literal)*,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that Stripe has added since.
            Other(String),
        }

        impl $name {
            fn of(word: String) -> Self {
                match word.as_str() {
                    $($word $(| $more)* => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }

            /// Stripe's word, the first where there are several.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }
    };
}

stripe_words!(
    /// Where a dispute stands.
    DisputeStatus {
        /// The issuer asks, and waits or reads our answer.
        Inquiry = "warning_needs_response" | "warning_under_review",
        /// The issuer asked, and it came to nothing.
        InquiryClosed = "warning_closed",
        /// The money was taken back, and the matter is open.
        Open = "needs_response" | "under_review",
        /// The money came again.
        Won = "won",
        /// The money is gone.
        Lost = "lost",
        /// It was settled before it became a dispute.
        Prevented = "prevented",
    }
);

stripe_words!(
    /// What the cardholder, or the bank, says (docs.stripe.com, "Dispute reason code categories").
    DisputeReason {
        /// The cardholder did not make the payment. Stolen, lost and counterfeit cards come as this one.
        Fraudulent = "fraudulent",
        /// The cardholder does not know the payment: often a forgotten purchase.
        Unrecognized = "unrecognized",
        /// The same was charged twice.
        Duplicate = "duplicate",
        /// What was bought did not come.
        ProductNotReceived = "product_not_received",
        /// What came was not what was bought.
        ProductUnacceptable = "product_unacceptable",
        /// It was charged on after the subscription's end.
        SubscriptionCanceled = "subscription_canceled",
        /// A refund was promised and did not come.
        CreditNotProcessed = "credit_not_processed",
        /// No category.
        General = "general",
        /// The customer asked the bank (debits).
        CustomerInitiated = "customer_initiated",
        /// The bank misses a mandate (debits): as often a form as a fraud.
        DebitNotAuthorized = "debit_not_authorized",
        /// The bank could not go on (debits).
        BankCannotProcess = "bank_cannot_process",
        /// A cheque was returned.
        CheckReturned = "check_returned",
        /// The account's details are wrong (debits).
        IncorrectAccountDetails = "incorrect_account_details",
        /// The account is empty (debits).
        InsufficientFunds = "insufficient_funds",
        /// The network's rules were broken.
        Noncompliant = "noncompliant",
    }
);

impl DisputeReason {
    /// Whether it speaks of fraud. Only `fraudulent` does: the others are quarrels about a purchase
    /// that somebody made, or faults of form.
    pub const fn is_strong(&self) -> bool {
        matches!(self, Self::Fraudulent)
    }
}

/// The issuer's report of fraud. Most of them become disputes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyFraudWarning {
    /// Its id, `issfr_…`.
    pub id: String,
    /// The charge, `ch_…`.
    pub charge: String,
    /// The intent, `pi_…`, which is a payment's gateway reference.
    pub payment_intent: Option<String>,
    /// What kind of fraud.
    pub fraud_type: FraudType,
    /// Whether a refund still helps: there is no dispute yet, and not all was given back.
    pub actionable: bool,
}

stripe_words!(
    /// The kind of fraud that an issuer reports.
    FraudType {
        /// The card was stolen on its way to the customer.
        CardNeverReceived = "card_never_received",
        /// The card was applied for under another's name.
        FraudulentCardApplication = "fraudulent_card_application",
        /// The card was counterfeit.
        MadeWithCounterfeitCard = "made_with_counterfeit_card",
        /// The card was lost.
        MadeWithLostCard = "made_with_lost_card",
        /// The card was stolen.
        MadeWithStolenCard = "made_with_stolen_card",
        /// Somebody else used the card.
        UnauthorizedUseOfCard = "unauthorized_use_of_card",
        /// The issuer does not say.
        Misc = "misc",
    }
);

impl FraudType {
    /// Whether the issuer names a fraud, and not only suspects one.
    pub const fn is_strong(&self) -> bool {
        !matches!(self, Self::Misc | Self::Other(_))
    }
}

/// The envelope of each event. The object inside is read once its type is known.
#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    created: i64,
    livemode: bool,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct DisputeObject {
    id: String,
    charge: Expandable,
    payment_intent: Option<Expandable>,
    amount: i64,
    currency: String,
    reason: String,
    status: String,
}

#[derive(Deserialize)]
struct WarningObject {
    id: String,
    charge: Expandable,
    payment_intent: Option<Expandable>,
    fraud_type: String,
    actionable: bool,
}

/// Reads an event whose signature was found good; nothing when it is none.
pub(super) fn parse(body: &[u8]) -> Option<StripeEvent> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let object = envelope.data.object.get();
    let kind = match envelope.kind.as_str() {
        "charge.dispute.created" => dispute(DisputeStep::Created, object)?,
        "charge.dispute.updated" => dispute(DisputeStep::Updated, object)?,
        "charge.dispute.closed" => dispute(DisputeStep::Closed, object)?,
        "radar.early_fraud_warning.created" => warning(object)?,
        _ => StripeEventKind::Ignored(envelope.kind),
    };
    let created = Timestamp::from_micros(0).plus_seconds(envelope.created);
    Some(StripeEvent { id: envelope.id, created, live_mode: envelope.livemode, kind })
}

fn dispute(step: DisputeStep, object: &str) -> Option<StripeEventKind> {
    let object: DisputeObject = serde_json::from_str(object).ok()?;
    let dispute = Dispute {
        id: object.id,
        charge: object.charge.into_id(),
        payment_intent: object.payment_intent.map(Expandable::into_id),
        money: from_stripe(object.amount, &object.currency),
        reason: DisputeReason::of(object.reason),
        status: DisputeStatus::of(object.status),
    };
    Some(StripeEventKind::Dispute(step, dispute))
}

fn warning(object: &str) -> Option<StripeEventKind> {
    let object: WarningObject = serde_json::from_str(object).ok()?;
    Some(StripeEventKind::EarlyFraudWarning(EarlyFraudWarning {
        id: object.id,
        charge: object.charge.into_id(),
        payment_intent: object.payment_intent.map(Expandable::into_id),
        fraud_type: FraudType::of(object.fraud_type),
        actionable: object.actionable,
    }))
}
