//! Looking somebody up: by whatever is known of a person, who it is, what stands for or against them, on which list,
//! since when, and by whom. It counts no hit, and leaves no trace.
//!
//! Deliberately not here: what was decided (`decision_log`), and what would have been (`replay_decision`).

use interdict_decision::explanation::Counted;
use interdict_decision::{DecideError, decide};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{IdentifierKey, Kind, Reaches, Rule};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Initiator;
use interdict_storage::{EntryRow, HistoryItem, MerchantView, StorageError};

use crate::decide_payment::{DecidePaymentError, PaymentAttempt, Presented};
use crate::service::Service;
use crate::standing::Standing;

/// Customers who share what is looked up and are shown: a mailbox of everybody's has thousands.
const CUSTOMERS_MAX: usize = 100;
/// Changes of an identifier that are shown, the newest ones.
const HISTORY_MAX: i64 = 50;

/// How somebody was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By the id.
    Id,
    /// By the merchant's own id.
    MerchantRef,
    /// By an identifier of this kind, which others may have, too.
    Shared(Kind),
}

impl FoundBy {
    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::MerchantRef => Kind::MerchantRef.as_str(),
            Self::Shared(kind) => kind.as_str(),
        }
    }
}

/// Somebody who was found.
#[derive(Clone, Debug)]
pub struct LookedUpCustomer {
    /// Who.
    pub id: CustomerId,
    /// How.
    pub found_by: FoundBy,
    /// What follows for customer-initiated payments.
    pub cit: Standing,
    /// What follows for merchant-initiated payments.
    pub mit: Standing,
}

/// An entry that covers an identifier, whether it counts now or not.
#[derive(Clone, Debug)]
pub struct Match {
    /// The entry.
    pub row: EntryRow,
    /// How it covers the identifier.
    pub rule: Rule,
}

impl Match {
    /// Why it does not count at a moment; nothing when it does.
    pub fn out_of_force(&self, now: Timestamp) -> Option<&'static str> {
        let window = self.row.entry.window;
        if window.contains(now) {
            None
        } else if window.has_ended(now) {
            Some("ended")
        } else {
            Some("not_begun")
        }
    }
}

