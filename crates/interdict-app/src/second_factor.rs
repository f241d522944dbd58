//! The second factor: codes by time (RFC 6238: SHA-1, six digits, 30 seconds, one step either way), each
//! accepted once, and ten codes for whoever has lost the device.
//!
//! Deliberately not here: when a code is asked for ([`crate::sign_in`]).

use interdict_domain::change::Action;
use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_storage::{Transaction, UserAccount};
use qrcode::QrCode;
use qrcode::render::svg;
use sha2::{Digest as _, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::app::App;
use crate::password_hash::readable;
use crate::sessions::SignedIn;
use crate::user_error::UserError;
use crate::vault::Vault;

const ISSUER: &str = "Interdict";
/// 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const STEP_S: u64 = 30;
const DIGITS: u8 = 6;
const RECOVERY_CODES: usize = 10;
/// Pixels of the picture, at least.
const PICTURE: u32 = 240;

/// A secret to put into an authenticator, shown once. It counts when a code has confirmed it.
pub struct Enrolment {
    /// In base32, for those who type it.
    pub secret: Zeroizing<String>,
    /// The same with its name, `otpauth://totp/…`.
    pub uri: Zeroizing<String>,
    /// The URI as a picture to scan, in SVG.
    pub picture: Zeroizing<String>,
}

/// What somebody has shown as a second factor, on its form alone.
pub(crate) enum ShownFactor {
    /// A code of this step.
    Step(i64),
    /// What may be a recovery code, as SHA-256.
    Recovery([u8; 32]),
}

impl ShownFactor {
    /// Reads a code; nothing when it is a code by time, and wrong.
    pub(crate) fn read(
        vault: &Vault,
        account: &UserAccount,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Self>, UserError> {
        let code: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|char| !char.is_whitespace() && *char != '-').collect());
        if code.len() != usize::from(DIGITS) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(Self::Recovery(recovery_digest(&code))));
        }
        let sealed = account.second_factor.as_deref().ok_or(UserError::NoSecondFactor)?;
        Ok(step_of(&open(vault, account.user.id, sealed, &account.user.email)?, &code, now).map(Self::Step))
    }

    /// Uses the code up, inside of a commit; false when it was used before, or is no code.
    pub(crate) fn spend(
        &self,
        transaction: &mut Transaction<'_>,
        account: &mut UserAccount,
    ) -> Result<bool, interdict_storage::StorageError> {
        match self {
            Self::Step(step) if *step > account.second_factor_step => {
                account.second_factor_step = *step;
                Ok(true)
            }
            Self::Step(_) => Ok(false),
            Self::Recovery(digest) => transaction.use_recovery_code(account.user.id, digest),
        }
    }
}

fn recovery_digest(code: &str) -> [u8; 32] {
    Sha256::digest(code.to_ascii_lowercase().as_bytes()).into()
}

fn totp(secret: Secret, email: &Email) -> Result<Totp, UserError> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(1)
        .with_step_duration(STEP_S)
        .with_secret(secret)
        .with_account_name(email.as_str())
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|_| UserError::SecondFactorUnreadable)
}

/// Where a secret belongs: moved to another person, it cannot be read.
pub(crate) fn place(id: UserId) -> String {
    format!("second factor of {id}")
}

fn open(vault: &Vault, id: UserId, sealed: &[u8], email: &Email) -> Result<Totp, UserError> {
    let text = vault.open(sealed, &place(id)).map_err(|_| UserError::SecondFactorUnreadable)?;
    let text = Zeroizing::new(text);
    let secret = Secret::try_from_base32(text.as_str()).map_err(|_| UserError::SecondFactorUnreadable)?;
    totp(secret, email)
}

fn step_of(totp: &Totp, code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.seconds()).ok()?;
    totp.check(code, seconds).and_then(|step| i64::try_from(step).ok())
}

fn picture(uri: &str) -> Result<String, UserError> {
    let code = QrCode::new(uri.as_bytes()).map_err(|_| UserError::SecondFactorUnreadable)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build())
}

/// Codes of 80 bits, such as `k7mq-x9fh-d2aw-v6tr`.
fn recovery_codes(random: &dyn Random) -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| readable(4, 4, random)).collect()
}

