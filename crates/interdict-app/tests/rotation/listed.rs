//! What an erasure has left under a former pepper, and whoever says what it is.

use std::sync::Arc;
use std::time::Duration;

use interdict_app::store::{EntryFilter, PageRequest};
use interdict_app::{App, NewEntry, Presented, list_entry, undo_change, unlist_entry};
use interdict_domain::entry::List;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;

use crate::support::peppers::pepper;
use crate::support::place::Place;
use crate::support::{
    MERCHANT, Shop, Try, block_email, block_on, by, by_email, decide, new_entry, new_import, reason,
};
use crate::world::{assert_sound, entry_of, fill, forget, read, write};

pub fn what_was_erased_is_listed_again_imported_and_lifted(place: &Place) {
    let shop = &place.shop;
    fill(shop);
    let left = entry_of(&shop.app, Kind::Device, "forgotten-device").unwrap();
    let email_left = shop.list(block_email("mailed@example.com"));
    forget(shop.service(), Kind::Email, "mailed@example.com");
    let second = pepper().rotated([8; 32]);
    shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    let app = shop.reopened_under(&second).unwrap();
    let beside = shop.reopened_under(&second).unwrap();
    let device = by(Kind::Device, "forgotten-device");
    let now = shop.now();
    let source = |app: &App, attempt: &Try<'_>| {
        let answer = decide(app.service(Mode::Test), now, attempt).unwrap();
        answer.sources.first().and_then(|source| source.entry)
    };
    assert_eq!(source(&app, &device), Some(left.id));

    // A list shows it to whoever says what it is.
    let filter = EntryFilter {
        identifier: Some(Identifier::parse(Kind::Device, "forgotten-device").unwrap()),
        ..EntryFilter::of(List::Block, now)
    };
    let page = PageRequest::After { position: None, limit: 10 };
    assert_eq!(read(&app, |view| view.entries(&filter, page))[0].entry.id, left.id);
    assert_eq!(read(&app, |view| view.count_entries(&filter)), 1);
    let asked = [Presented { kind: Kind::Device, value: "forgotten-device".into(), verified: true }];
    let looked = block_on(app.service(Mode::Test).look_up(MERCHANT, None, &asked)).unwrap().unwrap();
    assert_eq!(looked.identifiers[0].matches[0].row.entry.id, left.id);

    // A file of many leaves it as it is.
    let import = new_import_of(shop, &app, "value\nmailed@example.com\nother@example.com\n");
    assert_eq!((import.counts.created, import.counts.unchanged), (1, 1));
    assert_eq!(source(&app, &by_email("mailed@example.com")), Some(email_left.id));

    // Listed again it is the same entry, under the present pepper, here and wherever it is followed.
    let again = new_entry(List::Block, Kind::Device, "forgotten-device");
    let listed = write(&app, shop, move |transaction, by| list_entry(transaction, by, again)).unwrap();
    assert_eq!((listed.0.id, listed.1), (left.id, false));
    assert_eq!(entry_of(&app, Kind::Device, "forgotten-device").unwrap().generation, None);
    assert_eq!(source(&app, &device), Some(left.id));
    let revision = app.service(Mode::Test).readiness().revision;
    let is_there = || beside.service(Mode::Test).readiness().revision >= revision;
    wait_until(is_there, Duration::from_mins(1)).unwrap();
    assert_eq!(source(&beside, &device), Some(left.id));
    write(&app, shop, move |transaction, by| unlist_entry(transaction, by, left.id)).unwrap();
    assert_eq!(source(&app, &device), None);
    // One that nobody has listed again is lifted all the same.
    let id = email_left.id;
    write(&app, shop, move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
    assert_eq!(source(&app, &by_email("mailed@example.com")), None);
    let revision = app.service(Mode::Test).readiness().revision;
    let is_there = || beside.service(Mode::Test).readiness().revision >= revision;
    wait_until(is_there, Duration::from_mins(1)).unwrap();
    assert_eq!(source(&beside, &device), None);
    assert_eq!(source(&beside, &by_email("mailed@example.com")), None);
    assert_sound(&app);
}

pub fn new_import_of(shop: &Shop, app: &App, text: &str) -> interdict_domain::import::Import {
    let service = app.service(Mode::Test);
    let mut upload = service.begin_upload().unwrap();
    upload.write(text.as_bytes()).unwrap();
    let caller = interdict_app::Caller { service: Arc::clone(service), ..shop.caller() };
    let import = block_on(service.create_import(&caller, upload, new_import(false))).unwrap();
    service.work_on_imports().unwrap();
    read(app, |view| view.import(import.id)).unwrap()
}

/// An import that has replaced something, an entry that was deleted: both are taken back behind a rotation.
pub fn what_was_done_before_is_undone(place: &Place) {
    let shop = &place.shop;
    shop.list(NewEntry { reason: Some(reason("first")), ..block_email("kept@example.com") });
    let import = shop.import("value,reason\nkept@example.com,second\nmade@example.com,second\n");
    assert_eq!((import.counts.created, import.counts.updated), (1, 1));
    let deleted = shop.list(new_entry(List::Block, Kind::Device, "deleted-device")).id;
    shop.run(move |transaction, by| unlist_entry(transaction, by, deleted)).unwrap();
    let sequence = shop.service().readiness().revision;
    let second = pepper().rotated([8; 32]);
    shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    let app = shop.reopened_under(&second.keeping(|_| false)).unwrap();
    let caller = interdict_app::Caller { service: Arc::clone(app.service(Mode::Test)), ..shop.caller() };
    let undone = block_on(app.service(Mode::Test).undo_import(&caller, import.id)).unwrap();
    assert_eq!((undone.import.undo.restored, undone.import.undo.deleted), (1, 1));
    let kept = entry_of(&app, Kind::Email, "kept@example.com").unwrap();
    assert_eq!(kept.reason, Some(reason("first")));
    write(&app, shop, move |transaction, by| undo_change(transaction, by, sequence)).unwrap().unwrap();
    let now = shop.now();
    let blocks = |attempt: &Try<'_>| decide(app.service(Mode::Test), now, attempt).unwrap().blocks();
    assert!(blocks(&by_email("kept@example.com")) && blocks(&by(Kind::Device, "deleted-device")));
    assert!(!blocks(&by_email("made@example.com")));
    assert_sound(&app);
}
