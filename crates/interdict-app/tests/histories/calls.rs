//! Random calls on a small universe, so that they meet.

use interdict_app::OutageUpdate;
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Kind;
use interdict_domain::scopes::Scopes;
use interdict_domain::settings::OnOutage;
use proptest::prelude::*;
use proptest::sample::{Index, select};

pub const EMAILS: [&str; 3] = ["ada@a.example", "ben@b.example", "cy@c.example"];
pub const PHONES: [&str; 2] = ["+2348031234567", "+4915123456789"];
pub const REFS: [&str; 3] = ["ref-1", "ref-2", "ref-3"];
const REASONS: [&str; 2] = ["seen before", "asked for it"];

pub type Text = &'static str;

/// One call. As in the updates of the use cases, an outer `None` keeps and an inner one clears.
#[allow(clippy::option_option, reason = "as the use cases' updates have it")]
#[derive(Clone, Debug)]
pub enum Call {
    Create {
        email: Option<Text>,
        phone: Option<Text>,
        merchant_ref: Option<Text>,
    },
    Update {
        who: Index,
        email: Option<Option<Text>>,
        phone: Option<Option<Text>>,
        merchant_ref: Option<Option<Text>>,
    },
    Restrict {
        who: Index,
        cit: Option<bool>,
        mit: Option<bool>,
        reason: Option<Option<Text>>,
    },
    SetStatus {
        who: Index,
        status: ListStatus,
        scopes: Scopes,
        ends_in_s: Option<i64>,
        reason: Option<Text>,
    },
    ClearStatus {
        who: Index,
        status: ListStatus,
    },
    List {
        email: Text,
        merchant_ref: Text,
        status: Option<ListStatus>,
    },
    Unlist {
        email: Text,
        merchant_ref: Text,
        status: ListStatus,
    },
    Enter {
        list: List,
        identifier: (Kind, Text),
        strength: Option<Strength>,
        scopes: Scopes,
        starts_in_s: Option<i64>,
        ends_in_s: Option<i64>,
        reason: Option<Text>,
    },
    Change {
        which: Index,
        strength: Option<Option<Strength>>,
        ends_in_s: Option<Option<i64>>,
        reason: Option<Option<Text>>,
    },
    Delete {
        which: Index,
    },
    Erase {
        who: Index,
    },
    Import {
        list: List,
        rows: Vec<(Text, Option<Text>, Option<Strength>)>,
    },
    UndoImport {
        which: Index,
    },
    Block {
        identifiers: Vec<(Kind, Text)>,
        scopes: Scopes,
        ends_in_s: Option<i64>,
        reason: Option<Text>,
    },
    Extend {
        which: Index,
        identifier: (Kind, Text),
    },
    Lift {
        which: Index,
    },
    /// The newest change, whatever it is.
    Undo,
    Choose {
        outage: OutageUpdate,
    },
    Wait {
        seconds: i64,
    },
    Trim {
        kept: i64,
    },
}

fn scopes() -> impl Strategy<Value = Scopes> {
    select(vec![Scopes::BOTH, Scopes::CIT, Scopes::MIT])
}

fn status() -> impl Strategy<Value = ListStatus> {
    select(vec![ListStatus::Blacklisted, ListStatus::Whitelisted])
}

fn strength() -> impl Strategy<Value = Strength> {
    select(Strength::ALL.to_vec())
}

fn text(texts: &'static [Text]) -> impl Strategy<Value = Text> {
    select(texts)
}

fn maybe(texts: &'static [Text]) -> impl Strategy<Value = Option<Text>> {
    proptest::option::of(select(texts))
}

fn patch(texts: &'static [Text]) -> impl Strategy<Value = Option<Option<Text>>> {
    proptest::option::of(maybe(texts))
}

fn ends_in_s() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(1..4_i64)
}

fn identifier() -> impl Strategy<Value = (Kind, Text)> {
    prop_oneof![
        3 => text(&EMAILS).prop_map(|value| (Kind::Email, value)),
        1 => text(&["a.example", "b.example"]).prop_map(|value| (Kind::EmailDomain, value)),
        1 => text(&PHONES).prop_map(|value| (Kind::Phone, value)),
        1 => text(&REFS).prop_map(|value| (Kind::MerchantRef, value)),
    ]
}

