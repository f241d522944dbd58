//! Addresses that lead to the same mailbox, as far as a merchant wants them taken for one: `name+tag@…`, and at a few
//! providers what those say of themselves.
//!
//! A policy of the merchant, never the canonical form: whoever folds dots or tags at every domain merges strangers
//! (incident 2 of the peers). Deliberately not here: which policy holds, which an entry says for itself.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::entry::words;

words!(
    /// Which addresses an entry of the kind `email` stands for.
    EmailMatching {
        /// The one address.
        Exact = "exact",
        /// Every address that differs in a `+tag` at the end of its local part alone.
        PlusAlias = "plus_alias",
        /// Every address that its provider says leads to the same mailbox; elsewhere the one address.
        Provider = "provider",
    }
);

#[expect(clippy::derivable_impls, reason = "the macro that writes the words knows no default")]
impl Default for EmailMatching {
    fn default() -> Self {
        Self::Exact
    }
}

/// What a provider says of its addresses.
struct Provider {
    /// Its domains, the first of them for all: two domains of one provider may be two mailboxes, unless it says so.
    domains: &'static [&'static str],
    ignores_dots: bool,
}

/// Those who document that `+tag` leads to the same mailbox. Dots are ignored at Gmail only.
const PROVIDERS: [Provider; 9] = [
    Provider { domains: &["gmail.com", "googlemail.com"], ignores_dots: true },
    Provider { domains: &["outlook.com"], ignores_dots: false },
    Provider { domains: &["hotmail.com"], ignores_dots: false },
    Provider { domains: &["live.com"], ignores_dots: false },
    Provider { domains: &["icloud.com", "me.com", "mac.com"], ignores_dots: false },
    Provider { domains: &["fastmail.com"], ignores_dots: false },
    Provider { domains: &["proton.me", "protonmail.com", "pm.me"], ignores_dots: false },
    Provider { domains: &["zoho.com"], ignores_dots: false },
    Provider { domains: &["yandex.com", "yandex.ru", "ya.ru"], ignores_dots: false },
];

impl EmailMatching {
    /// The one address that stands for all that are taken for the same; borrowed when that is itself. The address
    /// must be canonical, and so is what comes of it.
    pub fn fold(self, address: &str) -> Cow<'_, str> {
        let Some((local, domain)) = address.rsplit_once('@') else { return Cow::Borrowed(address) };
        match self {
            Self::Exact => Cow::Borrowed(address),
            Self::PlusAlias => match without_tag(local).filter(|rest| !rest.ends_with('.')) {
                Some(rest) => Cow::Owned(format!("{rest}@{domain}")),
                None => Cow::Borrowed(address),
            },
            Self::Provider => {
                let provider = PROVIDERS.iter().find(|provider| provider.domains.contains(&domain));
                let Some(provider) = provider else { return Cow::Borrowed(address) };
                let first = provider.domains.first().copied().unwrap_or(domain);
                let rest = without_tag(local).unwrap_or(local);
                if provider.ignores_dots {
                    return Cow::Owned(format!("{}@{first}", rest.replace('.', "")));
                }
                // A dot at the end would make it no address.
                let rest = if rest.ends_with('.') { local } else { rest };
                Cow::Owned(format!("{rest}@{first}"))
            }
        }
    }

    /// The domains of all addresses that fold to the same one as an address.
    pub fn domains(self, address: &str) -> Vec<&str> {
        let Some((_, domain)) = address.rsplit_once('@') else { return Vec::new() };
        let provider = PROVIDERS.iter().find(|provider| provider.domains.contains(&domain));
        match provider.filter(|_| self == Self::Provider) {
            Some(provider) => provider.domains.to_vec(),
            None => vec![domain],
        }
    }
}

/// A local part without its tag; nothing when it has none, or nothing else.
fn without_tag(local: &str) -> Option<&str> {
    let (rest, _) = local.split_once('+')?;
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::email;
    use super::*;

    #[test]
    fn each_policy_folds_what_it_says_and_nothing_else() {
        use EmailMatching::{Exact, PlusAlias, Provider};
        for (address, plus, provider) in [
            ("john.doe+shop@gmail.com", "john.doe@gmail.com", "johndoe@gmail.com"),
            ("j.o.h.n@googlemail.com", "j.o.h.n@googlemail.com", "john@gmail.com"),
            ("john.doe+a+b@outlook.com", "john.doe@outlook.com", "john.doe@outlook.com"),
            ("john.doe+a@example.com", "john.doe@example.com", "john.doe+a@example.com"),
            ("john@me.com", "john@me.com", "john@icloud.com"),
            ("+tag@gmail.com", "+tag@gmail.com", "+tag@gmail.com"),
            ("john-a@yahoo.com", "john-a@yahoo.com", "john-a@yahoo.com"),
        ] {
            assert_eq!(Exact.fold(address), address);
            assert_eq!(PlusAlias.fold(address), plus);
            assert_eq!(Provider.fold(address), provider);
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_is_canonical_and_stays_as_it_is(
            local in "[a-c+.]{1,8}",
            domain in prop::sample::select(vec!["gmail.com", "googlemail.com", "outlook.com", "shop.example"]),
        ) {
            let Ok(address) = email::normalise(&format!("{local}@{domain}")).map(Cow::into_owned) else { return Ok(()) };
            for matching in EmailMatching::ALL {
                let folded = matching.fold(&address);
                prop_assert_eq!(email::normalise(&folded).unwrap(), folded.as_ref());
                prop_assert_eq!(matching.fold(&folded), folded.as_ref());
            }
        }
    }
}
