//! Whether anything stands against a customer now, by who starts a payment, as rows of lists show it: out of memory, as
//! a decision is made.
//!
//! Deliberately not here: what it is that stands there. That is the customer's page.

use interdict_app::decision::Outcome;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Initiator;

use crate::person::{Needs, Person};
use crate::t;

/// Which payments of a customer are blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocked {
    cit: bool,
    mit: bool,
}

impl Blocked {
    /// What stands now. Of somebody who was erased since, nothing does.
    pub(crate) fn now<C: Needs>(person: &Person<C>, customer: CustomerId) -> Self {
        let merchant = person.signed_in.user.merchant;
        let is_blocked = |initiator| {
            let standing = person.service().standing(merchant, customer, initiator);
            standing.is_ok_and(|standing| standing.outcome == Outcome::Block)
        };
        Self { cit: is_blocked(Initiator::Customer), mit: is_blocked(Initiator::Merchant) }
    }

    /// Its chip beside those for the restriction and the list status: nothing where they say all of it.
    pub(crate) fn chip_beyond(
        self,
        customer: &Customer,
        status: ListStatus,
    ) -> Option<(&'static str, String)> {
        let is_said = |flag, initiator| {
            flag || status == ListStatus::Blacklisted && customer.standing.scopes.contains(initiator)
        };
        let rest = Self {
            cit: self.cit && !is_said(customer.restriction.cit, Initiator::Customer),
            mit: self.mit && !is_said(customer.restriction.mit, Initiator::Merchant),
        };
        (rest != Self::default()).then(|| rest.chip())
    }

    /// The look of a chip, and its word.
    pub(crate) fn chip(self) -> (&'static str, String) {
        match (self.cit, self.mit) {
            (true, true) => ("bad", t("blocked")),
            (true, false) => ("bad", t("blocked-cit")),
            (false, true) => ("warn", t("blocked-mit")),
            (false, false) => ("good", t("allowed")),
        }
    }
}
