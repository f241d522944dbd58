//! What a merchant has chosen, in one mode. Everything has a default.

use serde::{Deserialize, Serialize};

use crate::entry::words;
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
    /// Where a payer may be sent after a checkout: `https://shop.example`.
    pub allowed_origins: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_lift: OnLift::ResumeFromNow,
            on_blacklist: OnBlacklist::Hold,
            on_dispute: OnDispute::Block,
            on_fraud_warning: OnDispute::Report,
            allowed_origins: Vec::new(),
        }
    }
}
