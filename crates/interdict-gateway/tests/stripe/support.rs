//! A payment, and the ways to look at what came of it.

use std::time::Duration;

use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::PaymentMethod;
use interdict_domain::scopes::Initiator;
use interdict_gateway::stripe::{SecretKey, Stripe, StripeOptions};
use interdict_gateway::{Charge, Gateway as _, GatewayError, Reversal};

/// Whatever comes to light must not be this.
pub const KEY: &str = "sk_test_51NeverShown";
pub const PAYMENT: &str = "pay_0ujtsYcgvSTl8PAuAdqWYSMnLOv";

pub fn options(url: &str) -> StripeOptions {
    StripeOptions {
        base_url: url.to_owned(),
        rate_limit_pause: Duration::from_millis(1),
        ..StripeOptions::new(SecretKey::parse(KEY).unwrap())
    }
}

pub fn stripe(url: &str) -> Stripe {
    Stripe::new(options(url)).unwrap()
}

/// One payment of 20.00 EUR by one token.
pub struct Sale {
    method: PaymentMethod,
    pub initiator: Initiator,
    pub reference: Option<String>,
}

impl Sale {
    pub fn by(method: &str) -> Self {
        let method = PaymentMethod::parse(method).unwrap();
        Self { method, initiator: Initiator::Customer, reference: None }
    }

    pub fn by_merchant(method: &str) -> Self {
        Self { initiator: Initiator::Merchant, ..Self::by(method) }
    }

    pub fn charge(&self) -> Charge<'_> {
        Charge {
            merchant: MerchantNumber(12),
            payment: payment(),
            money: money(2_000),
            initiator: self.initiator,
            method: Some(&self.method),
            reusable: false,
            reference: self.reference.as_deref(),
        }
    }

    pub async fn prepare(&mut self, stripe: &Stripe) {
        self.reference = stripe.prepare(self.charge()).await.unwrap();
        assert!(self.reference.as_deref().unwrap().starts_with("pi_"));
    }

    pub fn reversal(&self, reversed_before: i64, amount: i64) -> Reversal<'_> {
        Reversal {
            merchant: MerchantNumber(12),
            payment: payment(),
            reference: self.reference.as_deref(),
            reversed_before,
            money: money(amount),
        }
    }
}

pub fn payment() -> PaymentId {
    PAYMENT.parse().unwrap()
}

fn money(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap()).unwrap()
}

/// The error in a word, with all that it says, which must never be the key.
pub fn kind<T>(answer: &Result<T, GatewayError>) -> &'static str {
    let Err(error) = answer else { return "answered" };
    let mut said = format!("{error:?} {error}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        said.push_str(&inner.to_string());
        source = inner.source();
    }
    assert!(!said.contains("NeverShown"), "{said}");
    match error {
        GatewayError::Unknown(_) => "unknown",
        GatewayError::NothingDone(_) => "nothing done",
        GatewayError::Unusable(_) => "unusable",
        GatewayError::Refused(_) => "refused",
    }
}
