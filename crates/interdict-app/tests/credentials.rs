//! Keys and tokens: a key works when the command that made it returns, and a revoked one is dead, here and
//! beside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use interdict_app::{App, AuthenticateError, NewKey, NewKeyOptions, NewMerchant, revoke_key};
use interdict_domain::actor::Actor;
use interdict_domain::credential::{CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use support::{Shop, block_on};

fn merchant(app: &App) -> NewMerchant {
    app.write_core(Actor::cli(), |transaction, by| NewMerchant::create(transaction, by, "Shop")).unwrap()
}

fn oauth_client(app: &App, merchant: MerchantNumber) -> NewKey {
    let make = move |transaction: &mut interdict_storage::Transaction<'_>,
                     by: &interdict_storage::Authorship<'_>| {
        let options = NewKeyOptions {
            merchant,
            mode: Mode::Test,
            kind: CredentialKind::Oauth,
            name: "client".to_owned(),
            permissions: Permissions::ALL,
            expires_at: None,
        };
        let key = NewKey::generate(options, by.now, by.random);
        key.save(transaction, by).map(|()| key)
    };
    app.write_core::<_, interdict_app::UseCaseError, _>(Actor::cli(), make).unwrap()
}

fn revoke(app: &App, id: KeyId) {
    app.write_core(Actor::cli(), move |transaction, by| revoke_key(transaction, by, id, by.now)).unwrap();
}

#[test]
fn a_key_made_beside_works_at_once_and_is_dead_within_a_second_of_its_end() {
    let shop = Shop::new();
    let beside = shop.reopened();
    let made = merchant(&beside);
    for mode in Mode::ALL {
        let secret = made.keys(mode).secret.secret.clone();
        let caller = block_on(shop.app.authenticate(&secret)).unwrap();
        assert_eq!(
            (caller.merchant, caller.service.mode(), caller.is_publishable()),
            (made.merchant.number, mode, false)
        );
        let publishable = made.keys(mode).publishable.secret.clone();
        assert!(block_on(shop.app.authenticate(&publishable)).unwrap().is_publishable());
    }
    let key = &made.test.secret;
    revoke(&beside, key.credential.id);
    let is_dead = || shop.app.authenticate_from_memory(&key.secret).is_none();
    let waited = wait_until(is_dead, Duration::from_secs(20)).unwrap();
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    let answer = block_on(shop.app.authenticate(&key.secret));
    assert!(matches!(answer, Err(AuthenticateError::Invalid)));
    assert!(shop.app.authenticate_from_memory(&made.live.secret.secret).is_some(), "the others live");
}

#[test]
fn what_is_no_key_opens_nothing() {
    let shop = Shop::new();
    let made = merchant(&shop.app);
    let good = &made.test.secret.secret;
    let mut short = good.clone();
    let last = short.pop().unwrap();
    let wrong = format!("{short}{}", if last == '0' { '1' } else { '0' });
    for text in ["", "sk_test_", "sk_test_zz", wrong.as_str(), short.as_str(), "a.b.c"] {
        let answer = block_on(shop.app.authenticate(text));
        assert!(matches!(answer, Err(AuthenticateError::Invalid)), "{text}");
    }
}

#[test]
fn a_token_works_for_an_hour_on_every_node_and_dies_with_its_client() {
    let shop = Shop::new();
    let beside = shop.reopened();
    let made = merchant(&beside);
    let client = oauth_client(&beside, made.merchant.number);
    let id = client.credential.id.to_string();
    let answer = block_on(beside.authenticate(&client.secret));
    assert!(matches!(answer, Err(AuthenticateError::Invalid)), "a client's secret only buys tokens");
    let token = block_on(beside.issue_token(&id, &client.secret)).unwrap().access_token;
    assert!(block_on(shop.app.authenticate(&token)).is_ok(), "sold by another node just now");
    assert!(block_on(shop.app.issue_token(&id, &made.test.secret.secret)).is_err());
    shop.clock.advance(3_599);
    assert!(block_on(shop.app.authenticate(&token)).is_ok());
    shop.clock.advance(1);
    assert!(block_on(shop.app.authenticate(&token)).is_err());
    let token = block_on(shop.app.issue_token(&id, &client.secret)).unwrap().access_token;
    revoke(&beside, client.credential.id);
    let is_dead = || shop.app.authenticate_from_memory(&token).is_none();
    wait_until(is_dead, Duration::from_secs(20)).unwrap();
    assert!(block_on(shop.app.authenticate(&token)).is_err());
}
