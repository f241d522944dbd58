//! The same on PostgreSQL, as one story: statements that wait there must not be missed by those that read.

use interdict_app::store::ChangeFilter;
use interdict_app::{SecondFactorAfterReset, SignInError, UserError};
use interdict_domain::mode::Mode;
use interdict_domain::role::Role;

use crate::escalation::new_key;
use crate::second_factor::code_at;
use crate::support::{block_on, email};
use crate::world::{GOOD, World};

const ADA: &str = "ada@example.com";

#[test]
fn a_person_comes_works_and_goes() {
    let world = World::on_postgres("people_story");
    let app = &world.shop.app;
    let owner = world.signed_in(Role::Owner);
    let invitation = block_on(app.invite_user(&owner, email(ADA), Role::Support)).unwrap();
    let taken = block_on(app.invite_user(&owner, email("ADA@example.com"), Role::Support));
    assert!(matches!(taken, Err(UserError::EmailTaken)), "{taken:?}");
    block_on(app.accept_invitation(invitation.token.as_str(), GOOD)).unwrap();
    let again = block_on(app.accept_invitation(invitation.token.as_str(), GOOD));
    assert!(matches!(again, Err(UserError::InvitationOver)), "{again:?}");
    let ada = world.sign_in(ADA, GOOD, None).unwrap();

    let secret = block_on(app.enroll_second_factor(&ada)).unwrap().secret;
    let code = code_at(&secret, world.shop.now().seconds());
    let recovery = block_on(app.confirm_second_factor(&ada, &code)).unwrap();
    assert!(matches!(world.sign_in(ADA, GOOD, Some(&code)), Err(SignInError::WrongCode)));
    world.sign_in(ADA, GOOD, Some(&recovery[0])).unwrap();
    assert!(matches!(world.sign_in(ADA, GOOD, Some(&recovery[0])), Err(SignInError::WrongCode)));

    let promoted = block_on(app.change_role(&owner, ada.user.id, 2, Role::Developer)).unwrap();
    let ada = block_on(app.session(ada.token.as_str())).unwrap().unwrap();
    assert_eq!(ada.user, promoted, "as of this request");
    let key = block_on(app.create_key_by_user(&ada, new_key(Mode::Test))).unwrap();
    let key = block_on(app.rotate_key_by_user(&ada, key.credential.id, 60)).unwrap();
    assert!(block_on(app.authenticate(&key.secret)).is_ok());

    block_on(app.reset_user(&owner, ada.user.id, 3, SecondFactorAfterReset::Removed)).unwrap();
    assert!(!world.is_signed_in(&ada));
    let page = block_on(app.audit_page(&owner, &ChangeFilter::default(), None, 200)).unwrap();
    assert!(page.items.iter().any(|item| item.actor_label.as_deref() == Some(ADA)));
    let report = app.core().verify_chain(&mut |_| {}).unwrap();
    assert_eq!(report.fault, None);
}
