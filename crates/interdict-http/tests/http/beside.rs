//! A command beside a running server, on the same folder: the server notices what it wrote.

use std::time::Duration;

use interdict_app::store::{Authorship, StorageError};
use interdict_app::{NewEntry, UseCaseError, list_entry};
use interdict_domain::actor::Actor;
use interdict_domain::credential::CredentialKind;
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::mode::Mode;
use serde_json::json;

use crate::shop::{FIRST, Shop};

/// Asks until the answer is the wanted one; a second is what is promised, and a busy machine gets more.
async fn until(mut asked: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("the server notices");
}

#[tokio::test]
async fn a_key_works_when_the_command_that_made_it_returns() {
    let shop = Shop::open().await;
    let beside = shop.beside();
    let key = shop.key_by(&beside, CredentialKind::Secret, "customers:read", None);
    shop.bearer(&key.secret).get("/v1/customers").await.expect(200);
    let client = shop.key_by(&beside, CredentialKind::Oauth, "customers:read", None);
    let body = json!({"grant_type": "client_credentials", "client_id": client.credential.id.to_string(),
        "client_secret": client.secret});
    shop.anonymous().post("/v1/oauth/token", body).await.expect(200);
}

#[tokio::test]
async fn a_key_that_is_revoked_beside_dies() {
    let shop = Shop::open().await;
    let beside = shop.beside();
    let api = shop.secret();
    api.get("/v1/customers").await.expect(200);
    shop.revoke_by(&beside, shop.merchant.test.secret.credential.id);
    until(async || api.get("/v1/customers").await.status == 401).await;
}

#[tokio::test]
async fn a_block_that_is_written_beside_is_obeyed() {
    let shop = Shop::open().await;
    let beside = shop.beside();
    let (now, random) = (shop.clock.in_seconds(0).parse().unwrap(), std::sync::Arc::clone(&shop.random));
    let written = beside.service(Mode::Test).store().write(move |transaction| {
        let actor = Actor::cli();
        let by = Authorship::new(&actor, now, random.as_ref());
        let new = NewEntry::plain(
            List::Block,
            Identifier::parse(Kind::Email, "a@example.com").unwrap(),
            EntrySource::Api,
        );
        list_entry(&mut transaction.merchant(FIRST), &by, new).map(|_| ()).map_err(|error| match error {
            UseCaseError::Storage(error) => error,
            other => panic!("{other}"),
        })?;
        Ok::<_, StorageError>(())
    });
    let revision = written.await.unwrap().revision;
    let api = shop.secret();
    until(async || api.code_for("a@example.com").await == "identifier_blacklisted").await;
    let changes = api.with("interdict-at-least", &revision.to_string()).get("/v1/changes").await;
    assert_eq!(changes.expect(200)["items"][0]["actor"]["label"], "command line");
}
