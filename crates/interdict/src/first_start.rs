//! The first start: merchant 1 with its keys and the first person who signs in, shown once.
//!
//! The secrets are shown before the commit, inside of it: a kill leaves either keys that were shown and
//! do nothing, which the next start replaces, or keys that were shown and work. Never keys that nobody
//! has seen.

use std::path::Path;

use anyhow::{Context as _, Result};
use interdict_app::store::StorageError;
use interdict_app::{App, NewMerchant, NewUser, PasswordHash, UserError, create_user, readable_password};
use interdict_domain::actor::Actor;
use interdict_domain::identifier::Email;
use interdict_domain::password::Password;
use interdict_domain::role::Role;
use zeroize::Zeroizing;

use crate::application;
use crate::data_folder::{self, Existing};
use crate::failure::refused_user;
use crate::output;

const MERCHANT: &str = "First merchant";
const FILE: &str = "first-run.txt";
/// By what the first person signs in. Nobody gets mail there.
const OWNER: &str = "owner@interdict.local";

/// Makes the first merchant if there is none: nothing more than a look otherwise.
pub fn begin(app: &App, data_dir: &Path, base_url: &str) -> Result<()> {
    if application::has_merchant(app.core())? {
        return hint_at_users(app);
    }
    let file = data_dir.join(FILE);
    let (path, base_url) = (file.clone(), base_url.to_owned());
    let show: Show = if output::is_watched() {
        Box::new(move |merchant, password| output::print(&text(merchant, password, &base_url)))
    } else {
        Box::new(move |merchant, password| {
            let content = text(merchant, password, &base_url);
            data_folder::write_private(&path, content.as_bytes(), Existing::Replace).map(drop)
        })
    };
    if create(app, show)? && !output::is_watched() {
        output::print(&format!("The keys of merchant 1, and how to sign in, are in {}\n", file.display()))?;
    }
    Ok(())
}

/// Data from before there were people: nobody could sign in, and nothing would say why.
fn hint_at_users(app: &App) -> Result<()> {
    let users = app.core().read_blocking(|view| -> Result<i64, StorageError> { view.count_users() })?;
    if users == 0 {
        tracing::warn!(
            "nobody can sign in to the dashboard yet: make somebody with `interdict user create --merchant 1 \
             --email EMAIL --role owner`"
        );
    }
    Ok(())
}

/// Is given the merchant with its keys, and the first person's password.
type Show = Box<dyn FnOnce(&NewMerchant, &str) -> Result<()> + Send>;

/// True when the merchant was made here; another process may have been faster.
fn create(app: &App, show: Show) -> Result<bool> {
    let email = Email::parse(OWNER)?;
    let password = Zeroizing::new(readable_password(app.random()));
    let hash = PasswordHash::of(&Password::parse(&password, &email)?, app.random())?;
    app.write_core(Actor::system(), move |transaction, by| -> Result<bool, UserError> {
        // Counted inside the commit: of two that start at once, one makes the merchant.
        if transaction.view().count_merchants()? > 0 {
            return Ok(false);
        }
        let merchant = NewMerchant::create(transaction, by, MERCHANT)?;
        let number = merchant.merchant.number;
        let owner = NewUser { merchant: number, email, role: Role::Owner, password: hash };
        create_user(transaction, by, owner)?;
        show(&merchant, &password).map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "the first keys cannot be shown");
            StorageError::Corrupt("the first keys cannot be shown, so none were made")
        })?;
        Ok(true)
    })
    .map_err(refused_user)
    .context("the first merchant cannot be made")
}

fn text(merchant: &NewMerchant, password: &str, base_url: &str) -> String {
    let (test, live) = (&merchant.test, &merchant.live);
    format!(
        "Interdict's first start made merchant {number}. Its keys are shown this once:

  test  secret       {test_secret}
  test  publishable  {test_publishable}
  live  secret       {live_secret}
  live  publishable  {live_publishable}

Somebody can sign in at {base_url}/dashboard, as owner:

  email     {OWNER}
  password  {password}

Block an email, and ask whether it may pay:

  curl -s {base_url}/blacklist -H 'Authorization: Bearer {test_secret}' -H 'Content-Type: application/json' \\
       -d '{{\"email\": \"mallory@example.com\", \"reason\": \"chargeback\"}}'
  curl -s {base_url}/v1/decisions -H 'Authorization: Bearer {test_secret}' -H 'Content-Type: application/json' \\
       -d '{{\"initiator\": \"customer\", \"email\": \"mallory@example.com\"}}'

The answer is \"block\"; for another email it is \"allow\". Keep the keys and the password, and delete this text.
",
        number = merchant.merchant.number,
        test_secret = test.secret.secret,
        test_publishable = test.publishable.secret,
        live_secret = live.secret.secret,
        live_publishable = live.publishable.secret,
    )
}
