//! Rotating the pepper of all stores, one after the other: each in a transaction of its own, the core last. What was cut
//! goes on when it is called again, because each store says under which pepper it stands.
//!
//! Deliberately not here: the pepper file, and that nobody serves the data meanwhile (the command line); what becomes of a
//! store (`interdict-storage`).

use std::sync::Arc;

use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::{Generation, Pepper};
use interdict_domain::mode::Mode;
use interdict_storage::{
    DecisionStore, Durability, Place, RotatedStore, Rotation, RotationError, RotationStep, SchemaName,
    Sealed, StorageError, StoreStanding, finish_rotation, rotate_store, standing,
};

use crate::app::DataPlace;
use crate::gateways::{Secret, place};
use crate::second_factor;
use crate::vault::Vault;

/// The stores in their order: what names the merchants comes last.
const STORES: [SchemaName; 3] = [SchemaName::Test, SchemaName::Live, SchemaName::Core];

/// How far a rotation of the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStanding {
    /// All of it is under the pepper in front.
    Whole,
    /// A rotation was cut: it has to go on before another one begins.
    Cut,
}

/// Whose pepper is rotated.
pub struct PepperRotation {
    /// Where the data lives.
    pub data: DataPlace,
    /// The pepper in front is the new one.
    pub pepper: Pepper,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The generator.
    pub random: Arc<dyn Random>,
    /// When a commit counts as done.
    pub durability: Durability,
    /// Whether nothing of it is to stay.
    pub is_dry_run: bool,
}

/// What became of the stores.
#[derive(Clone, Debug)]
pub struct RotatedPepper {
    /// Each store by name.
    pub stores: Vec<(SchemaName, RotatedStore)>,
    /// Which former peppers are still needed, by a store or by the log of decisions.
    pub needed: Vec<Generation>,
}

/// Why the pepper was not rotated, or not everywhere.
#[derive(Debug, thiserror::Error)]
#[error("{store} was not rotated")]
pub struct RotatePepperError {
    /// Which store.
    pub store: &'static str,
    /// Why.
    #[source]
    pub source: RotationError,
}

/// Says how far a rotation of the data is. Refuses a pepper under which none of it stands.
pub fn rotation_standing(data: &DataPlace, pepper: &Pepper) -> Result<RotationStanding, StorageError> {
    for name in STORES {
        match standing(&data.store(name), pepper)? {
            StoreStanding::Current(true) | StoreStanding::Empty => {}
            StoreStanding::Current(false) | StoreStanding::Former => return Ok(RotationStanding::Cut),
        }
    }
    Ok(RotationStanding::Whole)
}

impl PepperRotation {
    /// Puts every store under the pepper in front. `progress` is told what is being done.
    pub fn run(
        &self,
        progress: &mut dyn FnMut(SchemaName, RotationStep),
    ) -> Result<RotatedPepper, RotatePepperError> {
        let (mut stores, mut needed) = (Vec::new(), Vec::new());
        for name in STORES {
            let failed = |source| RotatePepperError { store: name.as_str(), source };
            let place = self.data.store(name);
            let rotated = self.rotate(name, &place, progress).map_err(failed)?;
            needed.extend(&rotated.needed);
            if name != SchemaName::Core {
                needed.extend(self.note_in_log(&place).map_err(|error| failed(error.into()))?);
            }
            stores.push((name, rotated));
        }
        needed.sort_unstable();
        needed.dedup();
        Ok(RotatedPepper { stores, needed })
    }

    /// Says that nothing of the rotation is left to do, the file included.
    pub fn finish(&self) -> Result<(), StorageError> {
        finish_rotation(&self.data.store(SchemaName::Core))
    }

    fn rotate(
        &self,
        name: SchemaName,
        place: &Place,
        progress: &mut dyn FnMut(SchemaName, RotationStep),
    ) -> Result<RotatedStore, RotationError> {
        let reseal = |what: Sealed, (old, new): (&Pepper, &Pepper), sealed: &[u8]| {
            let place = place_of(name, what);
            let secret = Vault::new(old).open(sealed, &place).ok()?;
            Vault::new(new).seal(&secret, &place, self.random.as_ref()).ok()
        };
        let rotation = Rotation {
            place,
            schema: name.schema(),
            pepper: &self.pepper,
            now: self.clock.now(),
            random: self.random.as_ref(),
            reseal: &reseal,
            is_dry_run: self.is_dry_run,
            durability: self.durability,
        };
        rotate_store(&rotation, &mut |step| progress(name, step))
    }

    /// What was decided before is found under the former pepper, for as long as it is kept.
    fn note_in_log(&self, place: &Place) -> Result<Vec<Generation>, StorageError> {
        let is_there = match place {
            Place::Sqlite(path) => DecisionStore::file(path).exists(),
            Place::Postgres(..) => true,
        };
        if !is_there {
            return Ok(Vec::new());
        }
        let log = DecisionStore::open(place, &self.pepper)?;
        log.note_rotation(&self.pepper, self.clock.now(), self.is_dry_run)
    }
}

/// Where a secret belongs.
fn place_of(name: SchemaName, what: Sealed) -> String {
    let mode = if name == SchemaName::Live { Mode::Live } else { Mode::Test };
    match what {
        Sealed::SecondFactor(id) => second_factor::place(id),
        Sealed::GatewayKey(merchant) => place(mode, merchant, Secret::Key),
        Sealed::WebhookSecret(merchant) => place(mode, merchant, Secret::Webhook),
    }
}
