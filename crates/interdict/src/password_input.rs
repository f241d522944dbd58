//! Passwords that people give to a command: asked for on a terminal, without an echo, and read from standard
//! input otherwise. Never from an argument, which everybody on the machine can read.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, Result};
use interdict_app::PasswordHash;
use interdict_domain::identifier::Email;
use interdict_domain::password::{PASSWORD_CHARS_MAX, Password};
use zeroize::Zeroizing;

use crate::clock::SystemRandom;
use crate::failure::misuse;

/// No good password is longer, in bytes.
const BYTES_MAX: u64 = PASSWORD_CHARS_MAX as u64 * 16;

/// Reads somebody's new password, and hashes it.
pub fn read(email: &Email) -> Result<PasswordHash> {
    let text = if std::io::stdin().is_terminal() { ask()? } else { read_input()? };
    let password = Password::parse(&text, email).map_err(|error| misuse(format!("the password {error}")))?;
    Ok(PasswordHash::of(&password, &SystemRandom)?)
}

/// Twice, because nobody sees what is typed.
fn ask() -> Result<Zeroizing<String>> {
    let prompt = |text| rpassword::prompt_password(text).map(Zeroizing::new);
    let first = prompt("Password: ").context("the password cannot be asked for")?;
    let second = prompt("The same again: ").context("the password cannot be asked for")?;
    if first == second { Ok(first) } else { Err(misuse("the two passwords are not the same")) }
}

/// One line, or what there is of it.
fn read_input() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::io::stdin()
        .take(BYTES_MAX)
        .read_to_end(&mut bytes)
        .context("the password cannot be read from standard input")?;
    let text = std::str::from_utf8(&bytes).map_err(|_| misuse("the password must be UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Err(misuse(
            "no password came: send it on standard input as one line, or run this on a terminal",
        ));
    }
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}
