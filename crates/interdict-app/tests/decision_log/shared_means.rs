//! Who may be the same person: whoever came with the same device or card.

use interdict_app::erase_forgotten_customer;
use interdict_domain::customer::Customer;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;

use crate::support::{MERCHANT, Shop, Try, block_on, new_entry, with_email};

#[test]
fn who_came_with_the_same_device_or_card_is_found_and_not_who_shares_an_address() {
    let shop = Shop::new();
    let [ada, grace, mallory, other] =
        ["ada@a.example", "grace@a.example", "mallory@a.example", "other@a.example"]
            .map(|email| shop.customer(with_email(email)));
    let attempts = [
        (&ada, vec![(Kind::Device, "laptop"), (Kind::Ip, "192.0.2.1")]),
        (&grace, vec![(Kind::Device, "laptop"), (Kind::CardFingerprint, "card_1")]),
        (&mallory, vec![(Kind::CardFingerprint, "card_1")]),
        (&other, vec![(Kind::Device, "phone"), (Kind::Ip, "192.0.2.1")]),
    ];
    for (customer, identifiers) in attempts {
        shop.clock.advance(1);
        shop.decide(&Try { customer: Some(customer.id), identifiers, ..Try::default() }).unwrap();
    }
    let sharing = |customer: &Customer| -> Vec<(Kind, CustomerId)> {
        let found = block_on(shop.service().customers_sharing_means(MERCHANT, customer.id, 10)).unwrap();
        found.into_iter().map(|(kind, customer)| (kind, customer.id)).collect()
    };
    assert_eq!(sharing(&ada), [(Kind::Device, grace.id)]);
    assert_eq!(sharing(&grace), [(Kind::Device, ada.id), (Kind::CardFingerprint, mallory.id)]);
    assert_eq!(sharing(&mallory), [(Kind::CardFingerprint, grace.id)]);
    assert!(sharing(&other).is_empty());
    let id = grace.id;
    let forgotten = block_on(shop.service().forget_in_log(MERCHANT, id)).unwrap();
    shop.run(move |transaction, by| erase_forgotten_customer(transaction, by, id, &forgotten)).unwrap();
    assert!(sharing(&ada).is_empty(), "whoever was erased is gone");
}

/// The log forgets first, and it alone knew whose device it was.
#[test]
fn an_erasure_that_was_cut_behind_the_log_still_finds_what_the_log_alone_knew() {
    let shop = Shop::new();
    let [ada, grace] = ["ada@a.example", "grace@a.example"].map(|email| shop.customer(with_email(email)).id);
    let entries =
        ["laptop", "shared"].map(|device| shop.list(new_entry(List::Block, Kind::Device, device)).id);
    for (customer, device) in [(ada, "laptop"), (ada, "shared"), (grace, "shared")] {
        shop.clock.advance(1);
        let identifiers = vec![(Kind::Device, device)];
        shop.decide(&Try { customer: Some(customer), identifiers, ..Try::default() }).unwrap();
    }
    let decisions = [(); 2].map(|()| block_on(shop.service().forget_in_log(MERCHANT, ada)).unwrap());
    let [first, second] = decisions;
    assert_eq!(first.decisions, 2, "and what it says the second time is nothing new");
    shop.run(move |transaction, by| erase_forgotten_customer(transaction, by, ada, &second)).unwrap();
    let values = entries.map(|id| shop.read(move |view| view.entry(id)).unwrap().entry.value);
    assert_eq!(values.each_ref().map(Option::as_deref), [None, Some("shared")]);
}
