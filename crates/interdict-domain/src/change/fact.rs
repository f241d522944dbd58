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
    /// The lines of the entries beside, in their order, as runs: a first line, and how many follow one another from there.
    /// Empty where each line has its entry; in what was written before there were runs, also where it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<[i64; 2]>,
}

impl RowsImported {
    /// Lines as runs, unless each line from the first to the last is there.
    pub fn runs(rows: [i64; 2], lines: &[i64]) -> Vec<[i64; 2]> {
        if has_each_line(rows, lines.len()) {
            return Vec::new();
        }
        let mut runs: Vec<[i64; 2]> = Vec::new();
        for line in lines {
            match runs.last_mut() {
                Some([first, length]) if *first + *length == *line => *length += 1,
                _ => runs.push([*line, 1]),
            }
        }
        runs
    }

    /// The line of each of so many entries, as far as it is known.
    pub fn lines(&self, entries: usize) -> impl Iterator<Item = Option<i64>> {
        let all = has_each_line(self.rows, entries).then_some([self.rows[0], i64::MAX - self.rows[0]]);
        let runs = self.lines.clone().into_iter().chain(all.filter(|_| self.lines.is_empty()));
        let known = runs.flat_map(|[first, length]| (first..first + length).map(Some));
        known.chain(std::iter::repeat(None)).take(entries)
    }
}

/// Each entry has a line of its own, so that as many entries as lines stand in all of them.
fn has_each_line([first, last]: [i64; 2], entries: usize) -> bool {
    i64::try_from(entries).is_ok_and(|entries| entries == last - first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::OnOutage;

    /// What the feed holds must be readable for ever.
    #[test]
    fn rows_of_an_import_are_written_like_this() {
        let fact = |lines| {
            let rows = RowsImported { rows: [2, 900], digest: "00".to_owned(), has_texts: false, lines };
            serde_json::to_string(&Fact::RowsImported(rows)).unwrap()
        };
        let text = r#"{"rowsImported":{"rows":[2,900],"digest":"00","hasTexts":false}}"#;
        assert_eq!(fact(Vec::new()), text);
        let text =
            r#"{"rowsImported":{"rows":[2,900],"digest":"00","hasTexts":false,"lines":[[2,5],[9,1]]}}"#;
        assert_eq!(fact(vec![[2, 5], [9, 1]]), text);
    }

    #[test]
    fn lines_are_kept_as_runs_and_come_back() {
        let back = |rows: [i64; 2], lines: &[i64]| {
            let runs = RowsImported::runs(rows, lines);
            let mark = RowsImported { rows, digest: String::new(), has_texts: false, lines: runs.clone() };
            let known: Vec<i64> = mark.lines(lines.len()).map(Option::unwrap).collect();
            assert_eq!(known, lines);
            runs.len()
        };
        assert_eq!(back([2, 5], &[2, 3, 4, 5]), 0, "each line has its entry");
        assert_eq!(back([2, 9], &[2, 3, 7, 9]), 3);
        assert_eq!(back([2, 9], &[]), 0);
        assert_eq!(back([7, 7], &[7]), 0);
        // Written before there were runs.
        let mark = RowsImported { rows: [2, 9], digest: String::new(), has_texts: false, lines: Vec::new() };
        assert_eq!(mark.lines(2).collect::<Vec<_>>(), [None, None]);
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
