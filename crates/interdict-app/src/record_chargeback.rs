//! Recording a chargeback, and taking one back: a reversal lifts only what that chargeback set, and
//! only where no other one still wants it and no person has made it a block of their own (incidents 8,
//! 11 and 12).

use interdict_domain::change::Action;
use interdict_domain::chargeback::{Chargeback, ChargebackSource, Consequences, Hold};
use interdict_domain::customer::Customer;
use interdict_domain::entry::{EntrySource, List, ReasonCode};
use interdict_domain::identifier::{Email, Identifier, Kind};
use interdict_domain::ids::{ChargebackId, CustomerId, EntryId, PaymentId};
use interdict_domain::payment::{Payment, PaymentStatus};
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::error::UseCaseError;
use crate::lapse_exemptions::lapse_exemptions;
use crate::lift_person::keep_for_person;
use crate::list_entry::{NewEntry, list_entry, standing_entry};
use crate::payment_error::PaymentError;

/// A chargeback to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChargeback {
    /// Of which payment.
    pub payment: PaymentId,
    /// Puts the customer's email on the blacklist and sets both flags.
    pub blacklist_customer: bool,
    /// Flags and a reason to set on the customer.
    pub restrictions: Option<(bool, bool, Option<Reason>)>,
    /// How it came to be known.
    pub source: ChargebackSource,
    /// The provider's own id and word for it.
    pub provider: Option<(String, String)>,
}

/// What a chargeback did.
#[derive(Clone, Debug)]
pub struct RecordedChargeback {
    /// The chargeback.
    pub chargeback: Chargeback,
    /// The payment, as it is since.
    pub payment: Payment,
    /// What could not be done, in words.
    pub note: Option<&'static str>,
}

/// Records a chargeback. The same one again changes nothing but what is asked for in addition.
pub fn record_chargeback(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewChargeback,
) -> Result<RecordedChargeback, PaymentError> {
    let view = transaction.view();
    let mut payment = view.payment(new.payment)?.ok_or(PaymentError::NotFound("payment"))?;
    if payment.status != PaymentStatus::Succeeded {
        return Err(PaymentError::illegal(payment.status, "charged back"));
    }
    let customer = payment.customer.map(|id| view.customer(id)).transpose()?.flatten();
    let (wanted, note) = consequences(&payment, customer.as_ref(), &new)?;
    let known = known(transaction, &new)?;
    let is_new = known.is_none();
    let mut chargeback = known.unwrap_or_else(|| blank(by, &payment, &new));
    if chargeback.reversed_at.is_some() {
        return Ok(RecordedChargeback {
            chargeback,
            payment,
            note: Some("this chargeback was reversed before"),
        });
    }
    let before = chargeback.clone();
    if let Some(email) = &wanted.email {
        block_email(transaction, by, email, &mut chargeback)?;
    }
    if let Some(customer) = &customer {
        let reason = new.restrictions.and_then(|(.., reason)| reason);
        block_customer(transaction, by, customer, &wanted, reason, &mut chargeback)?;
    }
    if is_new {
        if payment.chargeback_recorded_at.is_none() {
            payment.chargeback_recorded_at = Some(by.now);
            payment.updated_at = by.now;
            transaction.update_payment(by, None, &payment)?;
        }
        transaction.put_chargeback(by, Some(Action::ChargebackRecorded), &chargeback)?;
        lapse_exemptions(transaction, by, &payment, customer.as_ref())?;
    } else if chargeback != before {
        transaction.put_chargeback(by, Some(Action::ChargebackUpdated), &chargeback)?;
    }
    Ok(RecordedChargeback { chargeback, payment, note })
}

