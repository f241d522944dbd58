//! What a file says, and that a file of entries says them again.

use std::io::BufReader;

use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Identifier, IdentifierKey, Kind};
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::limits::Limits;
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;
use proptest::prelude::*;
use proptest::sample::select;

use super::{BadRow, FileError, ROW_BYTES_MAX, RowDefaults};
use crate::entry_csv::{CsvEntries, CsvRows};
use crate::entry_ndjson::{self, NdjsonRows};
use crate::list_entry::NewEntry;

const DEFAULTS: RowDefaults = RowDefaults { list: List::Block, kind: Kind::Email, phone_region: None };

type Read = Vec<(i64, Result<NewEntry, BadRow>)>;

fn csv(text: &[u8]) -> Result<Read, FileError> {
    csv_on(List::Block, text)
}

fn csv_on(list: List, text: &[u8]) -> Result<Read, FileError> {
    let defaults = RowDefaults { list, ..DEFAULTS };
    let (mut rows, mut read) = (CsvRows::open(text, defaults)?, Vec::new());
    while let Some(row) = rows.next_row()? {
        read.push(row);
    }
    Ok(read)
}

fn ndjson(text: &[u8]) -> Result<Read, FileError> {
    ndjson_on(List::Block, text)
}

fn ndjson_on(list: List, text: &[u8]) -> Result<Read, FileError> {
    let defaults = RowDefaults { list, ..DEFAULTS };
    let (mut rows, mut read) = (NdjsonRows::open(BufReader::new(text), defaults), Vec::new());
    while let Some(row) = rows.next_row()? {
        read.push(row);
    }
    Ok(read)
}

fn bad(read: &Read) -> Vec<(i64, &str, &str)> {
    let bad = read.iter().filter_map(|(line, row)| Some((*line, row.as_ref().err()?)));
    bad.map(|(line, bad)| (line, bad.column.as_str(), bad.reason.as_str())).collect()
}

/// As spreadsheets of many countries write them; what stands in the cells is no separator.
#[test]
fn cells_are_separated_as_the_names_of_the_head_are() {
    for separator in [",", ";", "\t"] {
        let rows = [["email", "reason", "scopes"], ["a@example.com", "\"a,b;c\td\"", "cit"]];
        let text = rows.map(|row| row.join(separator)).join("\r\n");
        for head in ["", "\u{feff}"] {
            let read = csv(format!("{head}{text}").as_bytes()).unwrap();
            let (line, entry) = (read[0].0, read[0].1.as_ref().unwrap());
            assert_eq!((line, entry.identifier.value()), (2, "a@example.com"), "{separator:?}");
            assert_eq!(entry.reason.as_ref().unwrap().as_str(), "a,b;c\td");
        }
    }
    // One column has no separator, and whatever its cells hold is theirs.
    let read = csv(b"email\na@example.com;b@example.com\n").unwrap();
    assert_eq!(bad(&read).len(), 1);
    // Quoted names are names, and a name that is not known is not guessed at.
    assert!(csv(b"\"email\";\"reason\"\na@example.com;x\n").unwrap()[0].1.is_ok());
    for head in ["email;note", "email|reason", "email;reason,scopes"] {
        assert!(matches!(csv(head.as_bytes()), Err(FileError::UnknownColumn { .. })), "{head}");
    }
}

#[test]
fn columns_come_in_any_order_and_most_may_be_missing() {
    let text =
        "\u{feff}reason,email,scopes\r\nseen\r\nbefore,ADA@example.com,mit\r\n\r\n\r\n,ben@example.com,";
    let text = text.replace("seen\r\nbefore", "\"seen\r\nbefore\"");
    let read = csv(text.as_bytes()).unwrap();
    let ada = read[0].1.as_ref().unwrap();
    assert_eq!((read[0].0, ada.identifier.value()), (2, "ada@example.com"));
    assert_eq!((ada.reason.as_ref().unwrap().as_str(), ada.scopes), ("seen\r\nbefore", Scopes::MIT));
    let ben = read[1].1.as_ref().unwrap();
    assert_eq!(read[1].0, 6, "behind two empty lines");
    assert_eq!((&ben.reason, ben.scopes, ben.strength), (&None, Scopes::BOTH, None));
}

