//! Each SQL statement by name, so that a test can prepare all of them on both engines.

/// Declares the statements of a file: a constant each, and a list of all of them.
///
/// One text runs on both engines: `$1` in order of first appearance, BIGINT for flags, no LIKE for
/// case, no engine's own functions.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* const $name: &str = $sql;)+
        /// The statements of this file by name.
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

use crate::decision_log::{FIND_STATEMENTS, FORGET_STATEMENTS};
use crate::migrations::Schema;

/// All statements that run in a schema, by name.
pub fn all(schema: Schema) -> Vec<(&'static str, &'static str)> {
    let common = [
        crate::audit::STATEMENTS,
        crate::feed::STATEMENTS,
        crate::personal::STATEMENTS,
        crate::chain::STATEMENTS,
        crate::trim::STATEMENTS,
    ];
    let own: &[&[(&str, &str)]] = match schema {
        Schema::Decisions => {
            let log = [crate::decision_log::ROW_STATEMENTS, FIND_STATEMENTS, FORGET_STATEMENTS];
            return log.iter().flat_map(|list| list.iter().copied()).collect();
        }
        Schema::Core => &[
            crate::merchant::STATEMENTS,
            crate::credential::STATEMENTS,
            crate::user::STATEMENTS,
            crate::session::STATEMENTS,
        ],
        Schema::Mode => &[
            crate::attempt_count::STATEMENTS,
            crate::chargeback::STATEMENTS,
            crate::checkout::STATEMENTS,
            crate::counter::STATEMENTS,
            crate::customer::STATEMENTS,
            crate::customer_cover::STATEMENTS,
            crate::customer_list::STATEMENTS,
            crate::departure::STATEMENTS,
            crate::entry::STATEMENTS,
            crate::entry_history::STATEMENTS,
            crate::entry_import::STATEMENTS,
            crate::former::STATEMENTS,
            crate::entry_list::STATEMENTS,
            crate::entry_report::STATEMENTS,
            crate::erasure::STATEMENTS,
            crate::gateway_account::STATEMENTS,
            crate::hits::STATEMENTS,
            crate::idempotency::STATEMENTS,
            crate::import::STATEMENTS,
            crate::import_part::STATEMENTS,
            crate::ledger::STATEMENTS,
            crate::load::STATEMENTS,
            crate::note::STATEMENTS,
            crate::oldest_first::STATEMENTS,
            crate::past::STATEMENTS,
            crate::payment::STATEMENTS,
            crate::payment_list::STATEMENTS,
            crate::person::STATEMENTS,
            crate::person_erasure::STATEMENTS,
            crate::plan::STATEMENTS,
            crate::postgres::LEASE_STATEMENTS,
            crate::proposal::STATEMENTS,
            crate::provider_event::STATEMENTS,
            crate::provider_item::STATEMENTS,
            crate::provider_mirror::STATEMENTS,
            crate::score::STATEMENTS,
            crate::settings::STATEMENTS,
            crate::subscription::STATEMENTS,
            crate::suggestion::STATEMENTS,
            crate::test_clock::STATEMENTS,
            crate::under_keys::STATEMENTS,
            crate::window_end::STATEMENTS,
        ],
    };
    common.iter().chain(own).flat_map(|list| list.iter().copied()).collect()
}
