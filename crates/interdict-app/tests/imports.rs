//! Imports: in force, audited, resumed, undone, and gone with a person who is erased. On both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::fmt::Write as _;
use std::io::Cursor;
use std::time::Duration;

use interdict_app::store::{ChangeFilter, Trimming};
use interdict_app::{
    Caller, EntryUpdate, Export, ImportError, ImportWatch, NewImport, UndoneImport, erase_customer,
    unlist_entry, update_entry,
};
use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::import::{Import, ImportCounts, ImportFormat, ImportState};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use support::place::{Place, on_both_engines};
use support::{MERCHANT, Shop, block_email, block_on, by_email, new_import, open, reason, with_email};

on_both_engines!("imports":
    rows_are_in_force_and_each_part_is_one_change,
    a_second_run_changes_nothing,
    a_dry_run_writes_nothing_until_somebody_says_so,
    a_run_that_is_cut_goes_on_and_no_row_is_lost_or_there_twice,
    undo_restores_what_each_row_replaced,
    undo_leaves_alone_what_was_changed_since,
    what_an_import_replaced_is_forgotten_with_the_person,
    trimmed_imports_are_not_undone_and_leave_nothing_behind,
    an_export_imports_again_unchanged,
    requests_and_files_are_known_again,
    another_merchant_sees_none_of_it,
    what_has_ended_is_a_bad_row_unless_it_is_so_already,
);

fn file(rows: impl IntoIterator<Item = usize>) -> String {
    let mut text = "email,reason\n".to_owned();
    for number in rows {
        writeln!(text, "number.{number}@example.com,{}", if number % 3 == 0 { "seen before" } else { "" })
            .unwrap();
    }
    text
}

fn entry(shop: &Shop, address: &str) -> Option<Entry> {
    let email = Identifier::parse(Kind::Email, address).unwrap();
    shop.read(|view| view.entry_of(List::Block, &email))
}

fn is_blocked(shop: &Shop, address: &str) -> bool {
    shop.decide(&by_email(address)).unwrap().blocks()
}

fn counts(rows: i64, created: i64, updated: i64, unchanged: i64, bad: i64) -> ImportCounts {
    ImportCounts { rows, created, updated, unchanged, bad }
}

/// Memory, tables and feed say the same, and the chain is sound.
fn assert_sound(shop: &Shop) {
    let service = shop.service();
    assert!(service.compare_with_store().unwrap().is_equal());
    assert!(service.compare_with_feed().unwrap().is_equal());
    assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
    assert_eq!(shop.reopened().service(Mode::Test).fingerprint(), service.fingerprint());
    let totals = shop.read(|view| Ok((view.totals()?, view.totals_counted()?)));
    assert_eq!(totals.0, totals.1);
}

