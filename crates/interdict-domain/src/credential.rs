//! Credentials: what a caller shows, what it may do, and how it is stored (as SHA-256 only).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::words;
use crate::ids::KeyId;
use crate::merchant::MerchantNumber;
use crate::mode::Mode;

words!(
    /// What a secret key may do.
    Permission {
        /// Read customers, restrictions, lists and changes.
        CustomersRead = "customers:read",
        /// Change customers, restrictions and lists.
        CustomersWrite = "customers:write",
        /// Ask for decisions.
        Decisions = "decisions",
        /// Read payments.
        PaymentsRead = "payments:read",
        /// Create, authorize and reverse payments.
        PaymentsWrite = "payments:write",
    }
);

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(u16);

impl Permissions {
    /// Everything: the default of a secret key.
    pub const ALL: Self = Self(0x1f);
    /// Nothing.
    pub const NONE: Self = Self(0);

    const fn bit(permission: Permission) -> u16 {
        match permission {
            Permission::CustomersRead => 1,
            Permission::CustomersWrite => 2,
            Permission::Decisions => 4,
            Permission::PaymentsRead => 8,
            Permission::PaymentsWrite => 16,
        }
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | Self::bit(permission))
    }

    /// Whether it is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// From names separated by commas; the first unknown name is the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).try_fold(Self::NONE, |set, name| {
            Permission::parse(name).map(|permission| set.with(permission)).ok_or_else(|| name.to_owned())
        })
    }

    /// The names.
    pub fn names(self) -> Vec<&'static str> {
        Permission::ALL.iter().filter(|p| self.contains(**p)).map(|p| p.as_str()).collect()
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

words!(
    /// The kinds of credential.
    CredentialKind {
        /// `sk_test_…`, `sk_live_…`: a server of the merchant's.
        Secret = "secret",
        /// `pk_test_…`, `pk_live_…`: a browser; may call exactly three things.
        Publishable = "publishable",
        /// A client id and secret that are exchanged for tokens of 60 minutes.
        Oauth = "oauth",
    }
);

/// A credential as stored: everything but the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id, not a secret. For an OAuth client, the `client_id`.
    pub id: KeyId,
    /// Whose it is.
    pub merchant: MerchantNumber,
    /// The store that it opens.
    pub mode: Mode,
    /// Its kind.
    pub kind: CredentialKind,
    /// What people call it; also its label in histories.
    pub name: String,
    /// The last four characters, so that people can tell keys apart.
    pub last_four: String,
    /// SHA-256 of the whole secret.
    pub digest: [u8; 32],
    /// What it may do. Publishable keys have none: what they may call is fixed.
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it works at a moment.
    pub fn is_valid_at(&self, moment: Timestamp) -> bool {
        self.revoked_at.is_none_or(|revoked| moment < revoked)
            && self.expires_at.is_none_or(|expires| moment < expires)
    }
}
