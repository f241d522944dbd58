//! Changes, in a customer's history and in the merchant's feed.

use interdict_app::store::{HistoryItem, Recorded};
use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{CustomerView, EntryView};

/// Who made a change.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorView {
    /// `api_key`, `user`, `cli`, `payer` or `system`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: ActorType,
    id: String,
    /// What people call it.
    label: String,
}

impl ActorView {
    /// With the label that people gave it; by its id, where none is known.
    pub(crate) fn of(actor: &Actor, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let label = label_of(actor).unwrap_or_else(|| match actor.kind {
            ActorType::Cli => "command line".to_owned(),
            ActorType::System => "Interdict".to_owned(),
            ActorType::Payer => "payer".to_owned(),
            ActorType::ApiKey | ActorType::User => actor.id.clone(),
        });
        Self { kind: actor.kind, id: actor.id.clone(), label }
    }
}

/// One change in a history.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryItem)]
pub(crate) struct HistoryView {
    /// Its place in the feed.
    sequence: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: ActorView,
    /// Such as `customer.blacklisted`.
    #[schema(value_type = String)]
    action: Action,
    /// How it was; null when it was not, or was erased.
    before: Option<Value>,
    /// How it is since; null when it is gone, or was erased.
    after: Option<Value>,
}

impl HistoryView {
    /// As it was at its own moment.
    pub(crate) fn of(item: &HistoryItem, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let at = item.change.at;
        Self {
            sequence: item.change.sequence,
            at,
            actor: ActorView::of(&item.change.actor, label_of),
            action: item.change.action,
            before: item.before.as_ref().map(|recorded| show(recorded, at, label_of)),
            after: item.after.as_ref().map(|recorded| show(recorded, at, label_of)),
        }
    }
}

/// One change of the feed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Change)]
pub(crate) struct ChangeView {
    #[serde(flatten)]
    history: HistoryView,
    /// What it is about: `customer`, `entry`, `import`, `person`, `payment`, `plan`, `subscription`, `checkout`, `chargeback`, `merchant`, `key` or `user`.
    subject_type: &'static str,
    /// Its id.
    subject: String,
}

impl ChangeView {
    /// With its subject.
    pub(crate) fn of(item: &HistoryItem, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        let subject_type = match item.change.subject {
            Subject::Customer(_) => "customer",
            Subject::Entry(_) => "entry",
            Subject::Import(_) => "import",
            Subject::Person(_) => "person",
            Subject::Payment(_) => "payment",
            Subject::Plan(_) => "plan",
            Subject::Subscription(_) => "subscription",
            Subject::Checkout(_) => "checkout",
            Subject::Chargeback(_) => "chargeback",
            Subject::Merchant(_) => "merchant",
            Subject::Key(_) => "key",
            // Nobody's: no merchant sees one.
            Subject::Feed(_) => "feed",
            Subject::Pepper(_) => "pepper",
            Subject::User(_) => "user",
        };
        let subject = item.change.subject.to_string();
        Self { history: HistoryView::of(item, label_of), subject_type, subject }
    }
}

fn show(recorded: &Recorded, at: Timestamp, label_of: &dyn Fn(&Actor) -> Option<String>) -> Value {
    match recorded {
        Recorded::Customer(customer) => json!(CustomerView::of(customer, at)),
        Recorded::Entry(entry) => {
            let row = interdict_app::store::EntryRow { entry: *entry.clone(), hits: 0, last_hit_at: None };
            let mut shown = json!(EntryView::of(&row, label_of));
            // Hits are no part of a change.
            if let Some(members) = shown.as_object_mut() {
                members.retain(|name, _| name != "hitCount" && name != "lastHitAt");
            }
            shown
        }
        Recorded::Person(person) => json!(person),
        Recorded::User(user) => json!(user),
    }
}
