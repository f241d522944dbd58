//! A page of a list, newest first: read, cut to its length, and answered with where the next one begins.
//!
//! Deliberately not here: what a query may ask for besides, which each list reads itself.

use axum::response::Response;
use http::StatusCode;
use interdict_app::Caller;
use interdict_app::store::{MerchantView, StorageError};
use interdict_domain::ids::Ksuid;
use serde::Serialize;

use crate::answer;
use crate::dialect::Dialect;
use crate::mutation::read_failed;
use crate::page::{Behind, Cursor, CursorPage, Items};

/// Reads the rows behind the last one of the page before, and answers with them.
pub(crate) async fn list_page<Id: Into<Ksuid>, Row: Send + 'static, Shown: Serialize>(
    caller: &Caller,
    page: CursorPage<Id>,
    read: impl FnOnce(&MerchantView<'_>, Behind) -> Result<Vec<Row>, StorageError> + Send + 'static,
    cursor: impl FnOnce(&Row) -> Cursor,
    show: impl FnMut(Row) -> Shown,
) -> Response {
    let length = page.limit;
    let behind = page.behind();
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| Ok::<_, StorageError>((read(view, behind)?, view.revision()?)))
        .await;
    match found {
        Ok((rows, revision)) => {
            let items = Items::from_one_more(rows, length, cursor).map(show);
            answer::json(StatusCode::OK, &items, revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}
