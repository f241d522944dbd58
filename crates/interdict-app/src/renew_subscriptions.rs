//! Renewals: what is due is claimed once, decided as the merchant's own doing, and charged at most once
//! for a period. What is blocked is held, and released when the block is lifted, never all at once. What
//! cannot be judged, because the lists may be stale and the merchant wants no charge on them, waits for a
//! later sweep.

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::payment::{Payment, PaymentOrigin, PaymentStatus};
use interdict_domain::scopes::Initiator;
use interdict_domain::subscription::{OnLift, Subscription, SubscriptionStatus};
use interdict_storage::{Authorship, MerchantTransaction, StorageError, View, WriteError};
use tokio::task::JoinSet;

use crate::ask_gateway::Ask;
use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::decide_payment::DecidePaymentError;
use crate::payment_error::PaymentError;
use crate::renewal_report::{RenewalProgress, Renewed};
use crate::service::Service;
use crate::settle_subscription::{end, settle_subscription};

/// Subscriptions that are read at once: what a sweep holds in memory.
const PAGE: i64 = 256;
/// Renewals that are on their way to the gateway at once: half of what Stripe takes from one account, so
/// that whoever pays in the shop meanwhile is not turned away.
const AT_ONCE: usize = 16;
/// Claims and ends of renewals that are on their way to the disk at once, in one mode. A sweep has time:
/// with more of them it keeps the cores busy, and decisions wait for one.
pub(crate) const COMMITS_AT_ONCE: usize = 1;
/// Arrears that are charged in one sweep, for each merchant: lifting a thousand blocks at once must not
/// fire a thousand charges (incident 9).
const ARREARS_A_SWEEP: u32 = 50;
/// How often a long sweep says how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Why renewals could not be looked for.
#[derive(Debug, thiserror::Error)]
#[error("what is due cannot be read")]
pub struct RenewError(#[from] StorageError);

/// What the first commit of a renewal did.
enum Claimed {
    /// The gateway is to be asked.
    Charge(Box<Payment>, Ask),
    /// It ended without the gateway.
    Done(Renewed),
}

impl Service {
    /// Looks for what is due once, for every merchant.
    pub async fn renew_subscriptions(self: &Arc<Self>) -> Result<(), RenewError> {
        let merchants = self.store.read_all(merchants_with_renewals).await?;
        let mut progress = RenewalProgress::begin(Arc::clone(&self.renewals), REPORT_EVERY);
        for merchant in merchants {
            self.renew_for(merchant, &mut progress).await?;
        }
        progress.end(self.mode);
        Ok(())
    }

    /// In pages, in the order in which it fell due: what stays due is not looked at twice.
    async fn renew_for(
        self: &Arc<Self>,
        merchant: MerchantNumber,
        progress: &mut RenewalProgress,
    ) -> Result<(), RenewError> {
        let now = self.merchant_now(merchant);
        progress.expect(self.store.read(merchant, move |view| view.count_due_subscriptions(now)).await?);
        let mut position = (Timestamp::from_micros(i64::MIN), None);
        let mut arrears_left = ARREARS_A_SWEEP;
        loop {
            let after = position;
            let read = self.store.read(merchant, move |view| {
                Ok::<_, StorageError>((view.due_subscriptions(now, after, PAGE)?, view.settings()?.on_lift))
            });
            let (due, on_lift): (Vec<Subscription>, OnLift) = read.await?;
            let Some(last) = due.last() else { break };
            position = (last.current_period_end, Some(last.id));
            let mut running = JoinSet::new();
            let place = self.store.place();
            for subscription in due {
                // The others' shares are theirs: a claim would only be refused.
                if !place.owns(&subscription.id.ksuid()) {
                    progress.note(self.mode, Renewed::Taken);
                    continue;
                }
                let in_arrears = is_in_arrears(&subscription, on_lift, now);
                if in_arrears && arrears_left == 0 {
                    progress.note(self.mode, Renewed::Waiting);
                    continue;
                }
                if running.len() >= AT_ONCE
                    && let Some(done) = running.join_next().await
                {
                    progress.note(self.mode, done.unwrap_or(Renewed::Failed));
                }
                if let Some(known) = self.known_from_memory(&subscription) {
                    progress.note(self.mode, known);
                    continue;
                }
                arrears_left = arrears_left.saturating_sub(u32::from(in_arrears));
                running.spawn(Arc::clone(self).renew(subscription));
            }
            // Before the next page: what is due for one more period stands in a later one.
            while let Some(done) = running.join_next().await {
                progress.note(self.mode, done.unwrap_or(Renewed::Failed));
            }
        }
        Ok(())
    }

    /// What becomes of a due renewal where memory knows it: that costs no commit. One that is held may
    /// stay so, and nobody's is charged on stale lists against the merchant's wish.
    fn known_from_memory(&self, subscription: &Subscription) -> Option<Renewed> {
        if subscription.cancel_at_period_end || !subscription.payer_verified {
            return None;
        }
        let payer = Payer {
            initiator: Initiator::Merchant,
            customer: Some(subscription.customer),
            email: None,
            phone: None,
            money: Some(subscription.money),
            verified: true,
            can_wait: true,
        };
        let asked_for = AskedFor { origin: DecisionOrigin::Renewal, payment: None };
        match self.refusal(subscription.merchant, &payer, asked_for, Counting::Foresight) {
            Ok(Some(_)) if subscription.is_held => Some(Renewed::StillHeld),
            Err(DecidePaymentError::Stale) => Some(Renewed::Waiting),
            Ok(_) | Err(DecidePaymentError::NotLoaded | DecidePaymentError::Attempt(_)) => None,
        }
    }

    /// One renewal from its claim to its end.
    async fn renew(self: Arc<Self>, subscription: Subscription) -> Renewed {
        let (service, merchant) = (Arc::clone(&self), subscription.merchant);
        let now = self.now();
        let turn = self.renewal_commits.acquire().await;
        let claimed = self
            .store
            .write(move |transaction| {
                let actor = Actor::system();
                let merchant_now = service.merchant_now(merchant);
                let by = Authorship { actor: &actor, now, merchant_now, random: service.random() };
                claim(&service, &mut transaction.merchant(merchant), &by, &subscription)
            })
            .await;
        drop(turn);
        match claimed {
            Ok(claimed) => match claimed.value {
                Claimed::Done(renewed) => renewed,
                Claimed::Charge(payment, ask) => self.charge_renewal(*payment, ask).await,
            },
            Err(WriteError::Refused(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a renewal is tried again later");
                Renewed::Failed
            }
            Err(_) => Renewed::Failed,
        }
    }

    async fn charge_renewal(self: Arc<Self>, payment: Payment, ask: Ask) -> Renewed {
        let actor = Actor::system();
        // What fails is logged where it fails, and is due at the next sweep.
        let Ok(settlement) = self.ask_or_give_up(&payment, ask, &actor, None).await else {
            return Renewed::Failed;
        };
        let _turn = self.renewal_commits.acquire().await;
        let driven = Arc::clone(&self).settle(payment, settlement, actor, None).await;
        match driven.map(|driven| driven.status) {
            Ok(PaymentStatus::Succeeded) => Renewed::Charged,
            Ok(PaymentStatus::Cancelled) => Renewed::Declined,
            Ok(PaymentStatus::Open | PaymentStatus::RequiresAction) | Err(_) => Renewed::Failed,
        }
    }
}

fn merchants_with_renewals(view: &View<'_>) -> Result<Vec<MerchantNumber>, StorageError> {
    view.merchants_with_renewals()
}

/// Whoever pays a renewal, at the merchant's doing: the customer by id. Who signed up by a typed email is
/// found by it, and exempt from nothing.
fn payer<'a>(subscription: &Subscription, customer: &'a Customer) -> Payer<'a> {
    let profile = &customer.profile;
    let verified = subscription.payer_verified || (profile.email.is_none() && profile.phone.is_none());
    Payer {
        initiator: Initiator::Merchant,
        customer: Some(customer.id).filter(|_| verified),
        email: profile.email.as_ref(),
        phone: profile.phone.as_ref(),
        money: Some(subscription.money),
        verified,
        can_wait: true,
    }
}

