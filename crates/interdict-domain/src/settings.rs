//! What a merchant has chosen, in one mode. Everything has a default.

use serde::{Deserialize, Serialize};

use crate::entry::words;
use crate::identifier::{EmailMatching, PhoneRegion};
use crate::scopes::Initiator;
use crate::subscription::OnLift;

words!(
    /// What happens to a customer's subscriptions when the customer is blacklisted.
    OnBlacklist {
        /// They stay, and their renewals are held.
        Hold = "hold",
        /// They are cancelled.
        Cancel = "cancel",
    }
);

words!(
    /// What a dispute at the provider does by itself.
    OnDispute {
        /// Nothing but a line in the log and in the report.
        Report = "report",
        /// A chargeback is recorded, and the customer stays as it is.
        Record = "record",
        /// A chargeback is recorded, and for strong reasons the customer is blocked.
        Block = "block",
    }
);

words!(
    /// What becomes of an attempt that the lists do not block while they may be stale.
    OnOutage {
        /// What the lists say, as far as they are known.
        Index = "index",
        /// It is blocked.
        Block = "block",
        /// Nothing is decided: the caller is to come back.
        RetryLater = "retry_later",
    }
);

words!(
    /// What becomes of an identifier with which a blocked person comes for the first time.
    PersonPolicy {
        /// Nothing.
        Off = "off",
        /// It is suggested, and somebody says.
        Suggest = "suggest",
        /// It is put to the person's, unless it may be somebody else's: then it is suggested.
        Add = "add",
    }
);

/// What becomes of attempts that the lists do not block while they may be stale, for each initiator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutagePolicies {
    /// For payments that the customer starts.
    pub customer: OnOutage,
    /// For payments that the merchant starts.
    pub merchant: OnOutage,
}

impl OutagePolicies {
    /// What counts for an initiator.
    pub const fn of(self, initiator: Initiator) -> OnOutage {
        match initiator {
            Initiator::Customer => self.customer,
            Initiator::Merchant => self.merchant,
        }
    }
}

impl Default for OutagePolicies {
    fn default() -> Self {
        Self { customer: OnOutage::Index, merchant: OnOutage::Index }
    }
}

/// The most decisions a second that a merchant may want kept of those that let somebody pay.
pub const ALLOWED_PER_SECOND_MAX: u16 = 1_000;

/// What of a merchant's decisions is kept in the log. Blocks, and whatever was asked for a charge, always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DecisionLogSettings {
    /// How many decisions a second that let somebody pay are offered on each node; in a burst five times as many.
    pub allowed_per_second: u16,
}

impl Default for DecisionLogSettings {
    fn default() -> Self {
        Self { allowed_per_second: 10 }
    }
}

/// The largest number that somebody may put on a list alone, where a second person is wanted.
pub const THRESHOLD_MAX: u32 = 9_999;

/// When an entry needs a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondApprover {
    /// More customers than these, or more attempts, are not put on a list by one person alone.
    pub threshold: u32,
}

/// What a merchant has chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// What happens to held renewals when the block is lifted.
    pub on_lift: OnLift,
    /// What happens to subscriptions when their customer is blacklisted.
    pub on_blacklist: OnBlacklist,
    /// What a dispute at the provider does.
    pub on_dispute: OnDispute,
    /// What an early fraud warning of the provider does.
    pub on_fraud_warning: OnDispute,
    /// What becomes of attempts while the lists may be stale.
    pub outage: OutagePolicies,
    /// For which addresses a new entry of the kind email stands. Older entries keep what held for them.
    pub email_matching: EmailMatching,
    /// Where a phone number is dialled that is no international one; nothing takes international ones only.
    pub phone_region: Option<PhoneRegion>,
    /// What becomes of an identifier with which a blocked person comes for the first time.
    pub person_policy: PersonPolicy,
    /// Where a payer may be sent after a checkout: `https://shop.example`.
    pub allowed_origins: Vec<String>,
    /// What of the decisions is kept in the log.
    pub decision_log: DecisionLogSettings,
    /// When an entry needs a second person; never, unless it is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_approver: Option<SecondApprover>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_lift: OnLift::ResumeFromNow,
            on_blacklist: OnBlacklist::Hold,
            on_dispute: OnDispute::Block,
            on_fraud_warning: OnDispute::Report,
            outage: OutagePolicies::default(),
            email_matching: EmailMatching::Exact,
            phone_region: None,
            person_policy: PersonPolicy::Suggest,
            allowed_origins: Vec::new(),
            decision_log: DecisionLogSettings::default(),
            second_approver: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_were_written_before_there_were_outage_policies_or_a_log_have_the_default() {
        let old = r#"{"onLift":"collect_arrears","allowedOrigins":[]}"#;
        let read: Settings = serde_json::from_str(old).unwrap();
        assert_eq!(read, Settings { on_lift: OnLift::CollectArrears, ..Settings::default() });
        let half: OutagePolicies = serde_json::from_str(r#"{"merchant":"retry_later"}"#).unwrap();
        assert_eq!(half.of(Initiator::Customer), OnOutage::Index);
        assert_eq!(half.of(Initiator::Merchant), OnOutage::RetryLater);
    }
}
