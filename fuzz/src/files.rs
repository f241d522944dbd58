//! Bytes as a file of entries.

use std::collections::BTreeSet;
use std::sync::Mutex;

use interdict_app::{FileRows, NewEntry, RowDefaults};
use interdict_domain::entry::List;
use interdict_domain::identifier::{Kind, PhoneRegion};
use interdict_domain::import::ImportFormat;
use interdict_domain::window::Window;

/// More reasons than there are: one that repeats a value has as many forms as there are values.
const REASONS_MAX: usize = 100;
/// Those that were given. What a fuzzer feeds it learns from us, so that a row may well be a part of a reason.
static REASONS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Asserts that each row is an entry in canonical form, or bad for a reason that repeats nothing; in the order of the
/// file.
pub fn rows(format: ImportFormat, bytes: &[u8]) {
    let phone_region = PhoneRegion::parse("NG").ok();
    let defaults = RowDefaults { list: List::Block, kind: Kind::Email, phone_region };
    let Ok(mut rows) = FileRows::open(format, bytes, defaults) else { return };
    let mut before = 0;
    while let Ok(Some((line, row))) = rows.next_row() {
        assert!(line > before, "rows go forward");
        before = line;
        match row {
            Ok(new) => good(&new),
            Err(bad) => {
                assert!(bad.line == line && !bad.reason.is_empty());
                let mut reasons = REASONS.lock().expect("no run has failed");
                // Some count cells.
                reasons.insert(bad.reason.replace(|letter: char| letter.is_ascii_digit(), ""));
                assert!(reasons.len() <= REASONS_MAX, "a value is repeated: {reasons:?}");
            }
        }
    }
}

fn good(new: &NewEntry) {
    let identifier = &new.identifier;
    let again = identifier.kind().normalise(identifier.value());
    assert_eq!(again.as_deref(), Ok(identifier.value()));
    assert_eq!(new.list, List::Block);
    assert!(Window::new(new.starts_at, new.expires_at).is_ok());
}
