//! Rows of the page's tables.

use interdict_domain::chargeback::Chargeback;
use interdict_domain::entry::Entry;
use interdict_domain::subscription::Subscription;

use crate::of;
use crate::when::{when, when_or_dash};

pub(super) struct EntryRow {
    pub(super) id: String,
    pub(super) list: &'static str,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) reason: String,
    pub(super) since: String,
    pub(super) until: String,
}

pub(super) struct SubscriptionRow {
    pub(super) id: String,
    pub(super) amount: String,
    pub(super) status: &'static str,
    pub(super) until: String,
}

pub(super) struct ChargebackRow {
    pub(super) id: String,
    pub(super) reason: String,
    pub(super) at: String,
}

pub(super) fn entry_row(entry: &Entry) -> EntryRow {
    EntryRow {
        id: entry.id.to_string(),
        list: entry.list().as_str(),
        kind: of("kind-", entry.kind.as_str()),
        value: entry.value.clone().unwrap_or_default(),
        reason: entry.reason.as_ref().map_or("", |value| value.as_str()).to_owned(),
        since: when(entry.created_at),
        until: when_or_dash(entry.window.until()),
    }
}

pub(super) fn subscription_row(subscription: &Subscription) -> SubscriptionRow {
    SubscriptionRow {
        id: subscription.id.to_string(),
        amount: subscription.money.to_string(),
        status: subscription.status.as_str(),
        until: when(subscription.current_period_end),
    }
}

pub(super) fn chargeback_row(chargeback: &Chargeback) -> ChargebackRow {
    ChargebackRow {
        id: chargeback.id.to_string(),
        reason: chargeback.provider_reason.clone().unwrap_or_default(),
        at: when(chargeback.recorded_at),
    }
}
