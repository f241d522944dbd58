//! Half-open windows of time, `[from, until)`, judged on the server's clock at each decision
//! (incident 4 of the peers: `<` in one place and `<=` in another).

use crate::clock::Timestamp;

/// From when until when something counts. An absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Window {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// A window that ends before it starts would never count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must end after it starts")]
pub struct EmptyWindow;

impl Window {
    /// Counts always.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// From and until; refused when no moment lies between them.
    pub fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<Self, EmptyWindow> {
        match (from, until) {
            (Some(from), Some(until)) if until <= from => Err(EmptyWindow),
            _ => Ok(Self { from, until }),
        }
    }

    /// The only place where a moment is compared with a window.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|until| moment < until)
    }

    /// Whether the window lies wholly in the past.
    pub fn has_ended(&self, moment: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= moment)
    }

    /// The same as it is written, in whole milliseconds: what is left to compare with what was.
    #[must_use]
    pub fn whole_millis(&self) -> Self {
        Self { from: self.from.map(Timestamp::whole_millis), until: self.until.map(Timestamp::whole_millis) }
    }

    /// The first moment that counts.
    pub const fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// The first moment that counts no more.
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_4_a_window_is_half_open() {
        let at = Timestamp::from_micros;
        let window = Window::new(Some(at(10)), Some(at(20))).unwrap();
        assert!(!window.contains(at(9)));
        assert!(window.contains(at(10)));
        assert!(window.contains(at(19)));
        assert!(!window.contains(at(20)));
        assert!(window.has_ended(at(20)));
        assert!(!window.has_ended(at(19)));
        assert!(Window::ALWAYS.contains(at(i64::MIN)));
    }

    #[test]
    fn a_window_without_a_moment_is_refused() {
        let at = Timestamp::from_micros;
        assert_eq!(Window::new(Some(at(10)), Some(at(10))), Err(EmptyWindow));
    }
}
