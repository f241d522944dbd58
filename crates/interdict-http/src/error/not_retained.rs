//! Refusals of what was kept once, or was never kept: decisions, changes, and what stood at an earlier revision.

use http::StatusCode;

use super::{ApiError, Detail};

impl ApiError {
    /// 404: a decision that is not in the log. The message says why that may be.
    pub fn decision_not_retained(is_kept: bool) -> Self {
        let message = if is_kept {
            "The log has no such decision in this merchant and mode. It keeps blocks, charges, and so many of the others a \
             second as the settings' decisionLog says, for as many days as the operator says; a dry run leaves nothing."
        } else {
            "No decisions are kept here: the operator has set --decision-retention-days to 0."
        };
        Self::new(StatusCode::NOT_FOUND, "not_retained", message)
    }

    /// 404: a revision that the feed does not reach back to.
    pub fn revision_not_retained(oldest: i64) -> Self {
        let message = format!(
            "What stood at this revision is not kept any more. The oldest revision that can be judged again is {oldest}."
        );
        Self::new(StatusCode::NOT_FOUND, "not_retained", message).with_member("retainedFrom", oldest)
    }

    /// 404: when a revision was made on the merchant's clock is not kept any more.
    pub fn clock_not_retained() -> Self {
        let message = "The test clock was put ahead since, and where it stood then is not kept any more. Ask for a younger \
                       revision.";
        Self::new(StatusCode::NOT_FOUND, "not_retained", message)
    }

    /// 410: what is asked for was trimmed.
    pub fn not_retained(through: i64) -> Self {
        let message = format!(
            "The changes up to {through} are not kept any more. Read customers and entries anew, then go on with \
             after={through}."
        );
        let issue = format!("must be {through} or more: older changes were trimmed");
        let error = Self::new(StatusCode::GONE, "not_retained", message);
        Self { details: vec![Detail::new("after", issue)], ..error }.with_member("trimmedThrough", through)
    }
}
