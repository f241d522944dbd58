//! Who may be the same person as a customer: others whose attempts came with a device or a card of its own, as far back as
//! the log reaches. A hint and no more. Never by an address of the network, which strangers share.

use interdict_domain::customer::Customer;
use interdict_domain::identifier::{Kind, Rule};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{DecisionFilter, MerchantView, SearchKey, StorageError};

use super::record::LoggedDecision;
use crate::service::Service;

/// What says of two attempts that the same person may be behind them.
const MEANS: [Kind; 2] = [Kind::Device, Kind::CardFingerprint];
/// The newest decisions that are looked at: for what the customer came with, and for who else came with it.
const DECISIONS_MAX: i64 = 50;
/// The newest devices, and as many cards, that are followed.
const VALUES_MAX: usize = 5;

impl Service {
    /// Others whose attempts came with a device or a card of this customer's: at most `limit` for each kind.
    pub async fn customers_sharing_means(
        &self,
        merchant: MerchantNumber,
        customer: CustomerId,
        limit: usize,
    ) -> Result<Vec<(Kind, Customer)>, StorageError> {
        let Some(log) = self.written_log().await else { return Ok(Vec::new()) };
        let pepper = self.pepper.clone();
        let shared = log.store.read(merchant, move |view| {
            let came_with = came_with(view, customer)?;
            let mut shared: Vec<(Kind, CustomerId)> = Vec::new();
            for (kind, value) in came_with {
                // What was kept before a rotation stands under the pepper of then.
                for key in pepper.all().map(|one| one.key(merchant, kind, &value)) {
                    for other in view.customers_that_came_with(key, DECISIONS_MAX)? {
                        if other != customer && !shared.contains(&(kind, other)) {
                            shared.push((kind, other));
                        }
                    }
                }
            }
            Ok::<_, StorageError>(shared)
        });
        let shared = shared.await?;
        if shared.is_empty() {
            return Ok(Vec::new());
        }
        self.store().read(merchant, move |view| present(view, &shared, limit)).await
    }
}

/// The devices and the cards of the customer's newest attempts, the newest ones first.
fn came_with(view: &MerchantView<'_>, customer: CustomerId) -> Result<Vec<(Kind, String)>, StorageError> {
    let filter =
        DecisionFilter { customer: Some(SearchKey::Customer(customer)), ..DecisionFilter::default() };
    let mut found: Vec<(Kind, String)> = Vec::new();
    for row in view.decisions(&filter, None, DECISIONS_MAX)? {
        let is_of_another = row.customer.is_some_and(|named| named != customer);
        let explanation = LoggedDecision::of(&row)?.decision.explanation.filter(|_| !is_of_another);
        for lookup in explanation.into_iter().flat_map(|explanation| explanation.lookups) {
            let Some(value) = lookup.value.filter(|_| lookup.rule == Rule::Exact) else { continue };
            let of_kind = found.iter().filter(|(kind, _)| *kind == lookup.kind);
            let is_new = MEANS.contains(&lookup.kind)
                && of_kind.clone().count() < VALUES_MAX
                && of_kind.clone().all(|(_, known)| **known != *value);
            if is_new {
                found.push((lookup.kind, value.to_string()));
            }
        }
    }
    Ok(found)
}

/// Those who are still there.
fn present(
    view: &MerchantView<'_>,
    shared: &[(Kind, CustomerId)],
    limit: usize,
) -> Result<Vec<(Kind, Customer)>, StorageError> {
    let mut present = Vec::new();
    for kind in MEANS {
        for (_, id) in shared.iter().filter(|(other, _)| *other == kind).take(limit) {
            present.extend(view.customer(*id)?.map(|customer| (kind, customer)));
        }
    }
    Ok(present)
}
