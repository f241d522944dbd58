//! Persons who are blocked as a whole: one block over all the identifiers that are known to be theirs. It is made of
//! block entries, so that a decision knows nothing of persons; here stands which entries those are, and why.
//!
//! Deliberately not here: who signs in to the dashboard ([`crate::user`]), and customers, whose restriction and list
//! status no block of a person touches.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::entry::{Entry, EntrySource, ReasonCode, Strength, words};
use crate::identifier::{IdentifierKey, Kind};
use crate::ids::{DecisionId, EntryId, PersonId, SuggestionId};
use crate::scopes::Scopes;
use crate::text::{PublicMessage, Reason};
use crate::window::Window;

/// The most identifiers that one call blocks.
pub const IDENTIFIERS_MAX: usize = 100;
/// An identifier of so many different customers is still one person's; one of more is shared.
pub const CARRIERS_MAX: usize = 3;
/// So many identifiers are put to a person's by themselves. More are suggested: somebody who comes with another device
/// each time would fill the list.
pub const ADDED_MAX: i64 = 100;
/// So many suggestions wait for a person. What comes beyond that is counted, and not kept.
pub const WAITING_MAX: i64 = 200;

/// A person who is blocked, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockedPerson {
    /// Its id.
    pub id: PersonId,
    /// What the block says.
    #[serde(flatten)]
    pub terms: PersonTerms,
    /// Where the block came from.
    pub source: EntrySource,
    /// Who made it.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// When its terms were last set.
    pub updated_at: Timestamp,
    /// When it was lifted; nothing while it stands.
    pub lifted_at: Option<Timestamp>,
}

impl BlockedPerson {
    /// Whether it blocks at a moment of the merchant's clock.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.terms.expires_at.is_none_or(|end| now < end)
    }
}

/// What a person's block says. It always blocks hard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonTerms {
    /// Why, for the merchant's own people.
    pub reason: Option<Reason>,
    /// Why, as one of seven.
    pub reason_code: Option<ReasonCode>,
    /// What the payer is told.
    pub public_message: Option<PublicMessage>,
    /// For which initiators.
    pub scopes: Scopes,
    /// The first moment that counts no more.
    pub expires_at: Option<Timestamp>,
}

impl PersonTerms {
    /// As an entry that the block makes has them.
    pub fn effect(&self) -> Effect {
        let window = Window::new(None, self.expires_at).unwrap_or(Window::ALWAYS);
        Effect { scopes: self.scopes, strength: Strength::Hard, window }
    }
}

/// What an entry does, without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// For which initiators.
    pub scopes: Scopes,
    /// How strongly.
    pub strength: Strength,
    /// When.
    pub window: Window,
}

impl Effect {
    /// An entry's.
    pub const fn of(entry: &Entry) -> Self {
        Self { scopes: entry.scopes, strength: entry.strength, window: entry.window }
    }

    /// What does at least what both do: nothing that stood is weakened.
    #[must_use]
    pub fn joined(self, person: Self) -> Self {
        let until = match (self.window.until(), person.window.until()) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (None, _) | (_, None) => None,
        };
        let scopes = Scopes::from_bits(self.scopes.bits() | person.scopes.bits()).unwrap_or(Scopes::BOTH);
        let window = Window::new(None, until).unwrap_or(person.window);
        Self { scopes, strength: Strength::Hard, window }
    }
}

/// Why an identifier was put to a person's by itself, or suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The attempt with which it came.
    pub decision: DecisionId,
    /// The kind of the person's identifier that came along.
    pub matched: Kind,
}

/// An identifier of a blocked person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonIdentifier {
    /// Whose.
    pub person: PersonId,
    /// Its kind.
    pub kind: Kind,
    /// Where its entry is found.
    pub key: IdentifierKey,
    /// The entry that blocks it.
    pub entry: EntryId,
    /// What the entry did before the person was blocked; nothing where the person's block made it.
    pub found: Option<Effect>,
    /// When it was put to the person's.
    pub added_at: Timestamp,
    /// By whom.
    pub added_by: Actor,
    /// Why, where nobody said it by hand.
    pub trace: Option<Trace>,
}

impl PersonIdentifier {
    /// Whether an entry is the block's own: made by it, and set by nobody else since.
    pub const fn owns(&self, entry: &Entry) -> bool {
        self.found.is_none() && matches!(entry.source, EntrySource::Person | EntrySource::Rule)
    }
}

words!(
    /// What became of a suggestion.
    SuggestionState {
        /// It waits for somebody's word.
        Open = "open",
        /// The identifier belongs to the person.
        Accepted = "accepted",
        /// It does not, and is not put there again by itself.
        Refused = "refused",
    }
);

words!(
    /// Why an identifier is never put to a person's by itself, whatever the policy.
    HeldBack {
        /// The payer typed it, or the person's own identifier that came along.
        Typed = "typed",
        /// More customers have it than one person does.
        Shared = "shared",
        /// Nothing says how many have it: no decisions are kept.
        Unknown = "unknown",
        /// It is on the allow list.
        Allowed = "allowed",
        /// A customer has it who is on the whitelist.
        Whitelisted = "whitelisted",
        /// It came with identifiers of two persons.
        TwoPersons = "two_persons",
        /// Too many were put to the person's by themselves.
        TooMany = "too_many",
        /// Somebody said that it is not the person's.
        Refused = "refused",
        /// It hits more than one person may block.
        SecondPerson = "second_person",
    }
);

/// An identifier that may belong to a blocked person, or that somebody said does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its id.
    pub id: SuggestionId,
    /// Whose it may be.
    pub person: PersonId,
    /// Its kind.
    pub kind: Kind,
    /// Where it is found.
    pub key: IdentifierKey,
    /// The normalised value; nothing when somebody whose it is was erased.
    pub value: Option<String>,
    /// What became of it.
    pub state: SuggestionState,
    /// Why it is not put there by itself; nothing where the policy alone says so.
    pub held_back: Option<HeldBack>,
    /// The kind of the person's identifier that came along; nothing for one that was the person's.
    pub matched: Option<Kind>,
    /// How many attempts brought it.
    pub seen: i64,
    /// The first of them.
    pub first_decision: Option<DecisionId>,
    /// The newest.
    pub last_decision: Option<DecisionId>,
    /// When the first came, or somebody took it off the person.
    pub created_at: Timestamp,
    /// When the newest came.
    pub last_seen_at: Timestamp,
    /// When somebody said what it is, and who.
    pub settled: Option<(Timestamp, Actor)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: Option<i64>, until: Option<i64>) -> Window {
        Window::new(from.map(Timestamp::from_micros), until.map(Timestamp::from_micros)).unwrap()
    }

    #[test]
    fn what_stood_is_never_weakened_and_counts_at_once() {
        let now = Timestamp::from_micros(100);
        let person =
            Effect { scopes: Scopes::CIT, strength: Strength::Hard, window: window(None, Some(500)) };
        for (stood, until) in [
            (window(None, None), None),
            (window(Some(50), Some(900)), Some(900)),
            (window(Some(10), Some(90)), Some(500)),
            (window(Some(300), Some(400)), Some(500)),
        ] {
            let stood = Effect { scopes: Scopes::MIT, strength: Strength::Soft, window: stood };
            let joined = stood.joined(person);
            assert_eq!((joined.scopes, joined.strength), (Scopes::BOTH, Strength::Hard));
            assert!(joined.window.contains(now));
            assert_eq!(joined.window.until(), until.map(Timestamp::from_micros));
            assert_eq!(joined.joined(person), joined, "twice is once");
        }
    }
}
