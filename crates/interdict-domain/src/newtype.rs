//! The one shape of a normalised text as a type: parsed from outside, trusted from the store, never
//! shown by `Debug`.
//!
//! Deliberately not here: the rules. Each type brings its own `normalise`.

/// Makes a type around a canonical text, parsed by the given function
/// `fn(&str) -> Result<impl Into<String>, Error>`.
macro_rules! canonical_text {
    ($(#[$doc:meta])* $name:ident, $error:ty, $normalise:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses and normalises a value that came from outside.
            pub fn parse(text: &str) -> Result<Self, $error> {
                $normalise(text).map(|value| Self(value.into()))
            }

            /// A value that was normalised when it was stored.
            pub fn from_stored(value: String) -> Self {
                Self(value)
            }

            /// The canonical form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Personal values never reach a log.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
