//! What people in the dashboard may do, by their role: one table, which docs/roles.md shows.
//!
//! Deliberately not here: what keys may do ([`crate::credential`]), and who may change whom, which also
//! depends on who it is (the use cases).

use serde::{Deserialize, Serialize};

use crate::credential::{Permission, Permissions};
use crate::entry::words;
use crate::mode::Mode;

words!(
    /// What a person is to a merchant.
    Role {
        /// Everything, and the only one who makes, changes and removes owners.
        Owner = "owner",
        /// Everything else.
        Admin = "admin",
        /// Test keys, and a look at everything.
        Developer = "developer",
        /// Customers and lists.
        Support = "support",
        /// A look at everything but keys.
        ReadOnly = "read_only",
    }
);

words!(
    /// Something that some may do and others may not.
    Capability {
        /// Customers, lists, standing, history.
        ViewCustomers = "view_customers",
        /// Payments, subscriptions, chargebacks, decisions, the overview.
        ViewPayments = "view_payments",
        /// Restrict, list, entries, notes.
        ChangeCustomers = "change_customers",
        /// Import, export, lift in bulk.
        BulkChange = "bulk_change",
        /// Try whether a payment would be allowed.
        TryDecision = "try_decision",
        /// Erase a person.
        ErasePerson = "erase_person",
        /// See keys, without their secrets.
        ViewKeys = "view_keys",
        /// Make, rotate and revoke keys of test mode.
        ManageKeys = "manage_keys",
        /// Make, rotate and revoke keys of live mode.
        ManageLiveKeys = "manage_live_keys",
        /// Settings and the payment provider.
        ChangeSettings = "change_settings",
        /// See who else signs in.
        ViewTeam = "view_team",
        /// Invite people, change their roles, disable and reset them.
        ManageTeam = "manage_team",
        /// The same with owners, and to make one.
        ManageOwners = "manage_owners",
        /// The merchant's changes.
        ViewAudit = "view_audit",
    }
);

impl Capability {
    /// What it takes to make, rotate and revoke keys of a mode.
    pub const fn to_manage_keys(mode: Mode) -> Self {
        match mode {
            Mode::Test => Self::ManageKeys,
            Mode::Live => Self::ManageLiveKeys,
        }
    }
}

/// May, in the table.
const X: bool = true;
/// May not.
const O: bool = false;

impl Role {
    /// Whether the role may do something.
    #[allow(clippy::match_same_arms, reason = "a table has a line for each, whatever stands in it")]
    pub const fn may(self, capability: Capability) -> bool {
        let [owner, admin, developer, support, read_only] = match capability {
            Capability::ViewCustomers => [X, X, X, X, X],
            Capability::ViewPayments => [X, X, X, X, X],
            Capability::ChangeCustomers => [X, X, O, X, O],
            Capability::BulkChange => [X, X, O, X, O],
            Capability::TryDecision => [X, X, X, X, X],
            Capability::ErasePerson => [X, X, O, O, O],
            Capability::ViewKeys => [X, X, X, O, O],
            Capability::ManageKeys => [X, X, X, O, O],
            Capability::ManageLiveKeys => [X, X, O, O, O],
            Capability::ChangeSettings => [X, X, O, O, O],
            Capability::ViewTeam => [X, X, X, X, X],
            Capability::ManageTeam => [X, X, O, O, O],
            Capability::ManageOwners => [X, O, O, O, O],
            Capability::ViewAudit => [X, X, X, O, X],
        };
        match self {
            Self::Owner => owner,
            Self::Admin => admin,
            Self::Developer => developer,
            Self::Support => support,
            Self::ReadOnly => read_only,
        }
    }

    /// What a key with the role's reach would have: the use cases on customers and payments ask for these.
    pub const fn permissions(self) -> Permissions {
        let looks = Permissions::NONE
            .with(Permission::CustomersRead)
            .with(Permission::PaymentsRead)
            .with(Permission::Decisions);
        match self {
            Self::Owner | Self::Admin => {
                looks.with(Permission::CustomersWrite).with(Permission::PaymentsWrite)
            }
            Self::Support => looks.with(Permission::CustomersWrite),
            Self::Developer | Self::ReadOnly => looks,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const FILE: &str = include_str!("../../../docs/roles.md");

    #[test]
    fn the_document_shows_the_table_cell_by_cell() {
        let heads: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        let mut expected = format!("| | {} |\n| --- |{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
        for capability in Capability::ALL {
            let cells: Vec<_> =
                Role::ALL.iter().map(|role| if role.may(*capability) { "x |" } else { "|" }).collect();
            writeln!(expected, "| `{}` | {}", capability.as_str(), cells.join(" ")).unwrap();
        }
        assert!(FILE.contains(&expected), "docs/roles.md must hold this table:\n{expected}");
    }

    #[test]
    fn the_document_explains_each_role_and_each_capability() {
        let words = Role::ALL.iter().map(|role| role.as_str());
        for word in words.chain(Capability::ALL.iter().map(|capability| capability.as_str())) {
            assert!(FILE.contains(&format!("- `{word}`: ")), "docs/roles.md does not explain {word}");
        }
    }

    #[test]
    fn permissions_never_reach_further_than_capabilities() {
        for role in Role::ALL {
            let permissions = role.permissions();
            let agrees = |permission, capability| permissions.contains(permission) == role.may(capability);
            assert!(agrees(Permission::CustomersRead, Capability::ViewCustomers), "{role:?}");
            assert!(agrees(Permission::CustomersWrite, Capability::ChangeCustomers), "{role:?}");
            assert!(agrees(Permission::PaymentsRead, Capability::ViewPayments), "{role:?}");
            assert!(agrees(Permission::Decisions, Capability::TryDecision), "{role:?}");
            assert_eq!(permissions.contains(Permission::PaymentsWrite), role.may(Capability::ChangeSettings));
        }
    }
}
