//! A rotation of the pepper keeps nobody out who signs in: by password, by a second factor, by an invitation.

use interdict_app::{PepperRotation, SignIn, SignInError, SignedIn};
use interdict_domain::role::Role;

use crate::second_factor::code_at;
use crate::support::peppers::pepper;
use crate::support::{block_on, email};
use crate::world::{GOOD, World};

fn everybody_comes_in_as_before(world: &World) {
    let owner = world.signed_in(Role::Owner);
    let ada = world.signed_in(Role::Support);
    let secret = block_on(world.shop.app.enroll_second_factor(&ada)).unwrap().secret.to_string();
    let code = code_at(&secret, world.shop.now().seconds());
    let recovery = block_on(world.shop.app.confirm_second_factor(&ada, &code)).unwrap();
    let pending = world.signed_in(Role::ReadOnly);
    let waiting = block_on(world.shop.app.enroll_second_factor(&pending)).unwrap().secret.to_string();
    let invited =
        block_on(world.shop.app.invite_user(&owner, email("new@example.com"), Role::Support)).unwrap();
    world.shop.clock.advance(60);

    let second = pepper().rotated([8; 32]);
    let rotation: PepperRotation = world.shop.rotation_to(&second);
    let rotated = rotation.run(&mut |_, _| {}).unwrap();
    let of_people = &rotated.stores[2].1;
    assert_eq!(of_people.resealed, 2, "a factor, and one that waits for its first code");
    assert!(rotated.needed.is_empty());
    let app = world.shop.reopened_under(&second.keeping(|_| false)).unwrap();
    let sign_in = |address: &str, code: Option<&str>| -> Result<SignedIn, SignInError> {
        world.shop.clock.stand_still_ms(20_000);
        block_on(app.sign_in(SignIn {
            email: address.to_owned(),
            password: GOOD.to_owned().into(),
            code: code.map(str::to_owned),
            address: "192.0.2.1".parse().unwrap(),
            user_agent: "Firefox".to_owned(),
        }))
    };
    assert!(sign_in("owner@example.com", None).is_ok());
    assert!(matches!(sign_in("support@example.com", None), Err(SignInError::SecondFactorNeeded)));
    let code = code_at(&secret, world.shop.now().seconds());
    assert!(sign_in("support@example.com", Some(&code)).unwrap().session.second_factor_passed);
    assert!(sign_in("support@example.com", Some(&recovery[0])).is_ok());
    // Sessions go on: they are known by a hash that has nothing to do with the pepper.
    let pending = block_on(app.session(pending.token.as_str())).unwrap().unwrap();
    let code = code_at(&waiting, world.shop.now().seconds());
    block_on(app.confirm_second_factor(&pending, &code)).unwrap();
    block_on(app.accept_invitation(invited.token.as_str(), GOOD)).unwrap();
    assert!(sign_in("new@example.com", None).is_ok());
}

#[test]
fn everybody_comes_in_as_before_on_sqlite() {
    everybody_comes_in_as_before(&World::new());
}

#[test]
fn everybody_comes_in_as_before_on_postgresql() {
    everybody_comes_in_as_before(&World::on_postgres("people_rotation"));
}
