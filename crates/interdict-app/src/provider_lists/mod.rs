//! The merchants' lists on the payment provider's own: one list that is enforced everywhere.
//!
//! It follows the feed behind the commits and is in nobody's way: a change names entries ([`follow`](step)), each of which
//! is brought in step by what it is now ([`bring`]). A round over everything at the start and now and then compares what
//! the provider has with what was put there ([`compare`]), goes through the entries, and then through what stands there.
//!
//! Before a value is put on a list, the intention is committed, so that after a kill it is known what may be there. One
//! step asks a bounded number of times, and steps come once a second: that is the pace.
//!
//! Deliberately not here: what belongs on a list (`interdict-domain`), and how a provider is asked (`interdict-gateway`).

mod bring;
mod choose;
mod compare;
mod memory;
mod plan;
mod report;
mod step;

pub use choose::choose_mirroring;
pub use memory::MirrorCounts;
pub(crate) use memory::Mirrors;
pub use report::{ListReport, MirrorReport, MirrorState};
