//! One suite over both engines: what a store does must not depend on what it is kept in. What only one of them
//! has stands in `sqlite.rs` and `postgres.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

/// Makes tests of functions that take a world: one for each engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::support::World::sqlite());
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $name() {
                super::$name(&crate::support::World::postgres(stringify!($name)));
            })+
        }
    };
}

mod attempts;
mod chain;
mod decisions;
mod feed;
mod foresight;
mod leases;
mod move_up;
mod opening;
mod people;
mod plans;
mod postgres;
mod rotation;
mod search;
mod sqlite;
mod statements;
mod status;
mod support;
mod tls;
mod totals;
mod trim;
mod trim_followed;
mod writer;
