//! Signing up for a plan (Duro): the customer's own doing, decided as such, and the first period is
//! charged in the same call.

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, PaymentId, PlanId, SubscriptionId};
use interdict_domain::payment::{Payment, PaymentMethod, PaymentOrigin};
use interdict_domain::scopes::Initiator;
use interdict_domain::subscription::{OnLift, Plan, Subscription, SubscriptionStatus};
use interdict_domain::text::Metadata;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::ask_gateway::Ask;
use crate::decide_charge::{AskedFor, Counting, Payer};
use crate::pay::Begun;
use crate::payment_error::PaymentError;
use crate::service::Service;

const DAY_S: i64 = 24 * 60 * 60;

/// A sign-up.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Who pays.
    pub customer: CustomerId,
    /// For what.
    pub plan: PlanId,
    /// With what.
    pub payment_method: Option<PaymentMethod>,
    /// What happens when a block is lifted, if it is not what the settings say.
    pub on_lift: Option<OnLift>,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
}

/// Signs somebody up: blocked at once, in a trial, or about to be charged.
pub fn subscribe(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewSubscription,
) -> Result<Begun, PaymentError> {
    let view = transaction.view();
    view.customer(new.customer)?.ok_or(PaymentError::NotFound("customer"))?;
    let plan = view.plan(new.plan)?.ok_or(PaymentError::NotFound("plan"))?;
    if plan.archived_at.is_some() {
        return Err(PaymentError::Illegal { what: "plan", from: "archived", to: "subscribed to" });
    }
    let mut payment = first_payment(by, &plan, &new);
    let payer = Payer::of(&payment);
    if let Some(outcome) =
        service.refusal(payment.merchant, &payer, AskedFor::of(&payment), Counting::Counted)?
    {
        payment.cancel(outcome);
        transaction.insert_payment(by, Some(Action::PaymentBlocked), &payment)?;
        return Ok(Begun::Ended(Box::new(payment)));
    }
    service.check_method(payment.merchant, payment.payment_method.as_ref()).map_err(in_duros_words)?;
    service.choose_method(&view, &mut payment).map_err(in_duros_words)?;
    let mut subscription = sign_up(by, &plan, &payment, new);
    if subscription.status == SubscriptionStatus::Trialing {
        transaction.put_subscription(by, Some(Action::SubscriptionCreated), &subscription)?;
        return Ok(Begun::Trial(Box::new(subscription)));
    }
    payment.period = Some((subscription.id, subscription.current_period_start));
    payment.pending = Some(service.charge_pending(&payment));
    subscription.latest_payment = Some(payment.id);
    transaction.put_subscription(by, Some(Action::SubscriptionCreated), &subscription)?;
    transaction.insert_payment(by, None, &payment)?;
    Ok(Begun::Asking(Box::new(payment), Ask::Charge))
}

/// A sign-up calls the token by another name than a payment does.
fn in_duros_words(error: PaymentError) -> PaymentError {
    match error {
        PaymentError::Invalid { path: "paymentMethod", issue } => {
            PaymentError::Invalid { path: "paymentMethodId", issue }
        }
        other => other,
    }
}

fn first_payment(by: &Authorship<'_>, plan: &Plan, new: &NewSubscription) -> Payment {
    Payment {
        customer: Some(new.customer),
        payment_method: new.payment_method.clone(),
        ..Payment::new(
            PaymentId::generate(by.now, by.random),
            plan.merchant,
            plan.money,
            Initiator::Customer,
            PaymentOrigin::SignUp,
            by.now,
        )
    }
}

pub(crate) fn sign_up(
    by: &Authorship<'_>,
    plan: &Plan,
    payment: &Payment,
    new: NewSubscription,
) -> Subscription {
    let start = by.merchant_now;
    let trial_end = start.plus_seconds(plan.trial_days.saturating_mul(DAY_S));
    let in_trial = plan.trial_days > 0;
    let (anchor, number): (Timestamp, i64) = if in_trial { (trial_end, -1) } else { (start, 0) };
    Subscription {
        id: SubscriptionId::generate(by.now, by.random),
        merchant: plan.merchant,
        customer: new.customer,
        plan: plan.id,
        status: if in_trial { SubscriptionStatus::Trialing } else { SubscriptionStatus::Incomplete },
        money: plan.money,
        period: plan.period,
        max_cycles: plan.max_cycles,
        anchor,
        period_number: number,
        current_period_start: start,
        current_period_end: if in_trial { trial_end } else { plan.period.boundary(anchor, 1) },
        cycles_completed: 0,
        payment_method: payment.payment_method.clone(),
        auto_billing_disabled_reason: None,
        is_held: false,
        payer_verified: payment.payer_verified,
        on_lift: new.on_lift,
        cancel_at_period_end: false,
        ended_at: None,
        latest_payment: None,
        metadata: new.metadata,
        created_at: by.now,
        updated_at: by.now,
    }
}
