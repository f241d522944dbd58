//! Replays: at each revision that a random history came by, judged again from the feed alone, each attempt gets what the
//! index gave it then.

use std::borrow::Cow;

use interdict_app::decision::Decision;
use interdict_app::store::{Retained, StorageError};
use interdict_app::{DecidePaymentError, PaymentAttempt, Presented, ReplayError};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::scopes::Initiator;

use proptest::prelude::*;

use crate::calls::{Text, call};
use crate::judged::{Presenting, attempts};
use crate::support::{MERCHANT, Shop, block_on};
use crate::{World, configuration};

/// All that an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    outcome: &'static str,
    code: &'static str,
    customer: Option<CustomerId>,
    sources: Vec<SourceSaid>,
    message: Option<String>,
}

type SourceSaid = (u8, Option<EntryId>, Option<CustomerId>, Option<Kind>, Option<String>, Option<String>);

impl Said {
    fn of(decision: &Decision<'_>) -> Self {
        let sources = decision.sources.iter().map(|source| {
            (
                source.tier.number(),
                source.entry,
                source.customer,
                source.kind,
                source.value.as_ref().map(|value| value.to_string()),
                source.reason.as_deref().map(str::to_owned),
            )
        });
        Self {
            outcome: decision.outcome.as_str(),
            code: decision.code.as_str(),
            customer: decision.customer,
            sources: sources.collect(),
            message: decision.public_message.as_deref().map(str::to_owned),
        }
    }
}

impl Said {
    /// The same without words, which an erasure takes away.
    fn without_words(mut self) -> Self {
        self.message = None;
        for source in &mut self.sources {
            (source.4, source.5) = (None, None);
        }
        self
    }
}

/// Every attempt of the customers who came last, or of nobody.
fn some_attempts(customers: &[CustomerId]) -> Vec<Presenting> {
    attempts(&customers[customers.len().saturating_sub(3)..])
}

fn presented(identifiers: &[(Kind, Text, bool)]) -> Vec<Presented<'static>> {
    let one = |(kind, value, verified): &(Kind, Text, bool)| Presented {
        kind: *kind,
        value: Cow::Borrowed(value),
        verified: *verified,
    };
    identifiers.iter().map(one).collect()
}

/// What was answered at a revision, to an attempt by its place among those that were made then.
pub struct Snapshot {
    revision: i64,
    now: Timestamp,
    customers: Vec<CustomerId>,
    answers: Vec<Result<Said, DecidePaymentError>>,
}

impl Snapshot {
    pub fn take(world: &World) -> Self {
        let (service, now) = (world.shop.service(), world.shop.now());
        let mut answers = Vec::new();
        for (customer, identifiers) in some_attempts(&world.customers) {
            let identifiers = presented(&identifiers);
            for initiator in Initiator::ALL {
                let attempt = attempt(initiator, customer, &identifiers);
                answers.push(service.decide(MERCHANT, now, &attempt, |decision, _| Said::of(decision)));
            }
        }
        let customers = world.customers.clone();
        Self { revision: service.readiness().revision, now, customers, answers }
    }

    /// Judges all of it again. Of people who were erased since, something may be missing, and the answer says so.
    pub fn assert_replayed(&self, shop: &Shop, has_imports: bool) -> usize {
        let service = shop.service();
        let read = service.store().read_blocking(|view| {
            let retained = view.merchant(MERCHANT).retained(self.revision)?;
            Ok::<_, StorageError>((retained, view.trimmed_through()? > 0))
        });
        let (retained, is_trimmed) = read.unwrap();
        let (mut answers, mut equal) = (self.answers.iter(), 0);
        for (customer, identifiers) in some_attempts(&self.customers) {
            let identifiers = presented(&identifiers);
            for initiator in Initiator::ALL {
                let attempt = attempt(initiator, customer, &identifiers);
                let replay = service.replay(MERCHANT, self.revision, Some(self.now), &attempt, |said, on| {
                    (Said::of(said), on.has_erased)
                });
                let then = answers.next().unwrap();
                match (retained, block_on(replay), then) {
                    (Retained::From(from), Err(ReplayError::NotRetained(oldest)), _) => {
                        assert_eq!(from, oldest);
                    }
                    (Retained::At(_), Ok((said, false)), Ok(then)) => {
                        assert_eq!(
                            said, *then,
                            "at {} {customer:?} {:?}",
                            self.revision, attempt.identifiers
                        );
                        equal += 1;
                    }
                    (Retained::At(_), Err(ReplayError::Decide(error)), then) => {
                        // Once nothing says any more who an id was, it names nobody.
                        let is_forgotten = is_trimmed && customer.is_some();
                        assert!(
                            is_forgotten || then.as_ref() == Err(&error),
                            "at {}: {then:?}",
                            self.revision
                        );
                        equal += usize::from(then.is_err());
                    }
                    (Retained::At(_), Ok((said, true)), Ok(then)) => {
                        // Whoever is named brings an email along, whose domain is gone with it; and what an
                        // import has listed is stated by no change of the entry.
                        let names =
                            customer.is_some() || identifiers.iter().any(|one| one.kind == Kind::MerchantRef);
                        if !is_trimmed && !has_imports && !names {
                            let (said, then) = (said.without_words(), then.clone().without_words());
                            assert_eq!(said, then, "at {} {:?}", self.revision, attempt.identifiers);
                            equal += 1;
                        }
                    }
                    // Nothing says any more that the ref was somebody else's.
                    (Retained::At(_), Ok((_, true)), Err(DecidePaymentError::Attempt(_))) if is_trimmed => {}
                    (retained, replayed, then) => {
                        panic!("at {}: {retained:?} {replayed:?} {then:?}", self.revision)
                    }
                }
            }
        }
        equal
    }
}

fn attempt<'a>(
    initiator: Initiator,
    customer: Option<CustomerId>,
    identifiers: &'a [Presented<'a>],
) -> PaymentAttempt<'a> {
    PaymentAttempt { initiator, customer, identifiers, money: None, explain: true, dry_run: true }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: configuration().cases.div_ceil(3), ..configuration() })]

    #[test]
    fn judged_again_at_every_revision_everybody_gets_what_they_got_then(
        calls in proptest::collection::vec(call(), 1..30),
    ) {
        let mut world = World::new();
        let mut snapshots = Vec::new();
        for call in calls {
            world.make(call);
            snapshots.push(Snapshot::take(&world));
        }
        for snapshot in snapshots.iter().filter(|snapshot| snapshot.revision > 0) {
            snapshot.assert_replayed(&world.shop, !world.imports.is_empty());
        }
    }
}
