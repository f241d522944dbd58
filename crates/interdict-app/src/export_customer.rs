//! A person's data: everything that one mode holds on a customer, as one document, for the person who asks for it.
//!
//! Deliberately not in it: what identifies means of payment, keys under which things are found, what belongs to others who
//! share an identifier, and which other merchants or modes know the person.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::Subject;
use interdict_domain::chargeback::Chargeback;
use interdict_domain::checkout::Checkout;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::Identifier;
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::payment::Payment;
use interdict_domain::subscription::Subscription;
use interdict_storage::{
    HistoryItem, MerchantView, Note, NumberedRows, PaymentFilter, Recorded, StorageError,
};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::decide_payment::{DecidePaymentError, Presented};
use crate::decision_log::{LoggedDecision, LoggedFilter};
use crate::look_up::{LookedUp, LookedUpIdentifier};
use crate::service::Service;
use crate::standing::Standing;

/// Rows of each kind in a document. Nobody has as many; it keeps one from filling the memory.
const EACH_MAX: i64 = 10_000;

/// What is kept for how long, in the words of the person whom it concerns.
const KEPT: [(&str, &str); 6] = [
    ("profile, standing and entries", "until they are changed or the person is erased"),
    ("payments, subscriptions, checkouts and chargebacks", "kept; an erasure takes the person out of them"),
    ("history", "until the person is erased, or for as many days as the operator keeps changes"),
    (
        "decisions",
        "30 days, unless the operator has chosen another time; an erasure takes the person out of them",
    ),
    ("blocks of a person who was erased", "stay in force as keyed hashes, without a name or any other text"),
    ("backups", "for as long as the operator keeps them; an erasure does not reach them"),
];

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum ExportCustomerError {
    /// Nobody has this id.
    #[error("there is no such customer")]
    NotFound,
    /// What stands for or against the person cannot be told.
    #[error(transparent)]
    Standing(#[from] DecidePaymentError),
    /// The store.
    #[error("the customer's data cannot be read")]
    Storage(#[from] StorageError),
}

/// What the store holds, in one snapshot.
struct Held {
    customer: Customer,
    payments: Vec<Payment>,
    subscriptions: Vec<Subscription>,
    checkouts: Vec<Checkout>,
    chargebacks: Vec<Chargeback>,
    history: Vec<HistoryItem>,
    revision: i64,
}

impl App {
    /// Everything that is held on a customer, as JSON text, with the revision that it has seen.
    pub async fn export_customer(
        &self,
        mode: Mode,
        merchant: MerchantNumber,
        id: CustomerId,
    ) -> Result<(String, i64), ExportCustomerError> {
        let service = self.service(mode);
        let held = service.store().read(merchant, move |view| read(view, id)).await?;
        let held = held.ok_or(ExportCustomerError::NotFound)?;
        let means = service.own_means(merchant, id).await?;
        let own = held.customer.profile.identifiers().chain(means);
        let identifiers: Vec<Presented<'_>> = own.map(|identifier| presented(&identifier)).collect();
        let found = service.look_up(merchant, Some(id), &identifiers).await??;
        let notes = service.notes_of(merchant, &identifiers).await?;
        let filter = LoggedFilter { customer: Some(id), ..LoggedFilter::default() };
        let decisions = service.logged_decisions(merchant, &filter, None, EACH_MAX).await?;
        let label_of = |actor: &Actor| self.label_of(actor);
        let mut document = document(mode, &held, &found, &decisions, &label_of);
        let notes: Vec<Value> = notes.iter().map(|one| note(one, &label_of)).collect();
        if let Some(members) = document.as_object_mut() {
            members.insert("notes".to_owned(), Value::Array(notes));
        }
        Ok((format!("{document:#}\n"), held.revision))
    }
}

impl Service {
    /// What people noted of somebody's identifiers.
    async fn notes_of(
        &self,
        merchant: MerchantNumber,
        identifiers: &[Presented<'_>],
    ) -> Result<Vec<Note>, StorageError> {
        let keys = |one: &Presented<'_>| -> Vec<_> {
            self.pepper().all().map(|pepper| pepper.key(merchant, one.kind, &one.value)).collect()
        };
        let keys: Vec<_> = identifiers.iter().map(keys).collect();
        let read = self.store().read(merchant, move |view| {
            let mut notes = Vec::new();
            for keys in keys {
                notes.extend(view.notes(&keys, None, EACH_MAX)?);
            }
            Ok::<_, StorageError>(notes)
        });
        read.await
    }
}

fn note(note: &Note, label_of: &dyn Fn(&Actor) -> Option<String>) -> Value {
    json!({ "at": note.at, "by": label_of(&note.by), "text": note.text.as_str() })
}

fn read(view: &MerchantView<'_>, id: CustomerId) -> Result<Option<Held>, StorageError> {
    let Some(customer) = view.customer(id)? else { return Ok(None) };
    let all = NumberedRows { offset: 0, limit: EACH_MAX, ascending: true };
    let of_customer = PaymentFilter { customer: Some(id), ..PaymentFilter::default() };
    let mut payments = view.payments(&of_customer, all)?;
    let (email, phone) = (customer.profile.email.as_ref(), customer.profile.phone.as_ref());
    if let Some(email) = email {
        let of_email = PaymentFilter { email: Some(email.clone()), ..PaymentFilter::default() };
        // One that names another customer is that one's.
        payments
            .extend(view.payments(&of_email, all)?.into_iter().filter(|payment| payment.customer.is_none()));
    }
    Ok(Some(Held {
        payments,
        subscriptions: view.subscriptions_of(id, EACH_MAX)?,
        checkouts: view.checkouts_of(email, phone, EACH_MAX)?,
        chargebacks: view.chargebacks_ever_of_customer(id, EACH_MAX)?,
        history: view.history(Subject::Customer(id), i64::MAX, EACH_MAX)?,
        revision: view.revision()?,
        customer,
    }))
}

fn presented(identifier: &Identifier) -> Presented<'static> {
    Presented { kind: identifier.kind(), value: identifier.value().to_owned().into(), verified: true }
}

fn document(
    mode: Mode,
    held: &Held,
    found: &LookedUp,
    decisions: &[LoggedDecision],
    label_of: &dyn Fn(&Actor) -> Option<String>,
) -> Value {
    let id = held.customer.id;
    let sizes = [held.payments.len(), held.subscriptions.len(), held.checkouts.len(), held.chargebacks.len()];
    let is_complete = sizes
        .into_iter()
        .chain([held.history.len(), decisions.len()])
        .all(|rows| i64::try_from(rows).is_ok_and(|rows| rows < EACH_MAX));
    let own = found.customers.iter().find(|customer| customer.id == id);
    let history = held.history.iter().chain(found.identifiers.iter().flat_map(|one| &one.history));
    let kept: Map<String, Value> =
        KEPT.into_iter().map(|(what, time)| (what.to_owned(), json!(time))).collect();
    json!({
        "document": "interdict customer export",
        "version": 1,
        "exportedAt": found.now,
        "mode": mode.as_str(),
        "merchant": held.customer.merchant.0,
        "revision": held.revision,
        "isComplete": is_complete,
        "customer": without_keys(json!(held.customer)),
        "standing": own.map(|own| json!({ "cit": standing(&own.cit, id), "mit": standing(&own.mit, id) })),
        "entries": found.identifiers.iter().flat_map(entries).collect::<Vec<_>>(),
        "payments": held.payments.iter().map(payment).collect::<Vec<_>>(),
        "subscriptions": held.subscriptions.iter().map(subscription).collect::<Vec<_>>(),
        "checkouts": held.checkouts.iter().map(checkout).collect::<Vec<_>>(),
        "chargebacks": held.chargebacks.iter().map(chargeback).collect::<Vec<_>>(),
        "decisions": decisions.iter().map(|logged| decision(logged, id)).collect::<Vec<_>>(),
        "history": history.map(|item| change(item, label_of)).collect::<Vec<_>>(),
        "kept": kept,
    })
}

/// Where something is found is no word about the person, and of no use without the secret under it.
fn without_keys(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| name != "key");
    }
    value
}

