//! Why a use case on people and keys says no, in words for a page.

use interdict_app::{UseCaseError, UserError};
use interdict_domain::clock::Timestamp;

use crate::act::in_words;
use crate::answer::Problem;
use crate::{t, t_with};

/// What stands in the way, for the form; or the page that says so where no form could be sent better.
pub(crate) fn says(error: UserError) -> Result<String, Problem> {
    Ok(match error {
        UserError::EmailTaken => t("refused-email-taken"),
        UserError::Oneself => t("refused-oneself"),
        UserError::LastOwner => t("refused-last-owner"),
        UserError::WrongPassword => t("refused-password"),
        UserError::Locked { until } => locked(until),
        UserError::TooMany { .. } => t("sign-in-too-many"),
        UserError::WrongCode => t("refused-code"),
        UserError::NoEnrolment => t("refused-no-enrolment"),
        UserError::SecondFactorIsOn => t("refused-factor-is-on"),
        UserError::NoSecondFactor => t("refused-no-factor"),
        UserError::Password(error) => format!("{} {error}.", t("the-password")),
        UserError::UseCase(other @ (UseCaseError::Invalid { .. } | UseCaseError::RefTaken)) => {
            in_words(&other)
        }
        UserError::NotFound | UserError::NoMerchant => {
            return Err(Problem::not_there(&t("person-not-there")));
        }
        UserError::UseCase(UseCaseError::NotFound(_)) => {
            return Err(Problem::not_there(&t("key-not-there")));
        }
        UserError::Forbidden(_) => return Err(Problem::forbidden()),
        UserError::ChangedMeanwhile | UserError::UseCase(UseCaseError::ChangedMeanwhile) => {
            return Err(Problem::changed_meanwhile());
        }
        UserError::InvitationOver => return Err(Problem::not_there(&t("invitation-over"))),
        UserError::Busy | UserError::NotWritten => return Err(Problem::unavailable()),
        UserError::UseCase(UseCaseError::Storage(error)) | UserError::Storage(error) => {
            return Err(Problem::from(error));
        }
        error @ (UserError::SecondFactorUnreadable | UserError::Hash(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot do what was asked");
            return Err(Problem::ours());
        }
    })
}

/// As a page, where no form could be sent better.
pub(crate) fn problem(error: UserError) -> Problem {
    says(error).map_or_else(|problem| problem, |text| Problem::invalid(&text))
}

/// That too many attempts failed, and until when nothing helps.
pub(crate) fn locked(until: Timestamp) -> String {
    let until = until.to_string();
    let until = until.get(11..16).unwrap_or_default().to_owned();
    t_with("sign-in-locked", &[("until", until.into())])
}
