//! What is answered to every attempt of a small world, and that it is what the oracle says.

use std::borrow::Cow;

use interdict_app::{DecidePaymentError, PaymentAttempt, Presented, Service};
use interdict_decision::oracle::{Oracle, Verdict, verdict};
use interdict_decision::{Attempt, FormerKey, Lookup};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Kind, Reaches};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Initiator;

use crate::calls::{EMAILS, PHONES, REFS, Text};
use crate::sum;
use crate::support::MERCHANT;

/// A customer, and identifiers with whether they are the merchant's word.
pub type Presenting = (Option<CustomerId>, Vec<(Kind, Text, bool)>);

/// All attempts of one customer or none with one identifier or two.
pub fn attempts(customers: &[CustomerId]) -> Vec<Presenting> {
    let mut named: Vec<Option<CustomerId>> = customers.iter().copied().map(Some).collect();
    named.dedup();
    named.push(None);
    let mut attempts = Vec::new();
    for customer in named {
        attempts.push((customer, Vec::new()));
        for email in EMAILS {
            attempts.push((customer, vec![(Kind::Email, email, customer.is_none())]));
        }
        for (number, merchant_ref) in REFS.into_iter().enumerate() {
            let phone = (Kind::Phone, PHONES[number % 2], false);
            attempts.push((customer, vec![(Kind::MerchantRef, merchant_ref, true), phone]));
        }
    }
    attempts
}

/// What is answered to each attempt, by whoever starts it.
pub fn verdicts(
    service: &Service,
    now: Timestamp,
    customers: &[CustomerId],
) -> Vec<Result<Verdict, DecidePaymentError>> {
    let of = |presenting: Presenting| {
        Initiator::ALL.map(|initiator| decided(service, now, &presenting, initiator))
    };
    attempts(customers).into_iter().flat_map(of).collect()
}

fn decided(
    service: &Service,
    now: Timestamp,
    (customer, identifiers): &Presenting,
    initiator: Initiator,
) -> Result<Verdict, DecidePaymentError> {
    let presented: Vec<Presented<'_>> = identifiers
        .iter()
        .map(|(kind, value, verified)| Presented {
            kind: *kind,
            value: Cow::Borrowed(value),
            verified: *verified,
        })
        .collect();
    let attempt = PaymentAttempt {
        initiator,
        customer: *customer,
        identifiers: &presented,
        money: (initiator == Initiator::Customer).then(sum),
        explain: true,
        dry_run: true,
    };
    service.decide(MERCHANT, now, &attempt, |decision, _| verdict(decision))
}

pub fn assert_as_the_oracle(service: &Service, oracle: &Oracle, now: Timestamp, customers: &[CustomerId]) {
    for presenting in attempts(customers) {
        let (customer, identifiers) = &presenting;
        for initiator in Initiator::ALL {
            let money = (initiator == Initiator::Customer).then(sum);
            let ours = decided(service, now, &presenting, initiator);
            let pepper = service.pepper();
            let given = |(kind, value, verified): &(Kind, &'static str, bool)| {
                Lookup::given(MERCHANT, pepper, *kind, value, *verified)
            };
            let mut lookups: Vec<Lookup<'_>> = identifiers.iter().map(given).collect();
            for (kind, value, verified) in identifiers {
                let within = (MERCHANT, pepper, Reaches::OF_TEXTS);
                Lookup::for_each_wider(within, *kind, value, *verified, |wider| lookups.push(wider));
            }
            let attempt = Attempt {
                merchant: MERCHANT,
                initiator,
                now,
                money,
                customer: *customer,
                lookups: &lookups,
                former: &[],
                as_of: 0,
                of_own: Some((pepper, Reaches::OF_TEXTS)),
                explain: true,
            };
            // Under every pepper there ever was, whatever stands there.
            let mut former: Vec<FormerKey> = Vec::new();
            FormerKey::for_each((MERCHANT, pepper, Reaches::EVERY), &lookups, |key| former.push(key));
            let attempt = Attempt { former: &former, ..attempt };
            let theirs = oracle.decide(&attempt).map_err(DecidePaymentError::from);
            assert_eq!(ours, theirs, "{customer:?} {identifiers:?} {initiator:?}");
        }
    }
}
