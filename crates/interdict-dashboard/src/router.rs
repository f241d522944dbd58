//! Every page and every form, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use interdict_app::App;

use crate::pages::{customer, customers, home, lists, sign_in, undo};
use crate::state::{DashboardOptions, State};
use crate::{assets, same_origin};

/// All pages over an application. The address of whoever asks is expected in each request's extensions, as an
/// [`IpAddr`](std::net::IpAddr).
pub fn router(app: Arc<App>, options: DashboardOptions) -> Router {
    let state = State::new(app, options);
    Router::new()
        .route("/favicon.ico", get(assets::icon))
        .route("/dashboard/assets/{version}/{name}", get(assets::file))
        .route("/dashboard/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/dashboard/sign-out", post(sign_in::sign_out))
        .route("/dashboard", get(home::home))
        .route("/dashboard/{mode}", get(home::in_mode))
        .merge(customers())
        .merge(lists())
        .route("/dashboard/{mode}/undo", post(undo::undo))
        .layer(from_fn_with_state(state.clone(), same_origin::only))
        .with_state(state)
}

fn customers() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/customers", get(customers::list))
        .route("/dashboard/{mode}/customers/{id}", get(customer::show))
        .route("/dashboard/{mode}/customers/{id}/restrict", post(customer::restrict))
        .route("/dashboard/{mode}/customers/{id}/list-status", post(customer::set_list_status))
}

fn lists() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/blacklist", get(lists::blacklist))
        .route("/dashboard/{mode}/whitelist", get(lists::whitelist))
        .route("/dashboard/{mode}/entries", post(lists::add))
        .route("/dashboard/{mode}/entries/{id}/delete", post(lists::delete))
        .route("/dashboard/{mode}/entries/delete", post(lists::delete_many))
}
