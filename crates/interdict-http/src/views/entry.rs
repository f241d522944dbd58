//! An entry in the native shape and in Odus's.

use interdict_app::store::EntryRow;
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::scopes::Scopes;
use serde::Serialize;
use utoipa::ToSchema;

use super::change::ActorView;
use crate::schemas::{EmailMatchingWord, KindWord, ListWord, ReasonCodeWord, ScopeWord, StrengthWord};

/// What an exemption does not go beyond.
#[derive(ToSchema)]
#[schema(as = Limits, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of what the domain writes")]
pub(crate) struct LimitsView {
    /// The largest payment that is exempt, in minor units.
    max_amount: Option<i64>,
    /// ISO 4217.
    currency: Option<String>,
    /// Whether a chargeback ends the entry.
    lapses_on_chargeback: bool,
}

/// One identifier on the block or the allow list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Entry)]
pub(crate) struct EntryView {
    /// `bl_` or `al_` and a KSUID.
    #[schema(value_type = String)]
    id: EntryId,
    /// `block` or `allow`.
    #[schema(value_type = ListWord)]
    list: List,
    #[schema(value_type = KindWord)]
    kind: Kind,
    /// Normalised; null when the person was erased and only the key remains.
    value: Option<String>,
    /// For the merchant's own people.
    reason: Option<String>,
    /// One of seven words.
    #[schema(value_type = Option<ReasonCodeWord>)]
    reason_code: Option<ReasonCode>,
    /// What the payer is told.
    public_message: Option<String>,
    /// The initiators for which it counts.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Scopes,
    /// Of a block: `hard` beats every exemption, `soft` yields to them. An exemption shows its kind's own.
    #[schema(value_type = StrengthWord)]
    strength: Strength,
    /// For which addresses an email stands, if for more than the one.
    #[schema(value_type = Option<EmailMatchingWord>, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<EmailMatching>,
    /// The first moment that counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// The first moment that counts no more.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Of an exemption that has limits.
    #[schema(value_type = Option<LimitsView>, nullable = false)]
    #[serde(skip_serializing_if = "Limits::is_none")]
    limits: Limits,
    #[schema(value_type = String)]
    source: EntrySource,
    created_by: ActorView,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Decisions that it was among the sources of.
    hit_count: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_hit_at: Option<Timestamp>,
    /// In the answer to a write of an exemption: the hard block that covers the same, so that the exemption does not
    /// count. Left out where there is none.
    #[schema(value_type = Option<String>, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overridden_by: Option<EntryId>,
}

impl EntryView {
    /// With its hits, and with what people call who made it.
    pub(crate) fn of(row: &EntryRow, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let entry = &row.entry;
        Self {
            id: entry.id,
            list: entry.list(),
            kind: entry.kind,
            value: entry.value.clone(),
            reason: entry.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            reason_code: entry.reason_code,
            public_message: entry.public_message.as_ref().map(|text| text.as_str().to_owned()),
            scopes: entry.scopes,
            strength: entry.strength,
            matching: Some(entry.matching).filter(|matching| *matching != EmailMatching::Exact),
            starts_at: entry.window.from(),
            expires_at: entry.window.until(),
            limits: entry.limits,
            source: entry.source,
            created_by: ActorView::of(&entry.created_by, label_of),
            created_at: entry.created_at,
            updated_at: entry.updated_at,
            hit_count: row.hits,
            last_hit_at: row.last_hit_at,
            overridden_by: None,
        }
    }
}

/// An entry of Odus's Blacklist.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BlacklistEntry)]
pub(crate) struct BlacklistEntryView {
    /// `bl_` and a KSUID.
    #[schema(value_type = String)]
    id: EntryId,
    /// Normalised; null when the person was erased.
    email: Option<String>,
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl BlacklistEntryView {
    /// As Odus shows it.
    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            email: entry.value.clone(),
            reason: entry.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            created_at: entry.created_at,
        }
    }
}
