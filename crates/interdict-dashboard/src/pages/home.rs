//! Where one lands.

use axum::response::Response;

use crate::answer;
use crate::person::{Anybody, Person};

/// In the mode of the session: after signing in, test mode.
pub(crate) async fn home(person: Person<Anybody>) -> Response {
    answer::see_other(&format!("/dashboard/{}", person.mode.as_str()))
}
