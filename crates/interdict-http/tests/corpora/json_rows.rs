//! JSONTestSuite in a file of entries: each text as a row, and as the value of a row's field. What is malformed is a bad
//! row for that reason, what is well-formed never is, and no row spoils another.
//!
//! Deliberately not here: the suite as bodies of calls ([`crate::json_bodies`]).

use interdict_app::{FileRows, RowDefaults};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;

use crate::corpus;
use crate::json_bodies::texts;
use crate::naughty_files::import;
use crate::shop::Shop;

/// What a row is told that is no JSON.
const MALFORMED: [&str; 2] = ["must be one JSON object on one line", "must be UTF-8"];
/// A longer one ends the import, whatever it says: two of the suite.
const ROW_BYTES_MAX: usize = 65_536;

/// The texts that one line can hold.
fn lines() -> Option<Vec<(String, Vec<u8>)>> {
    let mut texts = texts(&corpus("json")?);
    texts.retain(|(_, bytes)| {
        !bytes.trim_ascii().is_empty() && !bytes.contains(&b'\n') && bytes.len() < ROW_BYTES_MAX
    });
    assert!(texts.len() > 290, "only {} texts", texts.len());
    Some(texts)
}

/// As a field of a row that is good otherwise.
fn within(text: &[u8]) -> Vec<u8> {
    [br#"{"reason":"#, text, br#","value":"d-1"}"#].concat()
}

/// What a row of a file is told; none when it is taken.
fn refusal(row: &[u8]) -> Option<String> {
    let defaults = RowDefaults { list: List::Block, kind: Kind::Device, phone_region: None };
    // The first row of a file may begin with a mark that is no part of it.
    let file = [br#"{"value":"the first"}"#, row].join(&b'\n');
    let mut rows = FileRows::open(ImportFormat::Ndjson, file.as_slice(), defaults).unwrap();
    rows.next_row().unwrap();
    let (_, read) = rows.next_row().unwrap().expect("a row");
    read.err().map(|bad| bad.reason)
}

#[test]
fn a_row_is_malformed_where_the_suite_says_so() {
    let Some(texts) = lines() else { return };
    let mut wrong = Vec::new();
    for (name, text) in &texts {
        for row in [text.clone(), within(text)] {
            let refusal = refusal(&row);
            let is_malformed = refusal.as_deref().is_some_and(|reason| MALFORMED.contains(&reason));
            let is_right = match name.get(..2) {
                Some("n_") => is_malformed,
                // By itself it is a row only if it is an object.
                Some("y_") => !is_malformed || (row == *text && !text.trim_ascii().starts_with(b"{")),
                _ => true,
            };
            if !is_right {
                wrong.push(format!("{name}: {refusal:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_file_of_them_is_imported_row_by_row() {
    let Some(texts) = lines() else { return };
    let shop = Shop::open().await;
    let mut rows: Vec<Vec<u8>> = texts.iter().flat_map(|(_, text)| [text.clone(), within(text)]).collect();
    rows.push(br#"{"value":"the last"}"#.to_vec());
    let file = rows.join(&b'\n');
    let done = import(&shop, "application/x-ndjson", file).await;
    assert_eq!(done["rows"].as_u64(), Some(rows.len() as u64), "{done}");
    let last = r#"{"initiator":"customer","device":"the last"}"#;
    let decision = shop.secret().post_text("/v1/decisions", last).await.expect(200);
    assert_eq!(decision["code"], "identifier_blacklisted");
}
