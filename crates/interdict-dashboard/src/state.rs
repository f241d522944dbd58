//! What every page can reach.

use std::sync::Arc;
use std::time::Duration;

use interdict_app::App;

use crate::presses::Presses;
use crate::verification::Verifications;

/// How cookies are sent: see [`crate::cookie`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePolicy {
    /// People come by https: a `__Host-` cookie.
    Secure,
    /// People come by plain http from this machine alone.
    Loopback,
}

/// How the dashboard is reached.
#[derive(Clone, Debug)]
pub struct DashboardOptions {
    /// The origin under which people reach it, without a slash at its end. Left out, it is what a request's
    /// Host says.
    pub public_url: Option<String>,
    /// How cookies are sent.
    pub cookies: CookiePolicy,
    /// How long a form may take to arrive.
    pub body_timeout: Duration,
    /// The issuer at which people may sign in, too.
    #[cfg(feature = "oidc")]
    pub oidc: Option<Arc<interdict_app::oidc::Provider>>,
}

impl Default for DashboardOptions {
    fn default() -> Self {
        Self {
            public_url: None,
            cookies: CookiePolicy::Loopback,
            body_timeout: Duration::from_secs(30),
            #[cfg(feature = "oidc")]
            oidc: None,
        }
    }
}

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) app: Arc<App>,
    pub(crate) options: DashboardOptions,
    pub(crate) presses: Presses,
    pub(crate) verifications: Verifications,
    /// What people call the issuer at which they may sign in, too.
    pub(crate) issuer_name: Option<String>,
}

impl State {
    pub(crate) fn new(app: Arc<App>, options: DashboardOptions) -> Self {
        let (presses, verifications) = (Presses::default(), Verifications::default());
        #[cfg(feature = "oidc")]
        let issuer_name = options.oidc.as_ref().map(|provider| provider.name().to_owned());
        #[cfg(not(feature = "oidc"))]
        let issuer_name = None;
        Self(Arc::new(Shared { app, options, presses, verifications, issuer_name }))
    }
}

impl std::ops::Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
