//! Asking an issuer of OpenID Connect who somebody is: discovery, the way there, and what comes back, checked.
//!
//! Deliberately not here: who of them may sign in, sessions, and cookies (`interdict-app`, `interdict-dashboard`).

mod asked;
mod connection;
mod error;
mod options;
mod provider;

pub use asked::Asked;
pub use error::{Fault, ProviderError};
pub use options::{ProviderOptions, SetupError};
pub use provider::{Identity, Provider};