/// What is to be blocked, and what of it cannot be.
fn consequences(
    payment: &Payment,
    customer: Option<&Customer>,
    new: &NewChargeback,
) -> Result<(Consequences, Option<&'static str>), PaymentError> {
    let (cit, mit) = new.restrictions.as_ref().map_or((false, false), |(cit, mit, _)| (*cit, *mit));
    let mut wanted = Consequences { email: None, cit, mit };
    let mut note = None;
    if new.restrictions.is_some() && customer.is_none() {
        return Err(PaymentError::Invalid {
            path: "customerRestrictions",
            issue: "cannot be set: this payment has no customer",
        });
    }
    if new.blacklist_customer {
        let held = customer.and_then(|customer| customer.profile.email.clone());
        wanted.email = held.or_else(|| payment.email.clone());
        (wanted.cit, wanted.mit) = (customer.is_some(), customer.is_some());
        note = match (&wanted.email, customer) {
            (Some(_), Some(_)) => None,
            (None, Some(_)) => Some("the customer has no email to blacklist: only the flags were set"),
            (Some(_), None) => Some("the payment has no customer: only its email was blacklisted"),
            (None, None) => {
                return Err(PaymentError::Invalid {
                    path: "blacklistCustomer",
                    issue: "cannot be done: this payment has neither a customer nor an email",
                });
            }
        };
    }
    Ok((wanted, note))
}

/// The same chargeback, recorded before: by the provider's id, or the one that was recorded by hand.
fn known(
    transaction: &MerchantTransaction<'_, '_>,
    new: &NewChargeback,
) -> Result<Option<Chargeback>, StorageError> {
    let view = transaction.view();
    if let Some((reference, _)) = &new.provider {
        return view.chargeback_by_reference(reference);
    }
    let of_payment = view.chargebacks_of_payment(new.payment)?;
    let recorded = |chargeback: &Chargeback| {
        chargeback.source == ChargebackSource::Recorded && chargeback.reversed_at.is_none()
    };
    Ok(of_payment.into_iter().find(recorded))
}

fn blank(by: &Authorship<'_>, payment: &Payment, new: &NewChargeback) -> Chargeback {
    let (provider_reference, provider_reason) = new.provider.clone().unzip();
    Chargeback {
        id: ChargebackId::generate(by.now, by.random),
        merchant: payment.merchant,
        payment: payment.id,
        customer: payment.customer,
        source: new.source,
        provider_reference,
        provider_reason,
        cit: Hold::None,
        mit: Hold::None,
        email: Hold::None,
        entry: None,
        recorded_at: by.now,
        reversed_at: None,
    }
}

/// Puts the email on the blacklist, unless it is on it and counts: then what stands is somebody else's.
fn block_email(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    email: &Email,
    chargeback: &mut Chargeback,
) -> Result<(), PaymentError> {
    let corrupt = || StorageError::Corrupt("a stored email");
    let identifier = Identifier::parse(Kind::Email, email.as_str()).map_err(|_| corrupt())?;
    let standing = standing_entry(&transaction.view(), List::Block, &identifier)?;
    if let Some(standing) = standing.filter(|entry| entry.window.contains(by.merchant_now)) {
        chargeback.email = if chargeback.entry == Some(standing.id) { chargeback.email } else { Hold::Wants };
        chargeback.entry = Some(standing.id);
        return Ok(());
    }
    let new = NewEntry {
        reason: Reason::parse(&format!("Chargeback on {}", chargeback.payment)).ok(),
        reason_code: Some(ReasonCode::Chargeback),
        ..NewEntry::plain(List::Block, identifier, EntrySource::Chargeback)
    };
    let (entry, _) = list_entry(transaction, by, new).map_err(from_use_case)?;
    (chargeback.email, chargeback.entry) = (Hold::Owns, Some(entry.id));
    Ok(())
}

/// Sets the flags that are not set.
fn block_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: &Customer,
    wanted: &Consequences,
    reason: Option<Reason>,
    chargeback: &mut Chargeback,
) -> Result<(), PaymentError> {
    let hold = |wanted: bool, is_set: bool, held: Hold| match (wanted, is_set, held) {
        (false, _, held) | (true, true, held @ (Hold::Owns | Hold::Wants)) => held,
        (true, true, Hold::None) => Hold::Wants,
        (true, false, _) => Hold::Owns,
    };
    chargeback.cit = hold(wanted.cit, before.restriction.cit, chargeback.cit);
    chargeback.mit = hold(wanted.mit, before.restriction.mit, chargeback.mit);
    let mut after = before.clone();
    after.restriction.cit |= wanted.cit;
    after.restriction.mit |= wanted.mit;
    let default = || Reason::parse(&format!("Chargeback on {}", chargeback.payment)).ok();
    if wanted.cit || wanted.mit {
        after.restriction.reason = reason.or(after.restriction.reason).or_else(default);
    }
    if after.restriction != before.restriction {
        after.updated_at = by.now;
        transaction.put_customer(by, Action::CustomerRestricted, Some(before), &after)?;
    }
    Ok(())
}

