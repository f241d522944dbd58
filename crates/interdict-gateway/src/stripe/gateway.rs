//! The [`Gateway`] over Stripe: which request belongs to which step, and what its answer means.
//!
//! Deliberately not here: HTTP itself (`connection`), and the meaning of an intent's state (`intent`).

use std::future::Future;
use std::time::Duration;

use http::{StatusCode, Uri};
use serde::Deserialize;
use tokio::time::timeout;

use interdict_domain::payment::PaymentMethod;
use interdict_domain::scopes::Initiator;

use super::amount::to_stripe;
use super::answer::{CallError, Expandable, Reply, is_id};
use super::connection::Connection;
use super::decline;
use super::intent::{Intent, Standing};
use super::options::{SecretKey, StripeOptions, StripeSetupError};
use crate::lists::ValueLists;
use crate::{Answer, Charge, Charged, Gateway, GatewayError, Reversal};

/// Stripe, with the key of one account.
#[derive(Clone)]
pub struct Stripe {
    connection: Connection,
    key: SecretKey,
    return_url: Option<String>,
    step_timeout: Duration,
}

#[derive(Deserialize)]
struct Method {
    customer: Option<Expandable>,
}

#[derive(Deserialize)]
struct Customer {
    id: String,
}

#[derive(Deserialize)]
struct Refund {
    status: Option<String>,
    #[serde(default)]
    metadata: RefundMetadata,
}

#[derive(Default, Deserialize)]
struct RefundMetadata {
    interdict_reversal: Option<String>,
}

#[derive(Deserialize)]
struct Refunds {
    data: Vec<Refund>,
}

impl Stripe {
    /// Over connections of its own. Nothing is sent yet.
    pub fn new(options: StripeOptions) -> Result<Self, StripeSetupError> {
        let connection = Connection::new(&options)?;
        let StripeOptions { secret_key: key, return_url, step_timeout, .. } = options;
        if let Some(url) = &return_url {
            let uri: Uri = url.parse().map_err(|_| StripeSetupError::ReturnUrl)?;
            uri.host()
                .filter(|_| matches!(uri.scheme_str(), Some("http" | "https")))
                .ok_or(StripeSetupError::ReturnUrl)?;
        }
        Ok(Self { connection, key, return_url, step_timeout })
    }

    /// The same with another merchant's key, over the same connections.
    #[must_use]
    pub fn with_key(&self, key: SecretKey) -> Self {
        Self { key, ..self.clone() }
    }

