//! `interdict user create`, `list`, `disable`, `enable` and `set-password`.
//!
//! Deliberately not here: who may change whom. Whoever can read the data folder may.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use interdict_app::store::{Authorship, StorageError};
use interdict_app::{
    App, NewUser, SecondFactorAfterReset, UserError, create_user, disable_user, enable_user, set_password,
};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::UserId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::user::User;
use interdict_storage::Transaction;
use serde_json::{Value, json};

use crate::application::{self, Wanted};
use crate::arguments::{UserCommand, UserCreateArguments};
use crate::configuration::Configuration;
use crate::failure::{misuse, refused_user};
use crate::{output, password_input};

/// Runs one of the commands.
pub fn run(configuration: &Configuration, command: UserCommand) -> Result<ExitCode> {
    let app = application::open(configuration, Wanted::Data)?;
    match command {
        UserCommand::Create(arguments) => create(&app, arguments),
        UserCommand::List { merchant, json } => list(&app, merchant.map(MerchantNumber), json.json),
        UserCommand::Disable { id, json } => {
            change(&app, "Disabled", json.json, move |transaction, by| disable_user(transaction, by, id))
        }
        UserCommand::Enable { id, json } => {
            change(&app, "Enabled", json.json, move |transaction, by| enable_user(transaction, by, id))
        }
        UserCommand::SetPassword { id, remove_second_factor, json } => {
            let second_factor = if remove_second_factor {
                SecondFactorAfterReset::Removed
            } else {
                SecondFactorAfterReset::Kept
            };
            new_password(&app, id, second_factor, json.json)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn create(app: &App, arguments: UserCreateArguments) -> Result<()> {
    let UserCreateArguments { merchant, email, role, json } = arguments;
    let password = password_input::read(&email)?;
    let new = NewUser { merchant: MerchantNumber(merchant), email, role, password };
    change(app, "Made", json.json, move |transaction, by| create_user(transaction, by, new))
}

fn new_password(app: &App, id: UserId, second_factor: SecondFactorAfterReset, json: bool) -> Result<()> {
    let found = app.core().read_blocking(|view| view.user(id)).map_err(UserError::Storage)?;
    let account = found.ok_or_else(|| refused_user(UserError::NotFound))?;
    let password = password_input::read(&account.user.email)?;
    change(app, "Set the password of", json, move |transaction, by| {
        set_password(transaction, by, id, password, second_factor)
    })
}

fn change(
    app: &App,
    done: &str,
    json: bool,
    work: impl FnOnce(&mut Transaction<'_>, &Authorship<'_>) -> Result<User, UserError> + Send + 'static,
) -> Result<()> {
    let user = app.write_core(Actor::cli(), work).map_err(refused_user)?;
    if json {
        return output::print_json(&as_json(&user));
    }
    output::print(&format!("{done} {} ({}, {})\n", user.email.as_str(), user.role.as_str(), user.id))
}

fn list(app: &App, merchant: Option<MerchantNumber>, json: bool) -> Result<()> {
    let users = app
        .core()
        .read_blocking(|view| -> Result<Option<Vec<User>>, StorageError> {
            if let Some(number) = merchant
                && view.merchant_record(number)?.is_none()
            {
                return Ok(None);
            }
            view.users(merchant).map(Some)
        })
        .context("the people cannot be read")?
        .ok_or_else(|| misuse("there is no such merchant"))?;
    if json {
        let items: Vec<Value> = users.iter().map(as_json).collect();
        return output::print_json(&json!({"items": items}));
    }
    let head = ["id", "merchant", "email", "role", "state", "second factor", "last signed in"];
    output::print(&output::table(&head, users.iter().map(row)))
}

fn state(user: &User) -> &'static str {
    if user.disabled_at.is_some() {
        "disabled"
    } else if user.invitation_ends_at.is_some() {
        "invited"
    } else {
        "active"
    }
}

fn row(user: &User) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    vec![
        user.id.to_string(),
        user.merchant.to_string(),
        user.email.as_str().to_owned(),
        user.role.as_str().to_owned(),
        state(user).to_owned(),
        if user.second_factor { "yes" } else { "no" }.to_owned(),
        time(user.last_signed_in_at),
    ]
}

fn as_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "merchant": user.merchant,
        "email": user.email.as_str(),
        "role": user.role.as_str(),
        "state": state(user),
        "secondFactor": user.second_factor,
        "createdAt": user.created_at,
        "lastSignedInAt": user.last_signed_in_at,
        "disabledAt": user.disabled_at,
    })
}
