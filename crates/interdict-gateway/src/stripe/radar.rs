//! Stripe's lists: Radar's value lists and their items.
//!
//! Stripe refuses a value that is on a list already, and keeps nothing of ours beside an item, so that who put it there
//! has to be remembered elsewhere.
//!
//! Deliberately not here: rules. A list does nothing until a rule of the merchant's names it.

use std::future::Future;

use http::StatusCode;
use interdict_domain::identifier::Kind;
use interdict_domain::provider_list::ProviderList;
use serde::Deserialize;
use tokio::time::timeout;

use super::answer::{CallError, Reply, is_id};
use super::gateway::Stripe;
use crate::GatewayError;
use crate::lists::{ListAnswer, ListError, ListItem, ListPage, ValueLists};

const LISTS: &str = "/v1/radar/value_lists";
const ITEMS: &str = "/v1/radar/value_list_items";

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct List {
    id: String,
    item_type: String,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    value: String,
    created: i64,
}

impl From<Item> for ListItem {
    fn from(item: Item) -> Self {
        Self { id: item.id, value: item.value, made_at: item.created }
    }
}

/// Stripe's word for what is on a list.
const fn item_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "email",
        Kind::Ip => "ip_address",
        Kind::CardFingerprint => "card_fingerprint",
        Kind::Bin => "card_bin",
        Kind::Country => "country",
        Kind::EmailDomain | Kind::Phone | Kind::Device | Kind::Iban | Kind::MerchantRef => "string",
    }
}

fn name(list: ProviderList) -> String {
    format!("Interdict: {} {}", list.list.as_str(), list.kind.as_str())
}

impl From<CallError> for ListError {
    fn from(error: CallError) -> Self {
        Self::Away(Box::new(error))
    }
}

/// The refusal of anything that names no value.
fn refused(reply: &Reply) -> ListError {
    if reply.status == StatusCode::NOT_FOUND || reply.error().code.as_deref() == Some("resource_missing") {
        return ListError::Gone;
    }
    ListError::Refused(words(reply))
}

fn words(reply: &Reply) -> String {
    match reply.refusal() {
        GatewayError::Refused(words) => words,
        other => other.to_string(),
    }
}

fn object<'a, T: Deserialize<'a>>(reply: &'a Reply) -> Result<T, ListError> {
    if reply.status.is_success() { Ok(reply.object()?) } else { Err(refused(reply)) }
}

impl Stripe {
    async fn in_time<T>(&self, asked: impl Future<Output = Result<T, ListError>>) -> Result<T, ListError> {
        timeout(self.step_timeout(), asked).await.unwrap_or_else(|_| Err(CallError::TimedOut.into()))
    }

    async fn list_by_alias(&self, list: ProviderList) -> Result<Option<String>, ListError> {
        let alias = list.alias();
        let reply = self.get(LISTS, &[("alias", alias.as_str()), ("limit", "1")]).await?;
        let Some(found) = object::<Page<List>>(&reply)?.data.into_iter().next() else { return Ok(None) };
        if found.item_type != item_type(list.kind) {
            return Err(ListError::Refused(format!(
                "the list {alias} holds items of the type {}, where {} is wanted: rename it or delete it at Stripe",
                found.item_type,
                item_type(list.kind)
            )));
        }
        id(found.id, "rsl_").map(Some)
    }

    async fn new_list(&self, list: ProviderList) -> Result<String, ListError> {
        let (alias, name) = (list.alias(), name(list));
        let form = [("alias", alias.as_str()), ("name", &name), ("item_type", item_type(list.kind))];
        // Without a key: the alias is one, and lasts.
        let reply = self.post(LISTS, &form, None).await?;
        if reply.status == StatusCode::BAD_REQUEST
            && let Some(found) = self.list_by_alias(list).await?
        {
            return Ok(found);
        }
        id(object::<List>(&reply)?.id, "rsl_")
    }

    async fn item_of(&self, list: &str, value: &str) -> Result<Option<ListItem>, ListError> {
        // Stripe looks for what is like it.
        let query = [("value_list", list), ("value", value), ("limit", "100")];
        let reply = self.get(ITEMS, &query).await?;
        let found = object::<Page<Item>>(&reply)?.data;
        Ok(found.into_iter().find(|item| item.value.eq_ignore_ascii_case(value)).map(ListItem::from))
    }

    async fn new_item(&self, list: &str, value: &str, key: &str) -> Result<ListItem, ListError> {
        let reply = self.post(ITEMS, &[("value_list", list), ("value", value)], Some(key)).await?;
        if reply.status == StatusCode::BAD_REQUEST
            && reply.error().code.as_deref() != Some("resource_missing")
        {
            // Stripe likes to repeat what it refuses.
            return Err(ListError::Value(words(&reply).replace(value, "…")));
        }
        let item: Item = object(&reply)?;
        Ok(ListItem { id: id(item.id, "rsli_")?, value: item.value, made_at: item.created })
    }

    async fn delete_item(&self, item: &str) -> Result<(), ListError> {
        if !is_id(item, "rsli_") {
            return Err(CallError::Shape.into());
        }
        let reply = self.delete(&format!("{ITEMS}/{item}")).await?;
        match refused(&reply) {
            ListError::Gone => Ok(()),
            _ if reply.status.is_success() => Ok(()),
            error => Err(error),
        }
    }
}

/// An id that can stand in a path.
fn id(text: String, prefix: &str) -> Result<String, ListError> {
    if is_id(&text, prefix) { Ok(text) } else { Err(CallError::Shape.into()) }
}

impl ValueLists for Stripe {
    fn find_list(&self, list: ProviderList) -> ListAnswer<'_, Option<String>> {
        Box::pin(self.in_time(self.list_by_alias(list)))
    }

    fn make_list(&self, list: ProviderList) -> ListAnswer<'_, String> {
        Box::pin(self.in_time(self.new_list(list)))
    }

    fn page<'a>(&'a self, list: &'a str, after: Option<&'a str>) -> ListAnswer<'a, ListPage> {
        let mut query = vec![("value_list", list), ("limit", "100")];
        query.extend(after.map(|after| ("starting_after", after)));
        Box::pin(self.in_time(async move {
            let reply = self.get(ITEMS, &query).await?;
            // A page that begins behind an item which was deleted meanwhile is refused.
            if reply.status == StatusCode::BAD_REQUEST && after.is_some() {
                return Err(ListError::Gone);
            }
            let page: Page<Item> = object(&reply)?;
            Ok(ListPage {
                items: page.data.into_iter().map(ListItem::from).collect(),
                has_more: page.has_more,
            })
        }))
    }

    fn find_item<'a>(&'a self, list: &'a str, value: &'a str) -> ListAnswer<'a, Option<ListItem>> {
        Box::pin(self.in_time(self.item_of(list, value)))
    }

    fn add_item<'a>(&'a self, list: &'a str, value: &'a str, key: &'a str) -> ListAnswer<'a, ListItem> {
        Box::pin(self.in_time(self.new_item(list, value, key)))
    }

    fn remove_item<'a>(&'a self, item: &'a str) -> ListAnswer<'a, ()> {
        Box::pin(self.in_time(self.delete_item(item)))
    }
}
