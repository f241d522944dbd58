//! What is made up for one sign-in, and needed again when the browser comes back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interdict_domain::clock::Random;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

const BYTES: usize = 32;

/// Three secrets of 256 bits. They belong to one browser, and to nobody else before it is back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the browser: what it brings was asked for by it.
    pub state: String,
    /// Stands in the token: it was made for this sign-in.
    pub nonce: String,
    /// Redeems the code (PKCE): whoever has only seen the code cannot.
    pub verifier: String,
}

impl Asked {
    /// New ones.
    pub fn generate(random: &dyn Random) -> Self {
        let secret = || {
            let mut bytes = [0_u8; BYTES];
            random.fill(&mut bytes);
            let text = URL_SAFE_NO_PAD.encode(bytes);
            bytes.zeroize();
            text
        };
        Self { state: secret(), nonce: secret(), verifier: secret() }
    }
}

/// Secrets never reach a log.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked(…)")
    }
}
