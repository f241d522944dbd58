//! Bodies, queries and words about persons who are blocked as a whole.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::words::{ReasonCodeWord, ScopeWord};

/// A kind of identifier of which one value is one person's, as a rule.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PersonKind)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PersonKindWord {
    Email,
    Phone,
    Device,
    CardFingerprint,
    Iban,
    MerchantRef,
}

/// What becomes of an identifier with which a blocked person comes for the first time: nothing, it is suggested, or it is put
/// to the person's unless it may be somebody else's.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PersonPolicy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PersonPolicyWord {
    Off,
    Suggest,
    Add,
}

/// What became of a suggestion.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = SuggestionState)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SuggestionStateWord {
    Open,
    Accepted,
    Refused,
}

/// Why an identifier is never put to a person's by itself: it was `typed` by a payer, or the one that matched was;
/// more than three customers came with it (`shared`), or nobody knows how many did (`unknown`); it is on the allow list
/// (`allowed`), or a whitelisted customer has it (`whitelisted`); it is, or came with, another person's (`two_persons`); a
/// hundred were put there by themselves already (`too_many`); or somebody said no (`refused`).
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = HeldBack)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldBackWord {
    Typed,
    Shared,
    Unknown,
    Allowed,
    Whitelisted,
    TwoPersons,
    TooMany,
    Refused,
    SecondPerson,
}

/// Why an entry stayed when the block was lifted: it stood `before`, somebody has set it `since`, or a `chargeback` wants it.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = KeptFor)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeptForWord {
    Before,
    Since,
    Chargeback,
}

/// An identifier of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentifierSend {
    /// Of which kind the value is. What strangers share (an address, a country, a domain, a BIN) says nothing about a person.
    #[schema(inline)]
    kind: PersonKindWord,
    /// The identifier, in any form of it.
    #[schema(example = "user@example.com")]
    value: String,
}

/// A person to block: by identifiers, or by a customer with all that it has, or both.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "identifiers": [{"kind": "email", "value": "user@example.com"}, {"kind": "device", "value": "fp-1"}],
    "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
    "reason": "Three chargebacks", "reasonCode": "chargeback",
    "publicMessage": "Please contact support.", "scopes": ["cit", "mit"], "expiresAt": "2099-01-01T00:00:00.000Z"
})))]
pub(crate) struct PersonBlock {
    /// At least one, unless a customer is named.
    #[schema(min_items = 1, max_items = 100)]
    identifiers: Option<Vec<IdentifierSend>>,
    /// A customer by id, or by your own id (`merchantRef`): its email, phone and ref are blocked, and what its attempts to
    /// pay came with of devices, cards and accounts, as far as the log of decisions is kept.
    customer: Option<String>,
    /// For the merchant's own people.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Why, as one word.
    reason_code: Option<ReasonCodeWord>,
    /// What the payer is told.
    #[schema(max_length = 300)]
    public_message: Option<String>,
    /// The initiators for which it counts; both unless said otherwise.
    #[schema(min_items = 1, max_items = 2)]
    scopes: Option<Vec<ScopeWord>>,
    /// The first moment that counts no more (RFC 3339); never, when left out.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Identifiers that are a person's, too.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"identifiers": [{"kind": "phone", "value": "+2348031234567"}]})))]
pub(crate) struct PersonIdentifiersAdd {
    /// What.
    #[schema(min_items = 1, max_items = 100)]
    identifiers: Vec<IdentifierSend>,
}

/// A person by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PersonPath {
    /// `per_` and a KSUID.
    #[param(example = "per_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// A suggestion by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SuggestionPath {
    /// `sug_` and a KSUID.
    #[param(example = "sug_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: String,
}

/// Which persons. Of the kinds of identifier one may be given.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonsQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Those whose block was lifted, too.
    #[param(nullable = false, default = json!(false))]
    lifted: Option<bool>,
    /// Only whose email this is, as the settings' `emailMatching` has it.
    #[param(nullable = false)]
    email: Option<String>,
    /// Only whose phone number this is.
    #[param(nullable = false)]
    phone: Option<String>,
    /// Only whose device this is.
    #[param(max_length = 256, nullable = false)]
    device: Option<String>,
    /// Only whose card this is.
    #[param(max_length = 256, nullable = false)]
    card_fingerprint: Option<String>,
    /// Only whose account this is.
    #[param(nullable = false)]
    iban: Option<String>,
    /// Only whose id of the merchant's own this is.
    #[param(max_length = 128, nullable = false)]
    merchant_ref: Option<String>,
}

/// Which suggestions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestionsQuery {
    /// Items of a page.
    #[param(minimum = 1, maximum = 100, default = json!(20), nullable = false)]
    limit: Option<u64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Only those of which this became.
    #[param(nullable = false, inline)]
    state: Option<SuggestionStateWord>,
}

#[cfg(test)]
mod tests {
    use interdict_app::KeptFor;
    use interdict_domain::identifier::Kind;
    use interdict_domain::person::{HeldBack, SuggestionState};
    use interdict_domain::settings::PersonPolicy;

    use super::*;
    use crate::schemas::words::tests::words;

    #[test]
    fn the_words_of_the_document_are_the_domains() {
        let kinds: Vec<&str> =
            Kind::ALL.iter().filter(|kind| kind.is_of_one_person()).map(|kind| kind.as_str()).collect();
        assert_eq!(words::<PersonKindWord>(), kinds);
        let all = |words: &[&'static str]| words.to_vec();
        let policies: Vec<&str> = PersonPolicy::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<PersonPolicyWord>(), all(&policies));
        let states: Vec<&str> = SuggestionState::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<SuggestionStateWord>(), all(&states));
        let reasons: Vec<&str> = HeldBack::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<HeldBackWord>(), all(&reasons));
        let kept: Vec<&str> = KeptFor::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<KeptForWord>(), all(&kept));
    }
}