impl App {
    /// Makes a secret for the person's authenticator. An earlier one that was not confirmed is forgotten.
    pub async fn enroll_second_factor(&self, by: &SignedIn) -> Result<Enrolment, UserError> {
        let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
        self.random.fill(bytes.as_mut());
        let totp = totp(Secret::new_stack(*bytes), &by.user.email)?;
        let secret = Zeroizing::new(totp.secret().to_base32());
        let uri = Zeroizing::new(totp.to_url().map_err(|_| UserError::SecondFactorUnreadable)?);
        let sealed = self
            .vault
            .seal(&secret, &place(by.user.id), self.random.as_ref())
            .map_err(|_| UserError::SecondFactorUnreadable)?;
        let id = by.user.id;
        self.change_core(by.actor(), move |transaction, _| -> Result<(), UserError> {
            let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
            if account.second_factor.is_some() {
                return Err(UserError::SecondFactorIsOn);
            }
            account.pending_factor = Some(sealed);
            Ok(transaction.keep_user(&account)?)
        })
        .await?;
        Ok(Enrolment { picture: Zeroizing::new(picture(&uri)?), secret, uri })
    }

    /// Turns the second factor on when a code of the new secret is right, and gives the recovery codes, which
    /// are shown once. The person's other sessions end: they have shown a password alone.
    pub async fn confirm_second_factor(&self, by: &SignedIn, code: &str) -> Result<Vec<String>, UserError> {
        let (id, session, vault) = (by.user.id, by.session.id, self.vault.clone());
        // Apps show it in two groups.
        let code = Zeroizing::new(code.split_whitespace().collect::<String>());
        let codes = recovery_codes(self.random.as_ref());
        let digests: Vec<[u8; 32]> =
            codes.iter().map(|code| recovery_digest(&code.replace('-', ""))).collect();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<(), UserError> {
            let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
            let sealed = account.pending_factor.take().ok_or(UserError::NoEnrolment)?;
            let totp = open(&vault, id, &sealed, &account.user.email)?;
            let step = step_of(&totp, &code, authorship.now).ok_or(UserError::WrongCode)?;
            let before = account.user.clone();
            account.second_factor = Some(sealed);
            account.second_factor_step = step;
            account.user.second_factor = true;
            transaction.put_recovery_codes(id, &digests)?;
            transaction.pass_second_factor(session)?;
            transaction.end_sessions(id, Some(session), authorship.now)?;
            Ok(transaction.change_user(authorship, Action::UserSecondFactorEnabled, &before, &account)?)
        })
        .await?;
        Ok(codes)
    }

    /// Turns the second factor off, for whoever knows the password.
    pub async fn disable_second_factor(&self, by: &SignedIn, password: &str) -> Result<(), UserError> {
        self.check_own_password(by, password).await?;
        let id = by.user.id;
        self.change_core(by.actor(), move |transaction, authorship| -> Result<(), UserError> {
            let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
            if !take_second_factor(transaction, &mut account)? {
                return Err(UserError::NoSecondFactor);
            }
            let user = account.user.clone();
            Ok(transaction.change_user(authorship, Action::UserSecondFactorDisabled, &user, &account)?)
        })
        .await
    }

    /// How many recovery codes the person has left.
    pub async fn recovery_codes_left(&self, by: &SignedIn) -> Result<i64, UserError> {
        let id = by.user.id;
        Ok(self.core.read_all(move |view| view.count_recovery_codes(id)).await?)
    }
}

/// Takes the second factor and its recovery codes from an account; false when there was none.
pub(crate) fn take_second_factor(
    transaction: &mut Transaction<'_>,
    account: &mut UserAccount,
) -> Result<bool, UserError> {
    let was_on = account.second_factor.take().is_some();
    account.pending_factor = None;
    account.user.second_factor = false;
    transaction.put_recovery_codes(account.user.id, &[])?;
    Ok(was_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, of which six digits are used.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let email = Email::parse("ada@example.com").unwrap();
        let totp = totp(Secret::new_stack(*b"12345678901234567890"), &email).unwrap();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |offset: i64| Timestamp::from_micros(0).plus_seconds(seconds + offset);
            let step = seconds / 30;
            assert_eq!(step_of(&totp, code, at(0)), Some(step), "{code}");
            assert_eq!(step_of(&totp, code, at(30)), Some(step), "a step late");
            assert_eq!(step_of(&totp, code, at(-30)), Some(step), "a step early");
            assert_eq!(step_of(&totp, code, at(60)), None);
        }
        let uri = totp.to_url().unwrap();
        assert!(uri.starts_with("otpauth://totp/Interdict:ada%40example.com?"), "{uri}");
        assert!(picture(&uri).unwrap().contains("<svg"));
    }
}
