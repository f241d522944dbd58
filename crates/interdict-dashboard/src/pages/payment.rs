//! A payment: how much, whose, how it stands, why it did not come to money, and what an attempt like it would get
//! now; its chargebacks and its history.

use std::borrow::Cow;

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::Outcome as Decided;
use interdict_app::store::{HistoryItem, StorageError};
use interdict_app::{DecidePaymentError, PaymentAttempt, Presented, StandingSource, block_code};
use interdict_domain::change::Subject;
use interdict_domain::chargeback::Chargeback;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::PaymentId;
use interdict_domain::payment::{DeclineType, Payment};

use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::decisions::{DecisionRow, try_path};
use crate::pages::history::Event;
use crate::pages::payments::{initiator, status};
use crate::pages::sources::{Anchor, Names, SourceLine, meaning, refusal, refused_by, undecided};
use crate::person::{Person, ViewPayments};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t, t_with};

/// Changes and decisions that are shown.
const SHOWN: i64 = 20;

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage {
    frame: Frame,
    title: String,
    payment: Shown,
    why: Option<Why>,
    now: Now,
    try_path: String,
    decisions: Vec<DecisionRow>,
    chargebacks: Vec<ChargebackRow>,
    history: Vec<Event>,
}

impl PaymentPage {
    /// Whether somebody else than the lists refused it: what they say now is another thing then.
    fn is_declined(&self) -> bool {
        self.why.as_ref().is_some_and(|why| !why.is_block)
    }
}

struct Shown {
    id: String,
    chip: &'static str,
    status: String,
    customer: Option<Anchor>,
    email: String,
    phone: String,
    initiator: String,
    origin: String,
    captured: String,
    reversed: String,
    reference: String,
    subscription: String,
    created_at: String,
    updated_at: String,
}

/// Why it did not come to money.
struct Why {
    code: String,
    word: String,
    meaning: String,
    message: String,
    told: String,
    is_block: bool,
    /// Who refused it, in words.
    by_whom: String,
    /// Whether the same helps once more.
    retry: String,
}

/// What an attempt like it would get now.
struct Now {
    problem: Option<String>,
    is_blocked: bool,
    sources: Vec<SourceLine>,
}

struct ChargebackRow {
    id: String,
    source: String,
    reason: String,
    at: String,
    reversed_at: String,
}

/// Everything that is read for the page, in one snapshot.
struct Read {
    payment: Payment,
    customer: Option<Customer>,
    chargebacks: Vec<Chargeback>,
    history: Vec<HistoryItem>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewPayments>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let not_there = || Problem::not_there(&t("payment-not-there"));
    let id: PaymentId = id.parse().map_err(|_| not_there())?;
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| {
        let Some(payment) = view.payment(id)? else { return Ok(None) };
        Ok::<_, StorageError>(Some(Read {
            customer: payment.customer.map(|id| view.customer(id)).transpose()?.flatten(),
            chargebacks: view.chargebacks_of_payment(id)?,
            history: view.history(Subject::Payment(id), i64::MAX, SHOWN)?,
            payment,
        }))
    });
    let Read { payment, customer, chargebacks, history } = read.await?.ok_or_else(not_there)?;
    let (merchant, mode) = (person.signed_in.user.merchant, person.mode.as_str());
    let decisions = person.service().logged_decisions_of_payment(merchant, id, SHOWN).await?;
    let amount = payment.money.to_string();
    let title = t_with("payment-title", &[("amount", amount.into())]);
    let page = PaymentPage {
        frame: Frame::new(&state, &person, Place::Payments, title.clone(), &query).await,
        title,
        payment: shown(&payment, customer.as_ref(), mode),
        why: why(&payment),
        now: now(&person, &payment).await?,
        try_path: same_now(&payment, mode),
        decisions: decisions.iter().map(|logged| DecisionRow::of(logged, mode)).collect(),
        chargebacks: chargebacks.iter().map(chargeback_row).collect(),
        history: history.iter().map(|item| Event::of(&state.app, item)).collect(),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn shown(payment: &Payment, customer: Option<&Customer>, mode: &str) -> Shown {
    let (chip, status) = status(payment);
    let amount = |minor: i64| match interdict_domain::money::Money::new(minor, payment.money.currency()) {
        Ok(money) => money.to_string(),
        // Nothing was taken, or given back.
        Err(_) => "–".to_owned(),
    };
    Shown {
        id: payment.id.to_string(),
        chip,
        status,
        customer: customer.map(|customer| Anchor {
            path: format!("/dashboard/{mode}/customers/{}", customer.id),
            text: name_of(customer),
        }),
        email: payment.email.as_ref().map_or("–", |value| value.as_str()).to_owned(),
        phone: payment.phone.as_ref().map_or("", |value| value.as_str()).to_owned(),
        initiator: initiator(payment.initiator),
        origin: of("origin-", payment.origin.as_str()),
        captured: amount(payment.amount_captured),
        reversed: amount(payment.amount_reversed),
        reference: payment.gateway_reference.clone().unwrap_or_default(),
        subscription: payment.period.map_or(String::new(), |(subscription, _)| subscription.to_string()),
        created_at: when(payment.created_at),
        updated_at: when(payment.updated_at),
    }
}

fn why(payment: &Payment) -> Option<Why> {
    let outcome = payment.outcome.as_ref()?;
    let code = outcome.error_code.clone()?;
    let is_block = block_code(payment).is_some();
    Some(Why {
        word: refusal(&code),
        meaning: meaning(&code),
        message: outcome.error_message.clone().unwrap_or_default(),
        told: outcome.safe_error_message.clone().unwrap_or_default(),
        is_block,
        by_whom: of("by-whom-", refused_by(&code)),
        retry: match outcome.decline_type {
            Some(DeclineType::Soft) => t("another-try-may"),
            _ if is_block => t("another-try-not"),
            _ => t("another-try-otherwise"),
        },
        code,
    })
}

/// Who paid, as the lists are asked: what a payer typed matches blocks only, and names nobody.
fn identifiers(payment: &Payment) -> Vec<Presented<'_>> {
    let email = payment.email.as_ref().map(|email| (Kind::Email, email.as_str()));
    let phone = payment.phone.as_ref().map(|phone| (Kind::Phone, phone.as_str()));
    let verified = payment.payer_verified;
    let presented = |(kind, value)| Presented { kind, value: Cow::Borrowed(value), verified };
    email.into_iter().chain(phone).map(presented).collect()
}

