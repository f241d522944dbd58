//! The fixed words of bodies and queries. A test compares them with the domain's.

use serde::Deserialize;
use utoipa::ToSchema;

/// On which list: `block` or `allow`.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = List)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListWord {
    Block,
    Allow,
}

/// A kind of identifier.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Kind)]
#[serde(rename_all = "camelCase")]
pub(crate) enum KindWord {
    Email,
    EmailDomain,
    Phone,
    Ip,
    Device,
    CardFingerprint,
    Bin,
    Iban,
    MerchantRef,
    Country,
}

/// For which addresses an entry of the kind `email` stands: `exact` for the one, `plus_alias` for all that differ in a
/// `+tag` at the end of the local part, `provider` for all that their provider says are one mailbox (tags and, at Gmail
/// only, dots).
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = EmailMatching)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmailMatchingWord {
    Exact,
    PlusAlias,
    Provider,
}

/// How far an import is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = ImportState)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportStateWord {
    Checking,
    Ready,
    Running,
    Done,
    Failed,
    Cancelled,
    Undone,
}

/// How a file of entries is written.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = ImportFormat)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportFormatWord {
    Csv,
    Ndjson,
}

/// Who starts a payment: `customer` (CIT) or `merchant` (MIT: renewals).
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Initiator)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InitiatorWord {
    Customer,
    Merchant,
}

/// An initiator for which something counts.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Scope)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScopeWord {
    Cit,
    Mit,
}

/// `hard` beats every exemption, `soft` yields to them.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Strength)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StrengthWord {
    Hard,
    Soft,
}

/// The one exclusive standing of a customer.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = ListStatus)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListStatusWord {
    Normal,
    Blacklisted,
    Whitelisted,
}

/// Why an entry exists, as one of seven.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = ReasonCode)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonCodeWord {
    PaymentFraud,
    Chargeback,
    Abuse,
    Spam,
    TosViolation,
    FalseInfo,
    Other,
}

/// Where a payment stands.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PaymentStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatusWord {
    Open,
    RequiresAction,
    Succeeded,
    Cancelled,
}

/// What a payment came from.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PaymentOrigin)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentOriginWord {
    Api,
    Checkout,
    SignUp,
    Renewal,
}

/// What a decision was asked for: a call for itself alone, one in a batch, a payment or sign-up, a checkout, a renewal, or
/// a transaction to score.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = DecisionOrigin)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionOriginWord {
    Api,
    Batch,
    Payment,
    Checkout,
    Renewal,
    Score,
}

/// What a decision said.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = DecisionOutcome)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionOutcomeWord {
    Allow,
    Block,
}

/// Why a decision said it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = DecisionCode)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionCodeWord {
    CustomerRestricted,
    CustomerBlacklisted,
    IdentifierBlacklisted,
    CustomerWhitelisted,
    IdentifierWhitelisted,
    Default,
    DegradedBlocked,
}

/// How a transaction ended.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = OutcomeStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeStatusWord {
    Success,
    Partial,
    Failure,
}

/// Whether another try may help.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = DeclineType)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeclineTypeWord {
    SoftDecline,
    HardDecline,
}

/// The unit of a period.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Interval)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntervalWord {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Biannual,
    Year,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = SubscriptionStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubscriptionStatusWord {
    Incomplete,
    Trialing,
    Active,
    PastDue,
    Paused,
    Unpaid,
    Canceled,
    Expired,
}

/// What happens to held renewals when the block is lifted.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = OnLift)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnLiftWord {
    ResumeFromNow,
    CollectArrears,
}

/// What happens to subscriptions when their customer is blacklisted.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = OnBlacklist)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnBlacklistWord {
    Hold,
    Cancel,
}

/// What a dispute does: a report only; a chargeback; or a chargeback that, for strong reasons, blocks.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = OnDispute)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnDisputeWord {
    Report,
    Record,
    Block,
}

/// What becomes of an attempt that the lists do not block while they may be stale: what the lists say; a
/// block `degraded_blocked`; or 503 `index_stale`.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = OnOutage)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnOutageWord {
    Index,
    Block,
    RetryLater,
}

