//! The dashboard: pages for the people who decide about customers, rendered by the server.
//!
//! A page is a file: what it reads, what it shows, and what its forms do. What the forms do are the use cases
//! that the API calls, too, in the name of whoever is signed in. The main paths work without a script; no
//! page asks another host for anything.
//!
//! Deliberately not here: rules, SQL, and the listener.

mod act;
mod answer;
mod assets;
mod cookie;
mod form;
mod frame;
mod pages;
mod person;
mod presses;
mod refused;
mod router;
mod same_origin;
mod state;
mod texts;
mod verification;
mod way_back;
mod when;

pub use router::router;
pub use state::{CookiePolicy, DashboardOptions};

/// A text, for templates: `{{ crate::t("sign-out") }}`.
pub(crate) use texts::{of, t, t_with};
