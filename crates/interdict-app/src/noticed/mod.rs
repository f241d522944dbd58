//! Noticing with what else blocked persons come: an attempt that an entry of theirs has blocked may bring an identifier that
//! is not known to be theirs (docs/adr/0036).
//!
//! A decision only looks whether its merchant has blocked persons at all, and hands over what the attempt came with. The rest
//! is a thread's: whose entry it was, what the merchant wants, and what may not be put to a person's by itself.
//!
//! Deliberately not here: what is of a kind that strangers share. It neither leads to a person nor becomes one's.

mod notice;
mod noticer;
mod queue;
mod sighting;
mod watch;
mod weigh;
mod worker;

pub use noticer::NoticedCounts;
pub(crate) use noticer::{Noticer, NoticerParts};
pub(crate) use watch::PersonWatch;
