//! What the page shows.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{HistoryItem, MerchantView, NumberedRows, PaymentFilter, StorageError};
use interdict_app::{Standing, StandingSource};
use interdict_domain::change::Subject;
use interdict_domain::chargeback::Chargeback;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{Entry, List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;
use interdict_domain::payment::Payment;
use interdict_domain::role::Capability;
use interdict_domain::scopes::Initiator;
use interdict_domain::subscription::Subscription;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::history::{Event, scopes};
use crate::pages::payments::{Payers, PaymentRow};
use crate::pages::standing::Blocked;
use crate::person::{Needs, Person, ViewCustomers};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

use super::linked;
use super::rows::{ChargebackRow, EntryRow, SubscriptionRow, chargeback_row, entry_row, subscription_row};

/// Payments and changes that are shown.
const SHOWN: i64 = 20;

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerPage {
    frame: Frame,
    path: String,
    customer: Shown,
    sides: [Side; 2],
    entries: Vec<EntryRow>,
    payments: Vec<PaymentRow>,
    subscriptions: Vec<SubscriptionRow>,
    chargebacks: Vec<ChargebackRow>,
    linked: Vec<linked::Group>,
    history: Vec<Event>,
    may_change: bool,
    may_erase: bool,
    may_export: bool,
    erase_problem: Option<String>,
    restrict_form: RestrictForm,
    list_forms: [ListForm; 2],
}

/// The dialog of the document, as it stands or as it was typed.
struct RestrictForm {
    problem: Option<String>,
    reason: String,
    cit: bool,
    mit: bool,
}

/// A dialog that puts the customer on a list.
struct ListForm {
    name: &'static str,
    status: &'static str,
    problem: Option<String>,
    reason: String,
    until: String,
    cit: bool,
    mit: bool,
}

/// A dialog with what was typed.
pub(super) struct OpenDialog {
    pub(super) name: &'static str,
    pub(super) problem: String,
    pub(super) typed: Form,
}

struct Shown {
    name: String,
    id: String,
    email: String,
    phone: String,
    merchant_ref: String,
    created_at: String,
    /// What the forms were filled in on: refused when it is older than what is stored.
    seen: i64,
    cit: bool,
    mit: bool,
    /// Blocked for what none of the other chips says: the look of a chip and its word.
    blocked: Option<(&'static str, String)>,
    restrict_reason: String,
    status: &'static str,
    list_reason: String,
    list_scopes: String,
    list_until: String,
}

fn restrict_form(customer: &Customer, open: Option<&OpenDialog>) -> RestrictForm {
    match open.filter(|dialog| dialog.name == "restrict") {
        Some(OpenDialog { problem, typed, .. }) => RestrictForm {
            problem: Some(problem.clone()),
            reason: typed.text("restrictReason").unwrap_or_default().to_owned(),
            cit: typed.is_set("restrictCit"),
            mit: typed.is_set("restrictMit"),
        },
        None => RestrictForm {
            problem: None,
            reason: customer.restriction.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
            cit: customer.restriction.cit,
            mit: customer.restriction.mit,
        },
    }
}

fn list_form(to: ListStatus, open: Option<&OpenDialog>) -> ListForm {
    let name = if to == ListStatus::Whitelisted { "whitelist" } else { "blacklist" };
    let open = open.filter(|dialog| dialog.name == name);
    let typed = |field| open.and_then(|dialog| dialog.typed.text(field)).unwrap_or_default().to_owned();
    let problem = open.map(|dialog| dialog.problem.clone());
    let ticked = |field| open.is_none_or(|dialog| dialog.typed.is_set(field));
    ListForm {
        name,
        status: to.as_str(),
        problem,
        reason: typed("reason"),
        until: typed("until"),
        cit: ticked("cit"),
        mit: ticked("mit"),
    }
}

/// What follows for one initiator.
struct Side {
    title: String,
    means: String,
    is_blocked: bool,
    sources: Vec<SourceRow>,
}

struct SourceRow {
    code: String,
    detail: String,
    reason: String,
    lift: Option<Lift>,
    /// Where it is looked at: what is not of this customer alone is not lifted here.
    link: Option<(String, String)>,
}

/// A form that lifts a source: where it goes, and what it sends besides.
struct Lift {
    path: String,
    fields: Vec<(&'static str, String)>,
    label: String,
}

/// Everything that is read for the page, in one snapshot.
struct Read {
    customer: Customer,
    entries: Vec<Entry>,
    payments: Vec<Payment>,
    subscriptions: Vec<Subscription>,
    chargebacks: Vec<Chargeback>,
    linked: Vec<(Kind, Customer)>,
    history: Vec<HistoryItem>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_there(&t("customer-not-there")))?;
    render(&state, &person, id, &query, None).await
}

/// The page, perhaps with a dialog open.
pub(super) async fn render<C: Needs>(
    state: &State,
    person: &Person<C>,
    id: CustomerId,
    query: &Form,
    open: Option<OpenDialog>,
) -> Result<Response, Problem> {
    let merchant = person.signed_in.user.merchant;
    let read = person.service().store().read(merchant, move |view| read(view, id)).await?;
    let mut read = read.ok_or_else(|| Problem::not_there(&t("customer-not-there")))?;
    read.linked.extend(person.service().customers_sharing_means(merchant, id, linked::READ).await?);
    let path = format!("/dashboard/{}/customers/{id}", person.mode.as_str());
    let side = |initiator, words: [String; 2]| {
        let standing =
            person.service().standing(merchant, id, initiator).map_err(|_| Problem::unavailable())?;
        Ok::<_, Problem>(side(&standing, words, &path, person, initiator))
    };
    let sides = [
        side(Initiator::Customer, [t("cit"), t("cit-means")])?,
        side(Initiator::Merchant, [t("mit"), t("mit-means")])?,
    ];
    let now = person.service().merchant_now(merchant);
    let customer = &read.customer;
    let mode = person.mode.as_str();
    let status = if open.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = CustomerPage {
        frame: Frame::new(state, person, Place::Customers, name_of(customer), query).await,
        customer: shown(customer, customer.standing.at(now), Blocked::now(person, id)),
        sides,
        entries: read.entries.iter().map(entry_row).collect(),
        payments: read.payments.iter().map(|payment| PaymentRow::of(payment, &Payers::new(), mode)).collect(),
        subscriptions: read.subscriptions.iter().map(subscription_row).collect(),
        chargebacks: read.chargebacks.iter().map(chargeback_row).collect(),
        linked: linked::groups(&read.linked, mode),
        history: Event::all(&state.app, person, &read.history, query),
        may_change: person.may(Capability::ChangeCustomers),
        may_erase: person.may(Capability::ErasePerson),
        may_export: person.may(Capability::ViewPayments),
        erase_problem: open
            .as_ref()
            .filter(|dialog| dialog.name == "erase")
            .map(|dialog| dialog.problem.clone()),
        restrict_form: restrict_form(customer, open.as_ref()),
        list_forms: [ListStatus::Blacklisted, ListStatus::Whitelisted].map(|to| list_form(to, open.as_ref())),
        path,
    };
    Ok(answer::page(status, &page))
}

fn read(view: &MerchantView<'_>, id: CustomerId) -> Result<Option<Read>, StorageError> {
    let Some(customer) = view.customer(id)? else { return Ok(None) };
    let filter = PaymentFilter { customer: Some(id), ..PaymentFilter::default() };
    let newest = NumberedRows { offset: 0, limit: SHOWN, ascending: false };
    Ok(Some(Read {
        entries: entries_of(view, &customer)?,
        payments: view.payments(&filter, newest)?,
        subscriptions: view.subscriptions_of(id, SHOWN)?,
        chargebacks: view.chargebacks_of_customer(id)?,
        linked: view.customers_sharing(&customer, i64::try_from(linked::READ).unwrap_or(i64::MAX))?,
        history: view.history(Subject::Customer(id), i64::MAX, SHOWN)?,
        customer,
    }))
}

/// The entries of both lists that name what the customer has.
fn entries_of(view: &MerchantView<'_>, customer: &Customer) -> Result<Vec<Entry>, StorageError> {
    let mut entries = Vec::new();
    for identifier in customer.profile.identifiers() {
        for list in List::ALL {
            entries.extend(view.entry_of(list, &identifier)?);
        }
    }
    Ok(entries)
}

fn shown(customer: &Customer, status: ListStatus, blocked: Blocked) -> Shown {
    let profile = &customer.profile;
    let standing = &customer.standing;
    Shown {
        name: name_of(customer),
        id: customer.id.to_string(),
        email: profile.email.as_ref().map_or("", |value| value.as_str()).to_owned(),
        phone: profile.phone.as_ref().map_or("", |value| value.as_str()).to_owned(),
        merchant_ref: profile.merchant_ref.as_ref().map_or("", |value| value.as_str()).to_owned(),
        created_at: when(customer.created_at),
        seen: customer.updated_at.micros(),
        cit: customer.restriction.cit,
        mit: customer.restriction.mit,
        blocked: blocked.chip_beyond(customer, status),
        restrict_reason: customer.restriction.reason.as_ref().map_or("", |value| value.as_str()).to_owned(),
        status: status.as_str(),
        list_reason: standing.reason.as_ref().map_or("", |value| value.as_str()).to_owned(),
        list_scopes: scopes(standing.scopes),
        list_until: when_or_dash(standing.window.until()),
    }
}

fn side<C: Needs>(
    standing: &Standing,
    [title, means]: [String; 2],
    path: &str,
    person: &Person<C>,
    initiator: Initiator,
) -> Side {
    let may = person.may(Capability::ChangeCustomers);
    let row = |source: &StandingSource| SourceRow {
        code: of("code-", source.code.as_str()),
        detail: source.value.clone().unwrap_or_default(),
        reason: source.reason.as_deref().unwrap_or_default().to_owned(),
        lift: may.then(|| lift(source, path, person.mode.as_str(), initiator)).flatten(),
        link: link(source, path, person.mode.as_str()),
    };
    Side {
        title,
        means,
        is_blocked: standing.outcome.as_str() == "block",
        sources: standing.sources.iter().map(row).collect(),
    }
}

/// Whether many people may have the same.
const fn is_shared(kind: Kind) -> bool {
    matches!(kind.default_strength(), Strength::Soft)
}

/// To the entry, or to the other customer whose standing counts for this one.
fn link(source: &StandingSource, path: &str, mode: &str) -> Option<(String, String)> {
    if let Some(entry) = source.entry {
        return Some((format!("/dashboard/{mode}/entries/{entry}"), t("to-the-entry")));
    }
    let other = source.customer.filter(|customer| !path.ends_with(&customer.to_string()))?;
    Some((format!("/dashboard/{mode}/customers/{other}"), t("to-that-customer")))
}

/// How a source is lifted, on the page where it stands. Another customer's is lifted on that one's page.
fn lift(source: &StandingSource, path: &str, mode: &str, initiator: Initiator) -> Option<Lift> {
    if let Some(entry) = source.entry {
        if source.kind.is_none_or(is_shared) {
            return None;
        }
        let fields = vec![("back", path.to_owned())];
        let label = if entry.list() == List::Block { t("lift-entry") } else { t("remove-entry") };
        return Some(Lift { path: format!("/dashboard/{mode}/entries/{entry}/delete"), fields, label });
    }
    let own = source.customer.is_some_and(|customer| path.ends_with(&customer.to_string()));
    if !own {
        return None;
    }
    match source.code.as_str() {
        "customer_restricted" => {
            let field = match initiator {
                Initiator::Customer => "liftCit",
                Initiator::Merchant => "liftMit",
            };
            let fields = vec![(field, "on".to_owned())];
            Some(Lift { path: format!("{path}/restrict"), fields, label: t("lift-restriction") })
        }
        "customer_blacklisted" | "customer_whitelisted" => {
            let fields = vec![("status", "normal".to_owned())];
            let label = if source.code.as_str() == "customer_whitelisted" {
                t("lift-whitelisting")
            } else {
                t("lift-list-status")
            };
            Some(Lift { path: format!("{path}/list-status"), fields, label })
        }
        _ => None,
    }
}
