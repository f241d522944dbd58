//! A blocked person, what is theirs, and what may be.

use interdict_app::{BlockedRow, KeptFor, LeftOut, LiftedPerson, PersonEntry, PersonRow};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, ReasonCode};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{DecisionId, EntryId, PersonId, SuggestionId};
use interdict_domain::person::{BlockedPerson, HeldBack, Suggestion, SuggestionState, Trace};
use interdict_domain::scopes::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use super::change::ActorView;
use crate::schemas::{
    HeldBackWord, KeptForWord, PersonKindWord, ReasonCodeWord, ScopeWord, SuggestionStateWord,
};

/// What people call an actor.
pub(crate) type LabelOf<'a> = &'a dyn Fn(&Actor) -> Option<String>;

/// A person who is blocked as a whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub(crate) struct PersonView {
    /// `per_` and a KSUID.
    #[schema(value_type = String)]
    id: PersonId,
    /// For the merchant's own people; null, too, when somebody whose it was is erased.
    reason: Option<String>,
    /// One of seven words.
    #[schema(value_type = Option<ReasonCodeWord>)]
    reason_code: Option<ReasonCode>,
    /// What the payer is told.
    public_message: Option<String>,
    /// The initiators for which it counts.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Scopes,
    /// The first moment that counts no more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = String)]
    source: EntrySource,
    created_by: ActorView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its terms were last set.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When the block was lifted; null while it stands.
    #[schema(value_type = Option<String>, format = DateTime)]
    lifted_at: Option<Timestamp>,
    /// The entries that the block is made of, the first one first; none when it was lifted.
    entries: Vec<PersonEntryView>,
    /// The newest change that this has seen.
    revision: i64,
}

/// An identifier of a blocked person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonEntry)]
pub(crate) struct PersonEntryView {
    /// The entry that blocks it.
    #[schema(value_type = String)]
    entry: EntryId,
    #[schema(value_type = PersonKindWord)]
    kind: Kind,
    /// Normalised; null when somebody whose it was is erased.
    value: Option<String>,
    /// Whether the person's block made the entry: then it goes with the block. One that stood before stays.
    made: bool,
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
    added_by: ActorView,
    /// Why it was put there; null for what somebody has named.
    why: Option<WhyView>,
}

/// The attempt with which an identifier came.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonWhy)]
pub(crate) struct WhyView {
    /// Which.
    #[schema(value_type = String)]
    decision: DecisionId,
    /// The kind of the person's own identifier that came along.
    #[schema(value_type = PersonKindWord)]
    matched_kind: Kind,
}

impl From<Trace> for WhyView {
    fn from(trace: Trace) -> Self {
        Self { decision: trace.decision, matched_kind: trace.matched }
    }
}

impl PersonView {
    /// With what people call who made it.
    pub(crate) fn of(row: &PersonRow, revision: i64, label_of: LabelOf<'_>) -> Self {
        let BlockedPerson { id, terms, source, created_by, created_at, updated_at, lifted_at } = &row.person;
        Self {
            id: *id,
            reason: terms.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            reason_code: terms.reason_code,
            public_message: terms.public_message.as_ref().map(|text| text.as_str().to_owned()),
            scopes: terms.scopes,
            expires_at: terms.expires_at,
            source: *source,
            created_by: ActorView::of(created_by, label_of),
            created_at: *created_at,
            updated_at: *updated_at,
            lifted_at: *lifted_at,
            entries: row.identifiers.iter().map(|entry| PersonEntryView::of(entry, label_of)).collect(),
            revision,
        }
    }
}

impl PersonEntryView {
    fn of(PersonEntry { identifier, entry }: &PersonEntry, label_of: LabelOf<'_>) -> Self {
        Self {
            entry: identifier.entry,
            kind: identifier.kind,
            value: entry.entry.value.clone(),
            made: identifier.owns(&entry.entry),
            added_at: identifier.added_at,
            added_by: ActorView::of(&identifier.added_by, label_of),
            why: identifier.trace.map(WhyView::from),
        }
    }
}

/// A person who is blocked now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BlockedPerson)]
pub(crate) struct BlockedPersonView {
    #[serde(flatten)]
    person: PersonView,
    /// What the named customer came with to pay, and what was not blocked all the same.
    left_out: Vec<LeftOutView>,
}

/// An identifier that was not blocked.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonLeftOut)]
pub(crate) struct LeftOutView {
    #[schema(value_type = PersonKindWord)]
    kind: Kind,
    /// Normalised.
    value: String,
    #[schema(value_type = HeldBackWord)]
    why: HeldBack,
}