/// Where a checkout session stands.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = CheckoutStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckoutStatusWord {
    Pending,
    RequiresAction,
    Succeeded,
    Expired,
}

/// How a payer pays.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Rail)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RailWord {
    Card,
    Transfer,
    Ussd,
    VirtualAccount,
    DirectDebit,
}

/// How a chargeback came to be known.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = ChargebackSource)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChargebackSourceWord {
    Recorded,
    Dispute,
    FraudWarning,
}

/// What a chargeback has to do with a block: nothing; it wants the block, and somebody else has set it; or
/// it has set the block, and its reversal lifts it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Hold)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoldWord {
    None,
    Wants,
    Owns,
}

/// Idenza's word for a list.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = CustomerListName)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum StatusWord {
    Whitelist,
    Blacklist,
}

/// The one grant that is sold.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Grant)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantWord {
    ClientCredentials,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use interdict_app::decision::{Code, Outcome};
    use interdict_domain::chargeback::{ChargebackSource, Hold};
    use interdict_domain::checkout::{CheckoutStatus, Rail};
    use interdict_domain::customer::ListStatus;
    use interdict_domain::decision_origin::DecisionOrigin;
    use interdict_domain::entry::{List, ReasonCode, Strength};
    use interdict_domain::identifier::{EmailMatching, Kind};
    use interdict_domain::payment::{DeclineType, OutcomeStatus, PaymentOrigin, PaymentStatus};
    use interdict_domain::scopes::Initiator;
    use interdict_domain::settings::{OnBlacklist, OnDispute, OnOutage};
    use interdict_domain::subscription::{Interval, OnLift, SubscriptionStatus};
    use utoipa::PartialSchema;

    pub(crate) fn words<T: PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_words_are_the_domains() {
        assert_eq!(words::<ListWord>(), List::ALL.map(List::as_str));
        assert_eq!(words::<KindWord>(), Kind::ALL.map(Kind::as_str));
        assert_eq!(words::<InitiatorWord>(), Initiator::ALL.map(Initiator::as_str));
        assert_eq!(words::<StrengthWord>(), Strength::ALL.map(Strength::as_str));
        let statuses: Vec<&str> = ListStatus::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<ListStatusWord>(), statuses);
        let statuses: Vec<&str> = PaymentStatus::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<PaymentStatusWord>(), statuses);
        let origins: Vec<&str> = PaymentOrigin::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<PaymentOriginWord>(), origins);
        let origins: Vec<&str> = DecisionOrigin::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<DecisionOriginWord>(), origins);
        assert_eq!(words::<DecisionOutcomeWord>(), [Outcome::Allow, Outcome::Block].map(Outcome::as_str));
        assert_eq!(words::<DecisionCodeWord>(), Code::ALL.map(Code::as_str));
        let outcomes: Vec<&str> = OutcomeStatus::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<OutcomeStatusWord>(), outcomes);
        let declines: Vec<&str> = DeclineType::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<DeclineTypeWord>(), declines);
        let intervals: Vec<&str> = Interval::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<IntervalWord>(), intervals);
        let statuses: Vec<&str> = SubscriptionStatus::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<SubscriptionStatusWord>(), statuses);
        let lifts: Vec<&str> = OnLift::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<OnLiftWord>(), lifts);
        let blacklists: Vec<&str> = OnBlacklist::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<OnBlacklistWord>(), blacklists);
        let disputes: Vec<&str> = OnDispute::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<OnDisputeWord>(), disputes);
        let outages: Vec<&str> = OnOutage::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<OnOutageWord>(), outages);
        let matchings: Vec<&str> = EmailMatching::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<EmailMatchingWord>(), matchings);
        let statuses: Vec<&str> = CheckoutStatus::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<CheckoutStatusWord>(), statuses);
        let rails: Vec<&str> = Rail::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<RailWord>(), rails);
        let sources: Vec<&str> = ChargebackSource::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<ChargebackSourceWord>(), sources);
        let holds: Vec<&str> = Hold::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<HoldWord>(), holds);
        let codes: Vec<&str> = ReasonCode::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<ReasonCodeWord>(), codes);
    }
}