/// What stands for or against the person alone; another one's who shares an email is not named.
fn standing(standing: &Standing, id: CustomerId) -> Value {
    let own = standing.sources.iter().filter(|source| source.customer.is_none_or(|customer| customer == id));
    let sources = own.map(|source| {
        json!({ "tier": source.tier.number(), "code": source.code.as_str(), "source": source.what.as_str(),
                "entry": source.entry, "kind": source.kind, "value": source.value, "reason": source.reason })
    });
    json!({ "outcome": standing.outcome.as_str(), "code": standing.code.as_str(),
            "sources": sources.collect::<Vec<_>>() })
}

fn entries(identifier: &LookedUpIdentifier) -> impl Iterator<Item = Value> + '_ {
    identifier.matches.iter().map(|one| {
        json!({ "of": { "kind": identifier.kind, "value": identifier.value }, "rule": one.rule.as_str(),
                "list": one.row.entry.list().as_str(), "entry": without_keys(json!(one.row.entry)),
                "hitCount": one.row.hits })
    })
}

/// Without the token of a means of payment, which a charge could be made with.
fn payment(payment: &Payment) -> Value {
    let outcome = payment.outcome.as_ref();
    json!({
        "id": payment.id,
        "amount": payment.money.amount(),
        "currency": payment.money.currency().code(),
        "status": payment.status.as_str(),
        "initiator": payment.initiator,
        "origin": payment.origin.as_str(),
        "customer": payment.customer,
        "email": payment.email,
        "phone": payment.phone,
        "amountCaptured": payment.amount_captured,
        "amountReversed": payment.amount_reversed,
        "errorCode": outcome.and_then(|outcome| outcome.error_code.as_deref()),
        "errorMessage": outcome.and_then(|outcome| outcome.error_message.as_deref()),
        "chargebackRecordedAt": payment.chargeback_recorded_at,
        "metadata": payment.metadata,
        "createdAt": payment.created_at,
        "updatedAt": payment.updated_at,
    })
}