    /// How long one step may take.
    pub(super) const fn step_timeout(&self) -> Duration {
        self.step_timeout
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Reply, CallError> {
        self.connection.delete(&self.key, path).await
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, CallError> {
        self.connection.get(&self.key, path, query).await
    }

    pub(super) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        key: Option<&str>,
    ) -> Result<Reply, CallError> {
        self.connection.post(&self.key, path, form, key).await
    }

    /// A step that takes too long has perhaps been done.
    async fn within<T>(
        &self,
        step: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        timeout(self.step_timeout, step).await.unwrap_or_else(|_| Err(CallError::TimedOut.into()))
    }

    async fn make_intent(&self, charge: Charge<'_>) -> Result<String, GatewayError> {
        let method = charge
            .method
            .map_or_else(|| Err(GatewayError::Refused("nothing to charge".to_owned())), method_of)?;
        let refused = |error: super::amount::AmountError| GatewayError::Refused(error.to_string());
        let amount = to_stripe(charge.money).map_err(refused)?.to_string();
        let owner = self.owner_of(method).await?;
        // A token that belongs to nobody can be charged once.
        let is_kept_now = owner.is_none() && charge.reusable;
        let customer = if is_kept_now { Some(self.keep(charge, method).await?) } else { owner };
        let currency = charge.money.currency().code().to_ascii_lowercase();
        let (payment, merchant) = (charge.payment.to_string(), charge.merchant.to_string());
        let mut form = vec![
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("payment_method", method),
            // Cards only: another kind may still be on its way for days after it was confirmed.
            ("payment_method_types[]", "card"),
            ("capture_method", "automatic"),
            ("confirm", "false"),
            ("metadata[interdict_payment]", &payment),
            ("metadata[interdict_merchant]", &merchant),
        ];
        if let Some(customer) = &customer {
            form.push(("customer", customer));
        }
        if is_kept_now && charge.initiator == Initiator::Customer {
            // The bank is asked for more than this once, while the customer is there.
            form.push(("setup_future_usage", "off_session"));
        }
        let reply = self.post("/v1/payment_intents", &form, Some(&format!("{payment}-prepare"))).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal_to_prepare());
        }
        let intent: Intent = reply.object()?;
        if is_id(&intent.id, "pi_") { Ok(intent.id) } else { Err(CallError::Shape.into()) }
    }

    /// Makes a customer at Stripe to whom the token belongs from now on. Stripe attaches it by itself once a
    /// payment in the customer's presence succeeds; otherwise it is attached here.
    async fn keep(&self, charge: Charge<'_>, method: &str) -> Result<String, GatewayError> {
        let payment = charge.payment.to_string();
        let form = [("metadata[interdict_payment]", payment.as_str())];
        let reply = self.post("/v1/customers", &form, Some(&format!("{payment}-customer"))).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal_to_prepare());
        }
        let customer = reply.object::<Customer>()?.id;
        if !is_id(&customer, "cus_") {
            return Err(CallError::Shape.into());
        }
        if charge.initiator == Initiator::Merchant {
            let (path, form) =
                (format!("/v1/payment_methods/{method}/attach"), [("customer", customer.as_str())]);
            let reply = self.post(&path, &form, Some(&format!("{payment}-attach"))).await?;
            if !reply.status.is_success() {
                return Err(reply.refusal_to_prepare());
            }
        }
        Ok(customer)
    }

    /// The customer at Stripe to whom a token belongs: without that name Stripe refuses the token.
    async fn owner_of(&self, method: &str) -> Result<Option<String>, GatewayError> {
        let reply = self.get(&format!("/v1/payment_methods/{method}"), &[]).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal_to_prepare());
        }
        let method: Method = reply.object()?;
        Ok(method.customer.map(Expandable::into_id))
    }

    async fn confirm(&self, charge: Charge<'_>) -> Result<Charged, GatewayError> {
        let id = reference_of(charge.reference)?;
        let mut form = Vec::new();
        match (charge.initiator, &self.return_url) {
            (Initiator::Merchant, _) => form.push(("off_session", "true")),
            (Initiator::Customer, Some(url)) => form.push(("return_url", url.as_str())),
            (Initiator::Customer, None) => {}
        }
        let key = format!("{}-confirm", charge.payment);
        let reply = self.post(&format!("/v1/payment_intents/{id}/confirm"), &form, Some(&key)).await?;
        match reply.status {
            status if status.is_success() => {
                let standing = reply.object::<Intent>()?.standing()?;
                let settled = self.settle(charge, id, standing).await?;
                settled.ok_or_else(|| CallError::Undecided("not confirmed".to_owned()).into())
            }
            StatusCode::PAYMENT_REQUIRED => Ok(Charged::Declined(decline::from_error(&reply.error()))),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(reply.refusal()),
            // Stripe refuses to confirm an intent twice, so the refusal may mean that it is paid.
            _ => self.look(charge, id).await?.ok_or_else(|| reply.refusal()),
        }
    }

    /// What became of an intent. Whatever is no answer leaves it unknown: a key that was revoked or a
    /// limit that was reached says nothing about the money.
    async fn look(&self, charge: Charge<'_>, id: &str) -> Result<Option<Charged>, GatewayError> {
        let unknown = |error: CallError| GatewayError::Unknown(Box::new(error));
        let reply = self.get(&format!("/v1/payment_intents/{id}"), &[]).await.map_err(unknown)?;
        if !reply.status.is_success() {
            return Err(says_nothing(reply.refusal()));
        }
        let standing = reply.object::<Intent>().and_then(Intent::standing).map_err(unknown)?;
        self.settle(charge, id, standing).await
    }

    /// An intent that waits for a customer whom nobody can send there is called off, so that a decline
    /// is a decline.
    async fn settle(
        &self,
        charge: Charge<'_>,
        id: &str,
        standing: Standing,
    ) -> Result<Option<Charged>, GatewayError> {
        match (standing, charge.initiator) {
            (Standing::Prepared, _) => Ok(None),
            (Standing::Ended(charged), _) => Ok(Some(charged)),
            (Standing::Waits(Some(page)), Initiator::Customer) => Ok(Some(Charged::RequiresAction(page))),
            (Standing::Waits(_), _) => {
                if self.cancel(id).await? == Charged::Succeeded {
                    return Ok(Some(Charged::Succeeded));
                }
                let message = "The card needs an authentication that nobody is there to give.";
                Ok(Some(Charged::Declined(decline::of_our_own(decline::AUTHENTICATION_REQUIRED, message))))
            }
        }
    }

    /// Sees to it that an intent is never paid, unless it is already.
    async fn cancel(&self, id: &str) -> Result<Charged, GatewayError> {
        let unknown = |error: CallError| GatewayError::Unknown(Box::new(error));
        let path = format!("/v1/payment_intents/{id}");
        // Without a key: under one, Stripe would repeat an old failure for a day.
        let reply = self.post(&format!("{path}/cancel"), &[], None).await.map_err(unknown)?;
        // Stripe cancels no intent that has come to its end: what end that was, it says itself.
        let reply =
            if reply.status.is_success() { reply } else { self.get(&path, &[]).await.map_err(unknown)? };
        if !reply.status.is_success() {
            return Err(says_nothing(reply.refusal()));
        }
        match reply.object::<Intent>().and_then(Intent::standing).map_err(unknown)? {
            Standing::Ended(charged) => Ok(charged),
            Standing::Prepared | Standing::Waits(_) => {
                Err(unknown(CallError::Undecided("not cancelled".to_owned())))
            }
        }
    }

    async fn refund(&self, reversal: Reversal<'_>) -> Result<(), GatewayError> {
        let id = reference_of(reversal.reference)?;
        let amount =
            to_stripe(reversal.money).map_err(|error| GatewayError::Refused(error.to_string()))?.to_string();
        let payment = reversal.payment.to_string();
        let key = format!("{payment}-reverse-{}", reversal.reversed_before);
        // Stripe forgets idempotency keys after a day; the refund itself remembers whose it is.
        let reply = self.get("/v1/refunds", &[("payment_intent", id), ("limit", "100")]).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal());
        }
        let done =
            |refund: &Refund| refund.metadata.interdict_reversal.as_deref() == Some(&key) && refund.stands();
        if reply.object::<Refunds>()?.data.iter().any(done) {
            return Ok(());
        }
        let form = [
            ("payment_intent", id),
            ("amount", amount.as_str()),
            ("metadata[interdict_payment]", &payment),
            ("metadata[interdict_reversal]", &key),
        ];
        let reply = self.post("/v1/refunds", &form, Some(&key)).await?;
        if !reply.status.is_success() {
            return Err(reply.refusal());
        }
        let refund: Refund = reply.object()?;
        if refund.stands() {
            return Ok(());
        }
        Err(GatewayError::Refused("the refund failed at Stripe".to_owned()))
    }
}

