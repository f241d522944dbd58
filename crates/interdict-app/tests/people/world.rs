//! A merchant with somebody of each role, signed in, and a stranger's merchant beside it.

use std::sync::Arc;

use interdict_app::store::{PostgresServer, StorageError};
use interdict_app::{
    DataPlace, NewMerchant, NewUser, PasswordHash, SignIn, SignInError, SignedIn, UserError, create_user,
};
use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Subject};
use interdict_domain::ids::UserId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::password::Password;
use interdict_domain::role::Role;
use interdict_domain::user::User;
use interdict_test_support::Postgres;

use crate::support::{MERCHANT, Shop, block_on, email};

pub const GOOD: &str = "correct horse battery";
pub const STRANGERS: MerchantNumber = MerchantNumber(2);

pub struct World {
    pub shop: Shop,
    pub merchant: NewMerchant,
    pub stranger: NewMerchant,
    hash: PasswordHash,
    /// Lives as long as somebody uses it.
    _server: Option<Arc<Postgres>>,
}

impl World {
    pub fn new() -> Self {
        Self::filled(Shop::new(), None)
    }

    pub fn on_postgres(name: &str) -> Self {
        let server = Postgres::shared();
        let place = DataPlace::Server(PostgresServer::parse(&server.create_database(name)).unwrap());
        Self::filled(Shop::on(place), Some(server))
    }

    fn filled(shop: Shop, server: Option<Arc<Postgres>>) -> Self {
        let create = |name: &'static str| {
            let create = move |transaction: &mut interdict_storage::Transaction<'_>,
                               by: &interdict_storage::Authorship<'_>| {
                NewMerchant::create(transaction, by, name)
            };
            shop.app.write_core(Actor::cli(), create).unwrap()
        };
        let (merchant, stranger) = (create("Shop"), create("Stranger"));
        let hash = PasswordHash::of(&Password::shown(GOOD), shop.app.random()).unwrap();
        Self { shop, merchant, stranger, hash, _server: server }
    }

    /// Somebody whose password is good.
    pub fn hire(&self, address: &str, role: Role) -> User {
        self.hire_for(MERCHANT, address, role)
    }

    pub fn hire_for(&self, merchant: MerchantNumber, address: &str, role: Role) -> User {
        let new = NewUser { merchant, email: email(address), role, password: self.hash.clone() };
        let hire =
            move |transaction: &mut interdict_storage::Transaction<'_>,
                  by: &interdict_storage::Authorship<'_>| create_user(transaction, by, new);
        self.shop.app.write_core::<_, UserError, _>(Actor::cli(), hire).unwrap()
    }

    /// Somebody of a role, signed in.
    pub fn signed_in(&self, role: Role) -> SignedIn {
        let address = format!("{}@example.com", role.as_str());
        self.hire(&address, role);
        self.sign_in(&address, GOOD, None).unwrap()
    }

    pub fn sign_in(
        &self,
        address: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<SignedIn, SignInError> {
        // Nobody here is held up by the rate.
        self.shop.clock.stand_still_ms(20_000);
        block_on(self.shop.app.sign_in(SignIn {
            email: address.to_owned(),
            password: password.to_owned().into(),
            code: code.map(str::to_owned),
            address: "192.0.2.1".parse().unwrap(),
            user_agent: "Firefox".to_owned(),
        }))
    }

    pub fn user(&self, id: UserId) -> User {
        let found = self.shop.app.core().read_blocking(|view| view.user(id)).unwrap();
        found.unwrap().user
    }

    pub fn is_signed_in(&self, signed_in: &SignedIn) -> bool {
        block_on(self.shop.app.session(signed_in.token.as_str())).unwrap().is_some()
    }

    /// The newest sequence of the core: it stands still when nothing was done.
    pub fn revision(&self) -> i64 {
        self.shop.app.core().read_blocking(|view| -> Result<i64, StorageError> { view.revision() }).unwrap()
    }

    /// What the audit says of somebody, oldest first.
    pub fn history(&self, id: UserId) -> Vec<Action> {
        let read = self
            .shop
            .app
            .core()
            .read_blocking(|view| view.merchant(MERCHANT).history(Subject::User(id), i64::MAX, 50));
        read.unwrap().iter().rev().map(|item| item.change.action).collect()
    }
}
