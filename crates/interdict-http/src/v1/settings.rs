//! `/v1/settings`: what the merchant has chosen, in the key's mode.

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::StorageError;
use interdict_app::{ORIGINS_MAX, OutageUpdate, SettingsUpdate, change_settings, is_origin};
use interdict_domain::identifier::{EmailMatching, PhoneRegion};
use interdict_domain::settings::{
    ALLOWED_PER_SECOND_MAX, OnBlacklist, OnDispute, OnOutage, OutagePolicies, PersonPolicy, SecondApprover,
    Settings, THRESHOLD_MAX,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::subscriptions::on_lift_words;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::Detail;
use crate::extract::{PaymentsRead, PaymentsWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::schemas::{
    self, EmailMatchingWord, OnBlacklistWord, OnDisputeWord, OnLiftWord, OnOutageWord, PersonPolicyWord,
};

/// What becomes of an attempt that the lists do not block while they may be stale, for each initiator.
#[derive(Serialize, ToSchema)]
#[schema(as = OutagePolicies)]
pub(crate) struct OutageView {
    /// When the customer starts the payment.
    #[schema(value_type = OnOutageWord)]
    customer: &'static str,
    /// When the merchant does. A renewal is never blocked for it, but tried again at a later sweep.
    #[schema(value_type = OnOutageWord)]
    merchant: &'static str,
}

impl OutageView {
    fn of(policies: OutagePolicies) -> Self {
        Self { customer: policies.customer.as_str(), merchant: policies.merchant.as_str() }
    }
}

/// What of the decisions is kept in the log. Blocks, and whatever was asked for a charge, always are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DecisionLogSettings)]
pub(crate) struct DecisionLogView {
    /// How many decisions a second that let somebody pay are kept, on each node; in a burst five times as many.
    #[schema(minimum = 0, maximum = 1000)]
    allowed_per_second: u16,
}

/// When an entry needs a second person, who approves it in the dashboard.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondApprover)]
pub(crate) struct SecondApproverView {
    /// More customers than these, or more attempts of 30 days, are not put on a list by one alone.
    #[schema(minimum = 0, maximum = 9999)]
    threshold: u32,
}

/// What the merchant has chosen.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Settings)]
pub(crate) struct SettingsView {
    /// What happens to held renewals when the block is lifted.
    #[schema(value_type = OnLiftWord)]
    on_lift: &'static str,
    /// What happens to subscriptions when their customer is blacklisted.
    #[schema(value_type = OnBlacklistWord)]
    on_blacklist: &'static str,
    /// What a dispute at the provider does by itself.
    #[schema(value_type = OnDisputeWord)]
    on_dispute: &'static str,
    /// What an early fraud warning of the provider does by itself.
    #[schema(value_type = OnDisputeWord)]
    on_fraud_warning: &'static str,
    /// What becomes of attempts while the lists may be stale.
    outage: OutageView,
    /// For which addresses a new entry of the kind `email` stands: the one, all with another `+tag`, or what the provider
    /// says is one mailbox. Older entries keep what held for them.
    #[schema(value_type = EmailMatchingWord)]
    email_matching: &'static str,
    /// Where a phone number is dialled that is no valid international one: a country's two letters of ISO 3166-1. With
    /// null, a phone number must be an international one.
    phone_region: Option<&'static str>,
    /// What becomes of an identifier with which a blocked person comes for the first time: nothing, it is suggested, or it is
    /// put to the person's unless it may be somebody else's.
    #[schema(value_type = PersonPolicyWord)]
    person_policy: &'static str,
    /// Where a payer may be sent after a checkout.
    allowed_origins: Vec<String>,
    /// What of the decisions is kept in the log.
    decision_log: DecisionLogView,
    /// When an entry needs a second person. Null: never.
    second_approver: Option<SecondApproverView>,
}

impl SettingsView {
    fn of(settings: &Settings) -> Self {
        Self {
            on_lift: settings.on_lift.as_str(),
            on_blacklist: settings.on_blacklist.as_str(),
            on_dispute: settings.on_dispute.as_str(),
            on_fraud_warning: settings.on_fraud_warning.as_str(),
            outage: OutageView::of(settings.outage),
            email_matching: settings.email_matching.as_str(),
            phone_region: settings.phone_region.map(PhoneRegion::as_str),
            person_policy: settings.person_policy.as_str(),
            allowed_origins: settings.allowed_origins.clone(),
            decision_log: DecisionLogView { allowed_per_second: settings.decision_log.allowed_per_second },
            second_approver: settings
                .second_approver
                .map(|wanted| SecondApproverView { threshold: wanted.threshold }),
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/settings",
    operation_id = "getSettings",
    tag = "Settings",
    summary = "Get the settings",
    responses((status = 200, description = "What the merchant has chosen, in the key's mode.", body = SettingsView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(key: Secret<PaymentsRead>) -> Response {
    let caller = &key.caller;
    let found = caller
        .service
        .store()
        .read(caller.merchant, |view| Ok::<_, StorageError>((view.settings()?, view.revision()?)))
        .await;
    match found {
        Ok((settings, revision)) => answer::json(StatusCode::OK, &SettingsView::of(&settings), revision),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

fn read_outage(mut fields: Fields) -> Result<OutageUpdate, Vec<Detail>> {
    let words: Vec<_> = OnOutage::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let customer = fields.word("customer", &words);
    let merchant = fields.word("merchant", &words);
    let update = OutageUpdate {
        customer: fields.not_null("customer", customer),
        merchant: fields.not_null("merchant", merchant),
    };
    fields.finish(Some(update))
}

fn read_decision_log(mut fields: Fields) -> Result<Option<u16>, Vec<Detail>> {
    let rate = fields.integer("allowedPerSecond", 0..=i64::from(ALLOWED_PER_SECOND_MAX));
    let rate = fields.not_null("allowedPerSecond", rate).and_then(|rate| rate.try_into().ok());
    fields.finish(Some(rate))
}

fn read_second_approver(mut fields: Fields) -> Result<SecondApprover, Vec<Detail>> {
    let threshold = fields.integer("threshold", 0..=i64::from(THRESHOLD_MAX));
    let threshold = fields.required("threshold", threshold).and_then(|number| number.try_into().ok());
    fields.finish(threshold.map(|threshold| SecondApprover { threshold }))
}

fn read(mut fields: Fields) -> Result<SettingsUpdate, Refused> {
    let on_blacklist: Vec<_> = OnBlacklist::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let on_dispute: Vec<_> = OnDispute::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let on_lift = fields.word("onLift", &on_lift_words());
    let on_blacklist = fields.word("onBlacklist", &on_blacklist);
    let disputes = fields.word("onDispute", &on_dispute);
    let warnings = fields.word("onFraudWarning", &on_dispute);
    let outage = fields.object("outage", read_outage);
    let matchings: Vec<_> = EmailMatching::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let matching = fields.word("emailMatching", &matchings);
    let region = fields.parse("phoneRegion", PhoneRegion::parse);
    let policies: Vec<_> = PersonPolicy::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let policy = fields.word("personPolicy", &policies);
    let origins = fields.texts("allowedOrigins", 0..=ORIGINS_MAX);
    let decision_log = fields.object("decisionLog", read_decision_log);
    let second_approver = fields.object("secondApprover", read_second_approver);
    let update = SettingsUpdate {
        on_lift: fields.not_null("onLift", on_lift),
        on_blacklist: fields.not_null("onBlacklist", on_blacklist),
        on_dispute: fields.not_null("onDispute", disputes),
        on_fraud_warning: fields.not_null("onFraudWarning", warnings),
        outage: fields.not_null("outage", outage).unwrap_or_default(),
        email_matching: fields.not_null("emailMatching", matching),
        phone_region: region.update(),
        person_policy: fields.not_null("personPolicy", policy),
        allowed_origins: fields.not_null("allowedOrigins", origins),
        allowed_per_second: fields.not_null("decisionLog", decision_log).flatten(),
        second_approver: second_approver.update(),
    };
    let bad = update.allowed_origins.iter().flatten().any(|origin| !is_origin(origin));
    if bad {
        fields.problem(
            "allowedOrigins",
            "must be origins such as https://shop.example, with http on this machine only",
        );
    }
    Ok(fields.finish(Some(update))?)
}

#[utoipa::path(
    patch,
    path = "/v1/settings",
    operation_id = "updateSettings",
    tag = "Settings",
    summary = "Change the settings",
    description = "Changes only what is sent, in the key's mode.",
    request_body = schemas::SettingsUpdate,
    responses((status = 200, description = "What the merchant has chosen.", body = SettingsView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn update(key: Secret<PaymentsWrite>, mutation: Mutation) -> Response {
    mutation
        .run(&key.caller, read, change_settings, |settings, _| {
            answer::answer(StatusCode::OK, &SettingsView::of(settings))
        })
        .await
}
