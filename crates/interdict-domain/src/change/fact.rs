//! What a change means to the index, in facts that each say what is now so. Personal values never stand in them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::customer::ListStatus;
use crate::entry::Strength;
use crate::identifier::{EmailMatching, Generation, IdentifierKey, Kind, Reach};
use crate::ids::{CustomerId, EntryId};
use crate::merchant::MerchantNumber;
use crate::money::Money;
use crate::scopes::Scopes;
use crate::settings::OutagePolicies;
use crate::window::Window;

/// An identifier by which a customer is found, with its value while the person is not erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Where the index finds it.
    pub key: IdentifierKey,
    /// The normalised value. Personal: never in a change.
    #[serde(skip)]
    pub value: Option<Arc<str>>,
}

/// All that the index knows of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerFact {
    /// Its id.
    pub id: CustomerId,
    /// Whose customer.
    pub merchant: MerchantNumber,
    /// Its email.
    pub email: Option<Linked>,
    /// Its phone.
    pub phone: Option<Linked>,
    /// Its merchantRef.
    pub merchant_ref: Option<Linked>,
    /// Customer-initiated payments are blocked.
    pub restrict_cit: bool,
    /// Merchant-initiated payments are blocked.
    pub restrict_mit: bool,
    /// Why. Personal: never in a change.
    #[serde(skip)]
    pub restrict_reason: Option<Arc<str>>,
    /// The list status as last set.
    pub list_status: ListStatus,
    /// For which initiators the status counts.
    pub list_scopes: Scopes,
    /// When the status counts.
    pub list_window: Window,
    /// Why. Personal: never in a change.
    #[serde(skip)]
    pub list_reason: Option<Arc<str>>,
}

/// What the index must know to look up an identifier under the wider ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RangeFact {
    /// Whose payers.
    pub merchant: MerchantNumber,
    /// How far.
    pub reach: Reach,
}

impl RangeFact {
    /// What an identifier covers besides itself; nothing for most.
    pub fn of(merchant: MerchantNumber, kind: Kind, matching: EmailMatching, value: &str) -> Option<Self> {
        let reach = Reach::of(kind, matching, value);
        (reach != Reach::One).then_some(Self { merchant, reach })
    }
}

/// Under which former pepper the key of what has no plain text was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerFact {
    /// Whose payers.
    pub merchant: MerchantNumber,
    /// Which pepper.
    pub generation: Generation,
}

/// All that the index knows of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryFact {
    /// Its id, which names its list.
    pub id: EntryId,
    /// The kind of its identifier.
    pub kind: Kind,
    /// Where the index finds it.
    pub key: IdentifierKey,
    /// For which initiators it counts.
    pub scopes: Scopes,
    /// How strongly it blocks.
    pub strength: Strength,
    /// When it counts.
    pub window: Window,
    /// What it covers besides itself, if it stands for many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeFact>,
    /// Under which former pepper it stands, if it does not stand under the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<FormerFact>,
    /// The largest payment that it exempts, on the allow list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<Money>,
    /// Why. Personal: never in a change.
    #[serde(skip)]
    pub reason: Option<Arc<str>>,
    /// What the payer is told. Personal: never in a change.
    #[serde(skip)]
    pub public_message: Option<Arc<str>>,
}

/// What a change means to the index. The index is the fold of these (invariant 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// The customer is now this.
    CustomerPut(CustomerFact),
    /// The customer is gone.
    CustomerRemoved(CustomerId),
    /// The entry is now this. An entry never changes its key.
    EntryPut(EntryFact),
    /// The entry is gone.
    EntryRemoved {
        /// Which entry.
        id: EntryId,
        /// Where the index finds it.
        key: IdentifierKey,
    },
    /// The merchant's clock is ahead by so much, in test mode.
    #[serde(rename_all = "camelCase")]
    ClockAdvanced {
        /// Whose clock.
        merchant: MerchantNumber,
        /// Seconds in all.
        ahead_s: i64,
    },
    /// What the merchant wants of decisions while the index is stale.
    OutageChosen {
        /// Whose wish.
        merchant: MerchantNumber,
        /// For each initiator.
        outage: OutagePolicies,
    },
    /// Which part of a file the entries beside came from. Means nothing to the index.
    RowsImported(RowsImported),
}

/// Which part of a file a change took, and a proof of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowsImported {
    /// The lines of its first and its last row.
    pub rows: [i64; 2],
    /// Of the rows as understood; keyed, so that nobody tries values against it.
    pub digest: String,
    /// Whether any entry has a text: those stand with the entries alone.
    pub has_texts: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::OnOutage;

    /// What the feed holds must be readable for ever.
    #[test]
    fn rows_of_an_import_are_written_like_this() {
        let fact = RowsImported { rows: [2, 900], digest: "00".to_owned(), has_texts: false };
        let text = r#"{"rowsImported":{"rows":[2,900],"digest":"00","hasTexts":false}}"#;
        assert_eq!(serde_json::to_string(&Fact::RowsImported(fact)).unwrap(), text);
    }

    /// What the feed holds must be readable for ever, and what it held before there were generations is written as it was.
    #[test]
    fn an_entry_under_a_former_pepper_is_written_like_this() {
        let text = r#"{"merchant":1,"generation":2}"#;
        let fact = FormerFact { merchant: MerchantNumber(1), generation: Generation(2) };
        assert_eq!(serde_json::to_string(&fact).unwrap(), text);
        assert_eq!(serde_json::from_str::<FormerFact>(text).unwrap(), fact);
    }

    /// What the feed holds must be readable for ever.
    #[test]
    fn facts_of_settings_are_written_like_this() {
        let outage = OutagePolicies { customer: OnOutage::Block, merchant: OnOutage::RetryLater };
        let facts = vec![
            Fact::ClockAdvanced { merchant: MerchantNumber(1), ahead_s: 60 },
            Fact::OutageChosen { merchant: MerchantNumber(1), outage },
        ];
        let text = r#"[{"clockAdvanced":{"merchant":1,"aheadS":60}},{"outageChosen":{"merchant":1,"outage":{"customer":"block","merchant":"retry_later"}}}]"#;
        assert_eq!(serde_json::to_string(&facts).unwrap(), text);
        assert_eq!(serde_json::from_str::<Vec<Fact>>(text).unwrap(), facts);
    }
}
