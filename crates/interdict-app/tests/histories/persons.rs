//! Calls about persons who are blocked as a whole.

use interdict_app::{NamedIdentifier, NewPersonBlock, PersonError, Place, UseCaseError};
use interdict_domain::entry::EntrySource;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::person::PersonTerms;
use interdict_domain::text::PublicMessage;
use proptest::sample::Index;

use crate::World;
use crate::calls::{Call, Text};
use crate::support::reason;

impl World {
    pub fn make_about_persons(&mut self, call: Call) -> Result<(), UseCaseError> {
        let named = |(kind, value): (Kind, Text)| NamedIdentifier {
            identifier: Identifier::parse(kind, value).unwrap(),
            place: Place::Listed(0),
        };
        let which =
            |which: Index| (!self.persons.is_empty()).then(|| self.persons[which.index(self.persons.len())]);
        match call {
            Call::Block { identifiers, scopes, ends_in_s, reason: why } => {
                let new = NewPersonBlock {
                    identifiers: identifiers.into_iter().map(named).collect(),
                    left_out: Vec::new(),
                    terms: PersonTerms {
                        reason: why.map(reason),
                        reason_code: None,
                        public_message: why.map(|text| PublicMessage::parse(text).unwrap()),
                        scopes,
                        expires_at: self.after(ends_in_s),
                    },
                    source: EntrySource::Api,
                };
                let blocked = self.shop.run(move |transaction, by| {
                    said(
                        interdict_app::block_person(transaction, by, new)
                            .map(|blocked| blocked.row.person.id),
                    )
                })?;
                self.persons.extend(blocked);
            }
            Call::Extend { which: person, identifier } => {
                let Some(id) = which(person) else { return Ok(()) };
                let more = [named(identifier)];
                self.shop.run(move |transaction, by| {
                    said(interdict_app::extend_person(transaction, by, id, &more)).map(drop)
                })?;
            }
            Call::Lift { which: person } => {
                let Some(id) = which(person) else { return Ok(()) };
                self.shop.run(move |transaction, by| {
                    said(interdict_app::lift_person(transaction, by, id)).map(drop)
                })?;
            }
            call => panic!("{call:?}"),
        }
        Ok(())
    }
}

/// What is refused for a good reason is a part of the history, too; what the store fails at is not.
fn said<T>(result: Result<T, PersonError>) -> Result<Option<T>, UseCaseError> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(PersonError::Storage(error)) => Err(error.into()),
        Err(_) => Err(UseCaseError::ChangedMeanwhile),
    }
}