/// An identifier, and what is known of it.
#[derive(Clone, Debug)]
pub struct LookedUpIdentifier {
    /// Its kind.
    pub kind: Kind,
    /// Its value, normalised.
    pub value: String,
    /// The entries that cover it, the closest first.
    pub matches: Vec<Match>,
    /// What was done to entries of exactly this identifier, the newest first.
    pub history: Vec<HistoryItem>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct LookedUp {
    /// Who it is, or may be: whoever was named first.
    pub customers: Vec<LookedUpCustomer>,
    /// There are more of them.
    pub has_more_customers: bool,
    /// What was asked for, one by one.
    pub identifiers: Vec<LookedUpIdentifier>,
    /// What follows from all of it together for customer-initiated payments.
    pub cit: Standing,
    /// The same for merchant-initiated payments.
    pub mit: Standing,
    /// The merchant's moment at which all this is so.
    pub now: Timestamp,
    /// Everything up to this change was seen.
    pub revision: i64,
}

/// Who counts, how each was found, and what follows.
type Together = (Standing, Vec<(CustomerId, FoundBy)>);

/// An identifier with its own key and those of everything wider.
struct Wanted {
    kind: Kind,
    value: String,
    keys: Vec<(IdentifierKey, Rule)>,
    /// Its own under each pepper.
    own: Vec<IdentifierKey>,
}

impl Service {
    /// Looks up whoever has an id, or one of some identifiers.
    pub async fn look_up(
        &self,
        merchant: MerchantNumber,
        customer: Option<CustomerId>,
        identifiers: &[Presented<'_>],
    ) -> Result<Result<LookedUp, DecidePaymentError>, StorageError> {
        let now = self.clock.now();
        let of = |initiator| self.together(merchant, now, customer, identifiers, initiator);
        let ((cit, mut found), (mit, _)) =
            match of(Initiator::Customer).and_then(|cit| Ok((cit, of(Initiator::Merchant)?))) {
                Ok(both) => both,
                Err(error) => return Ok(Err(error)),
            };
        let has_more_customers = found.len() > CUSTOMERS_MAX;
        found.truncate(CUSTOMERS_MAX);
        let wanted: Vec<Wanted> = identifiers.iter().map(|one| self.wanted(merchant, one)).collect();
        let read = move |view: &MerchantView<'_>| {
            let known = wanted.into_iter().map(|wanted| known_of(view, wanted));
            Ok::<_, StorageError>((known.collect::<Result<Vec<_>, _>>()?, view.revision()?))
        };
        let (mut known, seen) = self.store.read(merchant, read).await?;
        for one in known.iter_mut().flat_map(|known| known.matches.iter_mut()) {
            one.row = self.with_pending_hits(one.row.clone());
        }
        let standing = |id, initiator| self.standing(merchant, id, initiator);
        let mut customers = Vec::new();
        for (id, found_by) in found {
            match (standing(id, Initiator::Customer), standing(id, Initiator::Merchant)) {
                (Ok(cit), Ok(mit)) => customers.push(LookedUpCustomer { id, found_by, cit, mit }),
                // Erased a moment ago.
                (Err(DecidePaymentError::Attempt(DecideError::UnknownCustomer)), _)
                | (_, Err(DecidePaymentError::Attempt(DecideError::UnknownCustomer))) => {}
                (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
            }
        }
        Ok(Ok(LookedUp {
            customers,
            has_more_customers,
            identifiers: known,
            now: self.merchant_now(merchant),
            revision: seen.min(cit.revision).min(mit.revision),
            cit,
            mit,
        }))
    }

    fn together(
        &self,
        merchant: MerchantNumber,
        now: Timestamp,
        customer: Option<CustomerId>,
        identifiers: &[Presented<'_>],
        initiator: Initiator,
    ) -> Result<Together, DecidePaymentError> {
        let attempt =
            PaymentAttempt { initiator, customer, identifiers, money: None, explain: true, dry_run: true };
        self.consult(merchant, now, &attempt, |index, attempt| {
            let decision = decide(index, attempt)?;
            let counted = decision.explanation.iter().flat_map(|explanation| &explanation.customers);
            let found = counted.map(|customer| {
                let found_by = match customer.how {
                    Counted::Id => FoundBy::Id,
                    Counted::MerchantRef => FoundBy::MerchantRef,
                    Counted::Shared { kind, .. } => FoundBy::Shared(kind),
                };
                (customer.id, found_by)
            });
            Ok((Standing::of(&decision), found.collect()))
        })
    }

    fn wanted(&self, merchant: MerchantNumber, presented: &Presented<'_>) -> Wanted {
        let Presented { kind, value, .. } = presented;
        let own: Vec<_> = self.pepper.all().map(|one| one.key(merchant, *kind, value)).collect();
        let mut keys: Vec<_> = own.iter().map(|key| (*key, Rule::Exact)).collect();
        Reaches::EVERY.for_each_wider(*kind, value, |wider| {
            keys.extend(self.pepper.all().map(|one| (wider.key(one, merchant), wider.rule)));
        });
        Wanted { kind: *kind, value: value.clone().into_owned(), keys, own }
    }
}

fn known_of(view: &MerchantView<'_>, wanted: Wanted) -> Result<LookedUpIdentifier, StorageError> {
    let Wanted { kind, value, keys, own } = wanted;
    let under: Vec<IdentifierKey> = keys.iter().map(|(key, _)| *key).collect();
    let found = view.entries_under(&under)?;
    let mut matches = Vec::new();
    // The narrowest key comes first.
    for (at, (key, rule)) in keys.iter().enumerate() {
        if under.iter().take(at).any(|before| before == key) {
            continue;
        }
        let rows = found.iter().filter(|row| row.entry.key == *key);
        matches.extend(rows.map(|row| Match { row: row.clone(), rule: *rule }));
    }
    let history = view.history_under(&own, HISTORY_MAX)?;
    Ok(LookedUpIdentifier { kind, value, matches, history })
}
