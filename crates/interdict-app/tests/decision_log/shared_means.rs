//! Who may be the same person: whoever came with the same device or card.

use interdict_app::erase_forgotten_customer;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;

use crate::support::{MERCHANT, Shop, Try, block_on, with_email};

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