/// Whether charging it now would collect what fell due while it was held, or more than one period ago. What
/// skips that when it is released is charged nothing, and must not wait: another boundary may pass.
fn is_in_arrears(subscription: &Subscription, settings: OnLift, now: Timestamp) -> bool {
    if subscription.is_held {
        return subscription.on_lift.unwrap_or(settings) == OnLift::CollectArrears;
    }
    let next = subscription.period_number.saturating_add(2);
    subscription.period.boundary(subscription.anchor, next) <= now
}

/// Takes a due renewal for this process: in one commit it is held, released, ended, or on its way.
fn claim(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    due: &Subscription,
) -> Result<Claimed, PaymentError> {
    let view = transaction.view();
    let found = view.subscription(due.id)?.filter(|found| found.due_at() == due.due_at());
    let Some(mut subscription) = found.filter(|found| found.current_period_end <= by.merchant_now) else {
        // Somebody else was faster.
        return Ok(Claimed::Done(Renewed::Taken));
    };
    let customer = view.customer(subscription.customer)?;
    let is_over = end_if_over(transaction, by, &mut subscription, customer.as_ref())?;
    let Some(customer) = customer.filter(|_| !is_over) else { return Ok(Claimed::Done(Renewed::Ended)) };
    if let Some(begun) = view.payment_of_period(subscription.id, subscription.current_period_end)? {
        return take_up(service, transaction, by, begun);
    }
    let mut payment = renewal_payment(by, &subscription, &customer);
    let refusal = service.refusal(
        payment.merchant,
        &payer(&subscription, &customer),
        AskedFor::of(&payment),
        Counting::Counted,
    );
    if refusal == Err(DecidePaymentError::Stale) {
        return Ok(Claimed::Done(Renewed::Waiting));
    }
    if let Some(outcome) = refusal? {
        if subscription.is_held {
            return Ok(Claimed::Done(Renewed::StillHeld));
        }
        payment.cancel(outcome);
        transaction.insert_payment(by, Some(Action::PaymentBlocked), &payment)?;
        settle_subscription(transaction, by, &payment)?;
        return Ok(Claimed::Done(Renewed::Held));
    }
    if subscription.is_held && release(transaction, by, &mut subscription)? == OnLift::ResumeFromNow {
        return Ok(Claimed::Done(Renewed::Released));
    }
    service.choose_method(&view, &mut payment)?;
    payment.pending = Some(service.charge_pending(&payment));
    transaction.insert_payment(by, None, &payment)?;
    subscription.latest_payment = Some(payment.id);
    transaction.put_subscription(by, None, &subscription)?;
    Ok(Claimed::Charge(Box::new(payment), Ask::Charge))
}

