//! What Stripe says by itself: disputes and early fraud warnings. Signed, or it is not heard; the same
//! event twice is once; what comes out of order ends as it would have in order, because a dispute's own
//! status decides and not the event's name (incident 8).

use interdict_domain::change::Action;
use interdict_domain::chargeback::{Chargeback, ChargebackSource, Hold};
use interdict_domain::customer::ListStatus;
use interdict_domain::ids::{ChargebackId, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::payment::{Payment, PaymentStatus};
use interdict_domain::settings::OnDispute;
use interdict_gateway::stripe::{
    Dispute, DisputeStatus, EarlyFraudWarning, StripeEvent, StripeEventKind, WebhookError, WebhookSecret,
    verify_webhook,
};
use interdict_storage::{Authorship, MerchantTransaction, ProviderEvent, StorageError, WriteError};

use crate::gateways::{Secret, place};
use crate::payment_error::PaymentError;
use crate::record_chargeback::{NewChargeback, record_chargeback, reverse_chargeback};
use crate::service::Service;
use crate::vault::VaultError;

/// Why a webhook was not heard.
#[derive(Debug, thiserror::Error)]
pub enum HearError {
    /// The merchant expects no webhooks.
    #[error("the merchant has set no secret for webhooks")]
    Unexpected,
    /// It is not Stripe's, or not fresh.
    #[error("the webhook is not Stripe's, or not fresh")]
    Webhook(#[from] WebhookError),
    /// The secret cannot be read.
    #[error("the secret for webhooks cannot be read")]
    Secret(#[from] VaultError),
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
    /// What was heard could not be committed: Stripe sends it again.
    #[error("what was heard could not be kept")]
    Write(#[from] WriteError<PaymentError>),
}

/// What we did about an event, in a word and in words.
type Done = (&'static str, Option<&'static str>);

impl Service {
    /// Hears a webhook, and answers once what follows from it is on the disk.
    pub async fn hear_stripe(
        self: &std::sync::Arc<Self>,
        merchant: MerchantNumber,
        signature: &str,
        body: &[u8],
    ) -> Result<(), HearError> {
        let account = self.store.read(merchant, |view| Ok::<_, HearError>(view.gateway_account()?)).await?;
        let sealed = account.and_then(|account| account.webhook_secret).ok_or(HearError::Unexpected)?;
        let secret = self.vault.open(&sealed, &place(self.mode, merchant, Secret::Webhook))?;
        let secret = WebhookSecret::parse(&secret).map_err(|_| VaultError)?;
        let event = verify_webhook(&secret, signature, body, self.now())?;
        let (now, service) = (self.now(), std::sync::Arc::clone(self));
        let committed = self.store.write(move |transaction| {
            let actor = interdict_domain::actor::Actor::system();
            let merchant_now = service.merchant_now(merchant);
            let by = Authorship { actor: &actor, now, merchant_now, random: service.random() };
            let wanted = event.live_mode == (service.mode == Mode::Live);
            hear(&mut transaction.merchant(merchant), &by, &event, wanted)
        });
        committed.await?;
        Ok(())
    }
}

fn hear(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    event: &StripeEvent,
    wanted: bool,
) -> Result<(), PaymentError> {
    if transaction.view().is_known_event(&event.id)? {
        return Ok(());
    }
    let settings = transaction.view().settings()?;
    let (what, reference, payment, (outcome, note)) = match &event.kind {
        _ if !wanted => {
            ("other mode".to_owned(), None, None, ("ignored", Some("an event of the other mode")))
        }
        StripeEventKind::Dispute(step, dispute) => {
            let payment = payment_of(transaction, dispute.payment_intent.as_deref())?;
            let done = hear_dispute(transaction, by, dispute, payment.as_ref(), settings.on_dispute)?;
            (step.as_str().to_owned(), Some(dispute.id.clone()), payment, done)
        }
        StripeEventKind::EarlyFraudWarning(warning) => {
            let payment = payment_of(transaction, warning.payment_intent.as_deref())?;
            let done = hear_warning(transaction, by, warning, payment.as_ref(), settings.on_fraud_warning)?;
            ("radar.early_fraud_warning.created".to_owned(), Some(warning.id.clone()), payment, done)
        }
        StripeEventKind::Ignored(what) => (what.clone(), None, None, ("ignored", None)),
    };
    tracing::info!(what, outcome, payment = ?payment.as_ref().map(|payment| payment.id), "a provider's event");
    transaction.insert_provider_event(&ProviderEvent {
        id: event.id.clone(),
        what,
        reference,
        payment: payment.map(|payment| payment.id),
        outcome: outcome.to_owned(),
        note: note.map(str::to_owned),
        created_at: event.created,
        received_at: by.now,
    })?;
    Ok(())
}

/// The payment behind a provider's own id; in test mode, our own id stands for it.
fn payment_of(
    transaction: &MerchantTransaction<'_, '_>,
    reference: Option<&str>,
) -> Result<Option<Payment>, StorageError> {
    let Some(reference) = reference else { return Ok(None) };
    let view = transaction.view();
    match view.payment_by_reference(reference)? {
        Some(payment) => Ok(Some(payment)),
        None => match reference.parse::<PaymentId>() {
            Ok(id) => view.payment(id),
            Err(_) => Ok(None),
        },
    }
}

fn hear_dispute(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    dispute: &Dispute,
    payment: Option<&Payment>,
    policy: OnDispute,
) -> Result<Done, PaymentError> {
    let Some(payment) = payment else { return Ok(("unknown_payment", None)) };
    if dispute.is_inquiry() {
        return Ok(("inquiry", Some("an inquiry is no chargeback yet")));
    }
    if policy == OnDispute::Report {
        return Ok(("reported", Some("the settings say that disputes are only reported")));
    }
    let is_over = matches!(dispute.status, DisputeStatus::Won | DisputeStatus::Prevented);
    if is_over {
        return end_dispute(transaction, by, dispute, payment);
    }
    let block = policy == OnDispute::Block && dispute.is_strong();
    let reason = dispute.reason.as_str();
    record(transaction, by, payment, ChargebackSource::Dispute, (&dispute.id, reason), block)
}

/// A dispute that was won. One that we never heard of is kept as ended, so that its beginning, should it
/// come late, does nothing.
fn end_dispute(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    dispute: &Dispute,
    payment: &Payment,
) -> Result<Done, PaymentError> {
    if let Some(known) = transaction.view().chargeback_by_reference(&dispute.id)? {
        reverse_chargeback(transaction, by, known.id)?;
        return Ok(("reversed", None));
    }
    let ended = Chargeback {
        id: ChargebackId::generate(by.now, by.random),
        merchant: payment.merchant,
        payment: payment.id,
        customer: payment.customer,
        source: ChargebackSource::Dispute,
        provider_reference: Some(dispute.id.clone()),
        provider_reason: Some(dispute.reason.as_str().to_owned()),
        cit: Hold::None,
        mit: Hold::None,
        email: Hold::None,
        entry: None,
        recorded_at: by.now,
        reversed_at: Some(by.now),
    };
    transaction.put_chargeback(by, Some(Action::ChargebackReversed), &ended)?;
    Ok(("reversed", Some("it was over before its beginning was heard of")))
}

fn hear_warning(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    warning: &EarlyFraudWarning,
    payment: Option<&Payment>,
    policy: OnDispute,
) -> Result<Done, PaymentError> {
    let Some(payment) = payment else { return Ok(("unknown_payment", None)) };
    if policy == OnDispute::Report {
        return Ok(("reported", Some("the settings say that warnings are only reported")));
    }
    let block = policy == OnDispute::Block && warning.fraud_type.is_strong();
    let reason = warning.fraud_type.as_str();
    record(transaction, by, payment, ChargebackSource::FraudWarning, (&warning.id, reason), block)
}

/// Records a chargeback, and blocks unless a person has said otherwise: manual beats automatic, and the
/// refusal is reported (incident 12).
fn record(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    payment: &Payment,
    source: ChargebackSource,
    (reference, reason): (&str, &str),
    block: bool,
) -> Result<Done, PaymentError> {
    if payment.status != PaymentStatus::Succeeded {
        return Ok(("not_charged", Some("the payment did not come to money here")));
    }
    let customer = payment.customer.map(|id| transaction.view().customer(id)).transpose()?.flatten();
    let trusted = customer
        .as_ref()
        .is_some_and(|customer| customer.standing.at(by.merchant_now) == ListStatus::Whitelisted);
    let nobody = customer.is_none() && payment.email.is_none();
    let new = NewChargeback {
        payment: payment.id,
        blacklist_customer: block && !trusted && !nobody,
        restrictions: None,
        source,
        provider: Some((reference.to_owned(), reason.to_owned())),
    };
    let recorded = record_chargeback(transaction, by, new)?;
    Ok(match (block, trusted, nobody) {
        _ if recorded.chargeback.reversed_at.is_some() => ("over", recorded.note),
        (false, ..) => ("recorded", None),
        (true, true, _) => ("recorded", Some("not blocked: somebody has whitelisted this customer")),
        (true, false, true) => {
            ("recorded", Some("not blocked: the payment has neither a customer nor an email"))
        }
        (true, false, false) => ("blocked", recorded.note),
    })
}
