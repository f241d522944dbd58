//! Keys in the hands of people.

use interdict_app::{OVERLAP_S_MAX, UseCaseError, UserError};
use interdict_domain::change::Action;
use interdict_domain::mode::Mode;
use interdict_domain::role::Role;
use interdict_storage::{ChangeFilter, StorageError};

use crate::escalation::new_key;
use crate::support::{MERCHANT, block_on};
use crate::world::World;

#[test]
fn a_key_is_made_rotated_with_an_overlap_and_revoked() {
    let world = World::new();
    let app = &world.shop.app;
    let developer = world.signed_in(Role::Developer);
    let works = |secret: &str| block_on(app.authenticate(secret)).is_ok();
    let old = block_on(app.create_key_by_user(&developer, new_key(Mode::Test))).unwrap();
    assert!(works(&old.secret));
    let new = block_on(app.rotate_key_by_user(&developer, old.credential.id, 600)).unwrap();
    assert!(works(&old.secret) && works(&new.secret));
    let second = block_on(app.rotate_key_by_user(&developer, old.credential.id, 600)).map(drop);
    assert!(matches!(second, Err(UserError::ChangedMeanwhile)), "{second:?}");
    world.shop.clock.advance(600);
    assert!(!works(&old.secret) && works(&new.secret));
    block_on(app.revoke_key_by_user(&developer, new.credential.id)).unwrap();
    assert!(!works(&new.secret));
    let listed = block_on(app.list_keys(&developer)).unwrap();
    assert!(listed.iter().all(|credential| credential.merchant == MERCHANT));
    assert_eq!(listed.len(), 6, "four from the beginning, and two");
    let read = |view: &interdict_storage::View<'_>| -> Result<_, StorageError> {
        Ok(view.merchant(MERCHANT).changes_like(&ChangeFilter::default(), i64::MAX, 1)?.items)
    };
    let newest = app.core().read_blocking(read).unwrap();
    assert_eq!((newest[0].change.action, &newest[0].change.actor), (Action::KeyRevoked, &developer.actor()));
}

#[test]
fn what_is_no_overlap_and_what_is_anothers_is_refused() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    let own = world.merchant.test.secret.credential.id;
    for overlap in [-1, OVERLAP_S_MAX + 1] {
        let refused = block_on(app.rotate_key_by_user(&owner, own, overlap)).map(drop);
        assert!(matches!(refused, Err(UserError::UseCase(UseCaseError::Invalid { .. }))), "{refused:?}");
    }
    let mut expired = new_key(Mode::Test);
    expired.expires_at = Some(world.shop.now());
    let refused = block_on(app.create_key_by_user(&owner, expired)).map(drop);
    assert!(matches!(refused, Err(UserError::UseCase(UseCaseError::Invalid { .. }))), "{refused:?}");
    let strangers = &world.stranger.test.secret;
    for refused in [
        block_on(app.rotate_key_by_user(&owner, strangers.credential.id, 0)).map(drop),
        block_on(app.revoke_key_by_user(&owner, strangers.credential.id)).map(drop),
    ] {
        assert!(matches!(refused, Err(UserError::UseCase(UseCaseError::NotFound("key")))), "{refused:?}");
    }
    assert!(block_on(app.authenticate(&strangers.secret)).is_ok());
}
