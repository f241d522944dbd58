//! Changes: one committed mutation each, in a gapless sequence, with a hash chain over commitments.
//!
//! Personal values never stand in a change (invariant 12): it refers to a row of personal data by id
//! and holds a salted commitment to it. What the index needs stands in [`Fact`]s, without texts; the
//! texts come from the personal row, as long as it is there.

mod fact;

use serde::{Deserialize, Serialize};

pub use fact::{CustomerFact, EntryFact, Fact, FormerFact, Linked, RangeFact, RowsImported};

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::entry::words;
use crate::identifier::Generation;
use crate::ids::{
    ChargebackId, CheckoutId, CustomerId, EntryId, ImportId, KeyId, PaymentId, PersonId, PlanId,
    SubscriptionId, UserId,
};
use crate::merchant::MerchantNumber;

words!(
    /// What was done.
    Action {
        /// A customer was made.
        CustomerCreated = "customer.created",
        /// Who the customer is was changed.
        CustomerUpdated = "customer.updated",
        /// The list status became `blacklisted`, or its reason, scopes or window changed.
        CustomerBlacklisted = "customer.blacklisted",
        /// The list status became `whitelisted`, or its reason, scopes or window changed.
        CustomerWhitelisted = "customer.whitelisted",
        /// The list status became `normal`.
        CustomerListStatusCleared = "customer.list_status_cleared",
        /// The window of the list status ended by itself.
        CustomerListStatusExpired = "customer.list_status_expired",
        /// A restriction flag or the reason was set.
        CustomerRestricted = "customer.restricted",
        /// Both restriction flags are off.
        CustomerUnrestricted = "customer.unrestricted",
        /// Personal data went, blocks stayed.
        CustomerErased = "customer.erased",
        /// What was said under an identifier that no customer has went, blocks stayed.
        IdentifierErased = "identifier.erased",
        /// An entry was made.
        EntryCreated = "entry.created",
        /// An entry was changed.
        EntryUpdated = "entry.updated",
        /// An entry's window ended by itself.
        EntryExpired = "entry.expired",
        /// Somebody noted something of an entry's identifier.
        EntryNoted = "entry.noted",
        /// A chargeback ended an exemption.
        EntryLapsed = "entry.lapsed",
        /// An entry was deleted.
        EntryDeleted = "entry.deleted",
        /// An entry that hits many was proposed: it waits for a second person.
        EntryProposed = "entry.proposed",
        /// A second person approved what was proposed.
        EntryApproved = "entry.approved",
        /// What was proposed was refused, or taken back.
        EntryRefused = "entry.refused",
        /// Entries were made and changed by a part of an import.
        EntriesImported = "entries.imported",
        /// What a part of an import did was undone.
        EntriesImportUndone = "entries.import_undone",
        /// A person was blocked as a whole, or the terms of that were set anew.
        PersonBlocked = "person.blocked",
        /// An identifier was put to a blocked person's.
        PersonExtended = "person.extended",
        /// An identifier was taken off a blocked person.
        PersonReduced = "person.reduced",
        /// A person's block was lifted, with all that it had made.
        PersonLifted = "person.lifted",
        /// An identifier is not to be put to a blocked person's.
        PersonSuggestionRefused = "person.suggestion_refused",
        /// A payment was made, and is not charged yet.
        PaymentCreated = "payment.created",
        /// An attempt to be paid was refused by the lists.
        PaymentBlocked = "payment.blocked",
        /// A payment waits for the customer.
        PaymentActionRequired = "payment.action_required",
        /// The money was taken.
        PaymentSucceeded = "payment.succeeded",
        /// The gateway took no money.
        PaymentDeclined = "payment.declined",
        /// Money was given back.
        PaymentReversed = "payment.reversed",
        /// A plan was made.
        PlanCreated = "plan.created",
        /// A plan was changed.
        PlanUpdated = "plan.updated",
        /// A plan was archived: nobody can subscribe any more.
        PlanArchived = "plan.archived",
        /// Somebody signed up.
        SubscriptionCreated = "subscription.created",
        /// The first period was paid.
        SubscriptionActivated = "subscription.activated",
        /// A period was paid.
        SubscriptionRenewed = "subscription.renewed",
        /// A renewal was due and its payer is blocked: it is held.
        SubscriptionHeld = "subscription.held",
        /// The block was lifted: renewals are charged again.
        SubscriptionReleased = "subscription.released",
        /// A period was not paid.
        SubscriptionPaymentFailed = "subscription.payment_failed",
        /// Paused by the merchant.
        SubscriptionPaused = "subscription.paused",
        /// Resumed by the merchant.
        SubscriptionResumed = "subscription.resumed",
        /// To end with the present period.
        SubscriptionCancelRequested = "subscription.cancel_requested",
        /// Ended by somebody.
        SubscriptionCanceled = "subscription.canceled",
        /// Ended by itself.
        SubscriptionExpired = "subscription.expired",
        /// Somebody is about to pay on a page.
        CheckoutCreated = "checkout.created",
        /// It is paid.
        CheckoutCompleted = "checkout.completed",
        /// A payer took a payment back through the bank.
        ChargebackRecorded = "chargeback.recorded",
        /// A chargeback blocked more than it did.
        ChargebackUpdated = "chargeback.updated",
        /// A chargeback was taken back.
        ChargebackReversed = "chargeback.reversed",
        /// The merchant's account at a payment provider was changed.
        GatewayChanged = "gateway.changed",
        /// What the merchant wants to have on the provider's own lists was changed.
        GatewayListsChanged = "gateway.lists_changed",
        /// The merchant's settings were changed.
        SettingsChanged = "settings.changed",
        /// The merchant's clock of test mode was put ahead.
        ClockAdvanced = "clock.advanced",
        /// A merchant was made.
        MerchantCreated = "merchant.created",
        /// A key was made.
        KeyCreated = "key.created",
        /// A key was given an end.
        KeyRevoked = "key.revoked",
        /// The oldest changes went.
        FeedTrimmed = "feed.trimmed",
        /// Another pepper is in use: what was said before under keys is said no more.
        PepperRotated = "pepper.rotated",
        /// A person was made, with a password.
        UserCreated = "user.created",
        /// A person was invited to choose a password, the first one or a new one.
        UserInvited = "user.invited",
        /// A person got another role.
        UserRoleChanged = "user.role_changed",
        /// A person may no longer sign in.
        UserDisabled = "user.disabled",
        /// A person may sign in again.
        UserEnabled = "user.enabled",
        /// A person has another password.
        UserPasswordChanged = "user.password_changed",
        /// A person signs in with a second factor from now on.
        UserSecondFactorEnabled = "user.second_factor_enabled",
        /// A person signs in without a second factor from now on.
        UserSecondFactorDisabled = "user.second_factor_disabled",
        /// A person signed in.
        UserSignedIn = "user.signed_in",
        /// A person signed in at an issuer of OpenID Connect.
        UserSignedInByOidc = "user.signed_in_by_oidc",
        /// Too many attempts to sign in failed.
        UserLocked = "user.locked",
        /// A person's session was ended, or several.
        SessionEnded = "session.ended",
    }
);

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A customer.
    Customer(CustomerId),
    /// An entry.
    Entry(EntryId),
    /// An import of many entries.
    Import(ImportId),
    /// A person who is blocked as a whole.
    Person(PersonId),
    /// A payment.
    Payment(PaymentId),
    /// A plan.
    Plan(PlanId),
    /// A subscription.
    Subscription(SubscriptionId),
    /// A checkout session.
    Checkout(CheckoutId),
    /// A chargeback.
    Chargeback(ChargebackId),
    /// A merchant.
    Merchant(MerchantNumber),
    /// A key.
    Key(KeyId),
    /// The feed behind a change: everything up to it is gone.
    Feed(i64),
    /// A pepper, by its generation.
    Pepper(Generation),
    /// A person who signs in.
    User(UserId),
}

