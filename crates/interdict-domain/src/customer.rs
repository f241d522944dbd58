//! Customers: somebody who pays the merchant, with the two things that may stand against them:
//! restriction flags (Odus) and a list status (Duro, Idenza).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::date_of_birth::DateOfBirth;
use crate::entry::words;
use crate::identifier::{Email, Identifier, Kind, MerchantRef, Phone};
use crate::ids::CustomerId;
use crate::merchant::MerchantNumber;
use crate::pan::holds_pan;
use crate::scopes::{Initiator, Scopes};
use crate::text::{Addresses, Metadata, Name, Reason};
use crate::window::Window;

words!(
    /// One exclusive standing of a customer.
    ListStatus {
        /// Neither blocked nor trusted.
        Normal = "normal",
        /// Duro's `blacklisted`, Idenza's BLACKLIST.
        Blacklisted = "blacklisted",
        /// Idenza's WHITELIST.
        Whitelisted = "whitelisted",
    }
);

/// Two flags with one reason (Odus, Restrictions).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restriction {
    /// Customer-initiated payments are blocked.
    pub cit: bool,
    /// Merchant-initiated payments are blocked.
    pub mit: bool,
    /// Why; cleared when both flags are.
    pub reason: Option<Reason>,
}

impl Restriction {
    /// Whether payments of this initiator are blocked.
    pub const fn blocks(&self, initiator: Initiator) -> bool {
        match initiator {
            Initiator::Customer => self.cit,
            Initiator::Merchant => self.mit,
        }
    }

    /// Odus's `isRestricted`.
    pub const fn is_restricted(&self) -> bool {
        self.cit || self.mit
    }
}

/// A list status with its reason, scopes and window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListStanding {
    /// Which status, as last set. Whether it counts now is the window's to say: see [`Self::at`].
    pub status: ListStatus,
    /// Why.
    pub reason: Option<Reason>,
    /// For which initiators it counts.
    pub scopes: Scopes,
    /// When it counts.
    pub window: Window,
}

impl ListStanding {
    /// Neither blocked nor trusted.
    pub const NORMAL: Self =
        Self { status: ListStatus::Normal, reason: None, scopes: Scopes::BOTH, window: Window::ALWAYS };

    /// The status as it counts at a moment: one whose window is over is `normal` again.
    pub fn at(&self, moment: Timestamp) -> ListStatus {
        if self.window.contains(moment) { self.status } else { ListStatus::Normal }
    }
}

/// Who the customer is: all of it personal, all of it optional.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// Normalised. Not unique.
    pub email: Option<Email>,
    /// E.164. Not unique.
    pub phone: Option<Phone>,
    /// The full name, when it was given as one.
    pub name: Option<Name>,
    /// The first name.
    pub first_name: Option<Name>,
    /// The last name.
    pub last_name: Option<Name>,
    /// The merchant's own id; unique per merchant. Idenza's `customer_reference_id`.
    pub merchant_ref: Option<MerchantRef>,
    /// Idenza's role of the party.
    pub role: Option<Name>,
    /// Odus; `YYYY-MM-DD`.
    pub date_of_birth: Option<DateOfBirth>,
    /// Odus's two addresses.
    pub addresses: Addresses,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
}

impl Profile {
    /// What says who somebody is, as far as it can be listed.
    pub fn identifiers(&self) -> impl Iterator<Item = Identifier> {
        let values = [
            (Kind::Email, self.email.as_ref().map(Email::as_str)),
            (Kind::Phone, self.phone.as_ref().map(Phone::as_str)),
            (Kind::MerchantRef, self.merchant_ref.as_ref().map(MerchantRef::as_str)),
        ];
        values.into_iter().filter_map(|(kind, value)| Identifier::parse(kind, value?).ok())
    }

    /// The full name as given, else first and last name together.
    pub fn full_name(&self) -> Option<String> {
        if let Some(name) = &self.name {
            return Some(name.as_str().to_owned());
        }
        match (&self.first_name, &self.last_name) {
            (Some(first), Some(last)) => Some(format!("{} {}", first.as_str(), last.as_str())),
            (Some(only), None) | (None, Some(only)) => Some(only.as_str().to_owned()),
            (None, None) => None,
        }
    }

    /// Whether first and last name, which are shown together, are a card number only then.
    pub fn hides_card_number(&self) -> bool {
        self.full_name().is_some_and(|name| holds_pan(&name))
    }
}

/// A customer as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Whose customer.
    pub merchant: MerchantNumber,
    /// Who it is.
    #[serde(flatten)]
    pub profile: Profile,
    /// The two flags.
    pub restriction: Restriction,
    /// The list status.
    pub standing: ListStanding,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