#[test]
fn a_file_with_a_column_that_means_nothing_is_refused_as_a_whole() {
    let refused = |text: &str| csv(text.as_bytes()).unwrap_err().to_string();
    let unknown = refused("value,note\na@example.com,x\n");
    assert!(
        unknown.starts_with("column 2 is not known") && unknown.contains("value, email, emailDomain, phone,")
    );
    assert!(refused("email|reason\n").starts_with("column 1 is not known"));
    assert!(refused("email,email\n").starts_with("column 2"), "twice");
    assert!(refused("email,value\n").starts_with("two columns"));
    assert!(refused("reason\n").starts_with("no column has the values"));
    assert!(refused("").starts_with("the file is empty"));
    assert!(refused("\u{fffd}v\n").starts_with("column 1"));
    // UTF-16, as a spreadsheet may save it.
    assert!(csv(b"\xff\xfev\0a\0l\0u\0e\0\n\0").is_err());
}

#[test]
fn each_bad_row_is_told_with_its_line_and_without_its_value() {
    let text = b"value,kind,reason,reasonCode,scopes,strength,startsAt,expiresAt\n\
        nonsense,,,,,,,\n\
        a@example.com,shoe,,,,,,\n\
        a@example.com,email,4242 4242 4242 4242,,,,,\n\
        a@example.com,,,theft,,,,\n\
        a@example.com,,,,all,,,\n\
        a@example.com,,,,,weak,,\n\
        a@example.com,,,,,,tomorrow,\n\
        a@example.com,,,,,,2027-01-02T00:00:00Z,2027-01-01T00:00:00Z\n\
        a@example.com,,\xff,,,,,\n\
        \"a@example.com\n\",,,,,,,\n\
        ,,,,,,,\n\
        a@example.com\n";
    let read = csv(text).unwrap();
    let columns: Vec<(i64, &str)> = bad(&read).iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(
        columns,
        [
            (2, "value"),
            (3, "kind"),
            (4, "reason"),
            (5, "reasonCode"),
            (6, "scopes"),
            (7, "strength"),
            (8, "startsAt"),
            (9, "expiresAt"),
            (10, "reason"),
            (13, "value"),
            (14, ""),
        ]
    );
    for (_, _, reason) in bad(&read) {
        for value in ["nonsense", "4242", "theft", "tomorrow", "weak"] {
            assert!(!reason.contains(value), "{reason}");
        }
    }
}

#[test]
fn a_quotation_mark_that_nobody_closes_does_not_take_the_file() {
    let mut text = b"email,reason\na@example.com,x\nb@example.com,\"open".to_vec();
    text.extend(vec![b'x'; 10 * ROW_BYTES_MAX]);
    let mut rows = CsvRows::open(&text[..], DEFAULTS).unwrap();
    assert!(rows.next_row().unwrap().unwrap().1.is_ok());
    assert!(matches!(rows.next_row(), Err(FileError::RowTooLong { line: 3 })));
    let long = vec![b' '; 2 * ROW_BYTES_MAX];
    assert!(matches!(ndjson(&long), Err(FileError::RowTooLong { line: 1 })));
}

/// The rows that it swallowed would be missing, and stand in a reason.
#[test]
fn a_file_that_ends_within_quotes_is_refused_with_the_line_in_which_they_open() {
    let swallowed = "email,reason\nsw1@sw.example,\"oops\nsw2@sw.example,foo\nsw3@sw.example,bar\n";
    for (text, good, opened) in [
        (swallowed, 0, 2),
        ("email\n\"unterminated@imp.example\n", 0, 2),
        ("email\n\"unterminated@imp.example", 0, 2),
        ("email\na@example.com\n\"", 1, 3),
        ("email\na@example.com\n\"\"\"", 1, 3),
        ("email,reason\n\"a@example.com\",\"closed\n\"\n\"b@example.com\",\"open \"\"\n\n\n", 1, 4),
        // The row begins in line 2, and the quote in line 3.
        ("reason,email\n\"seen\nbefore\",\"a@example.com\nb", 0, 3),
        ("\u{feff}email\r\na@example.com\r\n\"b@example.com\r\n", 1, 3),
        ("\"email\na@example.com\n", 0, 1),
        ("email,\"reason\n", 0, 1),
    ] {
        let mut taken = 0;
        let error = match CsvRows::open(text.as_bytes(), DEFAULTS) {
            Err(error) => error,
            Ok(mut rows) => loop {
                match rows.next_row() {
                    Ok(row) => taken += i32::from(row.expect(text).1.is_ok()),
                    Err(error) => break error,
                }
            },
        };
        let said = format!("the quote opened on line {opened} is never closed");
        assert!(error.to_string().starts_with(&said), "{error}: {text}");
        assert_eq!(taken, good, "{text}");
    }
    // Closed ones are cells, whatever follows them, and empty ones are no end.
    for text in [
        "email,reason\na@example.com,\"two\nlines\"",
        "email,reason\na@example.com,\"\"",
        "email,reason\na@example.com,\"x\"\n\n",
        "email,reason\na@example.com,x\"\n",
        "\u{feff}email,reason\r\na@example.com,\"x\"\"\"\r\n",
    ] {
        let read = csv(text.as_bytes()).unwrap();
        assert_eq!((read.len(), read[0].0, bad(&read)), (1, 2, vec![]), "{text}");
    }
    assert_eq!(csv(b"email\n\"\"\na@example.com\n\"\"\n").unwrap().len(), 3);
    assert!(matches!(csv(b"\n\"\"\n\n"), Err(FileError::UnknownColumn { number: 1, .. })));
}

