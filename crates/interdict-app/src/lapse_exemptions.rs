//! Exemptions that end with a chargeback: whoever was trusted up to then is judged as anybody else from then on. A
//! chargeback that is taken back leaves it so: trusting again is for a person to decide.

use interdict_domain::change::Action;
use interdict_domain::customer::Customer;
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::{Email, Identifier, Kind, Phone, Reaches};
use interdict_domain::payment::Payment;
use interdict_domain::window::Window;
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

/// Ends the allow entries of whoever paid that say so. Of a payer: the email and the phone of the payment, what the
/// customer has, and the domains of the emails with those above them.
pub(crate) fn lapse_exemptions(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    payment: &Payment,
    customer: Option<&Customer>,
) -> Result<(), StorageError> {
    for identifier in identifiers(payment, customer) {
        for matching in identifier.kind().matchings() {
            let found = transaction.view().entry_of(List::Allow, &identifier.matched(*matching))?;
            let lapsing = found.filter(|entry| {
                entry.limits.lapses_on_chargeback && !entry.window.has_ended(by.merchant_now)
            });
            if let Some(before) = lapsing {
                let after = ended(&before, by);
                transaction.put_entry(by, Action::EntryLapsed, Some(&before), &after)?;
            }
        }
    }
    Ok(())
}

fn identifiers(payment: &Payment, customer: Option<&Customer>) -> Vec<Identifier> {
    let typed = [
        (Kind::Email, payment.email.as_ref().map(Email::as_str)),
        (Kind::Phone, payment.phone.as_ref().map(Phone::as_str)),
    ];
    let typed = typed.into_iter().filter_map(|(kind, value)| Identifier::parse(kind, value?).ok());
    let own = typed.chain(customer.into_iter().flat_map(|customer| customer.profile.identifiers()));
    let mut found: Vec<Identifier> = own.collect();
    for position in 0..found.len() {
        let Some(identifier) = found.get(position).cloned() else { break };
        Reaches::OF_TEXTS.for_each_wider(identifier.kind(), identifier.value(), |wider| {
            // What anybody may register under stands on no list.
            found.extend(Identifier::parse(wider.kind, &wider.text.text()));
        });
    }
    found
}

/// The same entry without what lies ahead of it.
fn ended(entry: &Entry, by: &Authorship<'_>) -> Entry {
    // As an export writes it: what comes back is the same.
    let now = by.merchant_now.whole_millis();
    // One that has not begun never will.
    let from = entry.window.from().filter(|from| *from < now);
    Entry {
        window: Window::new(from, Some(now)).unwrap_or(entry.window),
        updated_at: by.now,
        ..entry.clone()
    }
}