/// What stands before the number of [`Subject::Feed`].
const FEED: &str = "feed/";
/// What stands before that of [`Subject::Pepper`].
const PEPPER: &str = "pepper/";

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Customer(id) => id.fmt(f),
            Self::Entry(id) => id.fmt(f),
            Self::Import(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Payment(id) => id.fmt(f),
            Self::Plan(id) => id.fmt(f),
            Self::Subscription(id) => id.fmt(f),
            Self::Checkout(id) => id.fmt(f),
            Self::Chargeback(id) => id.fmt(f),
            Self::Merchant(number) => number.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Feed(sequence) => write!(f, "{FEED}{sequence}"),
            Self::Pepper(generation) => write!(f, "{PEPPER}{generation}"),
            Self::User(id) => id.fmt(f),
        }
    }
}

impl Subject {
    /// The reverse of its text; a merchant is a bare number.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = text.parse() {
            return Some(Self::Customer(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Entry(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Import(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Person(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Payment(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Plan(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Subscription(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Checkout(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Chargeback(id));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Key(id));
        }
        if let Some(sequence) = text.strip_prefix(FEED) {
            return sequence.parse().ok().map(Self::Feed);
        }
        if let Some(generation) = text.strip_prefix(PEPPER) {
            return generation.parse().ok().map(|number| Self::Pepper(Generation(number)));
        }
        if let Ok(id) = text.parse() {
            return Some(Self::User(id));
        }
        text.parse().ok().map(|number| Self::Merchant(MerchantNumber(number)))
    }
}

/// A change as the feed gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in the gapless sequence, from 1.
    pub sequence: i64,
    /// When, on the server's clock.
    pub at: Timestamp,
    /// Whose data.
    pub merchant: MerchantNumber,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// About what.
    pub subject: Subject,
    /// What it means to the index, with texts while the personal row is there.
    pub facts: Vec<Fact>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_feed_was_trimmed_is_read_as_it_is_written() {
        assert_eq!(Subject::Feed(123).to_string(), "feed/123");
        assert_eq!(Subject::parse("feed/123"), Some(Subject::Feed(123)));
        assert_eq!(Subject::parse("feed/"), None);
        assert_eq!(Subject::parse("pepper/2"), Some(Subject::Pepper(Generation(2))));
        assert_eq!(Subject::Pepper(Generation(2)).to_string(), "pepper/2");
        assert_eq!(Subject::parse("123"), Some(Subject::Merchant(MerchantNumber(123))));
    }

    #[test]
    fn imports_and_persons_are_subjects() {
        for id in ["imp_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "per_2R0uWz4tu9wxTMBXxj9CJfSE9vV"] {
            assert_eq!(Subject::parse(id).unwrap().to_string(), id);
        }
    }
}
