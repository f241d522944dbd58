//! A thousand people are erased from among as many who stay: no byte of theirs is left in any file, every
//! block of theirs stays in force, and the chain is valid (invariant 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use interdict_app::store::StorageError;
use interdict_app::{
    Answer, App, NamedIdentifier, NewListStatus, NewPersonBlock, Place, ProfileUpdate, Refusal,
    RestrictionUpdate, UseCaseError, block_person, erase_forgotten_customer, restrict_customer,
    set_list_status, unlist_entry, update_customer,
};
use interdict_domain::customer::{ListStatus, Profile};
use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::{CustomerId, SuggestionId};
use interdict_domain::mode::Mode;
use interdict_domain::person::{PersonTerms, Suggestion, SuggestionState};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{Metadata, Name, PublicMessage, Reason};
use interdict_test_support::wait_until;
use serde_json::{Map, Value, json};
use support::{
    MERCHANT, Shop, block_on, by, by_email, decide, email, merchant_ref, new_entry, phone, reason,
};

const PEOPLE: usize = 1_000;

/// In each text of somebody who is erased, and in none of anybody else.
const MARK: &str = "erasable";

/// Somebody, and what was done about them.
struct Person {
    id: CustomerId,
    erasable: bool,
    number: usize,
    first_email: String,
    email: String,
    phone: String,
    merchant_ref: String,
}

