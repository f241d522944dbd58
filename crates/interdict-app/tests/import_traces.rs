//! What an import leaves in the histories of the entries and identifiers that it names, and that nothing is undone over it.
//! On both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::fmt::Write as _;

use interdict_app::store::{HistoryItem, Recorded, Trimming};
use interdict_app::{
    EntryUpdate, Presented, erase_customer, is_undoable, newest_to_undo, undo_change, unlist_entry,
    update_entry,
};
use interdict_domain::change::{Action, Subject};
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::EntryId;
use support::place::{Place, on_both_engines};
use support::{MERCHANT, Shop, block_email, block_on, reason, with_email};

on_both_engines!("traces":
    an_import_stands_in_the_history_of_what_it_changed_and_made,
    an_import_that_was_undone_stands_in_the_history_of_what_is_gone,
    an_identifier_that_was_imported_again_and_again_has_all_of_it,
    nothing_is_undone_over_an_import,
    nothing_is_undone_over_a_change_that_is_not_known,
    an_erasure_stands_in_the_history_and_says_nothing_of_before,
    what_was_trimmed_is_missing_and_the_rest_is_told,
);

const ADDRESS: &str = "mallory@example.com";

fn entry(shop: &Shop) -> Option<Entry> {
    let email = Identifier::parse(Kind::Email, ADDRESS).unwrap();
    shop.read(|view| view.entry_of(List::Block, &email))
}

/// Each change with the reasons before and after it.
type Told = (Action, Option<String>, Option<String>);

fn told(history: &[HistoryItem]) -> Vec<Told> {
    let said = |recorded: &Option<Recorded>| match recorded {
        Some(Recorded::Entry(entry)) => {
            Some(entry.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned())
        }
        _ => None,
    };
    history.iter().map(|item| (item.change.action, said(&item.before), said(&item.after))).collect()
}

fn of_entry(shop: &Shop, id: EntryId) -> Vec<HistoryItem> {
    shop.read(|view| view.history_of_entry(id, 50))
}

fn looked_up(shop: &Shop) -> Vec<HistoryItem> {
    let presented = [Presented { kind: Kind::Email, value: ADDRESS.into(), verified: true }];
    let mut found = block_on(shop.service().look_up(MERCHANT, None, &presented)).unwrap().unwrap();
    found.identifiers.remove(0).history
}

fn says(action: Action, before: Option<&str>, after: Option<&str>) -> Told {
    (action, before.map(str::to_owned), after.map(str::to_owned))
}

fn by_hand(shop: &Shop) -> Entry {
    let mut new = block_email(ADDRESS);
    new.reason = Some(reason("by hand: fraud ring 12"));
    let entry = shop.list(new);
    shop.clock.advance(10);
    entry
}

/// Among others, so that a part names many.
fn file(reason: &str) -> String {
    let mut text = format!("email,reason\n{ADDRESS},{reason}\n");
    for number in 0..50 {
        writeln!(text, "number.{number}@example.com,{reason}").unwrap();
    }
    text
}

fn an_import_stands_in_the_history_of_what_it_changed_and_made(place: &Place) {
    let shop = &place.shop;
    let id = by_hand(shop).id;
    let import = shop.import(&file("cleanup"));
    let expected = [
        says(Action::EntriesImported, Some("by hand: fraud ring 12"), Some("cleanup")),
        says(Action::EntryCreated, None, Some("by hand: fraud ring 12")),
    ];
    let history = of_entry(shop, id);
    assert_eq!(told(&history), expected);
    assert_eq!(history[0].change.subject, Subject::Import(import.id));
    assert_eq!(history[0].change.facts.len(), 1, "of a thousand entries its own alone");
    assert_eq!(looked_up(shop), history);
    let other = Identifier::parse(Kind::Email, "number.7@example.com").unwrap();
    let other = shop.read(|view| view.entry_of(List::Block, &other)).unwrap();
    let made = [says(Action::EntriesImported, None, Some("cleanup"))];
    assert_eq!(told(&of_entry(shop, other.id)), made);
    // Changed since, it is known all the same.
    shop.clock.advance(10);
    let update = EntryUpdate { reason: Some(Some(reason("later"))), ..EntryUpdate::default() };
    shop.run(move |transaction, by| update_entry(transaction, by, other.id, update)).unwrap();
    shop.clock.advance(10);
    shop.run(move |transaction, by| unlist_entry(transaction, by, other.id)).unwrap();
    let gone = [
        says(Action::EntryDeleted, Some("later"), None),
        says(Action::EntryUpdated, Some("cleanup"), Some("later")),
        made[0].clone(),
    ];
    assert_eq!(told(&of_entry(shop, other.id)), gone);
}

