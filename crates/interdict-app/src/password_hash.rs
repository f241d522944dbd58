//! Hashes of passwords: argon2id with what OWASP asks for (19 MiB, two passes, one lane), each with a salt
//! of its own, as a PHC text that says how it was made.
//!
//! Deliberately not here: which passwords are good (`interdict-domain`).

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use interdict_domain::clock::Random;
use interdict_domain::password::Password;
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Hashes at once: each takes a core for some 20 ms, and the cores are there to decide.
const AT_ONCE: usize = 2;
/// How many may wait. More are told to come back.
const WAITING_MAX: usize = 64;

/// Compared with when there is no hash, so that the time does not tell that there is none. Of a password
/// that nobody knows.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Letters and digits that nobody mistakes for one another.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub(crate) String);

/// The hash of a password could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password cannot be hashed: there may be too little memory")]
pub struct HashError;

impl PasswordHash {
    /// Takes a core for some 20 ms.
    pub fn of(password: &Password, random: &dyn Random) -> Result<Self, HashError> {
        let mut salt = [0_u8; SALT_BYTES];
        random.fill(&mut salt);
        let hash =
            argon2()?.hash_password_with_salt(password.as_str().as_bytes(), &salt).map_err(|_| HashError)?;
        Ok(Self(hash.to_string()))
    }
}

/// A hash never reaches a log.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn agrees(password: &Password, hash: &str) -> Result<bool, HashError> {
    Ok(argon2()?.verify_password(password.as_str().as_bytes(), hash).is_ok())
}

/// Groups of letters and digits, of five bits each, that a person can read and type.
pub(crate) fn readable(groups: usize, group: usize, random: &dyn Random) -> String {
    let mut bytes = vec![0_u8; groups * group];
    random.fill(&mut bytes);
    let letters: Vec<u8> =
        bytes.iter().map(|byte| READABLE.get(usize::from(byte % 32)).copied().unwrap_or_default()).collect();
    let parts: Vec<String> =
        letters.chunks(group.max(1)).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    parts.join("-")
}

/// A password of 100 bits for somebody who has none yet.
pub fn readable_password(random: &dyn Random) -> String {
    readable(4, 5, random)
}

/// Too many wait for a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashingError {
    TooMany,
    Failed,
}

impl From<HashError> for HashingError {
    fn from(_: HashError) -> Self {
        Self::Failed
    }
}

/// Hashes beside what decides: few at once, few that wait.
pub(crate) struct Hashing {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)), waiting: Semaphore::new(WAITING_MAX) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let _place = self.waiting.try_acquire().map_err(|_| HashingError::TooMany)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| HashingError::Failed)?;
        // The hash keeps its permit even when its caller goes away.
        let run = move || {
            let _permit = permit;
            work()
        };
        Ok(tokio::task::spawn_blocking(run).await.map_err(|_| HashingError::Failed)??)
    }

    /// Whether a password belongs to a hash. It takes as long when there is none.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, HashingError> {
        self.run(move || {
            let (hash, exists) = hash.map_or((NOBODYS.to_owned(), false), |hash| (hash, true));
            Ok(agrees(&password, &hash)? && exists)
        })
        .await
    }

    /// The hash of a new password.
    pub(crate) async fn hash(
        &self,
        password: Password,
        random: Arc<dyn Random>,
    ) -> Result<PasswordHash, HashingError> {
        self.run(move || PasswordHash::of(&password, random.as_ref())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            (0..=u8::MAX).zip(bytes).for_each(|(number, byte)| *byte = number);
        }
    }

    #[test]
    fn a_hash_says_how_it_was_made_and_knows_its_password() {
        let password = Password::shown("correct horse battery");
        let hash = PasswordHash::of(&password, &Counting).unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert_eq!(agrees(&password, &hash.0), Ok(true));
        assert_eq!(agrees(&Password::shown("correct horse"), &hash.0), Ok(false));
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    /// Otherwise the time would tell: a text that cannot be read costs nothing to compare with.
    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let made = PasswordHash::of(&Password::shown("correct horse battery"), &Counting).unwrap().0;
        let shape = |text: &str| text.rsplitn(3, '$').map(str::to_owned).collect::<Vec<_>>();
        let (made, nobodys) = (shape(&made), shape(NOBODYS));
        assert_eq!(made[2], nobodys[2], "the same way");
        assert_eq!((made[1].len(), made[0].len()), (nobodys[1].len(), nobodys[0].len()));
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODYS).is_ok());
    }

    #[test]
    fn a_readable_password_can_be_typed() {
        assert_eq!(readable_password(&Counting), "abcde-fghij-kmnpq-rstuv");
    }
}