impl BlockedPersonView {
    pub(crate) fn of(blocked: &BlockedRow, revision: i64, label_of: LabelOf<'_>) -> Self {
        let left_out = |LeftOut { identifier, why }: &LeftOut| LeftOutView {
            kind: identifier.kind(),
            value: identifier.value().to_owned(),
            why: *why,
        };
        Self {
            person: PersonView::of(&blocked.row, revision, label_of),
            left_out: blocked.left_out.iter().map(left_out).collect(),
        }
    }
}

/// A person whose block was lifted, and what became of its entries.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiftedPerson)]
pub(crate) struct LiftedPersonView {
    #[serde(flatten)]
    person: PersonView,
    /// What the block had made, and what is gone.
    deleted: Vec<FormerEntryView>,
    /// What still blocks.
    kept: Vec<KeptEntryView>,
}

/// An entry that is gone.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonFormerEntry)]
pub(crate) struct FormerEntryView {
    #[schema(value_type = String)]
    entry: EntryId,
    #[schema(value_type = PersonKindWord)]
    kind: Kind,
    /// Normalised; null when somebody whose it was is erased.
    value: Option<String>,
}

/// An entry that still blocks.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonKeptEntry)]
pub(crate) struct KeptEntryView {
    #[serde(flatten)]
    entry: FormerEntryView,
    #[schema(value_type = KeptForWord)]
    why: KeptFor,
}

impl FormerEntryView {
    fn of(entry: &Entry) -> Self {
        Self { entry: entry.id, kind: entry.kind, value: entry.value.clone() }
    }
}

impl LiftedPersonView {
    pub(crate) fn of(lifted: &LiftedPerson, revision: i64, label_of: LabelOf<'_>) -> Self {
        let kept =
            |(entry, why): &(Entry, KeptFor)| KeptEntryView { entry: FormerEntryView::of(entry), why: *why };
        Self {
            person: PersonView::of(&lifted.row, revision, label_of),
            deleted: lifted.deleted.iter().map(FormerEntryView::of).collect(),
            kept: lifted.kept.iter().map(kept).collect(),
        }
    }
}

/// An identifier that may be a blocked person's, or that somebody said is not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonSuggestion)]
pub(crate) struct SuggestionView {
    /// `sug_` and a KSUID.
    #[schema(value_type = String)]
    id: SuggestionId,
    /// Whose it may be.
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = PersonKindWord)]
    kind: Kind,
    /// Normalised; null when somebody whose it was is erased.
    value: Option<String>,
    #[schema(value_type = SuggestionStateWord)]
    state: SuggestionState,
    /// Why it is not put to the person's by itself, whatever the policy; null where the policy alone says so.
    #[schema(value_type = Option<HeldBackWord>)]
    held_back: Option<HeldBack>,
    /// The kind of the person's own identifier that came along.
    #[schema(value_type = Option<PersonKindWord>)]
    matched_kind: Option<Kind>,
    /// How many attempts brought it; 0 for one that was taken off the person.
    seen: i64,
    /// The first of them.
    #[schema(value_type = Option<String>)]
    first_decision: Option<DecisionId>,
    /// The newest.
    #[schema(value_type = Option<String>)]
    last_decision: Option<DecisionId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When somebody said what it is.
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Timestamp>,
    /// Who.
    settled_by: Option<ActorView>,
}

impl SuggestionView {
    pub(crate) fn of(suggestion: &Suggestion, label_of: LabelOf<'_>) -> Self {
        let (settled_at, settled_by) = suggestion.settled.as_ref().map(|(at, by)| (*at, by)).unzip();
        Self {
            id: suggestion.id,
            person: suggestion.person,
            kind: suggestion.kind,
            value: suggestion.value.clone(),
            state: suggestion.state,
            held_back: suggestion.held_back,
            matched_kind: suggestion.matched,
            seen: suggestion.seen,
            first_decision: suggestion.first_decision,
            last_decision: suggestion.last_decision,
            created_at: suggestion.created_at,
            last_seen_at: suggestion.last_seen_at,
            settled_at,
            settled_by: settled_by.map(|actor| ActorView::of(actor, label_of)),
        }
    }
}

/// An accepted suggestion, with the person as it is since.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedSuggestion)]
pub(crate) struct AcceptedView {
    /// What was accepted.
    pub(crate) suggestion: SuggestionView,
    /// Whose it is.
    pub(crate) person: PersonView,
}
