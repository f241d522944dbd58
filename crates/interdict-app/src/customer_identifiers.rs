//! All that a customer has, as far as it says who somebody is: what stands in its record, and what its attempts to pay
//! came with, as the log of decisions knows them.
//!
//! Deliberately not here: blocking it, and erasing it. What is typed by a payer is not the merchant's word, and not taken.

use interdict_decision::explanation::Counted;
use interdict_domain::identifier::{Identifier, IdentifierKey, Kind, Rule};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::person::{CARRIERS_MAX, HeldBack, IDENTIFIERS_MAX};
use interdict_storage::{DecisionFilter, DecisionRow, DecisionStore, MerchantView, SearchKey, StorageError};

use crate::block_person::{LeftOut, NamedIdentifier};
use crate::decision_log::LoggedDecision;
use crate::person_error::Place;
use crate::service::Service;

/// The newest decisions that are looked at for one question.
const LOOKED_AT: i64 = 500;
/// What an attempt brings and a record does not hold.
const OF_ATTEMPTS: [Kind; 3] = [Kind::Device, Kind::CardFingerprint, Kind::Iban];

/// What a customer has.
#[derive(Clone, Debug, Default)]
pub struct CustomerIdentifiers {
    /// What may be blocked with it.
    pub identifiers: Vec<NamedIdentifier>,
    /// What others come with, too.
    pub left_out: Vec<LeftOut>,
}

impl Service {
    /// All that a customer has; nothing for somebody who is not there.
    pub async fn identifiers_of_customer(
        &self,
        merchant: MerchantNumber,
        id: CustomerId,
    ) -> Result<Option<CustomerIdentifiers>, StorageError> {
        let Some(customer) = self.store.read(merchant, move |view| view.customer(id)).await? else {
            return Ok(None);
        };
        let named = |identifier| NamedIdentifier { identifier, place: Place::OfCustomer };
        let identifiers = customer.profile.identifiers().map(named).collect();
        let mut found = CustomerIdentifiers { identifiers, left_out: Vec::new() };
        let Some(log) = self.written_log().await.filter(|log| log.is_on()) else { return Ok(Some(found)) };
        let pepper = self.pepper.clone();
        let brought = log.store.read(merchant, move |view| {
            let mut brought = Vec::new();
            for identifier in brought_by(view, id)? {
                let carriers = carriers(view, &identifier.keys(&pepper, merchant))?;
                brought.push((identifier, carriers.len()));
            }
            Ok(brought)
        });
        for (identifier, carriers) in brought.await? {
            if carriers > CARRIERS_MAX {
                found.left_out.push(LeftOut { identifier, why: HeldBack::Shared });
            } else if found.identifiers.len() < IDENTIFIERS_MAX {
                found.identifiers.push(NamedIdentifier { identifier, place: Place::OfAttempts });
            }
        }
        Ok(Some(found))
    }

    /// What this customer's attempts alone came with: as much its own as what stands in its record. What another one came
    /// with, too, is not, nor what an attempt came with that named nobody.
    pub(crate) async fn own_means(
        &self,
        merchant: MerchantNumber,
        id: CustomerId,
    ) -> Result<Vec<Identifier>, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(Vec::new()) };
        let pepper = self.pepper.clone();
        let read = log.store.read(merchant, move |view| {
            let mut own = Vec::new();
            for identifier in brought_by(view, id)? {
                let attempts = attempts_with(view, &identifier.keys(&pepper, merchant))?;
                if attempts.iter().all(|attempt| attempt.customer == Some(id)) {
                    own.push(identifier);
                }
            }
            Ok(own)
        });
        read.await
    }

    /// Their keys.
    pub(crate) async fn keys_of_own_means(
        &self,
        merchant: MerchantNumber,
        id: CustomerId,
    ) -> Result<Vec<IdentifierKey>, StorageError> {
        let means = self.own_means(merchant, id).await?;
        Ok(means.iter().flat_map(|identifier| identifier.keys(&self.pepper, merchant)).collect())
    }
}

/// What a customer's newest attempts came with, by the merchant's word.
fn brought_by(view: &MerchantView<'_>, id: CustomerId) -> Result<Vec<Identifier>, StorageError> {
    let filter = DecisionFilter { customer: Some(SearchKey::Customer(id)), ..DecisionFilter::default() };
    let mut brought: Vec<Identifier> = Vec::new();
    for row in view.decisions(&filter, None, LOOKED_AT)? {
        let logged = LoggedDecision::of(&row)?;
        let Some(explanation) = logged.decision.explanation else { continue };
        // Named by the merchant: what an attempt shares with the customer makes it nobody's.
        let is_own = explanation.customers.iter().any(|counted| {
            counted.id == id
                && counted.whitelist_applies
                && matches!(counted.how, Counted::Id | Counted::MerchantRef)
        });
        for lookup in explanation.lookups.iter().filter(|_| is_own) {
            let is_wanted =
                lookup.verified && lookup.rule == Rule::Exact && OF_ATTEMPTS.contains(&lookup.kind);
            let Some(value) = lookup.value.as_deref().filter(|_| is_wanted) else { continue };
            let identifier = Identifier::parse(lookup.kind, value).ok();
            brought.extend(identifier.filter(|identifier| !brought.contains(identifier)));
        }
    }
    Ok(brought)
}

/// The newest attempts that came with something.
fn attempts_with(view: &MerchantView<'_>, keys: &[IdentifierKey]) -> Result<Vec<DecisionRow>, StorageError> {
    let identifiers = keys.iter().copied().map(SearchKey::Identifier).collect();
    view.decisions(&DecisionFilter { identifiers, ..DecisionFilter::default() }, None, LOOKED_AT)
}

/// The customers that were named in the newest attempts with an identifier.
fn carriers(view: &MerchantView<'_>, keys: &[IdentifierKey]) -> Result<Vec<CustomerId>, StorageError> {
    let mut carriers = Vec::new();
    for row in attempts_with(view, keys)? {
        carriers.extend(row.customer.filter(|customer| !carriers.contains(customer)));
    }
    Ok(carriers)
}

/// The same for a thread that may wait.
pub(crate) fn carriers_in(
    store: &DecisionStore,
    merchant: MerchantNumber,
    keys: &[IdentifierKey],
) -> Result<Vec<CustomerId>, StorageError> {
    store.read_blocking(merchant, |view| carriers(view, keys))
}
