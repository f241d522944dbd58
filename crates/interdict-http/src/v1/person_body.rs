//! What a body says of a person to block, and what a refusal says.

use interdict_app::store::StorageError;
use interdict_app::{Caller, NamedIdentifier, NewPersonBlock, PersonError, Place};
use interdict_domain::entry::EntrySource;
use interdict_domain::identifier::{Identifier, IdentifierError, Kind, MerchantRef};
use interdict_domain::person::{IDENTIFIERS_MAX, PersonTerms};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};

use super::entries::reason_codes;
use super::list_status::scopes;
use crate::customer_id::{self, NamedCustomer};
use crate::error::{ApiError, Detail};
use crate::json::Fields;
use crate::mutation::{Failure, Refused, read_failed};

/// What strangers share is no ground to block somebody as a person.
const SHARED_BY_STRANGERS: &str = "is of a kind that strangers share: it says nothing about one person. Block it by itself \
                                   with POST /v1/entries, or name an email, phone, device, cardFingerprint, iban or \
                                   merchantRef";

impl From<PersonError> for Failure {
    fn from(error: PersonError) -> Self {
        Self::Refused(Box::new(match error {
            PersonError::Storage(error) => return Self::Storage(error),
            PersonError::NotFound(what) => ApiError::not_found(what),
            PersonError::Invalid { path, issue } => ApiError::invalid(path, issue),
            PersonError::Allowed(places) => allowed(&places),
            PersonError::NeedsSecondPerson(places) => needs_second_person(&places),
            PersonError::ManyPersons(persons) => {
                let ids: Vec<String> = persons.iter().map(ToString::to_string).collect();
                ApiError::conflict(
                    "These identifiers belong to different blocked persons. Lift the block of all but one of them \
                     (DELETE /v1/persons/{id}), then send this again; or name the identifiers of one person only.",
                )
                .with_member("persons", ids)
            }
            PersonError::NothingToBlock => ApiError::conflict(
                "This customer has no identifier that could be blocked: no email, phone or merchantRef, and no device, card or \
                 account in the log of decisions. Name identifiers, or blacklist the customer.",
            ),
            PersonError::NotInForce => ApiError::conflict(
                "This person is not blocked any more: the block was lifted or has ended. Block the person again with POST \
                 /v1/persons/block.",
            ),
            PersonError::Erased => ApiError::conflict(
                "Somebody whose identifier this was is erased: nothing is left that could be listed. Refuse the suggestion.",
            ),
            PersonError::ChangedMeanwhile => ApiError::conflict(
                "This was settled already. Read it again; to take an identifier off a person, delete its entry.",
            ),
        }))
    }
}

/// Names what is on the allow list by where it stands, never by its value.
fn allowed(places: &[Place]) -> ApiError {
    let error = ApiError::conflict(
        "What details names is on the allow list. Take it off that list first (DELETE /v1/entries/{id}), or leave it out: \
         nothing was blocked.",
    );
    at(places, error, "is on the allow list")
}

/// The same for what one person may not block.
fn needs_second_person(places: &[Place]) -> ApiError {
    let error = ApiError::conflict(
        "What details names hits more than the settings' secondApprover lets one person block, and a person's block does \
         not wait: nothing was blocked. Block it by itself with POST /v1/entries, which waits for another person, and \
         leave it out here; once it is approved, put it to the person's (POST /v1/persons/{id}/identifiers).",
    );
    at(places, error, "hits more than one person may block")
}

fn at(places: &[Place], error: ApiError, issue: &'static str) -> ApiError {
    let detail = |place: &Place| {
        let path = match place {
            Place::Listed(position) => format!("identifiers.{position}"),
            Place::OfCustomer | Place::OfAttempts => "customer".to_owned(),
            Place::OfPerson => "person".to_owned(),
        };
        Detail::new(path, issue)
    };
    ApiError { details: places.iter().map(detail).collect(), ..error }
}

fn read_identifier(mut fields: Fields, caller: &Caller) -> Result<Identifier, Vec<Detail>> {
    let kind = fields.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let kind = fields.required("kind", kind);
    if kind.is_some_and(|kind| !kind.is_of_one_person()) {
        fields.problem("kind", SHARED_BY_STRANGERS);
    }
    let value = fields.parse("value", |text| match kind {
        Some(kind) if kind.is_of_one_person() => {
            Identifier::parse_in(kind, text, || caller.phone_region()).map(Some)
        }
        Some(_) | None => Ok(None),
    });
    let identifier = fields.required("value", value).flatten();
    fields.finish(identifier)
}

pub(super) fn read_identifiers(fields: &mut Fields, caller: &Caller) -> Option<Vec<NamedIdentifier>> {
    let sent = fields.objects("identifiers", 1..=IDENTIFIERS_MAX);
    let items = fields.not_null("identifiers", sent)?;
    let mut identifiers = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        match read_identifier(item, caller) {
            Ok(identifier) => {
                identifiers.push(NamedIdentifier { identifier, place: Place::Listed(position) });
            }
            Err(details) => fields.absorb(details),
        }
    }
    Some(identifiers)
}

/// Whom a body names.
pub(super) enum Customer {
    Id(NamedCustomer),
    Ref(MerchantRef),
}

fn read_customer(text: &str) -> Result<Customer, IdentifierError> {
    match customer_id::parse(text) {
        Ok(named) => Ok(Customer::Id(named)),
        Err(_) => MerchantRef::parse(text).map(Customer::Ref),
    }
}

pub(super) fn read_block(
    mut fields: Fields,
    caller: &Caller,
) -> Result<(NewPersonBlock, Option<Customer>), Refused> {
    let identifiers = read_identifiers(&mut fields, caller);
    let customer = fields.parse("customer", read_customer).value();
    let reason = fields.parse("reason", Reason::parse).value();
    let reason_code = fields.word("reasonCode", &reason_codes()).value();
    let public_message = fields.parse("publicMessage", PublicMessage::parse).value();
    let scopes = scopes(&mut fields).value().unwrap_or(Scopes::BOTH);
    let expires_at = fields.time("expiresAt").value();
    if identifiers.is_none() && customer.is_none() && fields.is_good() {
        fields.problem("identifiers", "or a customer is required");
    }
    let new = NewPersonBlock {
        identifiers: identifiers.unwrap_or_default(),
        left_out: Vec::new(),
        terms: PersonTerms { reason, reason_code, public_message, scopes, expires_at },
        source: EntrySource::Api,
    };
    Ok(fields.finish(Some((new, customer)))?)
}

/// Adds all that the named customer has.
pub(super) async fn with_customer(
    caller: &Caller,
    (mut new, customer): (NewPersonBlock, Option<Customer>),
) -> Result<NewPersonBlock, Refused> {
    let Some(customer) = customer else { return Ok(new) };
    let (service, merchant) = (&caller.service, caller.merchant);
    let not_found = || Refused(ApiError::not_found("customer"));
    let failed = |error: StorageError| Refused(read_failed(&error));
    let id = match customer {
        Customer::Id(named) => named.id(),
        Customer::Ref(merchant_ref) => {
            let found = service.store().read(merchant, move |view| view.customer_by_ref(&merchant_ref)).await;
            found.map_err(failed)?.map(|customer| customer.id)
        }
    };
    let id = id.ok_or_else(not_found)?;
    let has = service.identifiers_of_customer(merchant, id).await.map_err(failed)?.ok_or_else(not_found)?;
    new.identifiers.extend(has.identifiers);
    new.left_out.extend(has.left_out);
    Ok(new)
}
