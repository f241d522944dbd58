//! What the page's two forms do.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::gateway::PublishableKey;
use interdict_app::{
    GatewayUpdate, ORIGINS_MAX, OutageUpdate, SettingsUpdate, UseCaseError, change_settings, is_origin,
    set_gateway as set,
};
use interdict_domain::identifier::{EmailMatching, PhoneRegion};
use interdict_domain::settings::{
    ALLOWED_PER_SECOND_MAX, OnBlacklist, OnDispute, OnOutage, PersonPolicy, SecondApprover, THRESHOLD_MAX,
};
use interdict_domain::subscription::OnLift;

use super::view::{RefusedForm, render, seen};
use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::person::{ChangeSettings, Person};
use crate::state::State;
use crate::{of, t, t_with};

/// Unless somebody else has changed it since the form was filled in.
pub(super) fn unchanged(value: &impl std::fmt::Debug, form_saw: Option<&String>) -> Result<(), No> {
    if form_saw == Some(&seen(value)) { Ok(()) } else { Err(No::ChangedMeanwhile) }
}

/// One of a few words; nothing where the form does not hold it.
fn word<T>(form: &Form, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
    let Some(text) = form.text(name) else { return Ok(None) };
    parse(text).map(Some).ok_or_else(|| t("invalid-choice"))
}

/// A whole number up to the most; nothing where the field is empty or not there.
fn number<T>(form: &Form, name: &str, most: T) -> Result<Option<T>, String>
where
    T: FromStr + PartialOrd + Copy + Into<i64>,
{
    let Some(text) = form.text(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number <= most);
    number.map(Some).ok_or_else(|| {
        t_with("invalid-number", &[("field", of("setting-", name).into()), ("most", most.into().into())])
    })
}

fn region(text: &str) -> Option<PhoneRegion> {
    PhoneRegion::parse(text).ok()
}

/// Empty is never.
fn second_approver(form: &Form) -> Result<Option<SecondApprover>, String> {
    let threshold = number(form, "second-approver", THRESHOLD_MAX)?;
    Ok(threshold.map(|threshold| SecondApprover { threshold }))
}

fn read(form: &Form) -> Result<SettingsUpdate, String> {
    Ok(SettingsUpdate {
        on_lift: word(form, "on-lift", OnLift::parse)?,
        on_blacklist: word(form, "on-blacklist", OnBlacklist::parse)?,
        on_dispute: word(form, "on-dispute", OnDispute::parse)?,
        on_fraud_warning: word(form, "on-fraud-warning", OnDispute::parse)?,
        outage: OutageUpdate {
            customer: word(form, "outage-customer", OnOutage::parse)?,
            merchant: word(form, "outage-merchant", OnOutage::parse)?,
        },
        email_matching: word(form, "email-matching", EmailMatching::parse)?,
        // An empty field takes the region away.
        phone_region: form.is_set("phone-region").then(|| form.text("phone-region").and_then(region)),
        person_policy: word(form, "person-policy", PersonPolicy::parse)?,
        allowed_origins: form
            .is_set("origins")
            .then(|| form.exactly("origins").split_whitespace().map(str::to_owned).collect()),
        allowed_per_second: number(form, "allowed-per-second", ALLOWED_PER_SECOND_MAX)?,
        second_approver: form.is_set("second-approver").then(|| second_approver(form)).transpose()?,
    })
}

pub(crate) async fn change(
    Shared(state): Shared<State>,
    person: Person<ChangeSettings>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let update = match read(&form) {
        Ok(update) => update,
        Err(problem) => return again(&state, &person, "settings", problem, form).await,
    };
    let origins = update.allowed_origins.as_deref().unwrap_or_default();
    if origins.len() > ORIGINS_MAX || !origins.iter().all(|origin| is_origin(origin)) {
        return again(&state, &person, "settings", t("invalid-origins"), form).await;
    }
    if form.text("phone-region").is_some_and(|text| region(text).is_none()) {
        return again(&state, &person, "settings", t("invalid-phone-region"), form).await;
    }
    let form_saw = form.text("seen").map(str::to_owned);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        unchanged(&transaction.view().settings()?, form_saw.as_ref())?;
        change_settings(transaction, by, update)?;
        Ok(format!("/dashboard/{mode}/settings?done=settings-changed"))
    });
    go_on(&state, &person, "settings", done.await?, form).await
}

pub(crate) async fn set_gateway(
    Shared(state): Shared<State>,
    person: Person<ChangeSettings>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let update = match form.parse("publishableKey", &t("gateway-publishable"), PublishableKey::parse) {
        Ok(publishable_key) => GatewayUpdate {
            secret_key: form.text("secretKey").map(str::to_owned),
            webhook_secret: form.text("webhookSecret").map(str::to_owned),
            publishable_key,
        },
        Err(problem) => return again(&state, &person, "gateway", problem, form).await,
    };
    if update.secret_key.is_none() && update.webhook_secret.is_none() && update.publishable_key.is_none() {
        return again(&state, &person, "gateway", t("invalid-gateway-empty"), form).await;
    }
    let form_saw = form.text("seen").map(str::to_owned);
    let service = Arc::clone(person.service());
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        unchanged(&transaction.view().gateway_account()?.unwrap_or_default(), form_saw.as_ref())?;
        set(&service, transaction, by, update).map_err(|error| match error {
            UseCaseError::Invalid { path: "secretKey", .. } => No::Says(t("invalid-gateway-key")),
            UseCaseError::Invalid { path: "webhookSecret", .. } => No::Says(t("invalid-gateway-webhook")),
            UseCaseError::Invalid { path: "publishableKey", .. } => {
                No::Says(t("invalid-gateway-publishable"))
            }
            other => No::from(other),
        })?;
        Ok(format!("/dashboard/{mode}/settings?done=gateway-changed"))
    });
    go_on(&state, &person, "gateway", done.await?, form).await
}

pub(super) async fn go_on(
    state: &State,
    person: &Person<ChangeSettings>,
    name: &'static str,
    done: Done,
    form: Form,
) -> Result<Response, Problem> {
    match done {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(state, person, name, problem, form).await,
    }
}

/// The page once more, with what was wrong.
pub(super) async fn again(
    state: &State,
    person: &Person<ChangeSettings>,
    name: &'static str,
    problem: String,
    typed: Form,
) -> Result<Response, Problem> {
    render(state, person, &Form::default(), Some(RefusedForm { name, problem, typed })).await
}