/// Ends what was to end with its period, what has had its last one, and what nobody pays any more.
fn end_if_over(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    subscription: &mut Subscription,
    customer: Option<&Customer>,
) -> Result<bool, StorageError> {
    let status = if subscription.cancel_at_period_end || customer.is_none() {
        SubscriptionStatus::Canceled
    } else if subscription.max_cycles.is_some_and(|most| subscription.cycles_completed >= most) {
        SubscriptionStatus::Expired
    } else {
        return Ok(false);
    };
    end(transaction, by, subscription, status)?;
    Ok(true)
}

/// Goes on with a charge that a sweep before began, and that came to nothing.
fn take_up(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    mut begun: Payment,
) -> Result<Claimed, PaymentError> {
    if begun.pending.is_some() || begun.status != PaymentStatus::Open {
        return Ok(Claimed::Done(Renewed::Taken));
    }
    begun.pending = Some(service.charge_pending(&begun));
    transaction.update_payment(by, None, &begun)?;
    Ok(Claimed::Charge(Box::new(begun), Ask::Outcome))
}

/// The block is lifted: says what the merchant wants done with what was missed, and does it.
fn release(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    subscription: &mut Subscription,
) -> Result<OnLift, StorageError> {
    let on_lift = match subscription.on_lift {
        Some(on_lift) => on_lift,
        None => transaction.view().settings()?.on_lift,
    };
    subscription.is_held = false;
    subscription.auto_billing_disabled_reason = None;
    subscription.updated_at = by.now;
    if on_lift == OnLift::ResumeFromNow {
        subscription.skip_to(by.merchant_now);
        subscription.status = SubscriptionStatus::Active;
    }
    transaction.put_subscription(by, Some(Action::SubscriptionReleased), subscription)?;
    Ok(on_lift)
}

fn renewal_payment(by: &Authorship<'_>, subscription: &Subscription, customer: &Customer) -> Payment {
    let payer = payer(subscription, customer);
    Payment {
        customer: Some(subscription.customer),
        // By these the last look finds somebody who is not named.
        email: payer.email.filter(|_| !payer.verified).cloned(),
        phone: payer.phone.filter(|_| !payer.verified).cloned(),
        payer_verified: payer.verified,
        payment_method: subscription.payment_method.clone(),
        period: Some((subscription.id, subscription.current_period_end)),
        ..Payment::new(
            PaymentId::generate(by.now, by.random),
            subscription.merchant,
            subscription.money,
            Initiator::Merchant,
            PaymentOrigin::Renewal,
            by.now,
        )
    }
}
