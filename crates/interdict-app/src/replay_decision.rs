//! Replaying a decision: what an attempt would have got at an earlier revision, as far back as the feed reaches
//! (docs/adr/0038). What stood then under the attempt's identifiers is gathered from the store, and judged as every
//! attempt is, on an index of nothing else.
//!
//! Deliberately not here: how the past is told from the feed (`interdict-storage`), and outages, of which the feed says
//! nothing.

use interdict_decision::{Decision, Index, decide};
use interdict_domain::change::{CustomerFact, Fact};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{IdentifierKey, Kind, Pepper, Reaches};
use interdict_domain::ids::{CustomerId, DecisionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{MerchantView, Retained, StorageError};

use crate::decide_payment::{DecidePaymentError, PaymentAttempt};
use crate::service::Service;

/// What is true of a replay besides the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// An id that nothing is kept under.
    pub id: DecisionId,
    /// The moment that it was judged at, on the server's clock, as a decision says when it was made.
    pub at: Timestamp,
    /// It concerns somebody who was erased since: words are missing, and what was trimmed with them is not counted.
    pub has_erased: bool,
}

/// Why an attempt cannot be judged as of a revision.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such revision yet.
    #[error("the newest revision is {0}")]
    NotYet(i64),
    /// The feed does not reach as far.
    #[error("the feed reaches back to revision {0}")]
    NotRetained(i64),
    /// It is not known any more how far ahead the merchant's clock of test mode was.
    #[error("where the test clock stood is not known any more")]
    ClockNotRetained,
    /// The attempt itself.
    #[error(transparent)]
    Decide(#[from] DecidePaymentError),
    /// The store.
    #[error("the past cannot be read")]
    Storage(#[from] StorageError),
}

/// What the store says of a revision.
struct Told {
    facts: Vec<Fact>,
    at: Timestamp,
    merchant_at: Timestamp,
    has_erased: bool,
}

/// What an attempt is looked up under, whatever was listed then.
struct Asked {
    keys: Vec<IdentifierKey>,
    refs: Vec<IdentifierKey>,
    customer: Option<CustomerId>,
}

impl Asked {
    fn of(merchant: MerchantNumber, pepper: &Pepper, attempt: &PaymentAttempt<'_>) -> Self {
        let mut asked = Self { keys: Vec::new(), refs: Vec::new(), customer: attempt.customer };
        for presented in attempt.identifiers {
            let key = |pepper: &Pepper| pepper.key(merchant, presented.kind, &presented.value);
            asked.keys.extend(pepper.all().map(key));
            asked.refs.extend((presented.kind == Kind::MerchantRef).then(|| key(pepper)));
            Reaches::EVERY.for_each_wider(presented.kind, &presented.value, |wider| {
                asked.keys.extend(pepper.all().map(|one| wider.key(one, merchant)));
            });
        }
        asked
    }

    fn names(&self, customer: &CustomerFact) -> bool {
        self.customer == Some(customer.id)
            || customer.merchant_ref.as_ref().is_some_and(|linked| self.refs.contains(&linked.key))
    }

    /// What whoever is named brings along.
    fn brought_along(&self, facts: &[Fact], pepper: &Pepper) -> Vec<IdentifierKey> {
        let mut keys = Vec::new();
        for fact in facts {
            let Fact::CustomerPut(customer) = fact else { continue };
            if !self.names(customer) {
                continue;
            }
            let own = [
                (Kind::Email, &customer.email),
                (Kind::Phone, &customer.phone),
                (Kind::MerchantRef, &customer.merchant_ref),
            ];
            for (kind, linked) in own {
                let Some(linked) = linked else { continue };
                keys.push(linked.key);
                if let Some(value) = linked.value.as_deref() {
                    keys.extend(pepper.former().map(|one| one.key(customer.merchant, kind, value)));
                }
            }
            if let Some(email) = customer.email.as_ref().and_then(|linked| linked.value.as_deref()) {
                Reaches::EVERY.for_each_wider(Kind::Email, email, |wider| {
                    keys.extend(pepper.all().map(|one| wider.key(one, customer.merchant)));
                });
            }
        }
        keys
    }
}

impl Service {
    /// Judges an attempt as of a revision, at the moment of that revision's change or at another one, and hands the
    /// decision to `answer`. Counts no hit, and leaves no trace.
    pub async fn replay<R>(
        &self,
        merchant: MerchantNumber,
        revision: i64,
        at: Option<Timestamp>,
        attempt: &PaymentAttempt<'_>,
        answer: impl FnOnce(&Decision<'_>, Replayed) -> R,
    ) -> Result<R, ReplayError> {
        let attempt = PaymentAttempt { explain: true, dry_run: true, ..*attempt };
        let (asked, pepper) = (Asked::of(merchant, &self.pepper, &attempt), self.pepper.clone());
        let told = self.store.read(merchant, move |view| tell(view, revision, at, &asked, &pepper)).await?;
        let index = Index::new();
        index.apply(&told.facts);
        index.advance(revision);
        let id = DecisionId::generate(self.clock.now(), self.random.as_ref());
        let replayed = Replayed { id, at: told.at, has_erased: told.has_erased };
        self.put_to(&index, merchant, told.merchant_at, &attempt, |attempt_in| {
            let decided = decide(&index, attempt_in).map_err(DecidePaymentError::from)?;
            Ok(answer(&decided, replayed))
        })
    }
}

fn tell(
    view: &MerchantView<'_>,
    revision: i64,
    at: Option<Timestamp>,
    asked: &Asked,
    pepper: &Pepper,
) -> Result<Told, ReplayError> {
    let made_at = match view.retained(revision)? {
        Retained::At(made_at) => made_at,
        Retained::NotYet(newest) => return Err(ReplayError::NotYet(newest)),
        Retained::From(oldest) => return Err(ReplayError::NotRetained(oldest)),
    };
    let mut past = view.past(revision)?;
    let at = at.unwrap_or(made_at);
    let merchant_at = at.plus_seconds(past.clock_ahead_s()?.ok_or(ReplayError::ClockNotRetained)?);
    past.add_under(&asked.keys)?;
    if let Some(customer) = asked.customer {
        past.add_customer(customer)?;
    }
    let brought_along = asked.brought_along(past.facts(), pepper);
    past.add_under(&brought_along)?;
    Ok(Told { facts: past.facts().to_vec(), at, merchant_at, has_erased: past.has_erased() })
}
