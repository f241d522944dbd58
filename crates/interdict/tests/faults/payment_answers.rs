//! What the clients of a payment test asked for, and what they were told.

use std::collections::HashMap;

use interdict_domain::ids::{PaymentId, SubscriptionId};

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A payment, charged in the same call.
    Pay { amount: i64 },
    /// Some of a payment back.
    Reverse { payment: PaymentId, amount: i64 },
    /// A subscription, whose first period is charged in the same call.
    SignUp,
}

/// What a client was told. It must stay so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Payment {
        id: PaymentId,
        amount: i64,
        status: String,
    },
    Reversal {
        payment: PaymentId,
        amount: i64,
    },
    SignUp {
        id: SubscriptionId,
    },
    /// Nothing was done.
    Refused,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// By `Idempotency-Key`.
    pub told: HashMap<String, Told>,
    /// What nobody has an answer to yet.
    pub unanswered: Vec<Wish>,
    /// Keys under which another answer came later.
    pub contradictions: Vec<String>,
}

impl Answers {
    /// Keeps an answer; true when it is the first one under its key.
    pub fn keep(&mut self, key: &str, told: Told) -> bool {
        match self.told.get(key) {
            None => {
                self.told.insert(key.to_owned(), told);
                true
            }
            Some(before) if *before == told => false,
            Some(before) => {
                self.contradictions.push(format!("{key}: {before:?}, and later {told:?}"));
                false
            }
        }
    }

    /// Adds another client's.
    pub fn add(&mut self, other: &Self) {
        self.told.extend(other.told.iter().map(|(key, told)| (key.clone(), told.clone())));
        self.unanswered.extend(other.unanswered.iter().cloned());
        self.contradictions.extend(other.contradictions.iter().cloned());
    }
}
