//! A shop under another pepper than its first one.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use interdict_app::store::Durability;
use interdict_app::{App, AppOptions, DataPlace, DecisionLogOptions, OpenError, PepperRotation};
use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::Pepper;
use interdict_test_support::wait_until;

use super::{Deterministic, FakeClock, MAX_STALENESS, Shop};

/// The pepper of a shop that was never rotated.
pub fn pepper() -> Pepper {
    Pepper::from_bytes([7; 32])
}

/// The same under another pepper, which may be refused.
pub fn open_under(
    data: DataPlace,
    clock: &Arc<FakeClock>,
    random: &Arc<Deterministic>,
    (pepper, retention): (&Pepper, Option<Duration>),
) -> Result<App, OpenError> {
    App::open(&AppOptions {
        max_staleness: MAX_STALENESS,
        stripe: interdict_app::StripeAddress::default(),
        data,
        pepper: pepper.clone(),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::clone(random) as Arc<dyn Random>,
        durability: Durability::ControlWithoutFlush,
        lease_term: None,
        with_index: retention.is_some(),
        take_over: false,
        decision_log: retention.map(|retention| DecisionLogOptions { retention }),
    })
}

impl Shop {
    /// The same under another pepper, ready; or why not.
    pub fn reopened_under(&self, pepper: &Pepper) -> Result<App, OpenError> {
        let kept = Some(Duration::from_hours(720));
        let app = open_under(self.data.clone(), &self.clock, &self.random, (pepper, kept))?;
        app.keep_imports_in(self.folder.path());
        wait_until(|| app.is_ready(), Duration::from_mins(1)).unwrap();
        Ok(app)
    }

    /// A rotation to the pepper in front.
    pub fn rotation_to(&self, pepper: &Pepper) -> PepperRotation {
        PepperRotation {
            data: self.data.clone(),
            pepper: pepper.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(&self.random) as Arc<dyn Random>,
            durability: Durability::ControlWithoutFlush,
            is_dry_run: false,
        }
    }

    /// Where the data lives.
    pub fn data(&self) -> &DataPlace {
        &self.data
    }
}