fn rows_are_in_force_and_each_part_is_one_change(place: &Place) {
    let shop = &place.shop;
    let beside = shop.reopened();
    let text = file(0..2_500) + "nonsense,\n\"number.7@example.com\",changed its mind\n";
    let import = shop.import(&text);
    assert_eq!((import.state, import.counts), (ImportState::Done, counts(2_502, 2_500, 1, 0, 1)));
    assert_eq!(import.total, Some(2_502));
    assert!(is_blocked(shop, "number.0@example.com") && is_blocked(shop, "NUMBER.2499@example.com"));
    assert!(!is_blocked(shop, "number.2500@example.com"));
    let decided = shop.decide(&by_email("number.3@example.com")).unwrap();
    assert_eq!(decided.sources[0].reason.as_deref(), Some("seen before"));
    let changes = shop.read(|view| view.changes_after(0, 100));
    let (mut put, mut last) = (0, 1);
    for item in &changes {
        assert_eq!(item.change.action, Action::EntriesImported);
        assert_eq!(item.change.subject, Subject::Import(import.id));
        assert_eq!((&item.before, &item.after), (&None, &None), "no personal value stands in a change");
        let Some(Fact::RowsImported(rows)) = item.change.facts.last() else { panic!("no mark") };
        assert!(rows.rows[0] > last && rows.rows[1] >= rows.rows[0] && rows.digest.len() == 64);
        last = rows.rows[1];
        put += item.change.facts.len() - 1;
    }
    // On a busy machine a commit takes few rows, and a part is no larger.
    assert!((3..60).contains(&changes.len()), "{}", changes.len());
    assert_eq!(put, 2_501, "the changed mind stands in another part than the first word, or in the same");
    let folder = shop.folder.path().join("imports/test");
    let errors = std::fs::read_to_string(shop.service().import_errors(import.id).unwrap()).unwrap();
    assert!(errors.contains("2502,email,\"must be an email address"), "{errors}");
    assert!(errors.ends_with("\"nonsense,\"\n"), "{errors}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1, "the rows are gone");
    let follower = beside.service(Mode::Test);
    let revision = shop.service().readiness().revision;
    wait_until(|| follower.readiness().revision == revision, Duration::from_mins(1)).unwrap();
    assert_eq!(follower.fingerprint(), shop.service().fingerprint(), "texts and all");
    assert_sound(shop);
}

fn a_second_run_changes_nothing(place: &Place) {
    let shop = &place.shop;
    shop.import(&file(0..300));
    let revision = shop.service().readiness().revision;
    let again = shop.import(&file((0..300).rev()));
    assert_eq!((again.state, again.counts), (ImportState::Done, counts(300, 0, 0, 300, 0)));
    assert_eq!((again.changes, shop.service().readiness().revision), (None, revision));
    let some = shop.import("email,strength\nnumber.1@example.com,soft\nnumber.2@example.com,\n");
    assert_eq!(some.counts, counts(2, 0, 1, 1, 0));
}

fn a_dry_run_writes_nothing_until_somebody_says_so(place: &Place) {
    let shop = &place.shop;
    shop.import(&file(0..10));
    let revision = shop.service().readiness().revision;
    let text = file(0..20) + "number.3@example.com,\nnonsense,\n";
    let checked = shop.import_as(new_import(true), &text);
    assert_eq!((checked.state, checked.counts), (ImportState::Ready, counts(22, 10, 1, 10, 1)));
    assert_eq!(shop.service().readiness().revision, revision);
    assert!(!is_blocked(shop, "number.15@example.com"));
    block_on(shop.service().start_import(MERCHANT, checked.id)).unwrap();
    shop.service().work_on_imports().unwrap();
    let done = shop.import_of(checked.id);
    assert_eq!(
        (done.state, done.counts, done.is_dry_run),
        (ImportState::Done, counts(22, 10, 1, 10, 1), false)
    );
    assert!(is_blocked(shop, "number.15@example.com"));
    // One that is given up never runs.
    let given_up = shop.import_as(new_import(true), &file(50..60));
    block_on(shop.service().cancel_import(MERCHANT, given_up.id)).unwrap();
    let started = block_on(shop.service().start_import(MERCHANT, given_up.id));
    assert!(matches!(started, Err(ImportError::State(ImportState::Cancelled))));
    shop.service().work_on_imports().unwrap();
    assert!(!is_blocked(shop, "number.55@example.com"));
    shop.service().tidy_imports().unwrap();
    let left = std::fs::read_dir(shop.folder.path().join("imports/test")).unwrap();
    let rows = left.flatten().filter(|file| file.path().extension().is_some_and(|of| of == "rows")).count();
    assert_eq!(rows, 0);
}

/// Runs an import until it is cut, and says how far it is.
fn run_until(shop: &Shop, import: &Import, text: &str, parts: usize) -> Import {
    let (mut errors, mut left) = (Vec::new(), parts);
    let mut progress = |_: &Import| {
        left -= 1;
        left > 0
    };
    let watch = ImportWatch { errors: &mut errors, progress: &mut progress, pause: Duration::ZERO };
    let cut = shop.service().run_import(MERCHANT, import.clone(), Cursor::new(text), watch).unwrap();
    let bad = String::from_utf8(errors).unwrap().lines().count() - 1;
    assert_eq!(i64::try_from(bad).unwrap(), cut.counts.bad, "each bad row is told once");
    cut
}

fn a_run_that_is_cut_goes_on_and_no_row_is_lost_or_there_twice(place: &Place) {
    let shop = &place.shop;
    let text = (0..6_000).fold("email\n".to_owned(), |mut text, number| {
        let address =
            if number % 100 == 7 { "nonsense".to_owned() } else { format!("n{number}@example.com") };
        writeln!(text, "{address}").unwrap();
        text
    });
    let import = shop.upload(new_import(false), &text).unwrap();
    let mut cut = import;
    let mut cuts = 0;
    while cut.state == ImportState::Running {
        let before = cut.counts.rows;
        cut = run_until(shop, &cut, &text, 1 + cuts % 3);
        assert!(cut.counts.rows > before || cut.state == ImportState::Done);
        cuts += 1;
    }
    assert!(cuts > 3, "{cuts}");
    assert_eq!((cut.state, cut.counts), (ImportState::Done, counts(6_000, 5_940, 0, 0, 60)));
    let mut put: Vec<_> = shop
        .read(|view| view.changes_after(0, 100))
        .iter()
        .flat_map(|item| item.change.facts.clone())
        .filter_map(|fact| if let Fact::EntryPut(fact) = fact { Some(fact.key) } else { None })
        .collect();
    put.sort_unstable();
    put.dedup();
    assert_eq!(put.len(), 5_940);
    assert_sound(shop);
}

fn undo_restores_what_each_row_replaced(place: &Place) {
    let shop = &place.shop;
    let mut old = block_email("number.1@example.com");
    old.reason = Some(reason("older"));
    let old = shop.list(old);
    shop.clock.advance(10);
    let before = shop.service().fingerprint();
    // Twice in one part, and far enough apart for two parts.
    let mut text = file(0..1_500);
    text.push_str("number.1@example.com,once more\nnumber.2@example.com,once more\n");
    let import = shop.import(&text);
    assert_eq!(import.counts, counts(1_502, 1_499, 3, 0, 0));
    shop.clock.advance(10);
    let undone = shop.undo_import(import.id).unwrap();
    assert_eq!(undone.import.state, ImportState::Undone);
    assert!(undone.changed_since.is_empty(), "{:?}", undone.changed_since);
    assert_eq!(undone.import.undo.changed_since, 0);
    assert_eq!(entry(shop, "number.1@example.com"), Some(old));
    assert_eq!(entry(shop, "number.2@example.com"), None);
    assert_eq!(shop.service().fingerprint(), before);
    assert_eq!(shop.undo_import(import.id).unwrap().import.undo, undone.import.undo, "once");
    assert_sound(shop);
}

fn undo_leaves_alone_what_was_changed_since(place: &Place) {
    let shop = &place.shop;
    let import = shop.import(&file(0..10));
    shop.clock.advance(10);
    let changed = entry(shop, "number.3@example.com").unwrap().id;
    let update = EntryUpdate { reason: Some(Some(reason("another"))), ..EntryUpdate::default() };
    shop.run(move |transaction, by| update_entry(transaction, by, changed, update)).unwrap();
    let deleted = entry(shop, "number.4@example.com").unwrap().id;
    shop.run(move |transaction, by| unlist_entry(transaction, by, deleted)).unwrap();
    let undone = shop.undo_import(import.id).unwrap();
    let undo = undone.import.undo;
    assert_eq!((undo.deleted, undo.restored, undo.changed_since), (8, 0, 2));
    let told = |undone: &UndoneImport| -> Vec<_> {
        let rows = undone.changed_since.iter();
        rows.map(|row| (row.entry, row.line, row.value.clone())).collect()
    };
    let expected = [(changed, Some(5), Some("number.3@example.com".to_owned())), (deleted, Some(6), None)];
    assert_eq!(told(&undone), expected);
    assert_eq!(told(&shop.undo_import(import.id).unwrap()), expected, "and again");
    assert!(is_blocked(shop, "number.3@example.com") && !is_blocked(shop, "number.5@example.com"));
    let newest = shop.read(|view| view.changes_like(&ChangeFilter::default(), i64::MAX, 1));
    let newest = newest.items.into_iter().next().unwrap().change;
    assert_eq!((newest.action, newest.subject), (Action::EntriesImportUndone, Subject::Import(import.id)));
    assert_sound(shop);
}

fn what_an_import_replaced_is_forgotten_with_the_person(place: &Place) {
    let shop = &place.shop;
    let id = shop.customer(with_email("number.1@example.com")).id;
    let mut old = block_email("number.1@example.com");
    old.reason = Some(reason("a secret word"));
    shop.list(old);
    let import = shop.import(&file(0..5));
    assert_eq!(import.counts.updated, 1);
    shop.clock.advance(10);
    shop.run(move |transaction, by| erase_customer(transaction, by, id)).unwrap();
    // Fails if anything is left: the column must not be null, and nothing can be.
    place.alter("CREATE TABLE proof (n BIGINT NOT NULL CHECK (n = 0)); INSERT INTO proof SELECT COUNT(*) FROM import_before;");
    let undone = shop.undo_import(import.id).unwrap().import.undo;
    assert_eq!((undone.deleted, undone.changed_since), (4, 1));
    assert!(is_blocked(shop, "number.1@example.com"), "the block stays in force");
    // The same file again leaves the tombstone as it is.
    let again = shop.import(&file(0..5));
    assert_eq!(again.counts, counts(5, 4, 0, 1, 0));
    assert_eq!(entry(shop, "number.1@example.com").unwrap().value, None);
    assert_sound(shop);
}

fn trimmed_imports_are_not_undone_and_leave_nothing_behind(place: &Place) {
    let shop = &place.shop;
    shop.list(block_email("number.1@example.com"));
    let import = shop.import(&file(0..5));
    assert_eq!(import.counts.updated, 0);
    let changed = entry(shop, "number.2@example.com").unwrap().id;
    shop.run(move |transaction, by| unlist_entry(transaction, by, changed)).unwrap();
    assert_eq!(shop.undo_import(import.id).unwrap().changed_since.len(), 1);
    let import = shop.import("email,reason\nnumber.1@example.com,another\nnumber.9@example.com,new\n");
    shop.clock.advance(10);
    shop.trim(Trimming { kept: 0, least: 1, ..Trimming::before(shop.now()) });
    assert!(matches!(shop.undo_import(import.id), Err(ImportError::Trimmed)));
    place.alter("CREATE TABLE proof (n BIGINT NOT NULL CHECK (n = 0)); INSERT INTO proof SELECT COUNT(*) FROM import_before; INSERT INTO proof SELECT COUNT(*) FROM import_left;");
    assert!(is_blocked(shop, "number.9@example.com"));
    assert_sound(shop);
}

fn exported(shop: &Shop, format: ImportFormat) -> String {
    let mut file = Vec::new();
    let what = Export { list: List::Block, kind: None, format };
    shop.service().export_entries(MERCHANT, what, &mut file).unwrap();
    String::from_utf8(file).unwrap()
}

fn an_export_imports_again_unchanged(place: &Place) {
    let shop = &place.shop;
    shop.import(&file(0..2_100));
    let mut odd = block_email("odd@example.com");
    odd.reason = Some(reason("=cmd|' /C calc'!A0"));
    odd.expires_at = Some("2027-01-01T00:00:00.123456Z".parse().unwrap());
    shop.list(odd);
    let revision = shop.service().readiness().revision;
    let csv = exported(shop, ImportFormat::Csv);
    assert!(csv.contains(",'=cmd|' /C calc'!A0,"), "no formula");
    let again = shop.import(&csv);
    assert_eq!((again.state, again.counts), (ImportState::Done, counts(2_101, 0, 0, 2_101, 0)));
    let lines = exported(shop, ImportFormat::Ndjson);
    let as_lines = NewImport { format: ImportFormat::Ndjson, ..new_import(false) };
    assert_eq!(shop.import_as(as_lines, &lines).counts, counts(2_101, 0, 0, 2_101, 0));
    assert_eq!(shop.service().readiness().revision, revision);
}

fn requests_and_files_are_known_again(place: &Place) {
    let shop = &place.shop;
    let request = Some(shop.service().import_request("the key"));
    let new = NewImport { request, ..new_import(false) };
    let first = shop.upload(new, &file(0..5)).unwrap();
    assert_eq!(shop.upload(new, &file(0..5)).unwrap().id, first.id, "the same request");
    assert_eq!(shop.upload(new_import(false), &file(0..5)).unwrap().id, first.id, "the same file");
    assert!(matches!(shop.upload(new, &file(0..6)), Err(ImportError::OtherFile)));
    shop.service().work_on_imports().unwrap();
    assert_eq!(shop.upload(new, &file(0..5)).unwrap().id, first.id, "a replay when it is done");
    assert_ne!(shop.upload(new_import(false), &file(0..5)).unwrap().id, first.id, "another run");
    let allow = NewImport { list: List::Allow, ..new_import(false) };
    assert_ne!(shop.upload(allow, &file(0..5)).unwrap().id, first.id);
    shop.service().work_on_imports().unwrap();
    shop.service().tidy_imports().unwrap();
    let mut refused = shop.service().begin_upload_of(100).unwrap();
    assert!(refused.write(&[b'x'; 101]).is_err());
    drop(refused);
    let left = std::fs::read_dir(shop.folder.path().join("imports/test")).unwrap().flatten();
    let names: Vec<_> = left.map(|file| file.file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| name.ends_with(".errors.csv")), "{names:?}");
}

