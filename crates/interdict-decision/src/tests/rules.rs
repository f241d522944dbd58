//! The rules of the decision, one by one.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact};
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::settings::{OnOutage, OutagePolicies};

use super::world::*;
use crate::explanation::Counted;
use crate::order::ORDER;
use crate::{Code, DecideError, Index, Outcome, SourceKind, Tier, decide};

/// One source for each tier but the last, all for customer 1 with the email `a`.
fn sources() -> Vec<(Tier, Fact)> {
    let person = || CustomerFact { email: linked(Kind::Email, "a"), ..customer(1) };
    let soft = EntryFact { strength: Strength::Soft, ..entry(List::Block, 2, Kind::Device, "d") };
    vec![
        (Tier::Restriction, Fact::CustomerPut(CustomerFact { restrict_cit: true, ..person() })),
        (
            Tier::Blacklisted,
            Fact::CustomerPut(CustomerFact { list_status: ListStatus::Blacklisted, ..person() }),
        ),
        (Tier::HardBlock, put(entry(List::Block, 1, Kind::Email, "a"))),
        (
            Tier::Whitelisted,
            Fact::CustomerPut(CustomerFact { list_status: ListStatus::Whitelisted, ..person() }),
        ),
        (Tier::AllowEntry, put(entry(List::Allow, 3, Kind::Email, "a"))),
        (Tier::SoftBlock, put(soft)),
    ]
}

#[test]
fn each_tier_decides_alone_and_beats_what_comes_after() {
    let lookups = [given(Kind::Device, "d")];
    for (tier, fact) in sources() {
        let index = index(&[Fact::CustomerPut(customer(1)), fact]);
        let email = [given(Kind::Email, "a"), given(Kind::Device, "d")];
        let decision = decided(&index, Some(1), &email);
        assert_eq!((decision.tier, decision.outcome), (tier, tier.rule().outcome));
        assert_eq!(decision.sources.len(), 1);
    }
    for (stronger, first) in sources() {
        for (weaker, second) in sources() {
            // A customer has one list status, and one fact.
            let same_customer = matches!((&first, &second), (Fact::CustomerPut(_), Fact::CustomerPut(_)));
            if stronger >= weaker || same_customer {
                continue;
            }
            let person = Fact::CustomerPut(CustomerFact { email: linked(Kind::Email, "a"), ..customer(1) });
            let index = index(&[person, first.clone(), second]);
            let decision = decided(&index, Some(1), &lookups);
            let tiers: Vec<Tier> = decision.sources.iter().map(|source| source.tier).collect();
            assert_eq!(tiers, [stronger, weaker]);
            assert_eq!((decision.outcome, decision.code), (stronger.outcome(), stronger.code()));
        }
    }
}

#[test]
fn nothing_known_is_allowed_by_default() {
    let lookups = [typed(Kind::Email, "a")];
    let decision = decided(&Index::new(), None, &lookups);
    assert_eq!((decision.outcome, decision.code), (Outcome::Allow, Code::Default));
    assert!(decision.sources.is_empty() && decision.customer.is_none());
}

#[test]
fn names_that_lead_nowhere_or_apart_are_refused() {
    let foreign = CustomerFact { merchant: OTHERS, ..customer(3) };
    let with_ref = CustomerFact { merchant_ref: linked(Kind::MerchantRef, "one"), ..customer(1) };
    let facts = [with_ref, customer(2), foreign].map(Fact::CustomerPut);
    let index = index(&facts);
    assert_eq!(refused(&index, None, &[]), DecideError::NothingIdentifies);
    assert_eq!(refused(&index, Some(9), &[]), DecideError::UnknownCustomer);
    assert_eq!(refused(&index, Some(3), &[]), DecideError::UnknownCustomer);
    let one = [given(Kind::MerchantRef, "one")];
    let other = [given(Kind::MerchantRef, "other")];
    assert_eq!(refused(&index, Some(2), &one), DecideError::CustomerDisagreesWithRef);
    assert_eq!(refused(&index, Some(1), &other), DecideError::CustomerDisagreesWithRef);
    assert_eq!(decided(&index, Some(1), &one).customer, Some(customer_id(1)));
    assert_eq!(decided(&index, None, &one).customer, Some(customer_id(1)));
    assert_eq!(decided(&index, None, &other).customer, None);
}