impl Refund {
    /// Whether the money went back, or is on its way.
    fn stands(&self) -> bool {
        !matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

fn method_of(method: &PaymentMethod) -> Result<&str, GatewayError> {
    let text = method.as_str();
    if is_id(text, "pm_") {
        Ok(text)
    } else {
        Err(GatewayError::Refused("this is no token of Stripe's".to_owned()))
    }
}

fn reference_of(reference: Option<&str>) -> Result<&str, GatewayError> {
    let reference = reference.filter(|id| is_id(id, "pi_"));
    reference.ok_or_else(|| GatewayError::Refused("the payment was not prepared at Stripe".to_owned()))
}

/// An intent that nobody confirms takes no money: a preparation without an answer has done nothing.
fn costs_nothing(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::Unknown(source) => GatewayError::NothingDone(source),
        other => other,
    }
}

/// A refusal to say what became of a charge leaves it unknown.
fn says_nothing(refusal: GatewayError) -> GatewayError {
    GatewayError::Unknown(Box::new(refusal))
}

impl Gateway for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn knows(&self, method: &PaymentMethod) -> bool {
        method_of(method).is_ok()
    }

    fn prepare<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<String>> {
        Box::pin(async move { self.within(self.make_intent(charge)).await.map(Some).map_err(costs_nothing) })
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Charged> {
        Box::pin(self.within(self.confirm(charge)))
    }

    fn find<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>> {
        Box::pin(async move {
            // Nothing was prepared, or its reference was never kept: then it was never charged either.
            let Some(reference) = charge.reference else { return Ok(None) };
            let id = reference_of(Some(reference)).map_err(says_nothing)?;
            self.within(self.look(charge, id)).await
        })
    }

    fn lists(&self) -> Option<&dyn ValueLists> {
        Some(self)
    }

    fn reverse<'a>(&'a self, reversal: Reversal<'a>) -> Answer<'a, ()> {
        Box::pin(self.within(self.refund(reversal)))
    }

    fn abandon<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>> {
        Box::pin(async move {
            let Some(reference) = charge.reference else { return Ok(None) };
            let id = reference_of(Some(reference)).map_err(says_nothing)?;
            self.within(self.cancel(id)).await.map(Some)
        })
    }
}

/// Not derived: the client has nothing to say.
impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("key", &self.key).finish_non_exhaustive()
    }
}
