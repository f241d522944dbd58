//! A provider's own lists of values, as far as they are written and read: one item at a time, and pages of them.
//!
//! Deliberately not here: what belongs on a list (`interdict-domain`), and when anybody is asked (`interdict-app`).

use std::future::Future;
use std::pin::Pin;

use interdict_domain::provider_list::ProviderList;

/// What a provider answers about its lists, some time later.
pub type ListAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ListError>> + Send + 'a>>;

/// Why a provider did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It is out of reach, or wants to be asked less often: what was asked may have been done or not.
    #[error("the provider did not answer")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It accepts neither the merchant's key nor the request as such.
    #[error("the provider refused the request: {0}")]
    Refused(String),
    /// It does not take this value on the list: what is wrong with it, or that it is there.
    #[error("the provider does not take the value: {0}")]
    Value(String),
    /// The list, or where a page was to begin, is not there any more.
    #[error("the provider does not know the list any more")]
    Gone,
}

/// A value on a list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListItem {
    /// The provider's own id for it.
    pub id: String,
    /// The value.
    pub value: String,
    /// When it was put there, in seconds of the provider's clock.
    pub made_at: i64,
}

/// Values never reach a log.
impl std::fmt::Debug for ListItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListItem").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Some of a list's items, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The items.
    pub items: Vec<ListItem>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A provider that has lists of its own.
pub trait ValueLists: Send + Sync {
    /// Finds a list, by the provider's id for it.
    fn find_list(&self, list: ProviderList) -> ListAnswer<'_, Option<String>>;

    /// Makes a list that was not found.
    fn make_list(&self, list: ProviderList) -> ListAnswer<'_, String>;

    /// A page of a list, behind an item.
    fn page<'a>(&'a self, list: &'a str, after: Option<&'a str>) -> ListAnswer<'a, ListPage>;

    /// Finds a value on a list.
    fn find_item<'a>(&'a self, list: &'a str, value: &'a str) -> ListAnswer<'a, Option<ListItem>>;

    /// Puts a value on a list, once for each key.
    fn add_item<'a>(&'a self, list: &'a str, value: &'a str, key: &'a str) -> ListAnswer<'a, ListItem>;

    /// Takes an item off its list; one that is not there any more is off it, too.
    fn remove_item<'a>(&'a self, item: &'a str) -> ListAnswer<'a, ()>;
}