impl Person {
    fn is(&self, nth: usize) -> bool {
        self.number % 10 == nth
    }
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn profile(mark: &str, number: usize) -> Profile {
    // Now and then more than fits a page.
    let note =
        format!("{mark} says {number} ").repeat(if number.is_multiple_of(7) { 400 } else { 1 + number % 9 });
    Profile {
        email: Some(email(&format!("{mark}.{number}@mail.example"))),
        phone: Some(phone(&phone_of(mark, number))),
        name: (number.is_multiple_of(2)).then(|| Name::parse(&format!("{mark} Name {number}")).unwrap()),
        first_name: Some(Name::parse(&format!("{mark} First {number}")).unwrap()),
        last_name: Some(Name::parse(&format!("{} Last {number}", mark.to_uppercase())).unwrap()),
        merchant_ref: Some(merchant_ref(&format!("ref-{mark}-{number}"))),
        addresses: interdict_domain::text::Addresses {
            billing: Some(map(&json!({ "line1": format!("{number} {mark} street") }))),
            shipping: None,
        },
        metadata: Metadata::parse(map(&json!({ "note": note }))).unwrap(),
        ..Profile::default()
    }
}

fn phone_of(mark: &str, number: usize) -> String {
    format!("+23480{}{number:05}", if mark == MARK { "310" } else { "320" })
}

/// Creates somebody by a call that carries an idempotency key, and does to them what their number says.
fn live(shop: &Shop, erasable: bool, number: usize) -> Person {
    let mark = if erasable { MARK } else { "keeper" };
    let first = profile(mark, number);
    let id = create(shop, first, mark, number);
    let first_email = format!("{mark}.{number}@mail.example");
    let mut person = Person {
        id,
        erasable,
        number,
        email: first_email.clone(),
        first_email,
        phone: phone_of(mark, number),
        merchant_ref: format!("ref-{mark}-{number}"),
    };
    if person.number.is_multiple_of(3) {
        person.email = format!("{mark}.again.{number}@other.example");
        let update = ProfileUpdate {
            email: Some(Some(email(&person.email))),
            name: Some(Some(Name::parse(&format!("{mark} renamed {number}")).unwrap())),
            ..ProfileUpdate::default()
        };
        shop.run(move |transaction, by| update_customer(transaction, by, id, update)).unwrap();
    }
    block_as_said(shop, &person, mark);
    person
}

fn block_as_said(shop: &Shop, person: &Person, mark: &str) {
    let (id, why) = (person.id, reason(&format!("{mark} was seen {}", person.number)));
    let entry_on = |list, value: &str| -> Entry {
        let mut new = new_entry(list, Kind::Email, value);
        new.reason = Some(why.clone());
        new.public_message = Some(PublicMessage::parse(&format!("dear {mark} {}", person.number)).unwrap());
        shop.list(new)
    };
    match person.number % 10 {
        0 => {
            let update = RestrictionUpdate { cit: Some(true), mit: None, reason: Some(Some(why)) };
            shop.run(move |transaction, by| restrict_customer(transaction, by, id, update)).unwrap();
        }
        1 => {
            let status = ListStatus::Blacklisted;
            let new = NewListStatus { status, reason: Some(why), scopes: Scopes::BOTH, expires_at: None };
            shop.run(move |transaction, by| set_list_status(transaction, by, id, new)).unwrap();
        }
        2 => drop(entry_on(List::Block, &person.email)),
        // On the email that the customer had before.
        3 => drop(entry_on(List::Block, &person.first_email)),
        4 => drop(entry_on(List::Allow, &person.email)),
        5 => {
            // Listed, listed again with another reason, and deleted.
            entry_on(List::Block, &person.email);
            let entry = entry_on(List::Block, &person.email);
            shop.run(move |transaction, by| unlist_entry(transaction, by, entry.id)).unwrap();
        }
        7 => block_whole(shop, person, mark, why),
        6 => drop(shop.list(new_entry(List::Block, Kind::Phone, &person.phone))),
        _ => {}
    }
}

fn device_of(mark: &str, number: usize) -> String {
    format!("{mark}-device-{number}")
}

/// As a person, with a device, and with what may be theirs and what somebody said is not.
fn block_whole(shop: &Shop, person: &Person, mark: &str, why: Reason) {
    let named = |kind, value: &str| NamedIdentifier {
        identifier: Identifier::parse(kind, value).unwrap(),
        place: Place::OfCustomer,
    };
    let new = NewPersonBlock {
        identifiers: vec![
            named(Kind::Email, &person.email),
            named(Kind::Device, &device_of(mark, person.number)),
        ],
        left_out: Vec::new(),
        terms: PersonTerms {
            reason: Some(why),
            reason_code: None,
            public_message: Some(PublicMessage::parse(&format!("dear {mark}")).unwrap()),
            scopes: Scopes::BOTH,
            expires_at: None,
        },
        source: EntrySource::Api,
    };
    let others = [SuggestionState::Open, SuggestionState::Refused]
        .map(|state| (state, named(Kind::Device, &format!("{mark}-{}-{}", state.as_str(), person.number))));
    shop.run(move |transaction, by| {
        let blocked = block_person(transaction, by, new).map_err(|_| UseCaseError::ChangedMeanwhile)?;
        for (state, NamedIdentifier { identifier, .. }) in others {
            transaction.put_suggestion(&Suggestion {
                id: SuggestionId::generate(by.now, by.random),
                person: blocked.row.person.id,
                kind: identifier.kind(),
                key: transaction.view().key_of(&identifier),
                value: Some(identifier.value().to_owned()),
                state,
                held_back: None,
                matched: Some(Kind::Email),
                seen: 1,
                first_decision: None,
                last_decision: None,
                created_at: by.now,
                last_seen_at: by.now,
                settled: (state == SuggestionState::Refused).then(|| (by.now, by.actor.clone())),
            })?;
        }
        Ok(())
    })
    .unwrap();
}

fn create(shop: &Shop, profile: Profile, mark: &str, number: usize) -> CustomerId {
    let service = shop.service();
    let key = format!("create {mark} {number}");
    let replayable = service.replayable("POST", "/v1/customers", &key, "", mark.as_bytes());
    let mutated =
        block_on(service.mutate(&shop.caller(), Some(replayable), Vec::new(), move |transaction, by| {
            let customer = interdict_app::create_customer(transaction, by, profile).map_err(|error| {
                let UseCaseError::Storage(error) = error else { panic!("{error}") };
                Refusal::Storage(error)
            })?;
            Ok(Answer {
                status: 201,
                body: serde_json::to_vec(&customer).unwrap(),
                subject: Some(customer.id.to_string()),
                identifier: None,
                ..Answer::default()
            })
        }))
        .unwrap();
    serde_json::from_slice::<Value>(&mutated.answer.body).unwrap()["id"].as_str().unwrap().parse().unwrap()
}

/// How often any value of an erased person stands in any file of the folder, and in which.
fn left_behind(folder: &Path) -> Vec<(String, usize)> {
    let phones = phone_of(MARK, 0);
    let marks = [MARK.as_bytes(), &phones.as_bytes()[1..9]];
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        // By a process of its own: closing a file here would end all locks that SQLite holds on it here.
        let mut bytes = Command::new("cat").arg(file.path()).output().unwrap().stdout;
        bytes.make_ascii_lowercase();
        let count =
            marks.iter().map(|mark| bytes.windows(mark.len()).filter(|window| window == mark).count()).sum();
        if count > 0 {
            found.push((file.file_name().into_string().unwrap(), count));
        }
    }
    found
}

/// Texts with a mark that are kept beside the index that is searched.
fn indexed(file: &Path, mark: &str) -> i64 {
    let beside = rusqlite::Connection::open(file).unwrap();
    let count = |of: &str| -> i64 {
        let read = format!("SELECT COUNT(*) FROM search_{of}_row WHERE text LIKE '%' || ?1 || '%'");
        beside.query_row(&read, [mark], |row| row.get(0)).unwrap()
    };
    count("customer") + count("entry")
}

/// Rows that the index itself has for a mark, by its groups of three letters.
fn indexed_groups(file: &Path, mark: &str) -> i64 {
    let beside = rusqlite::Connection::open(file).unwrap();
    let groups: Vec<String> = mark
        .as_bytes()
        .windows(3)
        .map(|group| format!("\"{}\"", std::str::from_utf8(group).unwrap()))
        .collect();
    let count = |of: &str| -> i64 {
        let read = format!("SELECT COUNT(*) FROM search_{of} WHERE search_{of} MATCH ?1");
        beside.query_row(&read, [groups.join(" AND ")], |row| row.get(0)).unwrap()
    };
    count("customer") + count("entry")
}

