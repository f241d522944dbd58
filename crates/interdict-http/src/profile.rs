//! Reading who a customer is out of a body, in Duro's words and in Odus's.

#![allow(clippy::option_option, reason = "an update keeps, clears or sets: `Sent::update`")]

use interdict_app::{Caller, ProfileUpdate};
use interdict_domain::customer::Profile;
use interdict_domain::date_of_birth::DateOfBirth;
use interdict_domain::identifier::{Email, MerchantRef, Phone};
use interdict_domain::text::{Addresses, Metadata, Name};
use serde_json::{Map, Value};

use crate::json::{Fields, Json, Sent};

type Object = Map<String, Value>;

fn object(fields: &mut Fields, name: &'static str) -> Sent<Object> {
    match fields.json(name) {
        Sent::Value(json @ Json::Object(_)) => match Value::from(json) {
            Value::Object(map) => Sent::Value(map),
            _ => Sent::Refused,
        },
        Sent::Value(_) => {
            fields.problem(name, "must be an object");
            Sent::Refused
        }
        Sent::Absent => Sent::Absent,
        Sent::Null => Sent::Null,
        Sent::Refused => Sent::Refused,
    }
}

#[allow(clippy::option_option, reason = "kept, cleared, or set: as updates say it")]
fn address(fields: &mut Fields, name: &'static str) -> Option<Option<Object>> {
    let sent = object(fields, name);
    checked(fields, name, sent, Addresses::parse_address).update()
}

fn checked<T, U, E: std::fmt::Display>(
    fields: &mut Fields,
    name: &'static str,
    sent: Sent<T>,
    parse: impl FnOnce(T) -> Result<U, E>,
) -> Sent<U> {
    match sent {
        Sent::Value(value) => match parse(value) {
            Ok(value) => Sent::Value(value),
            Err(issue) => {
                fields.problem(name, issue);
                Sent::Refused
            }
        },
        Sent::Absent => Sent::Absent,
        Sent::Null => Sent::Null,
        Sent::Refused => Sent::Refused,
    }
}

/// Metadata of something new, which is whole by itself.
pub(crate) fn metadata(fields: &mut Fields) -> Metadata {
    let sent = object(fields, "metadata");
    checked(fields, "metadata", sent, Metadata::parse).value().unwrap_or_default()
}

/// A change to metadata, checked by itself too, so that a refusal names the field.
#[allow(clippy::option_option, reason = "kept, cleared, or set: as updates say it")]
fn metadata_patch(fields: &mut Fields) -> Option<Option<Object>> {
    let sent = object(fields, "metadata");
    checked(fields, "metadata", sent, |map| Metadata::parse(map.clone()).map(|_| map)).update()
}

/// A phone as it may be dialled in the merchant's region.
pub(crate) fn phone(fields: &mut Fields, name: &'static str, caller: &Caller) -> Sent<Phone> {
    fields.parse(name, |text| Phone::parse_in(text, || caller.phone_region()))
}

/// A new customer in Duro's words.
pub(crate) fn native(fields: &mut Fields, caller: &Caller) -> Profile {
    Profile {
        email: fields.parse("email", Email::parse).value(),
        phone: phone(fields, "phone", caller).value(),
        name: fields.parse("name", Name::parse).value(),
        first_name: fields.parse("firstName", Name::parse).value(),
        last_name: fields.parse("lastName", Name::parse).value(),
        merchant_ref: fields.parse("merchantRef", MerchantRef::parse).value(),
        role: fields.parse("role", Name::parse).value(),
        metadata: metadata(fields),
        ..Profile::default()
    }
}

/// A change in Duro's words.
pub(crate) fn native_update(fields: &mut Fields, caller: &Caller) -> ProfileUpdate {
    ProfileUpdate {
        email: fields.parse("email", Email::parse).update(),
        phone: phone(fields, "phone", caller).update(),
        name: fields.parse("name", Name::parse).update(),
        first_name: fields.parse("firstName", Name::parse).update(),
        last_name: fields.parse("lastName", Name::parse).update(),
        merchant_ref: fields.parse("merchantRef", MerchantRef::parse).update(),
        role: fields.parse("role", Name::parse).update(),
        metadata: metadata_patch(fields),
        ..ProfileUpdate::default()
    }
}

/// A new customer in Odus's words; the email is required.
pub(crate) fn odus(fields: &mut Fields, caller: &Caller) -> Profile {
    let email = fields.parse("email", Email::parse);
    Profile {
        email: fields.required("email", email),
        name: fields.parse("name", Name::parse).value(),
        phone: phone(fields, "phoneNumber", caller).value(),
        date_of_birth: fields.parse("dateOfBirth", DateOfBirth::parse).value(),
        addresses: Addresses {
            billing: address(fields, "billingAddress").flatten(),
            shipping: address(fields, "shippingAddress").flatten(),
        },
        metadata: metadata(fields),
        ..Profile::default()
    }
}

/// A change in Odus's words: only what is sent. The email may change, but not go.
pub(crate) fn odus_update(fields: &mut Fields, caller: &Caller) -> ProfileUpdate {
    let email = fields.parse("email", Email::parse);
    ProfileUpdate {
        email: fields.not_null("email", email).map(Some),
        name: fields.parse("name", Name::parse).update(),
        phone: phone(fields, "phoneNumber", caller).update(),
        date_of_birth: fields.parse("dateOfBirth", DateOfBirth::parse).update(),
        billing_address: address(fields, "billingAddress"),
        shipping_address: address(fields, "shippingAddress"),
        metadata: metadata_patch(fields),
        ..ProfileUpdate::default()
    }
}
