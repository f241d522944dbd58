//! `interdict key create`, `list`, `rotate` and `revoke`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use interdict_app::store::StorageError;
use interdict_app::{App, NewKey, NewKeyOptions, UseCaseError, revoke_key, rotate_key};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{Credential, CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;
use serde_json::{Value, json};

use crate::application::{self, Wanted};
use crate::arguments::{KeyCommand, KeyCreateArguments};
use crate::commands::merchant;
use crate::configuration::Configuration;
use crate::failure::{misuse, refused};
use crate::output;

const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// Runs one of the commands.
pub fn run(configuration: &Configuration, command: KeyCommand) -> Result<ExitCode> {
    let open = || application::open(configuration, Wanted::Data);
    match command {
        KeyCommand::Create(arguments) => create(&open()?, &arguments),
        KeyCommand::List { merchant, json } => list(&open()?, merchant.map(MerchantNumber), json.json),
        KeyCommand::Rotate { id, overlap_hours, json } => rotate(&open()?, id, overlap_hours, json.json),
        KeyCommand::Revoke { id, json } => revoke(&open()?, id, json.json),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn create(app: &App, arguments: &KeyCreateArguments) -> Result<()> {
    if arguments.kind == CredentialKind::Publishable && arguments.permissions.is_some() {
        return Err(misuse("what a publishable key may call is fixed: leave out --permissions"));
    }
    let now = app.clock().now();
    let in_days = arguments.expires_in_days.map(|days| now.plus_seconds(i64::from(days) * DAY_S));
    let expires_at = arguments.expires_at.or(in_days);
    if expires_at.is_some_and(|end| end <= now) {
        return Err(misuse("--expires-at must lie in the future"));
    }
    let name = match &arguments.name {
        Some(name) => merchant::name(name)?.as_str().to_owned(),
        None => format!("{} key of the command line", arguments.kind.as_str()),
    };
    let options = NewKeyOptions {
        merchant: MerchantNumber(arguments.merchant),
        mode: arguments.mode,
        kind: arguments.kind,
        name,
        permissions: arguments.permissions.unwrap_or(Permissions::ALL),
        expires_at,
    };
    let key = app
        .write_core(Actor::cli(), move |transaction, by| -> Result<NewKey, UseCaseError> {
            let key = NewKey::generate(options, by.now, by.random);
            key.save(transaction, by)?;
            Ok(key)
        })
        .map_err(refused)?;
    show_new(&key, None, arguments.json.json)
}

fn rotate(app: &App, id: KeyId, overlap_hours: u32, json: bool) -> Result<()> {
    let (new, old) = app
        .write_core(Actor::cli(), move |transaction, by| -> Result<(NewKey, Credential), UseCaseError> {
            let ends_at = by.now.plus_seconds(i64::from(overlap_hours) * HOUR_S);
            let new = rotate_key(transaction, by, id, ends_at)?;
            let old = transaction.view().credential(id)?.ok_or(UseCaseError::NotFound("key"))?;
            Ok((new, old))
        })
        .map_err(refused)?;
    show_new(&new, Some(&old), json)
}

fn revoke(app: &App, id: KeyId, json: bool) -> Result<()> {
    let revoked = app
        .write_core(Actor::cli(), move |transaction, by| revoke_key(transaction, by, id, by.now))
        .map_err(refused)?;
    let at = revoked.revoked_at;
    if json {
        return output::print_json(&json!({"id": id, "revokedAt": at}));
    }
    let at = at.map_or_else(String::new, |at| at.to_string());
    output::print(&format!("{id} is dead since {at}\n"))
}

fn list(app: &App, merchant: Option<MerchantNumber>, json: bool) -> Result<()> {
    let credentials = app
        .core()
        .read_blocking(|view| -> Result<Option<Vec<Credential>>, StorageError> {
            if let Some(number) = merchant
                && view.merchant_record(number)?.is_none()
            {
                return Ok(None);
            }
            view.credentials(merchant).map(Some)
        })
        .context("the keys cannot be read")?
        .ok_or_else(|| misuse("there is no such merchant"))?;
    let now = app.clock().now();
    if json {
        let items: Vec<Value> = credentials.iter().map(|credential| as_json(credential, now)).collect();
        return output::print_json(&json!({"items": items}));
    }
    let head = ["id", "merchant", "mode", "kind", "secret", "name", "state", "expires", "last used"];
    output::print(&output::table(&head, credentials.iter().map(|credential| row(credential, now))))
}

fn state(credential: &Credential, now: Timestamp) -> &'static str {
    if credential.revoked_at.is_some_and(|at| at <= now) {
        "revoked"
    } else if credential.is_valid_at(now) {
        "active"
    } else {
        "expired"
    }
}

fn row(credential: &Credential, now: Timestamp) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let ends = [credential.expires_at, credential.revoked_at].into_iter().flatten().min();
    vec![
        credential.id.to_string(),
        credential.merchant.to_string(),
        credential.mode.as_str().to_owned(),
        credential.kind.as_str().to_owned(),
        format!("…{}", credential.last_four),
        credential.name.clone(),
        state(credential, now).to_owned(),
        time(ends),
        time(credential.last_used_at),
    ]
}

fn as_json(credential: &Credential, now: Timestamp) -> Value {
    json!({
        "id": credential.id,
        "merchant": credential.merchant,
        "mode": credential.mode.as_str(),
        "kind": credential.kind.as_str(),
        "name": credential.name,
        "lastFour": credential.last_four,
        "permissions": credential.permissions.names(),
        "state": state(credential, now),
        "createdAt": credential.created_at,
        "expiresAt": credential.expires_at,
        "lastUsedAt": credential.last_used_at,
        "revokedAt": credential.revoked_at,
    })
}

/// A key with its secret, and the one that it stands for.
fn show_new(key: &NewKey, replaced: Option<&Credential>, json: bool) -> Result<()> {
    let credential = &key.credential;
    if json {
        let mut shown = json!({
            "id": credential.id,
            "kind": credential.kind.as_str(),
            "mode": credential.mode.as_str(),
            "permissions": credential.permissions.names(),
            "expiresAt": credential.expires_at,
            "secret": key.secret,
        });
        if credential.kind == CredentialKind::Oauth {
            // The same once more in OAuth's words.
            put(&mut shown, "clientId", json!(credential.id));
            put(&mut shown, "clientSecret", json!(key.secret));
        }
        if let Some(old) = replaced {
            put(&mut shown, "replaces", json!({"id": old.id, "revokedAt": old.revoked_at}));
        }
        return output::print_json(&shown);
    }
    let mut text = format!("Made {}. Its secret is shown this once:\n\n", credential.id);
    if credential.kind == CredentialKind::Oauth {
        let _ = writeln!(text, "  client id      {}\n  client secret  {}", credential.id, key.secret);
    } else {
        let _ = writeln!(text, "  {}", key.secret);
    }
    if let Some(end) = credential.expires_at {
        let _ = writeln!(text, "\nIt works until {end}.");
    }
    if let Some((old, end)) = replaced.and_then(|old| Some((old.id, old.revoked_at?))) {
        let _ = writeln!(text, "\n{old} works until {end}.");
    }
    output::print(&text)
}

fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}
