//! One thing of the caller's merchant: read, and answered with its revision, or 404.

use axum::response::Response;
use http::StatusCode;
use interdict_app::Caller;
use interdict_app::store::{MerchantView, StorageError};

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::mutation::read_failed;

/// Reads a thing, and answers with the JSON that is made of it at the revision of the read.
pub(crate) async fn find_one<Row: Send + 'static>(
    caller: &Caller,
    (dialect, what): (Dialect, &'static str),
    read: impl FnOnce(&MerchantView<'_>) -> Result<Option<Row>, StorageError> + Send + 'static,
    show: impl FnOnce(Row, i64) -> Vec<u8>,
) -> Response {
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| Ok::<_, StorageError>((read(view)?, view.revision()?)))
        .await;
    match found {
        Ok((Some(row), revision)) => answer::bytes(StatusCode::OK, show(row, revision), revision),
        Ok((None, _)) => ApiError::not_found(what).respond(dialect),
        Err(error) => read_failed(&error).respond(dialect),
    }
}
