//! Where a problem is: a dotted path such as `decisions.3.email`.
//!
//! A path repeats the names that a client chose, and a name may be a secret by mistake. So a name that
//! holds a card number, or is too long to be one of ours, is replaced.

use std::fmt;

use interdict_domain::pan;
use smallvec::SmallVec;

/// A longer name is no documented one, and only swells the answer.
const MAX_NAME_CHARS: usize = 64;
/// What stands for a name that is not repeated.
const HIDDEN_NAME: &str = "(hidden)";

/// One step down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Name(&'static str),
    Index(usize),
}

/// A place in a body, made of documented names and of indexes; cheap to extend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(SmallVec<[Step; 3]>);

impl Path {
    /// The body itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// One name deeper.
    #[must_use]
    pub fn name(&self, name: &'static str) -> Self {
        self.with(Step::Name(name))
    }

    /// One array position deeper.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path of a name that the client chose, safe to repeat.
    pub fn to_unknown(&self, name: &str) -> String {
        let mut text = self.to_string();
        push_name(&mut text, name);
        text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Name(name) => f.write_str(name)?,
                Step::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

/// Appends a name that the client chose, or its stand-in.
pub(super) fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let too_long = name.len() > MAX_NAME_CHARS && name.chars().count() > MAX_NAME_CHARS;
    let hidden = too_long || name.chars().any(char::is_control) || pan::holds_pan(name);
    path.push_str(if hidden { HIDDEN_NAME } else { name });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_dotted() {
        let path = Path::root().name("decisions").index(3).name("email");
        assert_eq!(path.to_string(), "decisions.3.email");
        assert_eq!(Path::root().to_string(), "");
        assert_eq!(Path::root().to_unknown("colour"), "colour");
        assert_eq!(path.to_unknown("colour"), "decisions.3.email.colour");
    }

    #[test]
    fn a_name_that_may_be_a_secret_is_not_repeated() {
        assert_eq!(Path::root().to_unknown(&"x".repeat(65)), "(hidden)");
        assert_eq!(Path::root().to_unknown("a\u{0}b"), "(hidden)");
        assert_eq!(Path::root().to_unknown(&"ü".repeat(64)), "ü".repeat(64));
    }
}
