//! Invitations: shown once, used once, over after three days.

use interdict_app::{SecondFactorAfterReset, SignInError, UserError};
use interdict_domain::change::Action;
use interdict_domain::role::Role;

use crate::support::{block_on, email};
use crate::world::{GOOD, World};

const NEW: &str = "ada@example.com";
const HOUR_S: i64 = 3_600;

fn is_over<T>(answer: &Result<T, UserError>) -> bool {
    matches!(answer, Err(UserError::InvitationOver))
}

#[test]
fn somebody_who_is_invited_chooses_a_password_and_signs_in() {
    let world = World::new();
    let app = &world.shop.app;
    let admin = world.signed_in(Role::Admin);
    let invitation = block_on(app.invite_user(&admin, email(NEW), Role::Support)).unwrap();
    assert_eq!(invitation.ends_at, world.shop.now().plus_seconds(72 * HOUR_S));
    assert!(matches!(world.sign_in(NEW, GOOD, None), Err(SignInError::Refused)));
    assert!(matches!(world.sign_in(NEW, "", None), Err(SignInError::Refused)));
    let token = invitation.token.as_str();
    assert_eq!(block_on(app.invitation(token)).unwrap().email, email(NEW));
    let refused = block_on(app.accept_invitation(token, NEW));
    assert!(matches!(refused, Err(UserError::Password(_))), "{refused:?}");
    world.shop.clock.advance(72 * HOUR_S - 1);
    let accepted = block_on(app.accept_invitation(token, GOOD)).unwrap();
    assert_eq!((accepted.invitation_ends_at, accepted.version), (None, 2));
    assert!(is_over(&block_on(app.accept_invitation(token, "another good one"))), "once");
    let signed_in = world.sign_in(NEW, GOOD, None).unwrap();
    assert_eq!(signed_in.user.role, Role::Support);
    assert_eq!(
        world.history(accepted.id),
        [Action::UserInvited, Action::UserPasswordChanged, Action::UserSignedIn]
    );
}

#[test]
fn an_invitation_that_is_over_is_replaced() {
    let world = World::new();
    let app = &world.shop.app;
    let admin = world.signed_in(Role::Admin);
    let first = block_on(app.invite_user(&admin, email(NEW), Role::Support)).unwrap();
    world.shop.clock.advance(72 * HOUR_S);
    assert!(is_over(&block_on(app.invitation(first.token.as_str()))));
    assert!(is_over(&block_on(app.accept_invitation(first.token.as_str(), GOOD))));
    let admin = world.sign_in("admin@example.com", GOOD, None).unwrap();
    let (id, version) = (first.user.id, first.user.version);
    let second = block_on(app.reset_user(&admin, id, version, SecondFactorAfterReset::Kept)).unwrap();
    let third = block_on(app.reset_user(&admin, id, version + 1, SecondFactorAfterReset::Kept)).unwrap();
    assert!(is_over(&block_on(app.invitation(second.token.as_str()))), "the newest alone counts");
    block_on(app.disable_user(&admin, id, version + 2)).unwrap();
    assert!(is_over(&block_on(app.accept_invitation(third.token.as_str(), GOOD))), "not while disabled");
    block_on(app.enable_user(&admin, id, version + 3)).unwrap();
    block_on(app.accept_invitation(third.token.as_str(), GOOD)).unwrap();
    for token in ["", "x", admin.token.as_str()] {
        assert!(is_over(&block_on(app.invitation(token))), "{token}");
    }
}

#[test]
fn whoever_is_reset_is_out_at_once() {
    let world = World::new();
    let app = &world.shop.app;
    let (admin, support) = (world.signed_in(Role::Admin), world.signed_in(Role::Support));
    let (id, version) = (support.user.id, support.user.version);
    let invitation = block_on(app.reset_user(&admin, id, version, SecondFactorAfterReset::Kept)).unwrap();
    assert!(!world.is_signed_in(&support));
    assert!(matches!(world.sign_in("support@example.com", GOOD, None), Err(SignInError::Refused)));
    block_on(app.accept_invitation(invitation.token.as_str(), "another good one")).unwrap();
    world.sign_in("support@example.com", "another good one", None).unwrap();
    assert_eq!(world.user(id).role, Role::Support, "and is who it was");
}
