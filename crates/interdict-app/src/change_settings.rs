//! What a merchant chooses, in one mode.

#![allow(clippy::option_option, reason = "an update keeps, clears or sets")]

use interdict_domain::identifier::{EmailMatching, PhoneRegion};
use interdict_domain::settings::{
    DecisionLogSettings, OnBlacklist, OnDispute, OnOutage, OutagePolicies, PersonPolicy, SecondApprover,
    Settings,
};
use interdict_domain::subscription::OnLift;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;

/// The most origins that payers may be sent to.
pub const ORIGINS_MAX: usize = 50;

/// What to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsUpdate {
    /// What happens to held renewals when the block is lifted.
    pub on_lift: Option<OnLift>,
    /// What happens to subscriptions when their customer is blacklisted.
    pub on_blacklist: Option<OnBlacklist>,
    /// What a dispute at the provider does.
    pub on_dispute: Option<OnDispute>,
    /// What an early fraud warning of the provider does.
    pub on_fraud_warning: Option<OnDispute>,
    /// What becomes of attempts while the lists may be stale.
    pub outage: OutageUpdate,
    /// For which addresses a new entry of the kind email stands.
    pub email_matching: Option<EmailMatching>,
    /// Where a phone number is dialled that is no international one.
    pub phone_region: Option<Option<PhoneRegion>>,
    /// What becomes of an identifier with which a blocked person comes for the first time.
    pub person_policy: Option<PersonPolicy>,
    /// Where a payer may be sent after a checkout.
    pub allowed_origins: Option<Vec<String>>,
    /// How many decisions a second that let somebody pay are kept in the log.
    pub allowed_per_second: Option<u16>,
    /// When an entry needs a second person; an inner `None` is never.
    pub second_approver: Option<Option<SecondApprover>>,
}

/// What to change of the outage policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutageUpdate {
    /// For payments that the customer starts.
    pub customer: Option<OnOutage>,
    /// For payments that the merchant starts.
    pub merchant: Option<OnOutage>,
}

/// Changes only what is sent.
pub fn change_settings(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    update: SettingsUpdate,
) -> Result<Settings, UseCaseError> {
    let before = transaction.view().settings()?;
    let after = Settings {
        on_lift: update.on_lift.unwrap_or(before.on_lift),
        on_blacklist: update.on_blacklist.unwrap_or(before.on_blacklist),
        on_dispute: update.on_dispute.unwrap_or(before.on_dispute),
        on_fraud_warning: update.on_fraud_warning.unwrap_or(before.on_fraud_warning),
        outage: OutagePolicies {
            customer: update.outage.customer.unwrap_or(before.outage.customer),
            merchant: update.outage.merchant.unwrap_or(before.outage.merchant),
        },
        email_matching: update.email_matching.unwrap_or(before.email_matching),
        phone_region: update.phone_region.unwrap_or(before.phone_region),
        person_policy: update.person_policy.unwrap_or(before.person_policy),
        allowed_origins: update.allowed_origins.unwrap_or_else(|| before.allowed_origins.clone()),
        decision_log: DecisionLogSettings {
            allowed_per_second: update.allowed_per_second.unwrap_or(before.decision_log.allowed_per_second),
        },
        second_approver: update.second_approver.unwrap_or(before.second_approver),
    };
    if after != before {
        transaction.put_settings(by, &after)?;
    }
    Ok(after)
}
