//! Test and live: two stores that share nothing but the merchants, users and keys.

/// The mode that a credential's prefix picks, before any handler runs (invariant 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// No money moves.
    Test,
    /// Money moves.
    Live,
}

impl Mode {
    /// Both, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Test, Self::Live];

    /// `test` or `live`, as in key prefixes, file names and schemas.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}
