//! What the page shows. Secrets of the provider are never among it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::MirrorReport;
use interdict_app::store::{GatewayAccount, StorageError};
use interdict_domain::identifier::{EmailMatching, PhoneRegion};
use interdict_domain::mode::Mode;
use interdict_domain::settings::{OnBlacklist, OnDispute, OnOutage, PersonPolicy, Settings};
use interdict_domain::subscription::OnLift;

use super::lists::ListsView;
use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::person::{ChangeSettings, Person};
use crate::state::State;
use crate::{of, t};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    choices: Vec<Setting>,
    phone_region: String,
    origins: String,
    allowed_per_second: String,
    second_approver: String,
    seen: String,
    gateway: GatewayView,
    lists: ListsView,
    refused: Option<RefusedForm>,
}

/// A form that was refused, with what was typed; secrets are typed again.
pub(super) struct RefusedForm {
    /// `settings`, `gateway` or `lists`.
    pub(super) name: &'static str,
    pub(super) problem: String,
    pub(super) typed: Form,
}

impl SettingsPage {
    fn problem_of(&self, name: &str) -> Option<&str> {
        self.refused.as_ref().filter(|form| form.name == name).map(|form| form.problem.as_str())
    }
}

/// A setting that is one of a few words.
struct Setting {
    name: &'static str,
    label: String,
    hint: String,
    options: Vec<Choice>,
}

struct GatewayView {
    is_live: bool,
    key_last_four: Option<String>,
    has_webhook_secret: bool,
    publishable_key: String,
    seen: String,
}

/// What a form was filled in on, to be told apart from what somebody else has made of it since. The same on every
/// node of a version; from another version it only asks to look again.
pub(super) fn seen(value: &impl std::fmt::Debug) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{value:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ChangeSettings>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    render(&state, &person, &query, None).await
}

/// The page, perhaps with a form that was refused.
pub(super) async fn render(
    state: &State,
    person: &Person<ChangeSettings>,
    query: &Form,
    refused: Option<RefusedForm>,
) -> Result<Response, Problem> {
    let read = person.service().store().read(person.signed_in.user.merchant, |view| {
        let account = view.gateway_account()?.unwrap_or_default();
        Ok::<_, StorageError>((view.settings()?, account, MirrorReport::read(view)?))
    });
    let (settings, account, lists) = read.await?;
    let typed_lists = refused.as_ref().filter(|form| form.name == "lists").map(|form| &form.typed);
    let lists = ListsView::of(lists, typed_lists);
    let typed = refused.as_ref().filter(|form| form.name == "settings").map(|form| &form.typed);
    let origins = match typed {
        Some(typed) => typed.exactly("origins").to_owned(),
        None => settings.allowed_origins.join("\n"),
    };
    let phone_region = match typed {
        Some(typed) => typed.exactly("phone-region").to_owned(),
        None => settings.phone_region.map_or("", PhoneRegion::as_str).to_owned(),
    };
    let allowed_per_second = match typed {
        Some(typed) => typed.exactly("allowed-per-second").to_owned(),
        None => settings.decision_log.allowed_per_second.to_string(),
    };
    let second_approver = match typed {
        Some(typed) => typed.exactly("second-approver").to_owned(),
        None => settings.second_approver.map_or_else(String::new, |wanted| wanted.threshold.to_string()),
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = SettingsPage {
        frame: Frame::new(state, person, Place::Settings, t("nav-settings"), query).await,
        choices: choices(&settings, typed),
        phone_region,
        origins,
        allowed_per_second,
        second_approver,
        seen: seen(&settings),
        gateway: gateway(person.mode, account),
        lists,
        refused,
    };
    Ok(answer::page(status, &page))
}

fn gateway(mode: Mode, account: GatewayAccount) -> GatewayView {
    GatewayView {
        is_live: mode == Mode::Live,
        seen: seen(&account),
        key_last_four: account.key_last_four,
        has_webhook_secret: account.webhook_secret.is_some(),
        publishable_key: account.publishable_key.unwrap_or_default(),
    }
}

fn choices(settings: &Settings, typed: Option<&Form>) -> Vec<Setting> {
    let outage: Vec<_> = OnOutage::ALL.iter().map(|word| word.as_str()).collect();
    let dispute: Vec<_> = OnDispute::ALL.iter().map(|word| word.as_str()).collect();
    let blacklist: Vec<_> = OnBlacklist::ALL.iter().map(|word| word.as_str()).collect();
    let lift: Vec<_> = OnLift::ALL.iter().map(|word| word.as_str()).collect();
    let matching: Vec<_> = EmailMatching::ALL.iter().map(|word| word.as_str()).collect();
    let persons: Vec<_> = PersonPolicy::ALL.iter().map(|word| word.as_str()).collect();
    let rows = [
        ("outage-customer", &outage, settings.outage.customer.as_str()),
        ("outage-merchant", &outage, settings.outage.merchant.as_str()),
        ("on-blacklist", &blacklist, settings.on_blacklist.as_str()),
        ("on-lift", &lift, settings.on_lift.as_str()),
        ("on-dispute", &dispute, settings.on_dispute.as_str()),
        ("on-fraud-warning", &dispute, settings.on_fraud_warning.as_str()),
        ("email-matching", &matching, settings.email_matching.as_str()),
        ("person-policy", &persons, settings.person_policy.as_str()),
    ];
    let choice = |(name, words, chosen): (&'static str, &Vec<&'static str>, &'static str)| {
        let chosen = typed.and_then(|typed| typed.text(name)).unwrap_or(chosen);
        let option =
            |word: &&'static str| Choice { word, text: of("chosen-", word), is_chosen: *word == chosen };
        Setting {
            name,
            label: of("setting-", name),
            hint: of("setting-hint-", name),
            options: words.iter().map(option).collect(),
        }
    };
    rows.into_iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_has_words() {
        for choice in choices(&Settings::default(), None) {
            assert!(!choice.label.starts_with("setting-") && !choice.hint.starts_with("setting-"));
            assert_eq!(choice.options.iter().filter(|option| option.is_chosen).count(), 1, "{}", choice.name);
            assert!(
                choice.options.iter().all(|option| !option.text.starts_with("chosen-")),
                "{}",
                choice.name
            );
        }
    }

    #[test]
    fn what_was_seen_is_told_apart() {
        let before = Settings::default();
        let after = Settings { on_lift: OnLift::CollectArrears, ..before.clone() };
        assert_eq!(seen(&before), seen(&before.clone()));
        assert_ne!(seen(&before), seen(&after));
    }
}
