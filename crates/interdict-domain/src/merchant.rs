//! The merchant: the tenant.

use std::fmt;

use crate::clock::Timestamp;

/// The merchant's number, which is Idenza's `subscriber_id`. Starts at 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct MerchantNumber(pub i64);

impl fmt::Display for MerchantNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MerchantNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "merchant {}", self.0)
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its number.
    pub number: MerchantNumber,
    /// What people call it.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}
