//! The clock of test mode: put ahead, so that windows end, renewals fall due and checkouts expire
//! without waiting. What is written down, such as `createdAt`, keeps the server's time.

use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;

/// Some ten years: more than anything that is waited for.
pub const ADVANCE_S_MAX: i64 = 315_360_000;
/// The farthest that a clock can be ahead: what is written must still be a time.
const AHEAD_S_MAX: i64 = 100 * 365 * 24 * 60 * 60;

/// Puts the merchant's clock ahead, and returns by how much it is ahead in all.
pub fn advance_clock(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    seconds: i64,
) -> Result<i64, UseCaseError> {
    let ahead_s = transaction.clock_ahead_s()?.saturating_add(seconds);
    if ahead_s > AHEAD_S_MAX {
        return Err(UseCaseError::Invalid {
            path: "seconds",
            issue: "must leave the clock no more than a hundred years ahead",
        });
    }
    transaction.put_clock_ahead(by, ahead_s)?;
    Ok(ahead_s)
}
