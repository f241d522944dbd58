//! What an entry would have hit: customers, and attempts of the last days. Asked before it is made, and writes nothing.
//!
//! Attempts come from the log of decisions, which keeps what the merchant wants kept, and with them whoever made them:
//! an address or a device is on nobody's record. Deliberately not here: whether anybody has to approve
//! (`propose_entry`).

use std::collections::HashSet;

use interdict_decision::{Code, Outcome, Tier};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{Cover, EmailMatching, Identifier, KeptUnder, Kind};
use interdict_domain::ids::{CustomerId, DecisionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use interdict_storage::{DecisionFilter, DecisionRow, MerchantView, StorageError};

use crate::decision_log::LoggedDecision;
use crate::error::UseCaseError;
use crate::good_customers::good_payments;
use crate::list_entry::{NewEntry, limits_of, listed_as, strength_of, window};
use crate::service::Service;

/// Attempts of so many days are looked at.
pub const PREVIEW_DAYS: i64 = 30;
/// Of customers and of attempts so many are looked at in each place where they may be.
pub const PREVIEWED_MAX: usize = 10_000;
/// Shown of each.
pub const PREVIEW_SAMPLES: usize = 10;
/// Customers who are judged.
const JUDGED_MAX: usize = 1_000;
const DAY_S: i64 = 86_400;

/// How many there are; at least so many, where not all were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtLeast {
    /// Of those that were looked at.
    pub count: usize,
    /// Whether there may be more.
    pub is_least: bool,
}

/// An attempt that the entry would have hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewedAttempt {
    /// Its decision in the log.
    pub id: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub code: Code,
}

/// The attempts that the entry would have hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviewedAttempts {
    /// How many.
    pub total: AtLeast,
    /// Of them those that were let through.
    pub allowed: usize,
    /// And those that were blocked.
    pub blocked: usize,
    /// Those that would have ended otherwise.
    pub changed: usize,
    /// The newest.
    pub samples: Vec<PreviewedAttempt>,
    /// From when on decisions are found: what is older is not kept, or not under what is wider than it. Nothing where
    /// none is.
    pub since: Option<Timestamp>,
}

/// What an entry would have hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPreview {
    /// What would be listed, by the policy that holds.
    pub identifier: Identifier,
    /// On which list.
    pub list: List,
    /// Customers whose email, phone or ref it covers, and those who made the attempts, each once.
    pub customers: AtLeast,
    /// The newest of those whom it covers, then those of the newest attempts.
    pub customer_samples: Vec<Customer>,
    /// The good ones among them.
    pub good_customers: AtLeast,
    /// Attempts.
    pub attempts: PreviewedAttempts,
    /// The revision at which the customers were read.
    pub revision: i64,
}

/// What decides which attempts an entry hits, and what becomes of them.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) identifier: Identifier,
    pub(crate) list: List,
    pub(crate) scopes: Scopes,
    pub(crate) strength: Strength,
}

impl Service {
    /// What an entry would have hit if it had stood for the last days, without a window. Refuses what making it would
    /// refuse.
    pub async fn preview_entry(
        &self,
        merchant: MerchantNumber,
        new: NewEntry,
    ) -> Result<EntryPreview, UseCaseError> {
        let strength = strength_of(new.list, new.identifier.kind(), new.strength)?;
        limits_of(new.list, new.identifier.kind(), new.limits)?;
        window(self.merchant_now(merchant), new.starts_at, new.expires_at)?;
        let (list, scopes) = (new.list, new.scopes);
        let find = move |view: &MerchantView<'_>| {
            Ok::<_, StorageError>(listed_as(view, new.list, &new.identifier, new.matching)?.0)
        };
        let identifier = self.store.read(merchant, find).await?;
        Ok(self.preview(merchant, Terms { identifier, list, scopes, strength }).await?)
    }

    /// The same for terms that are known.
    pub(crate) async fn preview(
        &self,
        merchant: MerchantNumber,
        terms: Terms,
    ) -> Result<EntryPreview, StorageError> {
        let (now, identifier, list) = (self.clock.now(), terms.identifier.clone(), terms.list);
        let since = now.plus_seconds(-PREVIEW_DAYS * DAY_S);
        let mut hit = Hit::default();
        if let Some(log) = self.written_log().await {
            let pepper = self.pepper.clone();
            let read = move |view: &MerchantView<'_>| {
                let cover = Cover::of(&terms.identifier, &pepper, merchant);
                let kept = KeptUnder::of(&terms.identifier, &pepper, merchant);
                preview_attempts(view, &terms, cover, &kept, since)
            };
            hit = log.store.read(merchant, read).await?;
        }
        self.store.read(merchant, move |view| preview_customers(view, identifier, list, hit, now)).await
    }
}

/// The attempts that an entry would have hit, and who made them, the newest first.
#[derive(Default)]
struct Hit {
    attempts: PreviewedAttempts,
    payers: Vec<CustomerId>,
}