fn another_merchant_sees_none_of_it(place: &Place) {
    let shop = &place.shop;
    let import = shop.import(&file(0..5));
    let other = MerchantNumber(2);
    let theirs = shop.service().store().read_blocking(|view| view.merchant(other).import(import.id)).unwrap();
    assert_eq!(theirs, None);
    let cancelled = block_on(shop.service().cancel_import(other, import.id));
    assert!(matches!(cancelled, Err(ImportError::NotFound)));
    let caller = Caller { merchant: other, ..shop.caller() };
    assert!(matches!(block_on(shop.service().undo_import(&caller, import.id)), Err(ImportError::NotFound)));
}

fn what_has_ended_is_a_bad_row_unless_it_is_so_already(place: &Place) {
    let shop = &place.shop;
    let mut ending = block_email("ending@example.com");
    // As a chargeback had ended exemptions: within a millisecond, of which a file has none.
    ending.expires_at = Some(Timestamp::from_micros(shop.now().micros() + 5_000_123));
    shop.list(ending);
    shop.clock.advance(60);
    let ended = shop.now().plus_seconds(-30);
    let text = exported(shop, ImportFormat::Csv) + &format!("email,late@example.com,,,,,,,{ended},,,,\n");
    let import = shop.import(&text);
    assert_eq!(import.counts, counts(2, 0, 0, 1, 1));
    let errors = std::fs::read_to_string(shop.service().import_errors(import.id).unwrap()).unwrap();
    assert!(errors.contains("3,expiresAt,must lie in the future"), "{errors}");
    // As it came, and in the order of the file; over a run that goes on, too.
    let text = format!("email,reason,expiresAt\nbad\nlate@example.com,why,{ended}\nworse\n");
    let import = shop.import(&text);
    assert_eq!(import.counts, counts(3, 0, 0, 0, 3));
    let errors = std::fs::read_to_string(shop.service().import_errors(import.id).unwrap()).unwrap();
    let told: Vec<&str> = errors.lines().skip(1).collect();
    assert!(told[0].starts_with("2,") && told[2].starts_with("4,") && told.len() == 3, "{errors}");
    assert_eq!(told[1], format!("3,expiresAt,must lie in the future,\"late@example.com,why,{ended}\""));
}

/// A process that is gone took its place with it: the next one goes on, and one whose file is gone says so.
#[test]
fn the_next_start_goes_on() {
    let shop = Shop::new();
    let text = file(0..100);
    let import = shop.upload(new_import(false), &text).unwrap();
    let lost = shop.upload(new_import(false), &file(200..210)).unwrap();
    std::fs::remove_file(shop.folder.path().join(format!("imports/test/{}.rows", lost.id))).unwrap();
    let next = open(shop.folder.path(), &shop.clock, &shop.random);
    next.service(Mode::Test).work_on_imports().unwrap();
    assert_eq!(shop.import_of(import.id).state, ImportState::Done);
    let lost = shop.import_of(lost.id);
    assert_eq!(
        (lost.state, lost.problem.as_deref()),
        (ImportState::Failed, Some("its file is gone: send it again"))
    );
}
