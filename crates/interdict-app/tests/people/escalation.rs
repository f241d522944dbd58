//! Each use case of people with each role, cell by cell: who may not is refused, and nothing was done.

use interdict_app::store::ChangeFilter;
use interdict_app::{NewKeyOfUser, SecondFactorAfterReset, SignedIn, UserError};
use interdict_domain::credential::{CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::mode::Mode;
use interdict_domain::role::Role;
use interdict_domain::text::Name;
use interdict_domain::user::User;

use crate::support::{block_on, email};
use crate::world::{GOOD, World};

/// What somebody tries, on something that was made for this attempt.
#[derive(Clone, Copy, Debug)]
enum Try {
    Invite(Role),
    Change(Role, Role),
    Disable(Role),
    Enable(Role),
    Reset(Role),
    ListPeople,
    ListKeys,
    MakeKey(Mode),
    RotateKey(Mode),
    RevokeKey(Mode),
    Audit,
    ChangeOwnPassword,
    SetUpSecondFactor,
    ListOwnSessions,
}

/// Owner, admin, developer, support, read_only: who may is an x.
const TABLE: [(Try, &str); 35] = [
    (Try::Invite(Role::Owner), "x...."),
    (Try::Invite(Role::Admin), "xx..."),
    (Try::Invite(Role::Developer), "xx..."),
    (Try::Invite(Role::Support), "xx..."),
    (Try::Invite(Role::ReadOnly), "xx..."),
    (Try::Change(Role::Owner, Role::Admin), "x...."),
    (Try::Change(Role::Owner, Role::ReadOnly), "x...."),
    (Try::Change(Role::Admin, Role::Owner), "x...."),
    (Try::Change(Role::ReadOnly, Role::Owner), "x...."),
    (Try::Change(Role::Admin, Role::Support), "xx..."),
    (Try::Change(Role::Support, Role::Admin), "xx..."),
    (Try::Change(Role::ReadOnly, Role::Developer), "xx..."),
    (Try::Disable(Role::Owner), "x...."),
    (Try::Disable(Role::Admin), "xx..."),
    (Try::Disable(Role::Support), "xx..."),
    (Try::Disable(Role::ReadOnly), "xx..."),
    (Try::Enable(Role::Owner), "x...."),
    (Try::Enable(Role::Admin), "xx..."),
    (Try::Enable(Role::Developer), "xx..."),
    (Try::Reset(Role::Owner), "x...."),
    (Try::Reset(Role::Admin), "xx..."),
    (Try::Reset(Role::Support), "xx..."),
    (Try::Reset(Role::ReadOnly), "xx..."),
    (Try::ListPeople, "xxxxx"),
    (Try::ListKeys, "xxx.."),
    (Try::MakeKey(Mode::Test), "xxx.."),
    (Try::MakeKey(Mode::Live), "xx..."),
    (Try::RotateKey(Mode::Test), "xxx.."),
    (Try::RotateKey(Mode::Live), "xx..."),
    (Try::RevokeKey(Mode::Test), "xxx.."),
    (Try::RevokeKey(Mode::Live), "xx..."),
    (Try::Audit, "xxx.x"),
    (Try::ChangeOwnPassword, "xxxxx"),
    (Try::SetUpSecondFactor, "xxxxx"),
    (Try::ListOwnSessions, "xxxxx"),
];

#[test]
fn each_use_case_is_refused_to_those_who_may_not() {
    let world = World::new();
    let people: Vec<SignedIn> = Role::ALL.iter().map(|role| world.signed_in(*role)).collect();
    for (number, (attempt, expected)) in TABLE.iter().enumerate() {
        let cells: String = people.iter().map(|person| cell(&world, person, *attempt, number)).collect();
        assert_eq!(&cells, expected, "{attempt:?}");
    }
}

fn cell(world: &World, by: &SignedIn, attempt: Try, number: usize) -> char {
    let address = format!("{number}.{}@example.com", by.user.role.as_str());
    let prepared = Prepared::of(world, attempt, &address);
    let before = world.revision();
    match prepared.run(world, by, attempt) {
        Ok(()) => 'x',
        Err(UserError::Forbidden(_)) => {
            assert_eq!(world.revision(), before, "{attempt:?} of {by:?} was refused and left something");
            '.'
        }
        Err(error) => panic!("{attempt:?} of {:?}: {error:?}", by.user.role),
    }
}

/// Whom or what an attempt is about.
struct Prepared {
    address: String,
    target: Option<User>,
    key: Option<KeyId>,
}

impl Prepared {
    fn of(world: &World, attempt: Try, address: &str) -> Self {
        let target = match attempt {
            Try::Change(role, _) | Try::Disable(role) | Try::Reset(role) => Some(world.hire(address, role)),
            Try::Enable(role) => {
                let hired = world.hire(address, role);
                let id = hired.id;
                let app = &world.shop.app;
                let disabled = app.write_core::<_, UserError, _>(
                    interdict_domain::actor::Actor::cli(),
                    move |transaction, by| interdict_app::disable_user(transaction, by, id),
                );
                Some(disabled.unwrap())
            }
            _ => None,
        };
        let key = match attempt {
            Try::RotateKey(mode) | Try::RevokeKey(mode) => Some(key_of(world, mode)),
            _ => None,
        };
        Self { address: address.to_owned(), target, key }
    }

    fn run(&self, world: &World, by: &SignedIn, attempt: Try) -> Result<(), UserError> {
        let app = &world.shop.app;
        let target = || self.target.as_ref().map(|user| (user.id, user.version)).unwrap();
        match attempt {
            Try::Invite(role) => block_on(app.invite_user(by, email(&self.address), role)).map(drop),
            Try::Change(_, role) => {
                let (id, version) = target();
                block_on(app.change_role(by, id, version, role)).map(drop)
            }
            Try::Disable(_) => {
                let (id, version) = target();
                block_on(app.disable_user(by, id, version)).map(drop)
            }
            Try::Enable(_) => {
                let (id, version) = target();
                block_on(app.enable_user(by, id, version)).map(drop)
            }
            Try::Reset(_) => {
                let (id, version) = target();
                block_on(app.reset_user(by, id, version, SecondFactorAfterReset::Removed)).map(drop)
            }
            Try::ListPeople => block_on(app.list_users(by)).map(drop),
            Try::ListKeys => block_on(app.list_keys(by)).map(drop),
            Try::MakeKey(mode) => block_on(app.create_key_by_user(by, new_key(mode))).map(drop),
            Try::RotateKey(_) => block_on(app.rotate_key_by_user(by, self.key.unwrap(), 0)).map(drop),
            Try::RevokeKey(_) => block_on(app.revoke_key_by_user(by, self.key.unwrap())).map(drop),
            Try::Audit => block_on(app.audit_page(by, &ChangeFilter::default(), None, 10)).map(drop),
            Try::ChangeOwnPassword => block_on(app.change_password(by, GOOD, GOOD)),
            Try::SetUpSecondFactor => block_on(app.enroll_second_factor(by)).map(drop),
            Try::ListOwnSessions => Ok(block_on(app.list_sessions(by)).map(drop)?),
        }
    }
}

pub fn new_key(mode: Mode) -> NewKeyOfUser {
    NewKeyOfUser {
        mode,
        kind: CredentialKind::Secret,
        name: Name::parse("till").unwrap(),
        permissions: Permissions::ALL,
        expires_at: None,
    }
}

/// A new key of the merchant.
fn key_of(world: &World, mode: Mode) -> KeyId {
    let options = interdict_app::NewKeyOptions {
        merchant: world.merchant.merchant.number,
        mode,
        kind: CredentialKind::Secret,
        name: "till".to_owned(),
        permissions: Permissions::ALL,
        expires_at: None,
    };
    let make = move |transaction: &mut interdict_storage::Transaction<'_>,
                     by: &interdict_storage::Authorship<'_>| {
        let key = interdict_app::NewKey::generate(options, by.now, by.random);
        key.save(transaction, by).map(|()| key.credential.id)
    };
    world
        .shop
        .app
        .write_core::<_, interdict_app::UseCaseError, _>(interdict_domain::actor::Actor::cli(), make)
        .unwrap()
}
