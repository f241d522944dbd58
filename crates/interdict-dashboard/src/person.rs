//! Who is signed in, as types: a handler that takes `Person<ChangeCustomers>` cannot be reached by somebody
//! whose role may not. The mode stands in the address, so that what a page shows and what its forms do is the
//! same mode, however many tabs are open.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{Method, Uri};
use interdict_app::{Caller, Shown, SignedIn};
use interdict_domain::identifier::PhoneRegion;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::cookie::Cookie;
use crate::form::Form;
use crate::state::State;

/// What a page needs.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The capability; nothing where everybody may who is signed in.
    const CAPABILITY: Option<Capability>;
    /// The same in live mode, where that takes more.
    const IN_LIVE: Option<Capability> = Self::CAPABILITY;
}

macro_rules! needs {
    ($($name:ident),+ $(,)?) => {
        $(pub(crate) struct $name;

        impl Needs for $name {
            const CAPABILITY: Option<Capability> = Some(Capability::$name);
        })+
    };
}

needs!(ViewCustomers, ChangeCustomers, BulkChange, ErasePerson, ViewPayments, TryDecision);
needs!(ViewTeam, ManageTeam, ViewKeys, ViewAudit, ChangeSettings);

/// Make, rotate and revoke keys of the address's mode.
pub(crate) struct ManageKeys;

impl Needs for ManageKeys {
    const CAPABILITY: Option<Capability> = Some(Capability::ManageKeys);
    const IN_LIVE: Option<Capability> = Some(Capability::ManageLiveKeys);
}

/// Whoever it is.
pub(crate) struct Anybody;

impl Needs for Anybody {
    const CAPABILITY: Option<Capability> = None;
}

/// Somebody who is signed in, and may.
pub(crate) struct Person<C: Needs> {
    pub(crate) signed_in: SignedIn,
    /// The address's mode, in its path or its query; the session's where it has none.
    pub(crate) mode: Mode,
    service: Arc<interdict_app::Service>,
    needs: PhantomData<C>,
}

impl<C: Needs> Person<C> {
    /// The person as a caller of the use cases, in the address's mode.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            service: Arc::clone(&self.service),
            merchant: self.signed_in.user.merchant,
            shown: Shown::Session(self.signed_in.user.id),
            permissions: self.signed_in.user.role.permissions(),
        }
    }

    /// The mode's service.
    pub(crate) fn service(&self) -> &Arc<interdict_app::Service> {
        &self.service
    }

    /// Where the merchant's customers dial, in the address's mode.
    pub(crate) fn phone_region(&self) -> Option<PhoneRegion> {
        self.service.phone_region(self.signed_in.user.merchant)
    }

    /// Whether the person's role may do something.
    pub(crate) const fn may(&self, capability: Capability) -> bool {
        self.signed_in.may(capability)
    }
}

impl<C: Needs> FromRequestParts<State> for Person<C> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let signed_in = signed_in(parts, state).await.map_err(Problem::into_response)?;
        let Some(signed_in) = signed_in else { return Err(to_sign_in(&parts.method, &parts.uri)) };
        let in_path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let mode = match in_path.ok().and_then(|Path(mut names)| names.remove("mode")) {
            Some(name) => Mode::parse(&name).ok_or_else(|| Problem::no_such_page().into_response())?,
            None => in_query(&parts.uri).unwrap_or(signed_in.session.mode),
        };
        let needed = if mode == Mode::Live { C::IN_LIVE } else { C::CAPABILITY };
        match needed.filter(|capability| !signed_in.may(*capability)) {
            None => {}
            Some(Capability::ViewAudit) => return Err(Problem::forbidden_audit().into_response()),
            Some(_) => return Err(Problem::forbidden().into_response()),
        }
        let service = Arc::clone(state.app.service(mode));
        Ok(Self { signed_in, mode, service, needs: PhantomData })
    }
}

/// The mode that one comes from, on a page of no mode.
fn in_query(uri: &Uri) -> Option<Mode> {
    Mode::parse(Form::of(uri.query().unwrap_or_default().as_bytes()).text("mode")?)
}

/// Who a request's cookie belongs to.
pub(crate) async fn signed_in(parts: &Parts, state: &State) -> Result<Option<SignedIn>, Problem> {
    let Some(token) = Cookie::Session.shown(&parts.headers, state.options.cookies) else { return Ok(None) };
    Ok(state.app.session(token).await?)
}

/// To the form, and from there back to the page that was asked for.
fn to_sign_in(method: &Method, uri: &Uri) -> Response {
    let next = uri.path_and_query().map(http::uri::PathAndQuery::as_str).filter(|_| method == Method::GET);
    let path = match next {
        Some(next) if next != "/dashboard" => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("/dashboard/sign-in?{query}")
        }
        _ => "/dashboard/sign-in".to_owned(),
    };
    answer::see_other(&path)
}
