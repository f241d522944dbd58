//! Every column that holds a key, or what was sealed, and what a rotation makes of it. A test holds this list to the tables.

use crate::migrations::Schema;

/// What a rotation makes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFate {
    /// Its plain text stands beside it, or nobody needs it: all of it is made anew.
    Anew,
    /// What has plain text somewhere is made anew; the rest keeps its key, and remembers the generation.
    AnewOrKept,
    /// What has plain text somewhere is made anew, and stands there under the key of before, too.
    AnewBeside,
    /// It keeps what it has, for as long as the row is kept.
    Kept,
    /// The rows mean nothing behind a rotation, and go.
    Emptied,
    /// Sealed under a key that is derived from the pepper: opened, and sealed anew.
    Sealed,
    /// Not made of the pepper.
    NoKey,
}

/// A column that holds a key, or what was sealed.
#[derive(Clone, Copy, Debug)]
pub struct KeyedColumn {
    /// In which kind of store.
    pub schema: Schema,
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// What becomes of it.
    pub fate: KeyFate,
    /// The statements that see to it: the first one keeps, the second one makes anew.
    pub(super) sql: [Option<&'static str>; 2],
    /// Which generations are left in it, and how many rows of each.
    pub(super) left: Option<&'static str>,
}

// Row by row of the table, each by the key of the other one: a join might begin at the other end, where only the merchant is
// in an index.
macro_rules! move_keys {
    ($table:literal, $column:literal, $merchant:expr) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $column,
            " = (SELECT r.new_key FROM rekey r WHERE r.merchant = ",
            $merchant,
            " AND r.old_key = ",
            $table,
            ".",
            $column,
            ") WHERE EXISTS (SELECT 1 FROM rekey r WHERE r.merchant = ",
            $merchant,
            " AND r.old_key = ",
            $table,
            ".",
            $column,
            ")"
        )
    };
}

macro_rules! anew {
    ($schema:ident, $table:literal, $column:literal) => {
        KeyedColumn {
            schema: Schema::$schema,
            table: $table,
            column: $column,
            fate: KeyFate::Anew,
            sql: [None, Some(move_keys!($table, $column, concat!($table, ".merchant")))],
            left: None,
        }
    };
}

macro_rules! left {
    ($table:literal) => {
        Some(concat!(
            "SELECT generation, CAST(COUNT(*) AS BIGINT) FROM ",
            $table,
            " WHERE generation IS NOT NULL GROUP BY generation"
        ))
    };
}

macro_rules! anew_or_kept {
    ($table:literal, $column:literal) => {
        KeyedColumn {
            schema: Schema::Mode,
            table: $table,
            column: $column,
            fate: KeyFate::AnewOrKept,
            sql: [
                Some(concat!(
                    "UPDATE ",
                    $table,
                    " SET generation = $1 WHERE generation IS NULL AND ",
                    $column,
                    " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM rekey r WHERE r.merchant = ",
                    $table,
                    ".merchant AND r.old_key = ",
                    $table,
                    ".",
                    $column,
                    ")"
                )),
                Some(concat!(
                    move_keys!($table, $column, concat!($table, ".merchant")),
                    " AND ",
                    $table,
                    ".generation IS NULL"
                )),
            ],
            left: left!($table),
        }
    };
}

macro_rules! other {
    ($schema:ident, $table:literal, $column:literal, $fate:ident) => {
        KeyedColumn {
            schema: Schema::$schema,
            table: $table,
            column: $column,
            fate: KeyFate::$fate,
            sql: [None, None],
            left: None,
        }
    };
}

/// All of them.
pub const KEYED_COLUMNS: &[KeyedColumn] = &[
    // A person's email belongs to no merchant's lists.
    KeyedColumn {
        schema: Schema::Core,
        table: "user_account",
        column: "email_key",
        fate: KeyFate::Anew,
        sql: [None, Some(move_keys!("user_account", "email_key", "0"))],
        left: None,
    },
    // Of emails that nobody has no plain text is kept. Who had failed under one begins anew.
    KeyedColumn {
        schema: Schema::Core,
        table: "sign_in_failure",
        column: "email_key",
        fate: KeyFate::Anew,
        sql: [
            Some(
                "DELETE FROM sign_in_failure WHERE NOT EXISTS (SELECT 1 FROM rekey r
                 WHERE r.merchant = 0 AND r.old_key = sign_in_failure.email_key AND $1 > 0)",
            ),
            Some(move_keys!("sign_in_failure", "email_key", "0")),
        ],
        left: None,
    },
    // Nothing in the core is found by an identifier.
    other!(Core, "personal", "identifier_key", NoKey),
    other!(Core, "user_account", "second_factor", Sealed),
    other!(Core, "user_account", "pending_factor", Sealed),
    anew!(Mode, "customer", "email_key"),
    anew!(Mode, "customer", "phone_key"),
    anew!(Mode, "customer", "ref_key"),
    anew!(Mode, "payment", "email_key"),
    anew!(Mode, "payment", "phone_key"),
    anew!(Mode, "checkout", "email_key"),
    anew!(Mode, "checkout", "phone_key"),
    anew_or_kept!("entry", "identifier_key"),
    anew_or_kept!("personal", "identifier_key"),
    anew_or_kept!("import_before", "identifier_key"),
    // The old key stays beside the new one: by it the log of decisions is found, in which nothing is made anew.
    KeyedColumn {
        schema: Schema::Mode,
        table: "former_identifier",
        column: "identifier_key",
        fate: KeyFate::AnewBeside,
        sql: [
            Some("UPDATE former_identifier SET generation = $1 WHERE generation IS NULL"),
            Some(
                "INSERT INTO former_identifier (merchant, customer, identifier_key)
                 SELECT f.merchant, f.customer, r.new_key FROM former_identifier f CROSS JOIN rekey r
                 WHERE r.merchant = f.merchant AND r.old_key = f.identifier_key",
            ),
        ],
        left: None,
    },
    anew_or_kept!("person_identifier", "identifier_key"),
    anew_or_kept!("person_suggestion", "identifier_key"),
    anew_or_kept!("proposal", "identifier_key"),
    anew_or_kept!("note", "identifier_key"),
    // The request's own name is a keyed hash without plain text, whose generation it is: a replay looks under the former
    // pepper for a day.
    KeyedColumn {
        schema: Schema::Mode,
        table: "idempotency",
        column: "identifier_key",
        fate: KeyFate::AnewOrKept,
        sql: [
            Some("UPDATE idempotency SET generation = $1 WHERE generation IS NULL"),
            Some(move_keys!("idempotency", "identifier_key", "idempotency.merchant")),
        ],
        left: left!("idempotency"),
    },
    // What stood at a revision before is not told any more.
    KeyedColumn {
        schema: Schema::Mode,
        table: "departure",
        column: "identifier_key",
        fate: KeyFate::Emptied,
        sql: [Some("DELETE FROM departure WHERE $1 > 0"), None],
        left: None,
    },
    other!(Mode, "gateway_account", "secret_key", Sealed),
    other!(Mode, "gateway_account", "webhook_secret", Sealed),
    other!(Mode, "gateway_account", "publishable_key", NoKey),
    // What was decided before is found under the pepper of then, and goes with its time.
    other!(Decisions, "decision_identifier", "identifier_key", Kept),
    other!(Decisions, "erasure", "identifier_key", Kept),
];
