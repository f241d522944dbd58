//! Tests of the decision as a whole. Those of a part stand beside it.

mod digests;
mod equivalence;
mod incidents;
mod readers;
mod rules;
mod world;