#[test]
fn a_domain_that_would_stand_for_strangers_is_no_row() {
    let read = csv(b"emailDomain\ngithub.io\nsomebody.github.io\nco.uk\n").unwrap();
    let bad = bad(&read);
    assert_eq!(
        bad.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(),
        [(2, "emailDomain"), (4, "emailDomain")]
    );
    assert!(bad.iter().all(|(_, _, reason)| reason.contains("public suffix")), "{bad:?}");
}

/// Found by fuzzing: the file's last line break may be a cell's own.
#[test]
fn a_row_that_the_end_of_the_file_ends_begins_where_it_does() {
    for (text, lines) in [
        ("email,reason\n1,x\n2,\"closed\n\"\n", [2, 3]),
        ("email,reason\n1,x\n2,\"closed\n\"", [2, 3]),
        ("email,reason\n1,x\n\r\n2,x\n\n", [2, 4]),
        ("email,reason\n1,x\n2,a\"b\n", [2, 3]),
    ] {
        let read: Vec<i64> = csv(text.as_bytes()).unwrap().into_iter().map(|(line, _)| line).collect();
        assert_eq!(read, lines, "{text:?}");
    }
}

#[test]
fn lines_of_json_have_the_fields_of_the_api() {
    let text = br#"{"value":"ada@example.com","list":"block","kind":"email","scopes":["cit"],"reason":null}

        {"value":"ada@example.com","list":"allow"}
        {"value":"ada@example.com","value":"ben@example.com"}
        {"value":"ada@example.com","note":"x"}
        {"value":5}
        {"value":"ada@example.com","scopes":"cit"}
        ["ada@example.com"]
        {"value":"#;
    let read = ndjson(text).unwrap();
    assert_eq!(read[0].1.as_ref().unwrap().scopes, Scopes::CIT);
    let bad: Vec<(i64, &str)> = bad(&read).iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(bad, [(3, "list"), (4, "value"), (5, ""), (6, "value"), (7, "scopes"), (8, ""), (9, "")]);
}

#[test]
fn limits_are_of_an_exemption_and_of_its_currency() {
    let text = "email,maxAmount,currency,lapsesOnChargeback\na@example.com,5000,eur,true\nb@example.com,5000,,\n\
                c@example.com,,EUR,\nd@example.com,1.5,EUR,\ne@example.com,0,EUR,\nf@example.com,,,yes\n";
    let read = csv_on(List::Allow, text.as_bytes()).unwrap();
    let limits = |row: usize| read[row].1.as_ref().unwrap().limits;
    let money = |code| Money::new(5_000, Currency::parse(code).unwrap()).ok();
    assert_eq!(limits(0), Limits { max_amount: money("EUR"), lapses_on_chargeback: true });
    assert_eq!(limits(1), Limits { max_amount: money("NGN"), lapses_on_chargeback: false });
    let columns: Vec<(i64, &str)> = bad(&read).iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(columns, [(4, "currency"), (5, "maxAmount"), (6, "maxAmount"), (7, "lapsesOnChargeback")]);
    let block = csv("email,lapsesOnChargeback\na@example.com,true\n".as_bytes()).unwrap();
    assert_eq!(bad(&block)[0].1, "lapsesOnChargeback");
    let device =
        "kind,value,lapsesOnChargeback\ndevice,d,true\nemailDomain,example.com,true\ndevice,d,false\n";
    let read = csv_on(List::Allow, device.as_bytes()).unwrap();
    let refused: Vec<(i64, &str)> = bad(&read).iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(refused, [(2, "lapsesOnChargeback")], "no chargeback says whose device it is");
    let line = r#"{"value": "a@example.com", "limits": {"maxAmount": 5000, "currency": "EUR"}}
{"value": "a@example.com", "limits": {"most": 5000}}"#;
    let read = ndjson_on(List::Allow, line.as_bytes()).unwrap();
    assert_eq!(read[0].1.as_ref().unwrap().limits.max_amount, money("EUR"));
    assert_eq!(bad(&read)[0].1, "limits");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["['=+@\\-\t\r\n\",; ]{0,4}\\PC{0,12}", "\\PC{0,40}", Just(String::new())]
}

fn millis() -> impl Strategy<Value = Option<Timestamp>> {
    let moment = 1_790_000_000_000..1_890_000_000_000_i64;
    proptest::option::of(moment.prop_map(|millis| Timestamp::from_micros(millis * 1_000)))
}

prop_compose! {
    fn entry()(
        local in "[a-z0-9=+-]{1,12}",
        reason in proptest::option::of(text()),
        public_message in proptest::option::of(text()),
        code in proptest::option::of(select(ReasonCode::ALL.to_vec())),
        scopes in select(vec![Scopes::BOTH, Scopes::CIT, Scopes::MIT]),
        strength in select(Strength::ALL.to_vec()),
        from in millis(),
        until in millis(),
        matching in select(EmailMatching::ALL.to_vec()),
        amount in proptest::option::of(1..=AMOUNT_MAX),
        lapses_on_chargeback in any::<bool>(),
    ) -> Entry {
        let max_amount = amount.map(|amount| Money::new(amount, Currency::parse("EUR").unwrap()).unwrap());
        let limits = Limits { max_amount, lapses_on_chargeback };
        Entry {
            id: EntryId::from_parts(List::Allow, Ksuid::from_bytes([1; 20])),
            kind: Kind::Email,
            value: Some(matching.fold(&format!("{local}@gmail.com")).into_owned()),
            key: IdentifierKey([0; 16]),
            reason: reason.and_then(|text| Reason::parse(&text).ok()),
            reason_code: code,
            public_message: public_message.and_then(|text| PublicMessage::parse(&text).ok()),
            scopes,
            strength,
            window: Window::new(from, until).unwrap_or_default(),
            source: EntrySource::Api,
            created_by: Actor::system(),
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
            erased_customer: None,
            generation: None,
            limits,
            matching,
        }
    }
}

/// A block has no limits, and an exemption no strength of its own.
fn on(list: List, entry: Entry) -> Entry {
    let (limits, strength) = match list {
        List::Allow => (entry.limits, entry.kind.default_strength()),
        List::Block => (Limits::NONE, entry.strength),
    };
    Entry { id: EntryId::from_parts(list, entry.id.ksuid()), limits, strength, ..entry }
}

fn asked_for(entry: &Entry) -> NewEntry {
    NewEntry {
        list: entry.list(),
        identifier: Identifier::parse(entry.kind, entry.value.as_deref().unwrap()).unwrap(),
        reason: entry.reason.clone(),
        reason_code: entry.reason_code,
        public_message: entry.public_message.clone(),
        scopes: entry.scopes,
        strength: Some(entry.strength),
        starts_at: entry.window.from(),
        expires_at: entry.window.until(),
        source: EntrySource::Import,
        matching: Some(entry.matching),
        limits: entry.limits,
    }
}

proptest! {
    #[test]
    fn what_an_export_writes_an_import_reads(
        list in select(List::ALL.to_vec()),
        entries in proptest::collection::vec(entry(), 1..8),
    ) {
        let entries: Vec<Entry> = entries.into_iter().map(|entry| on(list, entry)).collect();
        let wanted: Vec<NewEntry> = entries.iter().map(asked_for).collect();
        let (mut as_csv, mut as_lines) = (Vec::new(), Vec::new());
        let mut writer = CsvEntries::begin(&mut as_csv).unwrap();
        for entry in &entries {
            writer.write(entry).unwrap();
            entry_ndjson::write(&mut as_lines, entry).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        let good = |read: Read| -> Vec<NewEntry> { read.into_iter().map(|(_, row)| row.unwrap()).collect() };
        prop_assert_eq!(&good(csv_on(list, &as_csv).unwrap()), &wanted);
        prop_assert_eq!(&good(ndjson_on(list, &as_lines).unwrap()), &wanted);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), head in any::<bool>()) {
        let mut text = if head { b"email,reason\n".to_vec() } else { Vec::new() };
        text.extend(bytes);
        let _ = (csv(&text), ndjson(&text));
    }
}
