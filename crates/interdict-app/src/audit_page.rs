//! The audit: what was changed in the core and in one mode, newest first, as one list of two feeds. A page
//! begins where the last one ended in each of them, so that nothing is missed and nothing comes twice.
//!
//! Deliberately not here: the proof that nobody altered it (`interdict audit verify`).

use std::fmt;
use std::str::FromStr;

use interdict_domain::change::Subject;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;
use interdict_storage::{ChangeFilter, Changes, HistoryItem, StorageError};

use crate::app::App;
use crate::sessions::SignedIn;
use crate::team::acting;
use crate::user_error::UserError;

/// The most items of a page.
pub const AUDIT_PAGE_MAX: usize = 200;

/// Where a page ended: before these sequences goes the next one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    core: i64,
    mode: i64,
}

impl AuditPosition {
    const NEWEST: Self = Self { core: i64::MAX, mode: i64::MAX };
}

/// `12-345`, for an address.
impl fmt::Display for AuditPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.core, self.mode)
    }
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no position in the audit: begin at the first page")]
pub struct AuditPositionError;

impl FromStr for AuditPosition {
    type Err = AuditPositionError;

    fn from_str(text: &str) -> Result<Self, AuditPositionError> {
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        let (core, mode) = text.split_once('-').ok_or(AuditPositionError)?;
        match (number(core), number(mode)) {
            (Some(core), Some(mode)) => Ok(Self { core, mode }),
            _ => Err(AuditPositionError),
        }
    }
}

/// One change, with what people call those that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditItem {
    /// The mode whose change it is; nothing for people, keys and merchants, which have none.
    pub mode: Option<Mode>,
    /// The change, and what it says.
    pub item: HistoryItem,
    /// What people call whoever made it.
    pub actor_label: Option<String>,
    /// What people call what it is about, if that is a key or a person.
    pub subject_label: Option<String>,
}

/// A page of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditItem>,
    /// Where the next page begins, if there is one.
    pub next: Option<AuditPosition>,
}

impl App {
    /// The merchant's changes of the core and of the session's mode that a filter lets through, newest first.
    pub async fn audit_page(
        &self,
        by: &SignedIn,
        filter: &ChangeFilter,
        before: Option<AuditPosition>,
        limit: usize,
    ) -> Result<AuditPage, UserError> {
        let (actor, mode) = (by.clone(), by.session.mode);
        let limit = limit.clamp(1, AUDIT_PAGE_MAX);
        let start = before.unwrap_or(AuditPosition::NEWEST);
        // One more than fits, to know whether anything follows.
        let rows = limit.saturating_add(1);
        let wanted = filter.clone();
        let of_core = self
            .core
            .read_all(move |view| -> Result<_, UserError> {
                let actor = acting(view, &actor, Capability::ViewAudit)?;
                Ok(view.merchant(actor.merchant).changes_like(&wanted, start.core, rows)?)
            })
            .await?;
        let wanted = filter.clone();
        let of_mode = self
            .service(mode)
            .store()
            .read(by.user.merchant, move |view| -> Result<_, StorageError> {
                view.changes_like(&wanted, start.mode, rows)
            })
            .await?;
        let (items, next) = merge(of_core, of_mode, start, limit);
        let items = items.into_iter().map(|(is_core, item)| AuditItem {
            mode: (!is_core).then_some(mode),
            actor_label: self.label_of(&item.change.actor),
            subject_label: self.label_of_subject(item.change.subject),
            item,
        });
        Ok(AuditPage { items: items.collect(), next })
    }

    fn label_of_subject(&self, subject: Subject) -> Option<String> {
        match subject {
            Subject::User(id) => self.directory.email_of(id),
            Subject::Key(id) => Some(self.directory.by_id(id)?.credential.name.clone()),
            _ => None,
        }
    }
}

/// The newest of two lists that are newest first, each with whether it is of the first, and where to go on.
fn merge(
    core: Changes,
    mode: Changes,
    start: AuditPosition,
    limit: usize,
) -> (Vec<(bool, HistoryItem)>, Option<AuditPosition>) {
    let (on_in_core, on_in_mode) = (core.next, mode.next);
    let (mut core, mut mode) = (core.items.into_iter().peekable(), mode.items.into_iter().peekable());
    let (mut items, mut next) = (Vec::with_capacity(limit), start);
    while items.len() < limit {
        let is_core = match (core.peek(), mode.peek()) {
            (None, None) => break,
            (first, second) => first.map(|item| item.change.at) >= second.map(|item| item.change.at),
        };
        let Some(item) = (if is_core { core.next() } else { mode.next() }) else { break };
        if is_core {
            next.core = item.change.sequence;
        } else {
            next.mode = item.change.sequence;
        }
        items.push((is_core, item));
    }
    let mut goes_on = core.peek().is_some() || mode.peek().is_some();
    // Where so much was looked at and nothing found, the next page begins behind it.
    if let (None, Some(on)) = (core.peek(), on_in_core) {
        (next.core, goes_on) = (on, true);
    }
    if let (None, Some(on)) = (mode.peek(), on_in_mode) {
        (next.mode, goes_on) = (on, true);
    }
    (items, goes_on.then_some(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let position = AuditPosition { core: 12, mode: 345 };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "12", "12-", "-1-2", "a-b", "1-2-3"] {
            assert_eq!(text.parse::<AuditPosition>(), Err(AuditPositionError), "{text}");
        }
    }
}
