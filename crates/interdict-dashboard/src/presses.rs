//! A second press of a button whose work is the core's: it gets the first one's answer, also one that is shown
//! once. (What changes a mode's store has a record there: [`crate::act`].)
//!
//! Deliberately not here: another node. A second press that reaches one is another press; what it makes twice, a key
//! or an invitation, stands on its page and can be taken back.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use interdict_domain::ids::UserId;

use crate::act::ONCE;
use crate::answer::Problem;
use crate::form::Form;
use crate::state::State;

/// So many are remembered.
const PRESSES_MAX: usize = 512;
/// So long is an answer kept, with whatever secret stands in it: longer than anybody presses twice.
const KEPT: Duration = Duration::from_mins(1);

/// Whose button it was, and which.
#[derive(Clone, PartialEq, Eq)]
struct Button {
    user: UserId,
    path: String,
    once: String,
}

/// An answer to give again.
#[derive(Clone)]
struct Kept {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

#[derive(Clone, Default)]
enum Outcome {
    /// Nothing came of it yet, or a refusal: it may be tried again.
    #[default]
    None,
    Kept(Kept),
    /// It was done, and its answer is gone.
    Done,
}

type Press = Arc<tokio::sync::Mutex<Outcome>>;

/// The latest presses of this process.
#[derive(Default)]
pub(crate) struct Presses(Mutex<VecDeque<(Button, Press)>>);

impl Presses {
    fn of(&self, button: Button) -> Press {
        let mut presses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, press)) = presses.iter().find(|(other, _)| *other == button) {
            return Arc::clone(press);
        }
        if presses.len() >= PRESSES_MAX {
            presses.pop_front();
        }
        let press = Press::default();
        presses.push_back((button, Arc::clone(&press)));
        press
    }
}

/// Runs a form's work once, to its end even when the browser that asked for it is gone.
pub(crate) async fn press(
    state: &State,
    user: UserId,
    form: &Form,
    work: impl Future<Output = Result<Response, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    let Some(once) = form.text(ONCE) else { return run(work).await };
    let button = Button { user, path: form.path.clone(), once: once.to_owned() };
    let press = state.presses.of(button);
    let mut outcome = Arc::clone(&press).lock_owned().await;
    match &*outcome {
        Outcome::Kept(kept) => return Ok(again(kept.clone())),
        Outcome::Done => return Err(Problem::shown_already()),
        Outcome::None => {}
    }
    run(async move {
        let response = work.await?;
        if response.status().is_client_error() || response.status().is_server_error() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|_| Problem::ours())?.to_bytes();
        let kept = Kept { status: parts.status, headers: parts.headers, bytes };
        *outcome = Outcome::Kept(kept.clone());
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            *press.lock().await = Outcome::Done;
        });
        Ok(again(kept))
    })
    .await
}

async fn run(
    work: impl Future<Output = Result<Response, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Problem::ours()))
}

fn again(kept: Kept) -> Response {
    let mut response = (kept.status, Body::from(kept.bytes)).into_response();
    *response.headers_mut() = kept.headers;
    response
}