fn assert_totals(shop: &Shop) {
    let read = shop.service().store().read_blocking(|view| {
        let view = view.merchant(shop.caller().merchant);
        Ok::<_, StorageError>((view.totals()?, view.totals_counted()?))
    });
    let (kept, counted) = read.unwrap();
    assert_eq!(kept, counted);
}

fn assert_decisions(shop: &Shop, people: &[Person], erased: bool) {
    let again = shop.reopened();
    let mark = |person: &Person| if person.erasable { MARK } else { "keeper" };
    let devices: Vec<String> = people.iter().map(|person| device_of(mark(person), person.number)).collect();
    for service in [shop.service(), again.service(Mode::Test)] {
        let blocks = |attempt| decide(service, shop.now(), &attempt).unwrap().blocks();
        for (person, device) in people.iter().zip(&devices) {
            let number = person.number;
            let own = person.is(0) || person.is(1);
            let allowed = [
                (
                    own || person.is(2) || person.is(7) || (person.is(3) && number % 3 != 0),
                    by_email(&person.email),
                ),
                (
                    own && person.email == person.first_email
                        || person.is(3)
                        || ((person.is(2) || person.is(7)) && number % 3 != 0),
                    by_email(&person.first_email),
                ),
                (own || person.is(6), by(Kind::Phone, &person.phone)),
            ];
            for (blocked, attempt) in allowed {
                assert_eq!(blocks(attempt.clone()), blocked, "{number} {:?}", attempt.identifiers[0].0);
            }
            // Nobody else's device says anything about anybody, and the log would keep it.
            if person.is(7) {
                assert!(blocks(by(Kind::Device, device)), "{number} by device");
            }
            // A ref names the customer, who brings the email and the phone along; once erased, it stands
            // for itself.
            if erased && person.erasable {
                assert_eq!(blocks(by(Kind::MerchantRef, &person.merchant_ref)), own, "{number} by ref");
            }
        }
    }
    assert_eq!(shop.service().fingerprint(), again.service(Mode::Test).fingerprint());
}

/// Erases people by calls that come at once; returns how many blocks stay.
fn erase_together(shop: &Shop, ids: &[CustomerId]) -> i64 {
    std::thread::scope(|scope| {
        let erase = |id| {
            let forgotten = block_on(shop.service().forget_in_log(MERCHANT, id)).unwrap();
            let erase =
                shop.run(move |transaction, by| erase_forgotten_customer(transaction, by, id, &forgotten));
            erase.unwrap()
        };
        let calls: Vec<_> = ids.iter().map(|id| scope.spawn(move || erase(*id).blocks_kept)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).sum()
    })
}

#[test]
fn a_thousand_people_leave_no_byte_and_every_block() {
    let shop = Shop::new();
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(live(&shop, true, number));
        people.push(live(&shop, false, number));
    }
    assert_decisions(&shop, &people, false);
    let before = shop.service().store().verify_chain(&mut |_| {}).unwrap();
    assert_eq!((before.erased, before.fault), (0, None));
    assert!(!left_behind(shop.folder.path()).is_empty(), "the search finds what is there");
    let file = App::file(shop.folder.path(), "test");
    // Customers and what they are found by: erased once it stands there, and again while it does not yet.
    wait_until(|| indexed(&file, MARK) >= 1_000, Duration::from_mins(1)).unwrap();

    let erasable: Vec<_> = people.iter().filter(|person| person.erasable).map(|person| person.id).collect();
    let kept: i64 = erasable.chunks(64).map(|ids| erase_together(&shop, ids)).sum();
    assert_eq!(left_behind(shop.folder.path()), []);
    // Restricted and blacklisted: on email, phone and ref. Entries: on an email or a phone. Persons: on an email and a device.
    assert_eq!(kept, (2 * 3 + 3 + 2) * 100);
    assert_decisions(&shop, &people, true);
    assert_eq!(left_behind(shop.folder.path()), []);

    assert_eq!((indexed(&file, MARK), indexed_groups(&file, MARK)), (0, 0));
    assert!(indexed_groups(&file, "keeper") >= 1_000);
    assert_totals(&shop);

    let after = shop.service().store().verify_chain(&mut |_| {}).unwrap();
    assert_eq!(after.fault, None);
    assert_eq!(after.changes, before.changes + 1_000);
    assert_eq!(after.erased, before.personal / 2);
    assert_eq!(after.personal, before.personal - after.erased);
}

#[test]
fn a_reader_in_the_way_delays_the_cut_of_the_log_and_no_write() {
    let shop = Shop::new();
    let people: Vec<Person> = (0..40).map(|number| live(&shop, true, number)).collect();
    let reader = rusqlite::Connection::open(App::file(shop.folder.path(), "test")).unwrap();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM customer").unwrap();
    let ids: Vec<CustomerId> = people.iter().map(|person| person.id).collect();
    erase_together(&shop, &ids);
    assert_ne!(left_behind(shop.folder.path()), [], "the reader's own moment is still there");
    let rows: i64 = reader.query_row("SELECT COUNT(*) FROM customer", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 40);
    drop(reader);
    wait_until(|| left_behind(shop.folder.path()).is_empty(), Duration::from_secs(20)).unwrap();
}
