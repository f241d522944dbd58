//! A source of a decision, as an answer lists it.

use interdict_app::decision::Source;
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::ids::{CustomerId, EntryId};
use serde::Serialize;
use utoipa::ToSchema;

use super::Text;
use crate::schemas::EmailMatchingWord;

/// One thing that speaks for or against an attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonView<'a> {
    /// The step of the decision order, 1 to 7.
    tier: u8,
    /// The word for it.
    code: &'static str,
    /// `restriction`, `listStatus` or `entry`.
    source: &'static str,
    /// Which entry.
    #[schema(value_type = Option<String>)]
    entry: Option<EntryId>,
    /// Whose restriction or list status.
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// The kind of the identifier through which it was found; null for what stands with the customer
    /// that was named.
    #[schema(value_type = Option<String>)]
    kind: Option<Kind>,
    /// By which rule an email matched an entry that stands for more than itself; left out where it is `exact`.
    #[schema(value_type = Option<EmailMatchingWord>, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<EmailMatching>,
    /// That identifier, normalised.
    value: Option<&'a str>,
    /// Why it stands, for the merchant's own people.
    reason: Option<&'a str>,
}

impl<'a> ReasonView<'a> {
    pub(crate) fn of(source: &'a Source<'_>) -> Self {
        Self {
            tier: source.tier.number(),
            code: source.code().as_str(),
            source: source.what.as_str(),
            entry: source.entry,
            customer: source.customer,
            kind: source.kind,
            matching: source.matching(),
            value: source.value.as_deref(),
            reason: source.reason.as_deref(),
        }
    }

    /// The same from a standing.
    pub(crate) fn of_standing(source: &'a interdict_app::StandingSource) -> Self {
        Self {
            tier: source.tier.number(),
            code: source.code.as_str(),
            source: source.what.as_str(),
            entry: source.entry,
            customer: source.customer,
            kind: source.kind,
            matching: source.matching,
            value: source.value.as_deref(),
            reason: source.reason.as_deref(),
        }
    }
}

/// The array of all sources, as serde writes one of [`ReasonView`].
pub(crate) fn write_reasons(text: &mut Text, sources: &[Source<'_>]) {
    text.raw("[");
    for (at, source) in sources.iter().enumerate() {
        text.raw(if at == 0 { "{\"tier\":" } else { ",{\"tier\":" }).integer(i64::from(source.tier.number()));
        text.raw(",\"code\":").word(source.code().as_str());
        text.raw(",\"source\":").word(source.what.as_str());
        text.raw(",\"entry\":").id(source.entry.map(|id| id.text()));
        text.raw(",\"customer\":").id(source.customer.map(|id| id.text()));
        text.raw(",\"kind\":").string(source.kind.map(Kind::as_str));
        if let Some(matching) = source.matching() {
            text.raw(",\"matching\":").word(matching.as_str());
        }
        text.raw(",\"value\":").string(source.value.as_deref());
        text.raw(",\"reason\":").string(source.reason.as_deref()).raw("}");
    }
    text.raw("]");
}