#[test]
fn a_named_customer_brings_its_email_phone_and_ref_along() {
    let person = CustomerFact {
        email: linked(Kind::Email, "a"),
        phone: linked(Kind::Phone, "p"),
        merchant_ref: linked(Kind::MerchantRef, "r"),
        ..customer(1)
    };
    for (kind, value) in [(Kind::Email, "a"), (Kind::Phone, "p"), (Kind::MerchantRef, "r")] {
        let index = index(&[Fact::CustomerPut(person.clone()), put(entry(List::Block, 1, kind, value))]);
        let decision = decided(&index, Some(1), &[]);
        let [source] = decision.sources.as_slice() else { panic!("one source") };
        assert_eq!(source.code(), Code::IdentifierBlacklisted);
        assert_eq!((source.kind, source.value.as_deref()), (Some(kind), Some(value)));
        let explanation = decision.explanation.unwrap();
        assert_eq!(explanation.lookups.len(), 3, "each once");
        assert_eq!(explanation.lookups.iter().filter(|lookup| lookup.hit).count(), 1);
    }
}

#[test]
fn a_block_reaches_everybody_with_the_same_email_and_a_whitelist_only_its_customer() {
    let shared = |number| CustomerFact { email: linked(Kind::Email, "a"), ..customer(number) };
    let restricted = CustomerFact { restrict_cit: true, ..shared(1) };
    let trusted = CustomerFact { list_status: ListStatus::Whitelisted, ..shared(2) };
    let index = index(&[Fact::CustomerPut(trusted), Fact::CustomerPut(shared(3))]);
    assert_eq!(decided(&index, Some(2), &[]).code, Code::CustomerWhitelisted);
    assert_eq!(decided(&index, Some(3), &[]).code, Code::Default);
    assert_eq!(decided(&index, None, &[given(Kind::Email, "a")]).code, Code::Default);

    index.apply(&[Fact::CustomerPut(restricted)]);
    let decision = decided(&index, Some(2), &[]);
    let [deciding, exempting] = decision.sources.as_slice() else { panic!("two sources") };
    assert_eq!((deciding.what, deciding.customer), (SourceKind::Restriction, Some(customer_id(1))));
    assert_eq!((deciding.kind, deciding.value.as_deref()), (Some(Kind::Email), Some("a")));
    assert_eq!((exempting.what, exempting.kind), (SourceKind::ListStatus, None));
    let explanation = decision.explanation.unwrap();
    let how: Vec<bool> = explanation.customers.iter().map(|it| it.how == Counted::Id).collect();
    assert_eq!(how, [true, false, false], "normal customers are listed too");
}

#[test]
fn a_flag_a_scope_and_a_status_count_for_their_initiators_only() {
    let person = CustomerFact {
        restrict_mit: true,
        list_status: ListStatus::Blacklisted,
        list_scopes: Scopes::CIT,
        ..customer(1)
    };
    let index = index(&[Fact::CustomerPut(person)]);
    assert_eq!(decided(&index, Some(1), &[]).code, Code::CustomerBlacklisted);
    let renewal = crate::Attempt { initiator: Initiator::Merchant, ..attempt(Some(1), &[]) };
    assert_eq!(decide(&index, &renewal).unwrap().code, Code::CustomerRestricted);
}

#[test]
fn the_deciding_entry_speaks_to_the_payer() {
    let text = |text: &str| Some(Arc::from(text));
    let told = EntryFact {
        reason: text("stolen card"),
        public_message: text("please call us"),
        ..entry(List::Block, 1, Kind::Email, "a")
    };
    let softer = EntryFact {
        strength: Strength::Soft,
        public_message: text("never shown"),
        ..entry(List::Block, 2, Kind::Device, "d")
    };
    let index = index(&[put(softer), put(told)]);
    let lookups = [given(Kind::Device, "d"), given(Kind::Email, "a")];
    let decision = decided(&index, None, &lookups);
    assert_eq!(decision.public_message.as_deref(), Some("please call us"));
    assert_eq!(decision.sources[0].reason.as_deref(), Some("stolen card"));
}

