//! The second factor: set up, asked for, accepted once, lost.

use interdict_app::{PasswordHash, SecondFactorAfterReset, SignInError, SignedIn, UserError, set_password};
use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::password::Password;
use interdict_domain::role::Role;
use totp_rs::{Builder, Secret};

use crate::support::block_on;
use crate::world::{GOOD, World};

const ADA: &str = "support@example.com";

/// Somebody with a second factor, and the recovery codes.
struct Enrolled {
    world: World,
    ada: SignedIn,
    secret: String,
    recovery: Vec<String>,
}

impl Enrolled {
    fn new() -> Self {
        let world = World::new();
        let ada = world.signed_in(Role::Support);
        let enrolment = block_on(world.shop.app.enroll_second_factor(&ada)).unwrap();
        let secret = enrolment.secret.to_string();
        assert!(enrolment.uri.starts_with("otpauth://totp/"), "{}", *enrolment.uri);
        assert!(enrolment.uri.contains(&secret) && enrolment.picture.contains("<svg"));
        let code = code_at(&secret, world.shop.now().seconds());
        let recovery = block_on(world.shop.app.confirm_second_factor(&ada, &code)).unwrap();
        world.shop.clock.advance(30);
        Self { world, ada, secret, recovery }
    }

    fn code(&self) -> String {
        code_at(&self.secret, self.world.shop.now().seconds())
    }

    fn sign_in(&self, code: Option<&str>) -> Result<SignedIn, SignInError> {
        self.world.sign_in(ADA, GOOD, code)
    }
}