fn preview_customers(
    view: &MerchantView<'_>,
    identifier: Identifier,
    list: List,
    hit: Hit,
    now: Timestamp,
) -> Result<EntryPreview, StorageError> {
    let covered = view.customers_covered(&identifier, one_more())?;
    let mut samples = covered.customers;
    let mut ids: Vec<CustomerId> = samples.iter().map(|customer| customer.id).collect();
    let mut seen: HashSet<CustomerId> = ids.iter().copied().collect();
    let others: Vec<CustomerId> = hit.payers.into_iter().filter(|id| seen.insert(*id)).collect();
    ids.extend(&others);
    let is_least = !covered.are_all || hit.attempts.total.is_least || ids.len() > PREVIEWED_MAX;
    let mut good_customers = AtLeast { count: 0, is_least: is_least || ids.len() > JUDGED_MAX };
    for id in ids.iter().take(JUDGED_MAX) {
        good_customers.count += usize::from(good_payments(view, *id, now)?.is_some());
    }
    samples.truncate(PREVIEW_SAMPLES);
    for id in others.into_iter().take(PREVIEW_SAMPLES.saturating_sub(samples.len())) {
        samples.extend(view.customer(id)?);
    }
    Ok(EntryPreview {
        identifier,
        list,
        customers: AtLeast { count: ids.len().min(PREVIEWED_MAX), is_least },
        customer_samples: samples,
        good_customers,
        attempts: hit.attempts,
        revision: view.revision()?,
    })
}

fn one_more() -> i64 {
    i64::try_from(PREVIEWED_MAX + 1).unwrap_or(i64::MAX)
}

fn preview_attempts(
    view: &MerchantView<'_>,
    terms: &Terms,
    cover: Cover<'_>,
    kept: &KeptUnder,
    since: Timestamp,
) -> Result<Hit, StorageError> {
    let (mut rows, are_exact) = match kept {
        KeptUnder::Keys(keys) => (view.decisions_under(keys, since, PREVIEWED_MAX + 1)?, true),
        KeptUnder::WiderKeys(keys) => (view.decisions_under(keys, since, PREVIEWED_MAX + 1)?, false),
        KeptUnder::TooMany => {
            let filter = DecisionFilter { from: Some(since), ..DecisionFilter::default() };
            (view.decisions(&filter, None, one_more())?, false)
        }
    };
    let is_least = rows.len() > PREVIEWED_MAX;
    rows.truncate(PREVIEWED_MAX);
    rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.at, row.id)));
    let mut attempts = PreviewedAttempts { since: found_since(view, terms, since)?, ..Default::default() };
    attempts.total.is_least = is_least;
    let (mut payers, mut seen) = (Vec::new(), HashSet::new());
    for row in rows {
        if !terms.scopes.contains(row.initiator) || !hits(&row, terms, cover, are_exact)? {
            continue;
        }
        let (attempt, tier) = outcome_of(&row)?;
        payers.extend(LoggedDecision::payers_of(&row)?.into_iter().filter(|payer| seen.insert(*payer)));
        attempts.total.count += 1;
        match attempt.outcome {
            Outcome::Allow => attempts.allowed += 1,
            Outcome::Block => attempts.blocked += 1,
        }
        attempts.changed += usize::from(would_change(terms, attempt, tier));
        if attempts.samples.len() < PREVIEW_SAMPLES {
            attempts.samples.push(attempt);
        }
    }
    Ok(Hit { attempts, payers })
}

/// Whether a decision that one of the keys found is one that the entry would have matched. What it looked up says so,
/// and whether that was more than a claim: an exemption needs it.
fn hits(row: &DecisionRow, terms: &Terms, cover: Cover<'_>, are_exact: bool) -> Result<bool, StorageError> {
    if are_exact && terms.list == List::Block {
        return Ok(true);
    }
    let logged = LoggedDecision::of(row)?;
    // One whose explanation was not kept tells only where it was found.
    let Some(explanation) = logged.decision.explanation else {
        return Ok(are_exact && terms.list == List::Block);
    };
    Ok(explanation.lookups.iter().any(|lookup| {
        let is_covered = lookup.value.as_deref().is_some_and(|value| cover.covers(lookup.kind, value));
        is_covered && (terms.list == List::Block || lookup.verified)
    }))
}

fn outcome_of(row: &DecisionRow) -> Result<(PreviewedAttempt, Tier), StorageError> {
    let (outcome, code, tier) = LoggedDecision::ending_of(row)?;
    Ok((PreviewedAttempt { id: row.id, at: row.at, outcome, code }, tier))
}

/// Whether the entry's step comes before the one that decided, and ends otherwise. Whom the merchant let nobody pay
/// because the lists may have been stale, an entry would not have helped.
fn would_change(terms: &Terms, attempt: PreviewedAttempt, decided: Tier) -> bool {
    let tier = Tier::of_entry(terms.list, terms.strength);
    attempt.code != Code::DegradedBlocked && tier < decided && tier.rule().outcome != attempt.outcome
}

/// From when on decisions are found.
fn found_since(
    view: &MerchantView<'_>,
    terms: &Terms,
    since: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let identifier = &terms.identifier;
    let is_wide = matches!(identifier.kind(), Kind::EmailDomain | Kind::Bin)
        || identifier.matching() != EmailMatching::Exact
        || (identifier.kind() == Kind::Ip && identifier.value().contains('/'));
    let wide_after = if is_wide { view.wider_keys_after()? } else { None };
    Ok(view.oldest_decision()?.map(|oldest| oldest.max(since).max(wide_after.unwrap_or(since))))
}
