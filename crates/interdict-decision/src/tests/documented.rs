//! What `docs/identifiers.md` shows of each kind, example by example: what is listed matches what the page says that it
//! matches, and nothing that the page says it does not.
//!
//! Deliberately not here: the order of the tiers, which stands beside it (`order.rs`).

use interdict_domain::entry::List;
use interdict_domain::identifier::{EmailMatching, Identifier, Kind, PhoneRegion};

use super::ranges::{asked, widened};
use super::world::*;
use crate::Code;

const PAGE: &str = include_str!("../../../../docs/identifiers.md");

/// The rows of the table that begins with a head, as cells.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let rows: Vec<Vec<&str>> = PAGE
        .lines()
        .skip_while(|line| !line.starts_with(head))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 2, "{head}");
    rows
}

/// The examples of a cell.
fn examples(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Under what an example comes in: addresses are looked up by their domains.
fn kind_of(kind: Kind, example: &str) -> Kind {
    if kind == Kind::EmailDomain && !example.starts_with('@') && example.contains('@') {
        Kind::Email
    } else {
        kind
    }
}

/// Whether an attempt with one of them is blocked by an entry on the other.
fn is_blocked(kind: Kind, listed: &str, example: &str) -> bool {
    let listed = kind.normalise(listed).unwrap();
    let kind_of_it = kind_of(kind, example);
    let value = kind_of_it.normalise(example).unwrap_or_else(|_| panic!("{example} is refused"));
    let index = index(&[put(entry(List::Block, 1, kind, &listed))]);
    let lookups = widened(index.reaches(OURS), &[(kind_of_it, &value, true)]);
    asked(&index, &lookups).code == Code::IdentifierBlacklisted
}

#[test]
fn each_kind_matches_what_its_documentation_says_and_nothing_else() {
    let rows = rows("| kind | what it takes |");
    for kind in Kind::ALL {
        assert!(rows.iter().any(|row| examples(row[0]) == [kind.as_str()]), "{} has no row", kind.as_str());
    }
    for row in rows {
        let [kind, _, listed, matches, others, refused] = row[..] else { panic!("{row:?}") };
        let kind = Kind::parse(examples(kind)[0]).unwrap();
        let [listed] = examples(listed)[..] else { panic!("one is listed: {listed}") };
        for (cell, blocks) in [(matches, true), (others, false)] {
            assert!(!examples(cell).is_empty(), "{row:?}");
            for example in examples(cell) {
                assert_eq!(is_blocked(kind, listed, example), blocks, "{} {example}", kind.as_str());
            }
        }
        assert!(!refused.is_empty(), "{row:?}");
        for example in examples(refused).into_iter().filter(|example| *example != "phoneRegion") {
            let listed = Identifier::parse(kind, example).and_then(Identifier::listable);
            assert!(listed.is_err(), "{} {example}", kind.as_str());
        }
    }
}

#[test]
fn phones_are_read_as_the_documentation_says() {
    let region = PhoneRegion::parse("NG").ok();
    for row in rows("| sent, with `phoneRegion` `NG` |") {
        let read = examples(row[1]);
        for sent in examples(row[0]) {
            let ours = Kind::Phone.normalise_in(sent, || region).ok();
            let shown = read.first().copied().filter(|_| !row[1].starts_with("refused"));
            assert_eq!(ours.as_deref(), shown, "{sent}");
        }
    }
}

#[test]
fn mailboxes_are_shown_as_the_documentation_says() {
    for row in rows("| `emailMatching` |") {
        let matching = EmailMatching::parse(examples(row[0])[0]).unwrap();
        assert_eq!(examples(row[2]), [&*matching.fold("john.doe+a@gmail.com")], "{row:?}");
    }
}