/// What an authenticator shows.
pub fn code_at(secret: &str, seconds: i64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

#[test]
fn a_code_is_asked_for_after_the_password_and_accepted_once() {
    let enrolled = Enrolled::new();
    assert!(matches!(enrolled.sign_in(None), Err(SignInError::SecondFactorNeeded)));
    let code = enrolled.code();
    let without_password = enrolled.world.sign_in(ADA, "a wrong password", Some(&code));
    assert!(
        matches!(without_password, Err(SignInError::Refused)),
        "nobody learns whether the code was right"
    );
    let signed_in = enrolled.sign_in(Some(&code)).unwrap();
    assert!(signed_in.session.second_factor_passed);
    assert!(matches!(enrolled.sign_in(Some(&code)), Err(SignInError::WrongCode)), "the same code again");
    let earlier = code_at(&enrolled.secret, enrolled.world.shop.now().seconds() - 30);
    assert!(matches!(enrolled.sign_in(Some(&earlier)), Err(SignInError::WrongCode)), "and an earlier one");
    enrolled.world.shop.clock.advance(30);
    let spaced = enrolled.code();
    let spaced = format!(" {} {} ", spaced.get(..3).unwrap(), spaced.get(3..).unwrap());
    enrolled.sign_in(Some(&spaced)).unwrap();
    assert!(matches!(enrolled.sign_in(Some("")), Err(SignInError::WrongCode)));
}

#[test]
fn wrong_codes_lock_like_wrong_passwords() {
    let enrolled = Enrolled::new();
    let wrong = code_at(&enrolled.secret, enrolled.world.shop.now().seconds() + 3_000);
    for _ in 0..9 {
        assert!(matches!(enrolled.sign_in(Some(&wrong)), Err(SignInError::WrongCode)));
        // A right password alone does not forget them.
        assert!(matches!(enrolled.sign_in(None), Err(SignInError::SecondFactorNeeded)));
    }
    assert!(matches!(enrolled.sign_in(Some(&wrong)), Err(SignInError::Locked { .. })));
    let right = enrolled.code();
    assert!(matches!(enrolled.sign_in(Some(&right)), Err(SignInError::Locked { .. })));
}

#[test]
fn a_recovery_code_lets_in_once() {
    let enrolled = Enrolled::new();
    let app = &enrolled.world.shop.app;
    assert_eq!(enrolled.recovery.len(), 10);
    let code = enrolled.recovery[3].to_uppercase();
    let signed_in = enrolled.sign_in(Some(&code)).unwrap();
    assert_eq!(block_on(app.recovery_codes_left(&signed_in)).unwrap(), 9);
    assert!(matches!(enrolled.sign_in(Some(&code)), Err(SignInError::WrongCode)));
    assert!(matches!(enrolled.sign_in(Some("aaaa-aaaa-aaaa-aaaa")), Err(SignInError::WrongCode)));
    enrolled.sign_in(Some(&enrolled.recovery[4].replace('-', " "))).unwrap();
}

#[test]
fn it_counts_when_a_code_confirmed_it() {
    let world = World::new();
    let app = &world.shop.app;
    let ada = world.signed_in(Role::Support);
    let none = block_on(app.confirm_second_factor(&ada, "123456"));
    assert!(matches!(none, Err(UserError::NoEnrolment)), "{none:?}");
    let first = block_on(app.enroll_second_factor(&ada)).unwrap();
    let second = block_on(app.enroll_second_factor(&ada)).unwrap();
    let now = world.shop.now().seconds();
    let elsewhere = world.sign_in(ADA, GOOD, None).unwrap();
    let stale = block_on(app.confirm_second_factor(&ada, &code_at(&first.secret, now)));
    assert!(matches!(stale, Err(UserError::WrongCode)), "{stale:?}");
    assert!(!world.user(ada.user.id).second_factor);
    block_on(app.confirm_second_factor(&ada, &code_at(&second.secret, now))).unwrap();
    assert!(world.is_signed_in(&ada) && !world.is_signed_in(&elsewhere));
    let replay = world.sign_in(ADA, GOOD, Some(&code_at(&second.secret, now)));
    assert!(matches!(replay, Err(SignInError::WrongCode)), "the code that confirmed it is used");
    let again = block_on(app.enroll_second_factor(&ada)).map(drop);
    assert!(matches!(again, Err(UserError::SecondFactorIsOn)), "{again:?}");
}

#[test]
fn it_is_turned_off_with_the_password_and_by_whoever_resets() {
    let enrolled = Enrolled::new();
    let app = &enrolled.world.shop.app;
    let refused = block_on(app.disable_second_factor(&enrolled.ada, "a wrong password"));
    assert!(matches!(refused, Err(UserError::WrongPassword)), "{refused:?}");
    block_on(app.disable_second_factor(&enrolled.ada, GOOD)).unwrap();
    enrolled.sign_in(None).unwrap();
    let none = block_on(app.disable_second_factor(&enrolled.ada, GOOD));
    assert!(matches!(none, Err(UserError::NoSecondFactor)), "{none:?}");
    assert_eq!(
        enrolled.world.history(enrolled.ada.user.id),
        [
            Action::UserCreated,
            Action::UserSignedIn,
            Action::UserSecondFactorEnabled,
            Action::UserSecondFactorDisabled,
            Action::UserSignedIn
        ]
    );

    for (wish, needs_code) in [(SecondFactorAfterReset::Kept, true), (SecondFactorAfterReset::Removed, false)]
    {
        let enrolled = Enrolled::new();
        let app = &enrolled.world.shop.app;
        let admin = enrolled.world.signed_in(Role::Admin);
        let invitation = block_on(app.reset_user(&admin, enrolled.ada.user.id, 1, wish)).unwrap();
        block_on(app.accept_invitation(invitation.token.as_str(), GOOD)).unwrap();
        let answer = enrolled.sign_in(None);
        assert_eq!(matches!(answer, Err(SignInError::SecondFactorNeeded)), needs_code, "{answer:?}");
        let recovered = enrolled.sign_in(Some(&enrolled.recovery[0])).unwrap();
        assert_eq!(recovered.session.second_factor_passed, needs_code);
    }
}

#[test]
fn the_command_line_lets_somebody_in_with_it_or_without() {
    let enrolled = Enrolled::new();
    let app = &enrolled.world.shop.app;
    let id = enrolled.ada.user.id;
    let set = |second_factor| {
        let hash = PasswordHash::of(&Password::shown(GOOD), app.random()).unwrap();
        let set = move |transaction: &mut interdict_storage::Transaction<'_>,
                        by: &interdict_storage::Authorship<'_>| {
            set_password(transaction, by, id, hash, second_factor)
        };
        app.write_core::<_, UserError, _>(Actor::cli(), set).unwrap()
    };
    assert!(set(SecondFactorAfterReset::Kept).second_factor);
    assert!(matches!(enrolled.sign_in(None), Err(SignInError::SecondFactorNeeded)));
    assert!(!set(SecondFactorAfterReset::Removed).second_factor);
    let signed_in = enrolled.sign_in(None).unwrap();
    assert_eq!(block_on(app.recovery_codes_left(&signed_in)).unwrap(), 0);
}

/// Neither the secret nor a code stands anywhere in the database.
#[test]
fn no_secret_is_at_rest() {
    let enrolled = Enrolled::new();
    let folder = enrolled.world.shop.folder.path();
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let bytes: Vec<u8> = files.flatten().collect();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(ADA), "the control: what is there is found");
    for secret in [GOOD, enrolled.secret.as_str(), enrolled.ada.token.as_str(), &enrolled.recovery[0]] {
        assert!(!holds(secret), "{secret}");
    }
}
