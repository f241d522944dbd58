//! `interdict merchant create`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use interdict_app::{MerchantKeys, NewMerchant, UseCaseError};
use interdict_domain::actor::Actor;
use interdict_domain::text::Name;
use serde_json::{Value, json};

use crate::application::{self, Wanted};
use crate::arguments::MerchantCommand;
use crate::configuration::Configuration;
use crate::failure::{misuse, refused};
use crate::output;

/// Runs one of the commands.
pub fn run(configuration: &Configuration, command: MerchantCommand) -> Result<ExitCode> {
    let MerchantCommand::Create { name, json } = command;
    let name = self::name(&name)?;
    let app = application::open(configuration, Wanted::Writes)?;
    let created = app
        .write_core(Actor::cli(), move |transaction, by| -> Result<NewMerchant, UseCaseError> {
            NewMerchant::create(transaction, by, name.as_str())
        })
        .map_err(refused)
        .context("the merchant cannot be made")?;
    if json.json {
        output::print_json(&as_json(&created))?;
    } else {
        output::print(&as_text(&created))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A name of a merchant or a key.
pub fn name(text: &str) -> Result<Name> {
    let text = text.trim();
    if text.is_empty() {
        return Err(misuse("--name must not be empty"));
    }
    Name::parse(text).map_err(|error| misuse(format!("--name {error}")))
}

fn as_json(created: &NewMerchant) -> Value {
    let keys =
        |keys: &MerchantKeys| json!({"secret": keys.secret.secret, "publishable": keys.publishable.secret});
    json!({
        "number": created.merchant.number,
        "keys": {"test": keys(&created.test), "live": keys(&created.live)},
    })
}

fn as_text(created: &NewMerchant) -> String {
    let (test, live) = (&created.test, &created.live);
    format!(
        "Made merchant {}. Its keys are shown this once:

  test  secret       {}
  test  publishable  {}
  live  secret       {}
  live  publishable  {}
",
        created.merchant.number,
        test.secret.secret,
        test.publishable.secret,
        live.secret.secret,
        live.publishable.secret,
    )
}
