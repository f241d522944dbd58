//! Why a mutation was not done, as outsiders see it.

use interdict_app::decision::DecideError;
use interdict_app::gateway::GatewayError;
use interdict_app::{
    AskError, DecidePaymentError, MutateError, NoGateway, PaymentError, Refusal, UseCaseError,
};

use crate::answer;
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::json;
use crate::v1::decisions::undecided;

/// A body that was refused.
pub(crate) struct Refused(pub(crate) ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<Vec<Detail>> for Refused {
    fn from(details: Vec<Detail>) -> Self {
        Self(ApiError::validation(details))
    }
}

/// Why a use case said no, as outsiders see it.
pub(crate) enum Failure {
    /// The caller's to mend.
    Refused(Box<ApiError>),
    /// The store's.
    Storage(interdict_app::store::StorageError),
}

impl From<UseCaseError> for Failure {
    fn from(error: UseCaseError) -> Self {
        Self::Refused(Box::new(match error {
            UseCaseError::Storage(error) => return Self::Storage(error),
            UseCaseError::NotFound(what) => ApiError::not_found(what),
            UseCaseError::ChangedMeanwhile => {
                ApiError::conflict("Somebody else has changed it at the same moment. Send the request again.")
                    .with_retry_after(1)
            }
            UseCaseError::RefTaken => ApiError::conflict(
                "Another customer of this merchant has this merchantRef. Update that customer, or use another ref.",
            ),
            UseCaseError::Invalid { path, issue } => ApiError::invalid(path, issue),
        }))
    }
}

impl From<PaymentError> for Failure {
    fn from(error: PaymentError) -> Self {
        Self::Refused(Box::new(match error {
            PaymentError::Storage(error) | PaymentError::NoGateway(NoGateway::Storage(error)) => {
                return Self::Storage(error);
            }
            PaymentError::NotFound(what) => ApiError::not_found(what),
            PaymentError::Invalid { path, issue } => ApiError::invalid(path, issue),
            PaymentError::Illegal { what, from, to } => {
                ApiError::conflict(format!("This {what} is {from}: it cannot be {to}."))
            }
            PaymentError::Busy => ApiError::conflict(
                "The gateway is being asked about this payment right now. Read the payment, and try again.",
            )
            .with_retry_after(1),
            // A payment names its payer by fewer words than an attempt.
            PaymentError::Undecided(DecidePaymentError::Attempt(DecideError::NothingIdentifies)) => {
                ApiError::invalid("", "must identify the payer: send customer or email")
            }
            PaymentError::Undecided(error) => undecided(error, &json::Path::root()),
            PaymentError::NoGateway(NoGateway::Unnamed) => ApiError::conflict(
                "No payment provider is set up for live mode. Set one up with PUT /v1/gateway, or use a key of test mode.",
            ),
            PaymentError::NoGateway(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a merchant's gateway cannot be used"
                );
                ApiError::conflict(
                    "The payment provider that is set up cannot be used. Set its key again with PUT /v1/gateway.",
                )
            }
        }))
    }
}

pub(super) fn refusal(error: &ApiError, dialect: Dialect) -> Refusal {
    Refusal::Answer(answer::refusal(error, dialect))
}

pub(crate) fn refused(failure: Failure, dialect: Dialect) -> Refusal {
    match failure {
        Failure::Refused(error) => refusal(&error, dialect),
        Failure::Storage(error) => Refusal::Storage(error),
    }
}

/// What the caller is told when nothing was done; the log has the rest.
pub(super) fn refuse(error: &MutateError) -> ApiError {
    match error {
        MutateError::IdempotencyConflict => ApiError::idempotency_conflict(),
        MutateError::IdempotencyInProgress => ApiError::idempotency_in_progress(),
        MutateError::SecretAlreadyShown => ApiError::secret_already_shown(),
        MutateError::Overloaded | MutateError::Unavailable => ApiError::unavailable(),
        MutateError::Failed(error) if error.is_away() => ApiError::unavailable(),
        MutateError::Failed(_) | MutateError::CommitFailed => {
            tracing::error!(error = error as &dyn std::error::Error, "a mutation failed");
            ApiError::internal()
        }
        MutateError::Gateway { payment, error } => {
            no_gateway_answer(error).with_member("paymentId", payment.to_string())
        }
    }
}

/// What the caller is told when the gateway gave no answer that counts. The payment is kept.
fn no_gateway_answer(error: &AskError) -> ApiError {
    match error {
        AskError::Gateway(GatewayError::Unknown(_)) => ApiError::gateway_unknown(),
        AskError::Gateway(GatewayError::Refused(message) | GatewayError::Unusable(message)) => {
            ApiError::gateway_refused(message)
        }
        // The last look before the money moves.
        AskError::Payment(PaymentError::Undecided(DecidePaymentError::Stale)) => ApiError::index_stale(),
        AskError::Gateway(GatewayError::NothingDone(_)) | AskError::Payment(_) | AskError::Write(_) => {
            ApiError::gateway_unavailable()
        }
    }
}

/// What the caller is told when a read fails; the log has the rest.
pub(crate) fn read_failed(error: &interdict_app::store::StorageError) -> ApiError {
    if error.is_away() {
        tracing::warn!(error = error as &dyn std::error::Error, "a read has no database");
        return ApiError::unavailable();
    }
    tracing::error!(error = error as &dyn std::error::Error, "a read failed");
    ApiError::internal()
}
