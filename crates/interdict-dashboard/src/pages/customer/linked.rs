//! Others who share something with a customer: a hint that they may be the same person, and no more than that.

use interdict_domain::customer::Customer;
use interdict_domain::identifier::Kind;

use crate::of;
use crate::pages::customers::name_of;

/// Others that are shown for each identifier.
const SHOWN: usize = 10;
/// One more is read, to know whether there are more.
pub(super) const READ: usize = SHOWN + 1;

/// Others who share something with the customer.
pub(super) struct Group {
    /// How many, and what they share.
    pub(super) title: String,
    pub(super) others: Vec<Other>,
}

pub(super) struct Other {
    pub(super) path: String,
    pub(super) name: String,
}

pub(super) fn groups(sharing: &[(Kind, Customer)], mode: &str) -> Vec<Group> {
    let of_kind = |kind: Kind| {
        let mut others: Vec<_> = sharing
            .iter()
            .filter(|(shared, _)| *shared == kind)
            .map(|(_, other)| Other {
                path: format!("/dashboard/{mode}/customers/{}", other.id),
                name: name_of(other),
            })
            .collect();
        let has_more = others.len() > SHOWN;
        others.truncate(SHOWN);
        let at_least = if has_more { "+" } else { "" };
        let title = format!("{}: {}{at_least}", of("linked-by-", kind.as_str()), others.len());
        Group { title, others }
    };
    [Kind::Email, Kind::Phone, Kind::Device, Kind::CardFingerprint]
        .into_iter()
        .map(of_kind)
        .filter(|group| !group.others.is_empty())
        .collect()
}
