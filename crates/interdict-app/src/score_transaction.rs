//! Scoring a transaction that somebody else charges (Idenza), with the lists as the rule. It is recorded
//! like an attempt, whatever comes of it.

use interdict_decision::{DecideError, order};
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::ids::DecisionId;
use interdict_domain::scopes::Initiator;
use interdict_storage::{Authorship, MerchantTransaction, Score};

use crate::decide_payment::{DecidePaymentError, PaymentAttempt, Presented};
use crate::decision_log::{Kept, Occasion};
use crate::payment_error::PaymentError;
use crate::service::Service;

/// A transaction to score.
#[derive(Clone, Debug)]
pub struct NewScore {
    /// The caller's own id for it.
    pub request_id: String,
    /// The amount, as the caller wrote it.
    pub amount: String,
    /// The currency, as the caller wrote it.
    pub currency: String,
    /// Who pays, and with what.
    pub identifiers: Vec<Presented<'static>>,
}

/// What the lists say of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whitelisted.
    Approve,
    /// Blocked.
    Decline,
    /// The lists say nothing.
    Review,
}

impl Verdict {
    /// Idenza's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Decline => "DECLINE",
            Self::Review => "REVIEW",
        }
    }
}

/// Decides, and keeps what was answered.
pub fn score_transaction(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewScore,
) -> Result<(Score, Verdict), PaymentError> {
    let attempt = PaymentAttempt {
        initiator: Initiator::Customer,
        customer: None,
        identifiers: &new.identifiers,
        money: None,
        explain: false,
        dry_run: false,
    };
    let occasion = Occasion { origin: DecisionOrigin::Score, payment: None, kept: Kept::AsUsual };
    let decided =
        service.decide_on(transaction.merchant(), by.now, &attempt, occasion, |decision, judged| {
            (decision.outcome, decision.tier, decision.code, judged.id)
        });
    let (outcome, tier, code, id) = match decided {
        Ok(decided) => decided,
        // Nothing that the lists could know: they say nothing.
        Err(DecidePaymentError::Attempt(
            DecideError::NothingIdentifies
            | DecideError::UnknownCustomer
            | DecideError::CustomerDisagreesWithRef,
        )) => {
            let id = DecisionId::generate(by.now, by.random);
            (order::Outcome::Allow, order::Tier::Default, order::Code::Default, id)
        }
        Err(error @ (DecidePaymentError::NotLoaded | DecidePaymentError::Stale)) => return Err(error.into()),
    };
    let verdict = match (outcome, tier) {
        (order::Outcome::Block, _) => Verdict::Decline,
        (order::Outcome::Allow, order::Tier::Whitelisted | order::Tier::AllowEntry) => Verdict::Approve,
        (order::Outcome::Allow, _) => Verdict::Review,
    };
    let score = Score {
        id,
        request_id: new.request_id,
        amount: new.amount,
        currency: new.currency,
        outcome: outcome.as_str().to_owned(),
        code: code.as_str().to_owned(),
        action: verdict.as_str().to_owned(),
        created_at: by.now,
    };
    transaction.insert_score(&score)?;
    Ok((score, verdict))
}