fn subscription(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.id,
        "plan": subscription.plan,
        "status": subscription.status.as_str(),
        "amount": subscription.money.amount(),
        "currency": subscription.money.currency().code(),
        "currentPeriodStart": subscription.current_period_start,
        "currentPeriodEnd": subscription.current_period_end,
        "cyclesCompleted": subscription.cycles_completed,
        "autoBillingDisabledReason": subscription.auto_billing_disabled_reason,
        "metadata": subscription.metadata,
        "endedAt": subscription.ended_at,
        "createdAt": subscription.created_at,
        "updatedAt": subscription.updated_at,
    })
}

fn checkout(checkout: &Checkout) -> Value {
    json!({
        "id": checkout.id,
        "amount": checkout.money.amount(),
        "currency": checkout.money.currency().code(),
        "email": checkout.email,
        "phone": checkout.phone,
        "status": checkout.status.as_str(),
        "payment": checkout.payment,
        "subscription": checkout.subscription,
        "metadata": checkout.metadata,
        "expiresAt": checkout.expires_at,
        "createdAt": checkout.created_at,
        "updatedAt": checkout.updated_at,
    })
}

fn chargeback(chargeback: &Chargeback) -> Value {
    json!({
        "id": chargeback.id,
        "payment": chargeback.payment,
        "source": chargeback.source.as_str(),
        "providerReason": chargeback.provider_reason,
        "recordedAt": chargeback.recorded_at,
        "reversedAt": chargeback.reversed_at,
    })
}

/// What was looked up, and what stood against the person; not what stood against others who counted.
fn decision(logged: &LoggedDecision, id: CustomerId) -> Value {
    let decision = &logged.decision;
    let own = decision.sources.iter().filter(|source| source.customer.is_none_or(|customer| customer == id));
    let reasons = own.map(|source| {
        json!({ "code": source.code().as_str(), "kind": source.kind, "value": source.value.as_deref(),
                "reason": source.reason })
    });
    let lookups = decision.explanation.iter().flat_map(|explanation| &explanation.lookups);
    let looked_up = lookups.map(|one| json!({ "kind": one.kind, "value": one.value.as_deref() }));
    json!({
        "id": logged.id,
        "decidedAt": logged.at,
        "initiator": logged.initiator,
        "origin": logged.origin.as_str(),
        "outcome": decision.outcome.as_str(),
        "code": decision.code.as_str(),
        "payment": logged.payment,
        "lookedUp": looked_up.collect::<Vec<_>>(),
        "reasons": reasons.collect::<Vec<_>>(),
    })
}

fn change(item: &HistoryItem, label_of: &dyn Fn(&Actor) -> Option<String>) -> Value {
    let recorded = |recorded: &Option<Recorded>| match recorded {
        Some(Recorded::Customer(customer)) => without_keys(json!(customer)),
        Some(Recorded::Entry(entry)) => without_keys(json!(entry)),
        Some(Recorded::User(_) | Recorded::Person(_)) | None => Value::Null,
    };
    let actor = &item.change.actor;
    let is_own = matches!(actor.kind, ActorType::Cli | ActorType::System | ActorType::Payer);
    json!({
        "sequence": item.change.sequence,
        "at": item.change.at,
        "actor": { "type": actor.kind, "id": actor.id, "label": label_of(actor).filter(|_| !is_own) },
        "action": item.change.action.as_str(),
        "subject": item.change.subject.to_string(),
        "before": recorded(&item.before),
        "after": recorded(&item.after),
    })
}
