//! What holds whatever the role: oneself, the last owner, strangers, and who was faster.

use interdict_app::{SecondFactorAfterReset, SignInError, UserError, disable_user};
use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::role::Role;
use interdict_storage::{ChangeFilter, Recorded, View};

use crate::support::{MERCHANT, block_on, email};
use crate::world::{GOOD, STRANGERS, World};

#[test]
fn nobody_does_it_to_oneself() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    let (id, version) = (owner.user.id, owner.user.version);
    world.hire("second@example.com", Role::Owner);
    let refused = [
        block_on(app.change_role(&owner, id, version, Role::Admin)).map(drop),
        block_on(app.disable_user(&owner, id, version)).map(drop),
        block_on(app.enable_user(&owner, id, version)).map(drop),
        block_on(app.reset_user(&owner, id, version, SecondFactorAfterReset::Kept)).map(drop),
    ];
    assert!(refused.iter().all(|answer| matches!(answer, Err(UserError::Oneself))), "{refused:?}");
    assert_eq!(world.user(id).role, Role::Owner);
}

#[test]
fn a_merchant_keeps_an_owner_who_can_sign_in() {
    let world = World::new();
    let first = world.signed_in(Role::Owner);
    // An owner who was only invited, one who is disabled, and a stranger's do not count.
    block_on(world.shop.app.invite_user(&first, email("invited@example.com"), Role::Owner)).unwrap();
    world.hire_for(STRANGERS, "stranger@example.com", Role::Owner);
    let second = world.hire("second@example.com", Role::Owner);
    block_on(world.shop.app.disable_user(&first, second.id, second.version)).unwrap();
    let id = first.user.id;
    let disable = |id| {
        let disable =
            move |transaction: &mut interdict_storage::Transaction<'_>,
                  by: &interdict_storage::Authorship<'_>| disable_user(transaction, by, id);
        world.shop.app.write_core::<_, UserError, _>(Actor::cli(), disable).map_err(UserError::from)
    };
    assert!(matches!(disable(id), Err(UserError::LastOwner)), "not even from the command line");
    assert!(world.is_signed_in(&first));
    let second = world.user(second.id);
    block_on(world.shop.app.enable_user(&first, second.id, second.version)).unwrap();
    disable(id).unwrap();
    assert!(!world.is_signed_in(&first));
}

#[test]
fn whoever_was_slower_is_told_so() {
    let world = World::new();
    let app = &world.shop.app;
    let (owner, admin) = (world.signed_in(Role::Owner), world.signed_in(Role::Admin));
    let target = world.hire("target@example.com", Role::Support);
    let changed = block_on(app.change_role(&admin, target.id, target.version, Role::Developer)).unwrap();
    assert_eq!((changed.role, changed.version), (Role::Developer, 2));
    let late = [
        block_on(app.change_role(&owner, target.id, target.version, Role::ReadOnly)).map(drop),
        block_on(app.disable_user(&owner, target.id, target.version)).map(drop),
        block_on(app.reset_user(&owner, target.id, target.version, SecondFactorAfterReset::Kept)).map(drop),
    ];
    assert!(late.iter().all(|answer| matches!(answer, Err(UserError::ChangedMeanwhile))), "{late:?}");
    // Signing in is no change by people.
    world.sign_in("target@example.com", GOOD, None).unwrap();
    block_on(app.change_role(&owner, target.id, 2, Role::ReadOnly)).unwrap();
    assert_eq!(
        world.history(target.id),
        [Action::UserCreated, Action::UserRoleChanged, Action::UserSignedIn, Action::UserRoleChanged]
    );
    let newest =
        |view: &View<'_>| view.merchant(MERCHANT).changes_like(&ChangeFilter::default(), i64::MAX, 1);
    let items = app.core().read_blocking(newest).unwrap().items;
    let role = |recorded: &Option<Recorded>| match recorded {
        Some(Recorded::User(user)) => user.role,
        other => panic!("{other:?}"),
    };
    assert_eq!((role(&items[0].before), role(&items[0].after)), (Role::Developer, Role::ReadOnly));
    assert_eq!(items[0].change.actor, owner.actor());
}

#[test]
fn a_role_that_was_just_taken_away_does_nothing_more() {
    let world = World::new();
    let app = &world.shop.app;
    let (owner, admin) = (world.signed_in(Role::Owner), world.signed_in(Role::Admin));
    let target = world.hire("target@example.com", Role::Support);
    block_on(app.change_role(&owner, admin.user.id, admin.user.version, Role::ReadOnly)).unwrap();
    // `admin` is what a request has read that began before.
    assert!(admin.user.role == Role::Admin);
    let refused = block_on(app.disable_user(&admin, target.id, target.version));
    assert!(matches!(refused, Err(UserError::Forbidden(_))), "{refused:?}");
    let demoted = world.user(admin.user.id);
    block_on(app.disable_user(&owner, demoted.id, demoted.version)).unwrap();
    let refused = block_on(app.list_users(&admin));
    assert!(matches!(refused, Err(UserError::Forbidden(_))), "{refused:?}");
}

#[test]
fn merchants_do_not_meet() {
    let world = World::new();
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    let stranger = world.hire_for(STRANGERS, "stranger@example.com", Role::Support);
    let (id, version) = (stranger.id, stranger.version);
    let refused = [
        block_on(app.change_role(&owner, id, version, Role::Admin)).map(drop),
        block_on(app.disable_user(&owner, id, version)).map(drop),
        block_on(app.reset_user(&owner, id, version, SecondFactorAfterReset::Removed)).map(drop),
    ];
    assert!(refused.iter().all(|answer| matches!(answer, Err(UserError::NotFound))), "{refused:?}");
    let people = block_on(app.list_users(&owner)).unwrap();
    assert!(people.iter().all(|user| user.merchant == MERCHANT) && people.len() == 1);
    let taken = block_on(app.invite_user(&owner, email("Stranger@example.com"), Role::Support));
    assert!(matches!(taken, Err(UserError::EmailTaken)), "{taken:?}");
}

#[test]
fn a_password_is_changed_by_whoever_knows_it() {
    let world = World::new();
    let app = &world.shop.app;
    let own = world.signed_in(Role::Support);
    let elsewhere = world.sign_in("support@example.com", GOOD, None).unwrap();
    let refused = block_on(app.change_password(&own, "a wrong password", "another good one"));
    assert!(matches!(refused, Err(UserError::WrongPassword)), "{refused:?}");
    let refused = block_on(app.change_password(&own, GOOD, "password123"));
    assert!(matches!(refused, Err(UserError::Password(_))), "{refused:?}");
    assert!(world.is_signed_in(&elsewhere));
    block_on(app.change_password(&own, GOOD, "another good one")).unwrap();
    assert!(world.is_signed_in(&own) && !world.is_signed_in(&elsewhere));
    assert!(matches!(world.sign_in("support@example.com", GOOD, None), Err(SignInError::Refused)));
    world.sign_in("support@example.com", "another good one", None).unwrap();

    // A session that was stolen is no place to try passwords.
    for _ in 0..9 {
        let refused = block_on(app.change_password(&own, GOOD, "a third good one"));
        assert!(matches!(refused, Err(UserError::WrongPassword)), "{refused:?}");
        world.shop.clock.stand_still_ms(20_000);
    }
    let locked = block_on(app.change_password(&own, GOOD, "a third good one"));
    assert!(matches!(locked, Err(UserError::Locked { .. })), "{locked:?}");
    let locked = block_on(app.change_password(&own, "another good one", "a third good one"));
    assert!(matches!(locked, Err(UserError::Locked { .. })), "{locked:?}");
}
