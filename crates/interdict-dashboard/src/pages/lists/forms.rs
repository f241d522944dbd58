//! What the pages' forms do: adding, deleting, deleting many.

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{NewEntry, Put, overriding, put_entry, unlist_entry};
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::money::{Currency, Money};
use interdict_domain::text::{PublicMessage, Reason};

use super::preview::{self, NoPreview};
use super::view::{OpenDialog, render};
use crate::act::{Done, No, act};
use crate::answer::{self, Problem};
use crate::form::Form;
use crate::pages::customer::{scopes, until};
use crate::pages::entry::limits as limits_in_words;
use crate::pages::terms;
use crate::person::{BulkChange, ChangeCustomers, Person};
use crate::state::State;
use crate::{of, t};

/// Entries that are deleted at once.
const MANY_MAX: usize = 500;

fn name_of(list: List) -> &'static str {
    match list {
        List::Block => "blacklist",
        List::Allow => "whitelist",
    }
}

/// Adds an identifier: an email, unless another kind was chosen. What is broad is looked at before.
pub(crate) async fn add(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let list = form.text("list").and_then(List::parse).ok_or_else(|| Problem::invalid(&t("invalid-list")))?;
    let new = match new_entry(&form, list, &person) {
        Ok(new) => new,
        Err(problem) => return again(&state, &person, list, Some(problem), form).await,
    };
    if form.is_set("back") {
        return again(&state, &person, list, None, form).await;
    }
    let is_seen = form.is_set("previewed") || !new.identifier.is_broad();
    if form.is_set("preview") || !is_seen {
        let limits = limits_in_words(new.limits);
        return match preview::look(&person, new).await {
            Ok(seen) => Ok(preview::show(&state, &person, (&seen, limits), &form).await),
            Err(NoPreview::Says(problem)) => again(&state, &person, list, Some(problem), form).await,
            Err(NoPreview::Problem(problem)) => Err(problem),
        };
    }
    let merchant = person.signed_in.user.merchant;
    let weight = person.service().weigh_entry(merchant, &new).await?;
    let foreseen = new.foreseen(person.service(), merchant);
    let done = act(&person, &form, foreseen, move |transaction, by| {
        let change = transaction.revision() + 1;
        let put = put_entry(transaction, by, new, weight)?;
        let overridden_by = overriding(transaction, by, &put)?;
        Ok(match put {
            Put::Entry(_, is_new) => {
                let done = match overridden_by {
                    Some(_) => "listed-overridden",
                    None if is_new => "listed",
                    None => "relisted",
                };
                format!("/dashboard/{mode}/{}?done={done}&undo={change}", name_of(list))
            }
            Put::Proposal(_) => format!("/dashboard/{mode}/approvals?done=proposed"),
        })
    });
    match done.await? {
        Done::GoOn(path) => Ok(answer::see_other(&path)),
        Done::Refused(problem) => again(&state, &person, list, Some(problem), form).await,
    }
}

fn new_entry(form: &Form, list: List, person: &Person<ChangeCustomers>) -> Result<NewEntry, String> {
    let kind = form.text("kind").map_or(Some(Kind::Email), Kind::parse).ok_or_else(|| t("invalid-kind"))?;
    // Of old an email had a field of its own, and other systems may send the form so.
    let field = if kind == Kind::Email && form.text("value").is_none() { "email" } else { "value" };
    let label = of("kind-", kind.as_str());
    let identifier = form.parse(field, &label, |text| {
        Identifier::parse_in(kind, text, || person.phone_region()).and_then(Identifier::listable)
    })?;
    Ok(NewEntry {
        list,
        identifier: identifier.ok_or_else(|| t("invalid-empty"))?,
        reason: form.parse("reason", &t("reason"), Reason::parse)?,
        reason_code: terms::reason_code(form)?,
        public_message: form.parse("publicMessage", &t("public-message"), PublicMessage::parse)?,
        scopes: scopes(form)?,
        strength: terms::strength(form)?,
        starts_at: terms::starts(form)?,
        expires_at: until(form)?,
        source: EntrySource::Dashboard,
        matching: None,
        limits: typed_limits(form, list)?,
    })
}

/// What an exemption does not go beyond. Amounts are typed as people write them, in whole units of the currency.
pub(crate) fn typed_limits(form: &Form, list: List) -> Result<Limits, String> {
    if list == List::Block {
        return Ok(Limits::NONE);
    }
    let currency = form.parse("currency", &t("currency"), Currency::parse)?.unwrap_or(Currency::NGN);
    let max_amount =
        form.parse("maxAmount", &t("max-amount"), |text| Money::parse_written(text, currency))?;
    if max_amount.is_none() && form.text("currency").is_some() {
        return Err(t("invalid-currency-alone"));
    }
    Ok(Limits { max_amount, lapses_on_chargeback: form.is_set("lapsesOnChargeback") })
}

async fn again(
    state: &State,
    person: &Person<ChangeCustomers>,
    list: List,
    problem: Option<String>,
    typed: Form,
) -> Result<Response, Problem> {
    let open = OpenDialog { problem, typed: typed.shown_again() };
    render(state, person, list, &Form::default(), false, Some(open)).await
}

/// Deletes an entry, and goes back to where the button was.
pub(crate) async fn delete(
    person: Person<ChangeCustomers>,
    Path((mode, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let id: EntryId = id.parse().map_err(|_| Problem::not_there(&t("entry-not-there")))?;
    // Only to a customer's page of this mode: nobody is sent anywhere else.
    let customers = format!("/dashboard/{mode}/customers/");
    let back = form.text("back").filter(|back| {
        back.strip_prefix(&customers)
            .is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    });
    let back = back.map_or_else(|| format!("/dashboard/{mode}/{}", name_of(id.list())), str::to_owned);
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let change = transaction.revision() + 1;
        unlist_entry(transaction, by, id)?;
        Ok(format!("{back}?done=unlisted&undo={change}"))
    });
    done.await?.or_problem()
}

/// Deletes all that are ticked: all of them or, when one is gone already, the others.
pub(crate) async fn delete_many(
    person: Person<BulkChange>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let ids: Result<Vec<EntryId>, _> = form.all("entry").iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| Problem::invalid(&t("entry-not-there")))?;
    let list = match ids.first() {
        Some(first) if ids.len() <= MANY_MAX => first.list(),
        _ => return Err(Problem::invalid(&t("invalid-selection"))),
    };
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let first = transaction.revision() + 1;
        for id in ids {
            match unlist_entry(transaction, by, id).map_err(No::from) {
                // Somebody else was faster: it is gone, as was wished.
                Ok(_) | Err(No::ChangedMeanwhile) => {}
                Err(no) => return Err(no),
            }
        }
        let (done, end) =
            (format!("/dashboard/{mode}/{}?done=unlisted", name_of(list)), transaction.revision());
        Ok(if end < first { done } else { format!("{done}&undo={first}-{end}") })
    });
    done.await?.or_problem()
}
