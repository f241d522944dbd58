//! Every page and every form, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use interdict_app::App;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::answer::Problem;
use crate::pages::{
    account, approvals, audit, customer, customers, decisions, entry, home, imports, keys, lists, look_up,
    overview, payment, payments, persons, reports, settings, sign_in, team, undo,
};
use crate::state::{DashboardOptions, State};
use crate::{assets, same_origin, way_back};

/// All but files that are taken away: those are streamed as they are written.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("text/csv")))
}

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
        .route("/dashboard/{mode}", get(overview::show))
        .merge(issuer())
        .merge(customers())
        .merge(persons())
        .merge(lists())
        .merge(imports())
        .merge(people())
        .merge(operations())
        .merge(money())
        .route("/dashboard/{mode}/undo", post(undo::undo))
        .route("/dashboard/{mode}/{page}", get(async || Problem::no_such_page()))
        .layer(from_fn_with_state(state.clone(), same_origin::only))
        .layer(from_fn_with_state(state.clone(), way_back::offer))
        .layer(compression())
        .with_state(state)
}

/// Signing in at an issuer of OpenID Connect.
#[cfg(feature = "oidc")]
fn issuer() -> Router<State> {
    use crate::pages::sign_in_by_oidc;

    Router::new()
        .route("/dashboard/sign-in/oidc", post(sign_in_by_oidc::begin))
        .route("/dashboard/sign-in/oidc/callback", get(sign_in_by_oidc::finish))
        .route("/dashboard/sign-in/oidc/code", post(sign_in_by_oidc::finish_with_code))
}

/// This binary was built without.
#[cfg(not(feature = "oidc"))]
fn issuer() -> Router<State> {
    Router::new()
}

fn customers() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/customers", get(customers::list))
        .route("/dashboard/{mode}/customers/{id}", get(customer::show))
        .route("/dashboard/{mode}/customers/{id}/restrict", post(customer::restrict))
        .route("/dashboard/{mode}/customers/{id}/list-status", post(customer::set_list_status))
        .route("/dashboard/{mode}/customers/{id}/erase", post(customer::erase))
        .route("/dashboard/{mode}/customers/{id}/export", get(customer::export))
        .route("/dashboard/{mode}/look-up", get(look_up::show))
}

fn persons() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/customers/{id}/person", get(persons::of_customer).post(persons::block))
        .route("/dashboard/{mode}/persons", get(persons::list))
        .route("/dashboard/{mode}/persons/{id}", get(persons::show))
        .route("/dashboard/{mode}/persons/{id}/lift", post(persons::lift))
        .route("/dashboard/{mode}/persons/suggestions/{id}/{word}", post(persons::settle))
}

fn lists() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/blacklist", get(lists::blacklist))
        .route("/dashboard/{mode}/whitelist", get(lists::whitelist))
        .route("/dashboard/{mode}/entries", post(lists::add))
        .route("/dashboard/{mode}/entries/{id}", get(entry::show).post(entry::change))
        .route("/dashboard/{mode}/entries/{id}/notes", post(entry::note))
        .route("/dashboard/{mode}/entries/{id}/delete", post(lists::delete))
        .route("/dashboard/{mode}/entries/delete", post(lists::delete_many))
        .route("/dashboard/{mode}/approvals", get(approvals::show))
        .route("/dashboard/{mode}/approvals/{id}/approve", post(approvals::approve))
        .route("/dashboard/{mode}/approvals/{id}/refuse", post(approvals::refuse))
}

fn imports() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/entries/export", get(imports::export))
        .route("/dashboard/{mode}/imports", get(imports::list).post(imports::upload))
        .route("/dashboard/{mode}/imports/examples/{name}", get(imports::example))
        .route("/dashboard/{mode}/imports/{id}", get(imports::show))
        .route("/dashboard/{mode}/imports/{id}/errors", get(imports::errors))
        .route("/dashboard/{mode}/imports/{id}/start", post(imports::start))
        .route("/dashboard/{mode}/imports/{id}/cancel", post(imports::cancel))
        .route("/dashboard/{mode}/imports/{id}/undo", post(imports::undo))
        // A file has a limit of its own, and is never held.
        .layer(DefaultBodyLimit::disable())
}

fn people() -> Router<State> {
    Router::new()
        .route("/dashboard/account", get(account::show))
        .route("/dashboard/account/password", post(account::change_password))
        .route("/dashboard/account/second-factor", post(account::enrol))
        .route("/dashboard/account/second-factor/confirm", post(account::confirm))
        .route("/dashboard/account/second-factor/disable", post(account::disable))
        .route("/dashboard/account/sessions/end-others", post(account::end_other_sessions))
        .route("/dashboard/account/sessions/{id}/end", post(account::end_session))
        .route("/dashboard/team", get(team::show))
        .route("/dashboard/team/invite", post(team::invite))
        .route("/dashboard/team/{id}/role", post(team::change_role))
        .route("/dashboard/team/{id}/disable", post(team::disable))
        .route("/dashboard/team/{id}/enable", post(team::enable))
        .route("/dashboard/team/{id}/reset", post(team::reset))
        .route("/dashboard/invitation/{token}", get(team::invitation).post(team::accept))
}

fn operations() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/keys", get(keys::show).post(keys::create))
        .route("/dashboard/{mode}/keys/{id}/rotate", post(keys::rotate))
        .route("/dashboard/{mode}/keys/{id}/revoke", post(keys::revoke))
        .route("/dashboard/{mode}/audit", get(audit::show))
        .route("/dashboard/{mode}/audit/verify", post(audit::verify))
        .route("/dashboard/{mode}/settings", get(settings::show).post(settings::change))
        .route("/dashboard/{mode}/settings/gateway", post(settings::set_gateway))
        .route("/dashboard/{mode}/settings/gateway-lists", post(settings::set_lists))
}

fn money() -> Router<State> {
    Router::new()
        .route("/dashboard/{mode}/payments", get(payments::list))
        .route("/dashboard/{mode}/payments/{id}", get(payment::show))
        .route("/dashboard/{mode}/decisions", get(decisions::list))
        .route("/dashboard/{mode}/decisions/try", get(decisions::try_one))
        .route("/dashboard/{mode}/decisions/{id}", get(decisions::show))
        .route("/dashboard/{mode}/reports", get(reports::show))
        .route("/dashboard/{mode}/reports/{file}", get(reports::file))
}
