//! The sample shop's money: plans, sign-ups, payments of every end, a chargeback, a page to pay on. All
//! of it goes the way that a merchant's own would, through the sandbox.
//!
//! Deliberately not here: what is told of it ([`super::story`]).

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use interdict_app::store::{Authorship, MerchantTransaction, MerchantView, StorageError};
use interdict_app::{
    Answer, App, Begun, CheckoutFor, MadeCheckout, NewChargeback, NewCheckout, NewMerchant, NewPayment,
    NewPlan, NewSubscription, Paid, PaymentError, Refusal, Service, create_checkout, create_payment,
    create_plan, record_chargeback, subscribe,
};
use interdict_domain::actor::Actor;
use interdict_domain::chargeback::ChargebackSource;
use interdict_domain::identifier::{Email, MerchantRef};
use interdict_domain::ids::{CustomerId, PaymentId, PlanId, SubscriptionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::PaymentMethod;
use interdict_domain::scopes::Initiator;
use interdict_domain::subscription::{Interval, Period};
use interdict_domain::text::{Metadata, Name};
use parking_lot::Mutex;

use super::{cast, past};

/// What a period of the plan costs: ₦5,000.00.
pub(super) const PRICE: i64 = 500_000;
/// How payments of the crowd end, in turn.
const METHODS: [&str; 5] = [
    "pm_test_success",
    "pm_test_success",
    "pm_test_declined",
    "pm_test_insufficient_funds",
    "pm_test_requires_action",
];
/// Who signs up, and who pays once, of the crowd.
const SUBSCRIBERS: std::ops::Range<i64> = 2_001..2_026;
const BUYERS: std::ops::Range<i64> = 2_026..2_056;

/// What the story needs to know.
pub struct Till {
    /// Payments, whatever came of them.
    pub payments: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Grace's subscription.
    pub subscription: SubscriptionId,
    /// Grace.
    pub subscriber: CustomerId,
    /// A payment of a stranger's, that succeeded.
    pub paid: PaymentId,
    /// The token of a page to pay on.
    pub checkout: String,
}

/// Fills the till. The index must be loaded: each of these is decided.
pub async fn fill(app: &App, shop: &NewMerchant) -> Result<Till> {
    let clerk = Clerk {
        service: Arc::clone(app.service(interdict_domain::mode::Mode::Test)),
        merchant: shop.merchant.number,
        actor: Actor::api_key(shop.test.secret.credential.id),
    };
    let plan = clerk.plan().await?;
    let grace = clerk.customer("shop-1004").await?.context("Grace is missing")?;
    let mut made = Made { payments: past::fill(&clerk).await?, ..Made::default() };
    for number in SUBSCRIBERS {
        if let Some(customer) = clerk.customer(&format!("shop-{number}")).await? {
            made.count(&clerk.sign_up(customer, plan).await?);
        }
    }
    let signed_up = clerk.sign_up(grace, plan).await?;
    made.count(&signed_up);
    for ((number, method), days_ago) in BUYERS.zip(METHODS.iter().cycle()).zip(0..) {
        if let Some(customer) = clerk.customer(&format!("shop-{number}")).await? {
            made.count(&clerk.pay(Some(customer), None, method, days_ago).await?);
        }
    }
    let stranger = clerk.pay(None, Some(cast::STRANGER), "pm_test_success", 0).await?;
    made.count(&stranger);
    let disputed = clerk.pay(None, Some("regret@example.com"), "pm_test_success", 0).await?;
    made.count(&disputed);
    clerk.charge_back(disputed.payment.context("nothing was paid")?).await?;
    Ok(Till {
        payments: made.payments,
        subscriptions: made.subscriptions,
        subscription: signed_up.subscription.context("Grace has no subscription")?,
        subscriber: grace,
        paid: stranger.payment.context("nothing was paid")?,
        checkout: clerk.checkout().await?,
    })
}

/// What came of one call.
#[derive(Clone, Copy, Default)]
pub(super) struct Entered {
    payment: Option<PaymentId>,
    subscription: Option<SubscriptionId>,
}

impl Entered {
    /// Whether it came to a payment, however that ended.
    pub(super) const fn is_payment(self) -> bool {
        self.payment.is_some()
    }
}

#[derive(Default)]
struct Made {
    payments: usize,
    subscriptions: usize,
}

impl Made {
    fn count(&mut self, entered: &Entered) {
        self.payments += usize::from(entered.payment.is_some());
        self.subscriptions += usize::from(entered.subscription.is_some());
    }
}

/// Whoever fills the till.
pub(super) struct Clerk {
    service: Arc<Service>,
    merchant: MerchantNumber,
    actor: Actor,
}

impl Clerk {
    pub(super) async fn customer(&self, merchant_ref: &str) -> Result<Option<CustomerId>> {
        let merchant_ref = MerchantRef::parse(merchant_ref)?;
        let read = self.service.store().read(self.merchant, move |view| view.customer_by_ref(&merchant_ref));
        let found = read.await.map_err(|error: StorageError| error)?;
        Ok(found.map(|customer| customer.id))
    }

    /// Runs a use case that asks no gateway.
    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Service, &mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<T, PaymentError>
        + Send
        + 'static,
    ) -> Result<T> {
        let (service, merchant, actor) = (Arc::clone(&self.service), self.merchant, self.actor.clone());
        let now = self.service.now();
        let committed = self.service.store().write(move |transaction| {
            let by = Authorship::new(&actor, now, service.random());
            act(&service, &mut transaction.merchant(merchant), &by)
        });
        Ok(committed.await?.value)
    }

    /// Runs a use case that may ask the gateway.
    async fn enter(
        &self,
        act: impl FnOnce(
            &Service,
            &mut MerchantTransaction<'_, '_>,
            &Authorship<'_>,
        ) -> Result<Begun, PaymentError>
        + Send
        + 'static,
    ) -> Result<Entered> {
        let service = Arc::clone(&self.service);
        let begin = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
            act(&service, transaction, by).map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "the till cannot be filled");
                Refusal::Storage(StorageError::Corrupt("the sample shop"))
            })
        };
        let entered = Arc::new(Mutex::new(Entered::default()));
        let seen = Arc::clone(&entered);
        let show = Arc::new(move |_: &MerchantView<'_>, paid: Paid<'_>| {
            *seen.lock() = match paid {
                Paid::Payment(payment) => {
                    Entered { payment: Some(payment.id), subscription: payment.period.map(|(id, _)| id) }
                }
                Paid::Trial(subscription) => Entered { payment: None, subscription: Some(subscription.id) },
            };
            Ok(Answer::default())
        });
        self.service.pay(self.merchant, self.actor.clone(), None, begin, show).await?;
        let entered = *entered.lock();
        Ok(entered)
    }

    async fn plan(&self) -> Result<PlanId> {
        let new = NewPlan {
            name: Name::parse("Gold")?,
            money: Money::new(PRICE, Currency::NGN)?,
            period: Period { interval: Interval::Month, count: 1 },
            trial_days: 0,
            max_cycles: None,
        };
        let made = self.write(move |_, transaction, by| {
            create_plan(transaction, by, new).map_err(|_| StorageError::Corrupt("the sample shop").into())
        });
        Ok(made.await?.id)
    }

    async fn sign_up(&self, customer: CustomerId, plan: PlanId) -> Result<Entered> {
        let metadata = Metadata::default();
        let new = NewSubscription { customer, plan, payment_method: None, on_lift: None, metadata };
        self.enter(move |service, transaction, by| subscribe(service, transaction, by, new)).await
    }

    async fn pay(
        &self,
        customer: Option<CustomerId>,
        email: Option<&str>,
        method: &str,
        days_ago: i64,
    ) -> Result<Entered> {
        let new = NewPayment {
            money: Money::new(PRICE, Currency::NGN)?,
            initiator: Initiator::Customer,
            customer,
            email: email.map(Email::parse).transpose()?,
            payment_method: Some(PaymentMethod::parse(method)?),
            confirm: true,
            metadata: Metadata::default(),
        };
        self.pay_as(new, days_ago * past::DAY_S).await
    }

    /// How much of today (UTC) is over.
    pub(super) fn seconds_of_today(&self) -> i64 {
        (self.service.now().micros() / 1_000_000).rem_euclid(past::DAY_S)
    }

    /// A payment that is dated back by so many seconds.
    pub(super) async fn pay_as(&self, new: NewPayment, ago_s: i64) -> Result<Entered> {
        self.enter(move |service, transaction, by| {
            let by = Authorship {
                actor: by.actor,
                now: by.now.plus_seconds(-ago_s),
                merchant_now: by.merchant_now.plus_seconds(-ago_s),
                random: by.random,
            };
            create_payment(service, transaction, &by, new)
        })
        .await
    }

    async fn charge_back(&self, payment: PaymentId) -> Result<()> {
        let source = ChargebackSource::Recorded;
        let new =
            NewChargeback { payment, blacklist_customer: true, restrictions: None, source, provider: None };
        self.write(move |_, transaction, by| record_chargeback(transaction, by, new)).await?;
        Ok(())
    }

    async fn checkout(&self) -> Result<String> {
        let new = NewCheckout {
            what: CheckoutFor::Amount(Money::new(PRICE, Currency::NGN)?),
            email: None,
            phone: None,
            payer_verified: true,
            success_url: None,
            metadata: Metadata::default(),
        };
        match self
            .write(move |service, transaction, by| create_checkout(service, transaction, by, new))
            .await?
        {
            MadeCheckout::Session(_, token) => Ok(token),
            MadeCheckout::Blocked(_) => bail!("nobody is blocked who is not named"),
        }
    }
}