fn an_import_that_was_undone_stands_in_the_history_of_what_is_gone(place: &Place) {
    let shop = &place.shop;
    let import = shop.import(&file("cleanup"));
    let id = entry(shop).unwrap().id;
    shop.clock.advance(10);
    shop.undo_import(import.id).unwrap();
    assert_eq!(entry(shop), None);
    let expected = [
        says(Action::EntriesImportUndone, Some("cleanup"), None),
        says(Action::EntriesImported, None, Some("cleanup")),
    ];
    assert_eq!(told(&looked_up(shop)), expected);
    assert!(looked_up(shop).iter().all(|item| item.change.subject == Subject::Import(import.id)));
    // Listed anew it is another entry, and the identifier's history has both.
    shop.clock.advance(10);
    let again = by_hand(shop);
    assert_ne!(again.id, id);
    assert_eq!(told(&of_entry(shop, again.id)).len(), 1);
    assert_eq!(told(&looked_up(shop))[1..], expected);
}

fn an_identifier_that_was_imported_again_and_again_has_all_of_it(place: &Place) {
    let shop = &place.shop;
    by_hand(shop);
    let first = shop.import(&file("one"));
    shop.clock.advance(10);
    let second = shop.import(&file("two"));
    shop.clock.advance(10);
    shop.undo_import(second.id).unwrap();
    shop.clock.advance(10);
    shop.undo_import(first.id).unwrap();
    let by_hand = Some("by hand: fraud ring 12");
    let expected = [
        says(Action::EntriesImportUndone, Some("one"), by_hand),
        says(Action::EntriesImportUndone, Some("two"), Some("one")),
        says(Action::EntriesImported, Some("one"), Some("two")),
        says(Action::EntriesImported, by_hand, Some("one")),
        says(Action::EntryCreated, None, by_hand),
    ];
    assert_eq!(told(&of_entry(shop, entry(shop).unwrap().id)), expected);
    assert_eq!(told(&looked_up(shop)), expected);
    let newest = shop.read(|view| view.history_of_entry(entry(shop).unwrap().id, 2));
    assert_eq!(told(&newest), expected[..2]);
}

fn undone(shop: &Shop, sequence: i64) -> bool {
    shop.run(move |transaction, by| undo_change(transaction, by, sequence)).unwrap().is_some()
}

fn nothing_is_undone_over_an_import(place: &Place) {
    let shop = &place.shop;
    let id = by_hand(shop).id;
    let created = of_entry(shop, id)[0].change.sequence;
    shop.import(&file("cleanup"));
    let history = of_entry(shop, id);
    assert!(!newest_to_undo(&history).is_some_and(|item| is_undoable(item, shop.now())), "no button");
    assert!(!undone(shop, created));
    assert!(!undone(shop, history[0].change.sequence), "an import is undone as a whole");
    assert_eq!(entry(shop).unwrap().reason, Some(reason("cleanup")));
    // What came after it stands on it, and can be undone.
    shop.clock.advance(10);
    let update = EntryUpdate { reason: Some(Some(reason("later"))), ..EntryUpdate::default() };
    shop.run(move |transaction, by| update_entry(transaction, by, id, update)).unwrap();
    let updated = of_entry(shop, id)[0].change.sequence;
    assert!(undone(shop, updated));
    assert_eq!(entry(shop).unwrap().reason, Some(reason("cleanup")));
}

fn nothing_is_undone_over_a_change_that_is_not_known(place: &Place) {
    let shop = &place.shop;
    let id = by_hand(shop).id;
    let created = of_entry(shop, id)[0].change.sequence;
    place.alter("UPDATE entry SET reason = 'nobody says when'");
    assert!(!undone(shop, created));
    place.alter("UPDATE entry SET reason = 'by hand: fraud ring 12'");
    assert!(undone(shop, created));
    assert_eq!(entry(shop), None);
}

fn an_erasure_stands_in_the_history_and_says_nothing_of_before(place: &Place) {
    let shop = &place.shop;
    let customer = shop.customer(with_email(ADDRESS)).id;
    let id = by_hand(shop).id;
    shop.import(&file("a secret word"));
    shop.clock.advance(10);
    shop.run(move |transaction, by| erase_customer(transaction, by, customer)).unwrap();
    let history = of_entry(shop, id);
    assert_eq!(history[0].change.action, Action::CustomerErased);
    assert!(history.iter().all(|item| item.before.is_none() && item.after.is_none()), "{history:?}");
    let looked_up = looked_up(shop);
    assert_eq!(looked_up[0].change.action, Action::CustomerErased);
    assert!(looked_up.iter().all(|item| item.before.is_none() && item.after.is_none()), "{looked_up:?}");
}

fn what_was_trimmed_is_missing_and_the_rest_is_told(place: &Place) {
    let shop = &place.shop;
    shop.import(&file("one"));
    shop.clock.advance(10);
    shop.trim(Trimming { kept: 0, least: 1, ..Trimming::before(shop.now()) });
    shop.import(&file("two"));
    let expected = [says(Action::EntriesImported, Some("one"), Some("two"))];
    assert_eq!(told(&of_entry(shop, entry(shop).unwrap().id)), expected);
    assert_eq!(told(&looked_up(shop)), expected);
}