/// Takes a chargeback back: the dispute was won. Twice is once.
pub fn reverse_chargeback(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: ChargebackId,
) -> Result<RecordedChargeback, PaymentError> {
    let view = transaction.view();
    let mut chargeback = view.chargeback(id)?.ok_or(PaymentError::NotFound("chargeback"))?;
    let mut payment = view.payment(chargeback.payment)?.ok_or(PaymentError::NotFound("payment"))?;
    if chargeback.reversed_at.is_some() {
        return Ok(RecordedChargeback { chargeback, payment, note: None });
    }
    chargeback.reversed_at = Some(by.now);
    transaction.put_chargeback(by, Some(Action::ChargebackReversed), &chargeback)?;
    if let Some(entry) = chargeback.entry.filter(|_| chargeback.email == Hold::Owns) {
        release_email(transaction, by, entry)?;
    }
    if let Some(customer) = chargeback.customer {
        release_customer(transaction, by, customer, &chargeback)?;
    }
    let others = transaction.view().chargebacks_of_payment(payment.id)?;
    if others.iter().all(|other| other.reversed_at.is_some()) {
        payment.chargeback_recorded_at = None;
        payment.updated_at = by.now;
        transaction.update_payment(by, None, &payment)?;
    }
    Ok(RecordedChargeback { chargeback, payment, note: None })
}

/// Hands the entry over to another chargeback that wants it, or takes it off the list, unless a person
/// has made it theirs, or the payer is blocked as a whole.
fn release_email(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    entry: EntryId,
) -> Result<(), StorageError> {
    let heirs = transaction.view().chargebacks_of_entry(entry)?;
    if let Some(mut heir) = heirs.into_iter().find(|heir| heir.email == Hold::Wants) {
        heir.email = Hold::Owns;
        return transaction.put_chargeback(by, None, &heir);
    }
    let standing = transaction.view().entry(entry)?;
    match standing {
        Some(row) if row.entry.source == EntrySource::Chargeback => {
            if keep_for_person(transaction, by, &row.entry)? {
                return Ok(());
            }
            transaction.delete_entry(by, &row.entry)
        }
        Some(_) | None => Ok(()),
    }
}

/// Hands a flag over to the oldest chargeback of the customer that wants it; false when there is none.
fn bequeath(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    customer: CustomerId,
    hold: impl Fn(&mut Chargeback) -> &mut Hold,
) -> Result<bool, StorageError> {
    for mut heir in transaction.view().chargebacks_of_customer(customer)? {
        if *hold(&mut heir) == Hold::Wants {
            *hold(&mut heir) = Hold::Owns;
            transaction.put_chargeback(by, None, &heir)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Hands each flag over to another chargeback that wants it, or clears it.
fn release_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    chargeback: &Chargeback,
) -> Result<(), StorageError> {
    let Some(before) = transaction.view().customer(id)? else { return Ok(()) };
    let mut after = before.clone();
    if chargeback.cit == Hold::Owns && !bequeath(transaction, by, id, |heir| &mut heir.cit)? {
        after.restriction.cit = false;
    }
    if chargeback.mit == Hold::Owns && !bequeath(transaction, by, id, |heir| &mut heir.mit)? {
        after.restriction.mit = false;
    }
    if after.restriction == before.restriction {
        return Ok(());
    }
    let action = if after.restriction.is_restricted() {
        Action::CustomerRestricted
    } else {
        after.restriction.reason = None;
        Action::CustomerUnrestricted
    };
    after.updated_at = by.now;
    transaction.put_customer(by, action, Some(&before), &after)
}

fn from_use_case(error: UseCaseError) -> PaymentError {
    match error {
        UseCaseError::NotFound(what) => PaymentError::NotFound(what),
        UseCaseError::Invalid { path, issue } => PaymentError::Invalid { path, issue },
        UseCaseError::Storage(error) => PaymentError::Storage(error),
        UseCaseError::RefTaken | UseCaseError::ChangedMeanwhile => PaymentError::NotFound("entry"),
    }
}