/// One that is one person's.
fn own() -> impl Strategy<Value = (Kind, Text)> {
    identifier().prop_filter("strangers share it", |(kind, _)| kind.is_of_one_person())
}

fn on_outage() -> impl Strategy<Value = Option<OnOutage>> {
    proptest::option::of(select(OnOutage::ALL.to_vec()))
}

fn about_customers() -> impl Strategy<Value = Call> {
    let who = any::<Index>;
    prop_oneof![
        3 => (maybe(&EMAILS), maybe(&PHONES), maybe(&REFS))
            .prop_map(|(email, phone, merchant_ref)| Call::Create { email, phone, merchant_ref }),
        2 => (who(), patch(&EMAILS), patch(&PHONES), patch(&REFS))
            .prop_map(|(who, email, phone, merchant_ref)| Call::Update { who, email, phone, merchant_ref }),
        2 => (who(), any::<Option<bool>>(), any::<Option<bool>>(), patch(&REASONS))
            .prop_map(|(who, cit, mit, reason)| Call::Restrict { who, cit, mit, reason }),
        3 => (who(), status(), scopes(), ends_in_s(), maybe(&REASONS))
            .prop_map(|(who, status, scopes, ends_in_s, reason)| {
                Call::SetStatus { who, status, scopes, ends_in_s, reason }
            }),
        1 => (who(), status()).prop_map(|(who, status)| Call::ClearStatus { who, status }),
        2 => (text(&EMAILS), text(&REFS), proptest::option::of(status()))
            .prop_map(|(email, merchant_ref, status)| Call::List { email, merchant_ref, status }),
        1 => (text(&EMAILS), text(&REFS), status())
            .prop_map(|(email, merchant_ref, status)| Call::Unlist { email, merchant_ref, status }),
        2 => who().prop_map(|who| Call::Erase { who }),
    ]
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let which = any::<Index>;
    let enter = (
        select(List::ALL.to_vec()),
        identifier(),
        proptest::option::of(strength()),
        scopes(),
        proptest::option::of(-1..3_i64),
        ends_in_s(),
        maybe(&REASONS),
    );
    let row = (text(&EMAILS), maybe(&REASONS), proptest::option::of(strength()));
    prop_oneof![
        8 => about_customers(),
        3 => enter.prop_map(|(list, identifier, strength, scopes, starts_in_s, ends_in_s, reason)| {
            Call::Enter { list, identifier, strength, scopes, starts_in_s, ends_in_s, reason }
        }),
        1 => (which(), proptest::option::of(proptest::option::of(strength())), proptest::option::of(ends_in_s()), patch(&REASONS))
            .prop_map(|(which, strength, ends_in_s, reason)| Call::Change { which, strength, ends_in_s, reason }),
        1 => which().prop_map(|which| Call::Delete { which }),
        2 => (select(List::ALL.to_vec()), proptest::collection::vec(row, 1..5))
            .prop_map(|(list, rows)| Call::Import { list, rows }),
        1 => which().prop_map(|which| Call::UndoImport { which }),
        2 => (proptest::collection::vec(own(), 1..4), scopes(), ends_in_s(), maybe(&REASONS))
            .prop_map(|(identifiers, scopes, ends_in_s, reason)| {
                Call::Block { identifiers, scopes, ends_in_s, reason }
            }),
        1 => (which(), own()).prop_map(|(which, identifier)| Call::Extend { which, identifier }),
        1 => which().prop_map(|which| Call::Lift { which }),
        1 => Just(Call::Undo),
        1 => (on_outage(), on_outage())
            .prop_map(|(customer, merchant)| Call::Choose { outage: OutageUpdate { customer, merchant } }),
        1 => (0..3_i64).prop_map(|seconds| Call::Wait { seconds }),
        1 => (0..12_i64).prop_map(|kept| Call::Trim { kept }),
    ]
}