async fn now(person: &Person<ViewPayments>, payment: &Payment) -> Result<Now, Problem> {
    let (merchant, service) = (person.signed_in.user.merchant, person.service());
    let customer = payment.customer.filter(|_| payment.payer_verified);
    let identifiers = identifiers(payment);
    // With a customer and nothing else it is the customer's standing.
    let standing: Result<(Decided, Vec<StandingSource>), DecidePaymentError> = match customer {
        Some(customer) if identifiers.is_empty() => service
            .standing(merchant, customer, payment.initiator)
            .map(|standing| (standing.outcome, standing.sources)),
        customer => {
            let attempt = PaymentAttempt {
                initiator: payment.initiator,
                customer,
                identifiers: &identifiers,
                money: Some(payment.money),
                explain: false,
                dry_run: true,
            };
            service.decide(merchant, service.now(), &attempt, |decision, _| {
                (decision.outcome, decision.sources.iter().map(StandingSource::of).collect())
            })
        }
    };
    let (outcome, sources) = match standing {
        Ok(standing) => standing,
        Err(error) => {
            return Ok(Now { problem: Some(undecided(error)), is_blocked: false, sources: Vec::new() });
        }
    };
    let entries = sources.iter().filter_map(|source| source.entry).collect();
    let customers = sources.iter().filter_map(|source| source.customer).collect();
    let names = Names::read(person, entries, customers).await?;
    let mode = person.mode.as_str();
    let sources = sources.iter().map(|source| names.line(source, mode)).collect();
    Ok(Now { problem: None, is_blocked: outcome == Decided::Block, sources })
}

/// The same attempt on the page that explains decisions.
fn same_now(payment: &Payment, mode: &str) -> String {
    let customer = payment.customer.filter(|_| payment.payer_verified);
    let identifiers = identifiers(payment);
    let given = identifiers.iter().map(|presented| (presented.kind, &*presented.value));
    try_path(mode, payment.initiator, customer, given, !payment.payer_verified)
}

fn chargeback_row(chargeback: &Chargeback) -> ChargebackRow {
    ChargebackRow {
        id: chargeback.id.to_string(),
        source: of("chargeback-", chargeback.source.as_str()),
        reason: chargeback.provider_reason.clone().unwrap_or_default(),
        at: when(chargeback.recorded_at),
        reversed_at: when_or_dash(chargeback.reversed_at),
    }
}
