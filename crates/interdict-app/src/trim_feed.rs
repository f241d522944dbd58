//! Trimming the feeds of all stores: changes that are older than a retention go, in steps that hold nobody up
//! (docs/adr/0026).
//!
//! Deliberately not here: when it is done, and what one step does (`interdict-storage`).

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::mode::Mode;
use interdict_storage::{
    Authorship, SchemaName, StorageError, Store, Transaction, Trimmed, Trimming, WriteError,
};

use crate::app::{App, put_off};

/// Between two steps: whoever waits for the writer comes first.
const PAUSE: Duration = Duration::from_millis(50);
/// For how long other nodes may take to apply what there is. One that is further behind would have to load anew.
const NODES_PATIENCE: Duration = Duration::from_secs(5);

impl App {
    /// Trims all stores, where this node is the one to do it. A failure is logged and the next call tries again.
    pub async fn trim_feeds(&self, retention: Duration) {
        let live = self.service(Mode::Live).store();
        // The core has no leases of its own: whoever trims live mode trims it.
        for (name, store, leased) in [
            (SchemaName::Core, self.core(), live),
            (SchemaName::Test, self.service(Mode::Test).store(), self.service(Mode::Test).store()),
            (SchemaName::Live, live, live),
        ] {
            if leased.place().rank != 0 {
                continue;
            }
            let store_name = name.as_str();
            match self.trim(store_name, store, retention).await {
                Ok(Some(Trimmed { changes, through })) => {
                    tracing::info!(store = store_name, changes, through, "the feed was trimmed");
                }
                Ok(None) => {}
                Err(WriteError::Refused(error @ StorageError::BrokenChain(_))) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, store = store_name, "ALARM: somebody wrote past Interdict");
                }
                Err(error) => {
                    let is_away = match &error {
                        WriteError::Away => true,
                        WriteError::Refused(error) => error.is_away(),
                        WriteError::Overloaded | WriteError::CommitFailed | WriteError::Stopped => false,
                    };
                    put_off(&error, is_away, "the feed is trimmed later");
                }
            }
        }
    }

    /// Trims one store, and says how much; nothing when nothing is old enough.
    async fn trim(
        &self,
        name: &'static str,
        store: &Store,
        retention: Duration,
    ) -> Result<Option<Trimmed>, WriteError<StorageError>> {
        let head = store.read_all(|view| -> Result<_, StorageError> { view.revision() });
        let revision = head.await.map_err(WriteError::Refused)?;
        if !store.wait_for_all_nodes(revision, NODES_PATIENCE).await {
            tracing::info!(store = name, "a node is behind: the feed is trimmed later");
            return Ok(None);
        }
        let seconds = i64::try_from(retention.as_secs()).unwrap_or(i64::MAX);
        let what = Trimming::before(self.clock.now().plus_seconds(seconds.saturating_neg()));
        let mut all: Option<Trimmed> = None;
        loop {
            let (now, random) = (self.clock.now(), Arc::clone(&self.random));
            let step = move |transaction: &mut Transaction<'_>| {
                let actor = Actor::system();
                transaction.trim_feed(&Authorship::new(&actor, now, random.as_ref()), &what)
            };
            let Some(step) = store.write(step).await?.value else { return Ok(all) };
            let before = all.map_or(0, |all| all.changes);
            all = Some(Trimmed { changes: before + step.changes, through: step.through });
            tokio::time::sleep(PAUSE).await;
        }
    }
}
