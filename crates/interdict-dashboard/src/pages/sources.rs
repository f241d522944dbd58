//! What speaks for or against an attempt, in words, with a link to where it is lifted; and the words for why a
//! payment did not come to money.

use std::collections::HashMap;

use interdict_app::decision::Code;
use interdict_app::store::StorageError;
use interdict_app::{DecidePaymentError, StandingSource};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, EntryId};

use crate::pages::customers::name_of;
use crate::person::{Needs, Person};
use crate::{of, t};

/// A link to where something is looked at or lifted.
pub(crate) struct Anchor {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// One source.
pub(crate) struct SourceLine {
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) reason: String,
    pub(crate) link: Option<Anchor>,
}

/// What the entries that are there list, and what people call the customers that were found.
#[derive(Default)]
pub(crate) struct Names {
    entries: HashMap<EntryId, String>,
    customers: HashMap<CustomerId, String>,
}

impl Names {
    /// Reads them, in one snapshot. What is gone by now has no name.
    pub(crate) async fn read<C: Needs>(
        person: &Person<C>,
        entries: Vec<EntryId>,
        customers: Vec<CustomerId>,
    ) -> Result<Self, StorageError> {
        if entries.is_empty() && customers.is_empty() {
            return Ok(Self::default());
        }
        let merchant = person.signed_in.user.merchant;
        let read = person.service().store().read(merchant, move |view| {
            let mut names = Self::default();
            for id in entries {
                let found = view.entry(id)?.map(|row| row.entry.value.unwrap_or_else(|| t("erased")));
                names.entries.extend(found.map(|value| (id, value)));
            }
            for id in customers {
                names.customers.extend(view.customer(id)?.map(|customer| (id, name_of(&customer))));
            }
            Ok::<_, StorageError>(names)
        });
        read.await
    }

    /// To the entry's page; to its list where the entry is gone.
    pub(crate) fn of_entry(&self, id: EntryId, mode: &str) -> Anchor {
        let (list, text) = match id.list() {
            List::Block => ("blacklist", t("list-block")),
            List::Allow => ("whitelist", t("list-allow")),
        };
        let path = if self.entries.contains_key(&id) {
            format!("/dashboard/{mode}/entries/{id}")
        } else {
            format!("/dashboard/{mode}/{list}")
        };
        Anchor { path, text }
    }

    /// What an entry lists, while it is there.
    pub(crate) fn entry(&self, id: EntryId) -> Option<&str> {
        self.entries.get(&id).map(String::as_str)
    }

    /// What people call a customer who is there.
    pub(crate) fn customer(&self, id: CustomerId) -> Option<&str> {
        self.customers.get(&id).map(String::as_str)
    }

    /// To the customer.
    pub(crate) fn of_customer(&self, id: CustomerId, mode: &str) -> Anchor {
        let text = self.customers.get(&id).cloned().unwrap_or_else(|| id.to_string());
        Anchor { path: format!("/dashboard/{mode}/customers/{id}"), text }
    }

    /// A source in words.
    pub(crate) fn line(&self, source: &StandingSource, mode: &str) -> SourceLine {
        let kind = source.kind.map(|kind| of("kind-", kind.as_str()));
        let detail: Vec<String> = kind.into_iter().chain(source.value.clone()).collect();
        let of_entry = source.entry.map(|id| self.of_entry(id, mode));
        SourceLine {
            code: of("code-", source.code.as_str()),
            detail: detail.join(" "),
            reason: source.reason.as_deref().unwrap_or_default().to_owned(),
            link: of_entry.or_else(|| source.customer.map(|id| self.of_customer(id, mode))),
        }
    }
}

/// Gateways have words of their own; these are the ones that we know.
const KNOWN: [&str; 6] = [
    "card_declined",
    "insufficient_funds",
    "authentication_failed",
    "customer_action_required",
    "interrupted",
    "cancelled",
];

/// Who has refused a payment: the word of a family of texts.
pub(crate) fn refused_by(code: &str) -> &'static str {
    match code {
        code if Code::parse(code).is_some() => "lists",
        "authentication_failed" => "customer",
        "interrupted" => "provider",
        "cancelled" => "end",
        _ => "bank",
    }
}

/// Why a payment did not come to money, in words where there are some.
pub(crate) fn refusal(code: &str) -> String {
    match Code::parse(code) {
        Some(code) => of("code-", code.as_str()),
        None if KNOWN.contains(&code) => of("refusal-", code),
        None => code.to_owned(),
    }
}

/// What that means, and what can be done about it.
pub(crate) fn meaning(code: &str) -> String {
    match Code::parse(code) {
        Some(code) => of("meant-", code.as_str()),
        None if KNOWN.contains(&code) => of("to-do-", code),
        None => t("meant-by-gateway"),
    }
}

/// Why an attempt cannot be decided, in words.
pub(crate) fn undecided(error: DecidePaymentError) -> String {
    use interdict_app::decision::DecideError;
    match error {
        DecidePaymentError::NotLoaded => t("undecided-loading"),
        DecidePaymentError::Stale => t("undecided-stale"),
        DecidePaymentError::Attempt(DecideError::UnknownCustomer) => t("undecided-unknown"),
        DecidePaymentError::Attempt(DecideError::CustomerDisagreesWithRef) => t("undecided-disagrees"),
        DecidePaymentError::Attempt(DecideError::NothingIdentifies) => t("undecided-nobody"),
    }
}

/// A kind in words, for a label.
pub(crate) fn kind(kind: Kind) -> String {
    of("kind-", kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blocks_and_what_gateways_say_has_words() {
        for code in Code::ALL {
            assert_ne!(refusal(code.as_str()), code.as_str());
            assert!(meaning(code.as_str()).contains(' '), "{code:?}");
        }
        for code in KNOWN {
            assert!(refusal(code).contains(' ') || refusal(code) != code, "{code}");
            assert!(meaning(code).contains(' ') && of("by-whom-", refused_by(code)).contains(' '), "{code}");
        }
        assert_eq!(refusal("do_not_honor"), "do_not_honor", "what we do not know is shown as it came");
    }
}
