//! The audit of two feeds as one list.

use interdict_app::UserError;
use interdict_app::store::ChangeFilter;
use interdict_domain::change::{Action, Subject};
use interdict_domain::mode::Mode;
use interdict_domain::role::Role;

use crate::support::{block_email, block_on};
use crate::world::{STRANGERS, World};

#[test]
fn pages_hold_each_change_of_the_core_and_of_the_mode_once_and_newest_first() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    for number in 0..12 {
        world.shop.clock.advance(1);
        world.shop.list(block_email(&format!("p{number}@example.com")));
        if number % 3 == 0 {
            world.shop.clock.advance(1);
            world.hire(&format!("hired{number}@example.com"), Role::Support);
            world.hire_for(STRANGERS, &format!("stranger{number}@example.com"), Role::Support);
        }
    }
    let whole = block_on(app.audit_page(&owner, &ChangeFilter::default(), None, 200)).unwrap();
    assert_eq!(whole.next, None);
    let keys_and_merchant = 5;
    assert_eq!(whole.items.len(), keys_and_merchant + 2 + 12 + 4, "nothing of the stranger's");
    assert!(whole.items.windows(2).all(|pair| pair[0].item.change.at >= pair[1].item.change.at));
    for limit in [1, 2, 5, 22, 23] {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = block_on(app.audit_page(&owner, &ChangeFilter::default(), next, limit)).unwrap();
            assert!(page.items.len() <= limit);
            items.extend(page.items);
            // As an address has it.
            next = page.next.map(|position| position.to_string().parse().unwrap());
            if next.is_none() {
                break;
            }
        }
        assert!(items == whole.items, "by {limit}");
    }
}

#[test]
fn it_says_who_and_whom() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    let target = world.hire("target@example.com", Role::Support);
    block_on(app.change_role(&owner, target.id, target.version, Role::Admin)).unwrap();
    let page = block_on(app.audit_page(&owner, &ChangeFilter::default(), None, 1)).unwrap();
    let item = &page.items[0];
    assert_eq!(
        (item.item.change.action, item.item.change.subject, item.mode),
        (Action::UserRoleChanged, Subject::User(target.id), None)
    );
    assert_eq!(item.actor_label.as_deref(), Some("owner@example.com"));
    assert_eq!(item.subject_label.as_deref(), Some("target@example.com"));
    let first = block_on(app.audit_page(&owner, &ChangeFilter::default(), None, 200)).unwrap();
    let key = first.items.iter().find(|item| matches!(item.item.change.subject, Subject::Key(_))).unwrap();
    assert!(key.subject_label.as_deref().unwrap().starts_with("first "), "{:?}", key.subject_label);
}

#[test]
fn it_shows_the_mode_that_the_session_looks_at() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    world.shop.list(block_email("mallory@example.com"));
    let modes = |page: interdict_app::AuditPage| -> Vec<Mode> {
        page.items.into_iter().filter_map(|item| item.mode).collect()
    };
    assert_eq!(
        modes(block_on(app.audit_page(&owner, &ChangeFilter::default(), None, 50)).unwrap()),
        [Mode::Test]
    );
    block_on(app.set_session_mode(&owner, Mode::Live)).unwrap();
    let live = block_on(app.session(owner.token.as_str())).unwrap().unwrap();
    assert_eq!(modes(block_on(app.audit_page(&live, &ChangeFilter::default(), None, 50)).unwrap()), []);
    let support = world.signed_in(Role::Support);
    let refused = block_on(app.audit_page(&support, &ChangeFilter::default(), None, 50)).map(drop);
    assert!(matches!(refused, Err(UserError::Forbidden(_))), "{refused:?}");
}
