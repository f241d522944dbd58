//! The credentials in memory, as the fold of the core's feed: a revoked key is dead as soon as the
//! feed says so. Of people only what they are called: who is signed in is read from the store each time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use interdict_domain::change::{Change, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::Credential;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{KeyId, UserId};
use interdict_storage::{FeedObserver, StorageError, View};
use parking_lot::RwLock;

/// A credential with when it was last used.
pub(crate) struct Known {
    pub(crate) credential: Credential,
    last_used_us: AtomicI64,
}

impl Known {
    /// Notes a use. A plain store: the last of two at once may win.
    pub(crate) fn touch(&self, now: Timestamp) {
        self.last_used_us.store(now.micros(), Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Maps {
    /// The feed is followed. Otherwise nothing is kept: each credential is looked up where it is written.
    followed: bool,
    by_digest: HashMap<[u8; 32], Arc<Known>>,
    by_id: HashMap<KeyId, Arc<Known>>,
    emails: HashMap<UserId, Email>,
}

impl Maps {
    fn put(&mut self, credential: Credential) -> Arc<Known> {
        let used = self.by_id.get(&credential.id).map(|known| known.last_used_us.load(Ordering::Relaxed));
        let stored = credential.last_used_at.map_or(i64::MIN, Timestamp::micros);
        let known =
            Arc::new(Known { last_used_us: AtomicI64::new(used.unwrap_or(stored).max(stored)), credential });
        self.by_digest.insert(known.credential.digest, Arc::clone(&known));
        self.by_id.insert(known.credential.id, Arc::clone(&known));
        known
    }

    fn remove(&mut self, id: KeyId) {
        if let Some(known) = self.by_id.remove(&id) {
            self.by_digest.remove(&known.credential.digest);
        }
    }
}

/// The credentials in memory.
#[derive(Default)]
pub(crate) struct Directory {
    maps: RwLock<Maps>,
    written_us: RwLock<HashMap<KeyId, i64>>,
}

impl Directory {
    /// By the SHA-256 of a secret.
    pub(crate) fn by_digest(&self, digest: &[u8; 32]) -> Option<Arc<Known>> {
        self.maps.read().by_digest.get(digest).cloned()
    }

    /// By id.
    pub(crate) fn by_id(&self, id: KeyId) -> Option<Arc<Known>> {
        self.maps.read().by_id.get(&id).cloned()
    }

    /// The email of somebody who signs in.
    pub(crate) fn email_of(&self, id: UserId) -> Option<String> {
        self.maps.read().emails.get(&id).map(|email| email.as_str().to_owned())
    }

    /// Keeps one that was found in the store, unless the feed told of it meanwhile: what was found may
    /// be older, and a revoked key must not come back to life.
    pub(crate) fn found(&self, credential: Credential) -> Arc<Known> {
        let mut maps = self.maps.write();
        if let Some(known) = maps.by_id.get(&credential.id) {
            return Arc::clone(known);
        }
        if maps.followed {
            return maps.put(credential);
        }
        Arc::new(Known { last_used_us: AtomicI64::new(i64::MIN), credential })
    }

    /// The credentials that were used since the last call, with when.
    pub(crate) fn take_used(&self) -> Vec<(KeyId, Timestamp)> {
        let maps = self.maps.read();
        let mut written = self.written_us.write();
        let mut used = Vec::new();
        for (id, known) in &maps.by_id {
            let last = known.last_used_us.load(Ordering::Relaxed);
            if last != i64::MIN && written.insert(*id, last) != Some(last) {
                used.push((*id, Timestamp::from_micros(last)));
            }
        }
        used
    }
}

/// Follows the core's feed into a directory.
pub(crate) struct DirectoryFollower(pub(crate) Arc<Directory>);

impl DirectoryFollower {
    /// An email never changes: whoever is known stays so.
    fn name(&self, id: UserId, view: &View<'_>) {
        if self.0.maps.read().emails.contains_key(&id) {
            return;
        }
        match view.user(id) {
            Ok(Some(account)) => drop(self.0.maps.write().emails.insert(id, account.user.email)),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a person's email cannot be read");
            }
        }
    }
}

impl FeedObserver for DirectoryFollower {
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        let mut maps = Maps { followed: true, ..Maps::default() };
        for credential in view.credentials(None)? {
            maps.put(credential);
        }
        for user in view.users(None)? {
            maps.emails.insert(user.id, user.email);
        }
        *self.0.maps.write() = maps;
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], view: &View<'_>) -> Result<(), StorageError> {
        for change in changes {
            if let Subject::User(id) = change.subject {
                self.name(id, view);
            }
            let Subject::Key(id) = change.subject else { continue };
            match view.credential(id) {
                Ok(Some(credential)) => drop(self.0.maps.write().put(credential)),
                Ok(None) => self.0.maps.write().remove(id),
                Err(error) => {
                    // It may be revoked: the next use looks it up.
                    self.0.maps.write().remove(id);
                    tracing::error!(error = &error as &dyn std::error::Error, "a credential cannot be read");
                }
            }
        }
        Ok(())
    }

    /// No bound is promised but the poll's: a credential has no outage policy.
    fn heard(&mut self, _: Duration) {}

    /// A key may be revoked without our hearing of it: nothing in memory opens anything.
    fn lost(&mut self) {
        *self.0.maps.write() = Maps::default();
    }
}

#[cfg(test)]
mod tests {
    use interdict_domain::clock::Random;
    use interdict_domain::credential::{CredentialKind, Permissions};
    use interdict_domain::merchant::MerchantNumber;
    use interdict_domain::mode::Mode;

    use super::*;
    use crate::create_key::{NewKey, NewKeyOptions};

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn key(revoked_at: Option<Timestamp>) -> Credential {
        let options = NewKeyOptions {
            merchant: MerchantNumber(1),
            mode: Mode::Test,
            kind: CredentialKind::Secret,
            name: "key".to_owned(),
            permissions: Permissions::ALL,
            expires_at: None,
        };
        let now = Timestamp::from_micros(1);
        Credential { revoked_at, ..NewKey::generate(options, now, &Sevens).credential }
    }

    #[test]
    fn a_lookup_that_began_before_the_revocation_does_not_undo_it() {
        let directory = Directory::default();
        directory.maps.write().followed = true;
        let revoked = key(Some(Timestamp::from_micros(2)));
        directory.maps.write().put(revoked.clone());
        let found = directory.found(key(None));
        assert_eq!(found.credential, revoked);
        let kept = directory.by_digest(&revoked.digest).unwrap();
        assert_eq!(kept.credential.revoked_at, revoked.revoked_at);
    }

    #[test]
    fn nothing_is_kept_while_the_feed_is_not_followed() {
        let directory = Arc::new(Directory::default());
        let mut follower = DirectoryFollower(Arc::clone(&directory));
        directory.maps.write().followed = true;
        directory.found(key(None));
        assert!(directory.by_id(key(None).id).is_some());
        follower.lost();
        assert!(directory.by_id(key(None).id).is_none());
        assert_eq!(directory.found(key(None)).credential, key(None), "it works, from the store each time");
        assert!(directory.by_id(key(None).id).is_none());
    }
}
