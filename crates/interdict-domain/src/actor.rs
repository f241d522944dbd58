//! Who made a change.

use serde::{Deserialize, Serialize};

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorType {
    /// A secret key or an OAuth client.
    ApiKey,
    /// A person in the dashboard.
    User,
    /// The command line.
    Cli,
    /// Somebody who pays, at a checkout.
    Payer,
    /// Interdict itself.
    System,
}

impl ActorType {
    /// Each of them once.
    pub const ALL: [Self; 5] = [Self::ApiKey, Self::User, Self::Cli, Self::Payer, Self::System];

    /// The word, as in answers and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::User => "user",
            Self::Cli => "cli",
            Self::Payer => "payer",
            Self::System => "system",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who made a change. Taken from the credential, never from a body (Tazama took it from the body).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// Its id: the key's, the user's, or a fixed word.
    pub id: String,
}

impl Actor {
    /// The command line.
    pub fn cli() -> Self {
        Self { kind: ActorType::Cli, id: "cli".to_owned() }
    }

    /// Interdict itself.
    pub fn system() -> Self {
        Self { kind: ActorType::System, id: "system".to_owned() }
    }

    /// Somebody who pays, at a checkout.
    pub fn payer(checkout: &impl ToString) -> Self {
        Self { kind: ActorType::Payer, id: checkout.to_string() }
    }

    /// A key.
    pub fn api_key(id: crate::ids::KeyId) -> Self {
        Self { kind: ActorType::ApiKey, id: id.to_string() }
    }

    /// A person in the dashboard.
    pub fn user(id: crate::ids::UserId) -> Self {
        Self { kind: ActorType::User, id: id.to_string() }
    }
}
