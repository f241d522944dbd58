//! Windows of entries and list statuses that have ended by themselves become changes, so that history and audit say
//! so. Decisions do not wait for it: they see the end on the clock.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{Authorship, StorageError, Transaction, WriteError};

use crate::service::Service;

/// Ends that are recorded in one commit: it holds others up for some milliseconds.
const ENDS_AT_ONCE: i64 = 256;
/// Commits that one look makes at most: the rest comes with the next.
const COMMITS_MAX: usize = 8;

impl Service {
    /// Records what has ended since the last look, on each merchant's clock. Of many nodes the first does it.
    pub async fn record_ends(&self) -> Result<(), WriteError<StorageError>> {
        if self.store.place().rank != 0 {
            return Ok(());
        }
        let mut after = MerchantNumber(0);
        let mut commits = 0;
        loop {
            let next = self.store.read_all(move |view| view.next_merchant_with_ends(after)).await;
            let Some(merchant) = next.map_err(WriteError::Refused)? else { return Ok(()) };
            after = merchant;
            let now = self.merchant_now(merchant);
            let read = self.store.read(merchant, move |view| view.has_unrecorded_ends(now)).await;
            let mut is_due = read.map_err(WriteError::Refused)?;
            while is_due && commits < COMMITS_MAX {
                is_due = self.record_some_ends(merchant).await?;
                commits += 1;
            }
        }
    }

    /// One commit; true when there may be more.
    async fn record_some_ends(&self, merchant: MerchantNumber) -> Result<bool, WriteError<StorageError>> {
        let (now, merchant_now) = (self.clock.now(), self.merchant_now(merchant));
        let random = Arc::clone(&self.random);
        let recorded = self.store.write(move |transaction: &mut Transaction<'_>| {
            let actor = Actor::system();
            let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
            transaction.merchant(merchant).record_ends(&by, ENDS_AT_ONCE)
        });
        Ok(i64::try_from(recorded.await?.value).is_ok_and(|recorded| recorded == ENDS_AT_ONCE))
    }
}
