//! Tests of the decision as a whole. Those of a part stand beside it.

mod digests;
mod documented;
mod equivalence;
mod incidents;
mod kinds;
mod ranges;
mod readers;
mod rules;
mod world;