#[test]
fn an_explanation_shows_all_tiers_and_only_when_asked() {
    let index = index(&[put(entry(List::Allow, 1, Kind::Email, "a"))]);
    let lookups = [given(Kind::Email, "a"), given(Kind::Email, "a"), given(Kind::Phone, "p")];
    let explanation = decided(&index, None, &lookups).explanation.unwrap();
    let tiers: Vec<_> = explanation.tiers.iter().map(|it| (it.tier, it.reached, it.outcome)).collect();
    let allow = Some(Outcome::Allow);
    let wanted = [None, None, None, None, allow, None, allow];
    let wanted: Vec<_> = ORDER
        .iter()
        .zip(wanted)
        .map(|(rule, said)| (rule.tier, rule.tier <= Tier::AllowEntry, said))
        .collect();
    assert_eq!(tiers, wanted);
    let shown: Vec<_> = explanation.lookups.iter().map(|it| (it.kind, it.hit, it.entry)).collect();
    let entry = Some(entry_id(List::Allow, 1));
    assert_eq!(shown, [(Kind::Email, true, entry), (Kind::Phone, false, None)]);
    let silent = crate::Attempt { explain: false, ..attempt(None, &lookups) };
    assert!(decide(&index, &silent).unwrap().explanation.is_none());
}

#[test]
fn the_revision_is_the_one_before_the_lookups_and_never_goes_back() {
    let index = Index::new();
    assert_eq!(index.revision(), 0);
    index.advance(7);
    index.advance(5);
    assert_eq!(decided(&index, None, &[typed(Kind::Email, "a")]).revision, 7);
}

#[test]
fn statistics_count_what_is_held() {
    let person = CustomerFact { email: linked(Kind::Email, "a"), ..customer(1) };
    let index = index(&[
        Fact::CustomerPut(person),
        put(entry(List::Block, 1, Kind::Email, "a")),
        put(entry(List::Block, 2, Kind::Phone, "p")),
    ]);
    let before = index.statistics();
    index.shrink();
    let after = index.statistics();
    assert_eq!((after.customers, after.entries, after.links), (1, 2, 1));
    assert!(after.customer_bytes <= before.customer_bytes);
    assert_eq!(decided(&index, Some(1), &[]).code, Code::IdentifierBlacklisted);
}

#[test]
fn a_degraded_block_has_no_reasons_and_explains_what_the_lists_say() {
    let index = index(&[put(entry(List::Allow, 3, Kind::Email, "a"))]);
    let lookups = [given(Kind::Email, "a")];
    let mut decision = decided(&index, None, &lookups);
    let explained = decision.explanation.clone();
    decision.block_degraded();
    assert_eq!((decision.outcome, decision.code), (Outcome::Block, Code::DegradedBlocked));
    assert!(decision.sources.is_empty());
    assert_eq!(decision.explanation, explained);
    assert_eq!(explained.unwrap().tiers[4].outcome, Some(Outcome::Allow));
}

#[test]
fn an_outage_policy_is_the_merchants_own_and_the_default_is_as_none() {
    let chosen = OutagePolicies { customer: OnOutage::Block, merchant: OnOutage::RetryLater };
    let choose = |outage| Fact::OutageChosen { merchant: OURS, outage };
    let index = index(&[choose(chosen)]);
    assert_eq!(index.outage_policies(OURS), chosen);
    assert_eq!(index.outage_policies(OTHERS), OutagePolicies::default());
    assert_ne!(index.fingerprint(), Index::new().fingerprint());
    index.apply(&[choose(OutagePolicies::default())]);
    assert_eq!(index.outage_policies(OURS), OutagePolicies::default());
    assert_eq!(index.fingerprint(), Index::new().fingerprint());
}

#[test]
fn a_limited_exemption_lets_through_what_is_small_enough_in_its_currency() {
    let money = |amount, code| Money::new(amount, Currency::parse(code).unwrap()).ok();
    let allowed = EntryFact { max_amount: money(5_000, "EUR"), ..entry(List::Allow, 3, Kind::Email, "a") };
    let soft = EntryFact { strength: Strength::Soft, ..entry(List::Block, 2, Kind::Email, "a") };
    let index = index(&[put(allowed), put(soft)]);
    let lookups = [given(Kind::Email, "a")];
    let pays = |money| {
        let attempt = crate::Attempt { money, ..attempt(None, &lookups) };
        let decision = decide(&index, &attempt).unwrap();
        (decision.outcome, decision.code)
    };
    for money in [money(1, "EUR"), money(5_000, "EUR")] {
        assert_eq!(pays(money), (Outcome::Allow, Code::IdentifierWhitelisted));
    }
    for money in [None, money(5_001, "EUR"), money(1, "NGN")] {
        assert_eq!(pays(money), (Outcome::Block, Code::IdentifierBlacklisted), "{money:?}");
    }
}
