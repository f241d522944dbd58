//! Deciding on a charge: the same decision as everybody's, asked for what is about to be charged.

use std::borrow::Cow;

use interdict_decision::{Decision, order};
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::{Email, Kind, Phone};
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::payment::{DeclineType, Outcome, Payment, PaymentOrigin, PaymentStatus};
use interdict_domain::scopes::Initiator;
use smallvec::SmallVec;

use crate::decide_payment::{DecidePaymentError, PaymentAttempt, Presented};
use crate::decision_log::{Kept, Occasion};
use crate::service::Service;

/// What a payer is told when no entry says anything better.
pub const NEUTRAL_MESSAGE: &str = "This payment cannot be completed. Please contact the merchant.";

/// The issue where nobody can be decided on.
pub(crate) const PAYER_MISSING: &str = "is required: it says who pays";

/// Who is about to pay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payer<'a> {
    /// Who starts it.
    pub(crate) initiator: Initiator,
    /// The customer by id.
    pub(crate) customer: Option<CustomerId>,
    /// The email that came along.
    pub(crate) email: Option<&'a Email>,
    /// The phone that came along.
    pub(crate) phone: Option<&'a Phone>,
    /// What is to be paid.
    pub(crate) money: Option<Money>,
    /// Whether email and phone are the merchant's word. What a payer typed matches blocks only.
    pub(crate) verified: bool,
    /// Whether it is tried again by itself, as a renewal is. What cannot be judged is then put off, never
    /// refused: a refusal would hold the subscription, and lifting that skips the period.
    pub(crate) can_wait: bool,
}

impl<'a> Payer<'a> {
    /// Whoever pays a payment that is there already. A customer who is known by a typed email alone is
    /// not named: an exemption must rest on something that the payer cannot choose.
    pub(crate) fn of(payment: &'a Payment) -> Self {
        Self {
            initiator: payment.initiator,
            customer: payment.customer.filter(|_| payment.payer_verified),
            email: payment.email.as_ref(),
            phone: payment.phone.as_ref(),
            money: Some(payment.money),
            verified: payment.payer_verified,
            can_wait: payment.origin == PaymentOrigin::Renewal,
        }
    }
}

/// Whether a decision's hits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// An attempt of its own.
    Counted,
    /// A second look at an attempt that was counted. The log is told of it when it refuses.
    SecondLook,
    /// A look ahead at an attempt that may never come.
    Foresight,
}

impl Counting {
    const fn kept(self) -> Kept {
        match self {
            Self::Counted => Kept::AsUsual,
            Self::SecondLook => Kept::Refusals,
            Self::Foresight => Kept::Nothing,
        }
    }
}

/// What the decision is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedFor {
    pub(crate) origin: DecisionOrigin,
    pub(crate) payment: Option<PaymentId>,
}

impl AskedFor {
    pub(crate) fn of(payment: &Payment) -> Self {
        Self { origin: payment.origin.into(), payment: Some(payment.id) }
    }
}

impl Service {
    /// Why a charge may not be made; nothing when it may. [`DecidePaymentError::Stale`] when it is to be
    /// tried again.
    pub(crate) fn refusal(
        &self,
        merchant: MerchantNumber,
        payer: &Payer<'_>,
        asked_for: AskedFor,
        counting: Counting,
    ) -> Result<Option<Outcome>, DecidePaymentError> {
        let email = payer.email.map(|email| (Kind::Email, email.as_str()));
        let phone = payer.phone.map(|phone| (Kind::Phone, phone.as_str()));
        let identifiers: SmallVec<[Presented<'_>; 2]> = email
            .into_iter()
            .chain(phone)
            .map(|(kind, value)| Presented { kind, value: Cow::Borrowed(value), verified: payer.verified })
            .collect();
        let attempt = PaymentAttempt {
            initiator: payer.initiator,
            customer: payer.customer,
            identifiers: &identifiers,
            money: payer.money,
            explain: false,
            dry_run: counting != Counting::Counted,
        };
        let AskedFor { origin, payment } = asked_for;
        let occasion = Occasion { origin, payment, kept: counting.kept() };
        self.decide_on(merchant, self.now(), &attempt, occasion, |decision, _| {
            if payer.can_wait && decision.code == order::Code::DegradedBlocked {
                return Err(DecidePaymentError::Stale);
            }
            Ok(outcome(decision))
        })?
    }
}

/// The code under which a payment was refused by the lists.
pub fn block_code(payment: &Payment) -> Option<order::Code> {
    let outcome = payment.outcome.as_ref().filter(|_| payment.status == PaymentStatus::Cancelled)?;
    order::Code::parse(outcome.error_code.as_deref()?)
}

/// A block as the outcome of a payment.
fn outcome(decision: &Decision<'_>) -> Option<Outcome> {
    if decision.outcome == order::Outcome::Allow {
        return None;
    }
    let (message, decline_type) = if decision.code == order::Code::DegradedBlocked {
        // In a moment the lists may be known again.
        ("Blocked because the lists may be stale, as the settings say.".to_owned(), DeclineType::Soft)
    } else {
        // Not the reason: that belongs to the person, and goes when the person is erased.
        (format!("Blocked by a {}.", decision.tier.rule().matches), DeclineType::Hard)
    };
    let safe_message = decision.public_message.as_deref().unwrap_or(NEUTRAL_MESSAGE);
    Some(Outcome::failure(decision.code.as_str(), message, safe_message, decline_type))
}

#[cfg(test)]
mod tests {
    use interdict_storage::{Dialect, Schema, migration_texts, statements};

    use super::*;

    /// The lists of codes in a text.
    fn lists(text: &str) -> Vec<Vec<&str>> {
        text.split("error_code IN")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .map(|list| list.split(['(', ',']).map(|word| word.trim().trim_matches('\'')).skip(1).collect())
            .collect()
    }

    #[test]
    fn the_store_finds_what_the_order_refuses_with() {
        let mut expected: Vec<_> = order::ORDER
            .iter()
            .filter(|rule| rule.outcome == order::Outcome::Block)
            .map(|rule| rule.code.as_str())
            .chain([order::Code::DegradedBlocked.as_str()])
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let mut found = 0;
        let migrations = migration_texts(Schema::Mode, Dialect::Sqlite);
        let asked = statements(Schema::Mode);
        for text in migrations.iter().map(String::as_str).chain(asked.iter().map(|(_, sql)| *sql)) {
            for mut codes in lists(text) {
                codes.sort_unstable();
                assert_eq!(codes, expected);
                found += 1;
            }
        }
        assert!(found >= 5, "the migration twice, and each statement");
    }
}
