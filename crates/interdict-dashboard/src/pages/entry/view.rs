//! What the page shows.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::App;
use interdict_app::store::{EntryRow, HistoryItem, MerchantView, Note, StorageError};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, List, ReasonCode, Strength};
use interdict_domain::identifier::EmailMatching;
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::role::Capability;
use interdict_domain::scopes::Initiator;
use interdict_domain::text::{PublicMessage, Reason};

use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::history::{Event, actor, scopes};
use crate::pages::terms::reason_codes;
use crate::person::{Needs, Person, ViewCustomers};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

/// Notes and changes that are shown.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    path: String,
    name: String,
    facts: Vec<(String, String)>,
    /// The look of its chip, and the word: its list, or that it is over.
    chip: (&'static str, String),
    is_block: bool,
    hits: i64,
    last_hit_at: String,
    decisions: Option<String>,
    notes: Vec<NoteRow>,
    history: Vec<Event>,
    may_change: bool,
    form: Terms,
    problem: Option<String>,
    /// What was to be unkept, and what is wrong with it.
    note: (String, Option<String>),
}

/// A form that was refused: what is wrong, and what was typed.
pub(super) enum Refused {
    Change(String, Form),
    Note(String, Form),
}

struct NoteRow {
    text: String,
    actor: String,
    at: String,
}

/// The terms as they stand, or as they were typed.
struct Terms {
    /// What the form was filled in on: refused when it is older than what is stored.
    seen: i64,
    reason: String,
    reason_codes: Vec<Choice>,
    public_message: String,
    /// The days, and the moments that stand: a day that is not touched keeps its moment.
    from: String,
    from_was: String,
    until: String,
    until_was: String,
    is_hard: bool,
    cit: bool,
    mit: bool,
    limits: LimitsTyped,
}

/// An exemption's limits: the largest payment, as people write it, its currency, and whether a chargeback ends it.
struct LimitsTyped {
    max_amount: String,
    currency: String,
    lapses: bool,
}

impl Terms {
    fn of(entry: &Entry) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let most = entry.limits.max_amount.map(|most| most.to_string()).unwrap_or_default();
        let (max_amount, currency) = most.split_once(' ').unwrap_or_default();
        let (max_amount, currency) = (max_amount.to_owned(), currency.to_owned());
        let [from_was, until_was] = moments(entry);
        Self {
            seen: entry.updated_at.micros(),
            reason: text(entry.reason.as_ref().map(Reason::as_str)),
            public_message: text(entry.public_message.as_ref().map(PublicMessage::as_str)),
            reason_codes: reason_codes(entry.reason_code.map(ReasonCode::as_str)),
            from: day(&from_was).to_owned(),
            until: day(&until_was).to_owned(),
            from_was,
            until_was,
            is_hard: entry.strength == Strength::Hard,
            cit: entry.scopes.contains(Initiator::Customer),
            mit: entry.scopes.contains(Initiator::Merchant),
            limits: LimitsTyped { max_amount, currency, lapses: entry.limits.lapses_on_chargeback },
        }
    }

    fn typed(form: &Form, entry: &Entry) -> Self {
        let text = |field| form.text(field).unwrap_or_default().to_owned();
        let [from_was, until_was] = moments(entry);
        Self {
            seen: entry.updated_at.micros(),
            reason: text("reason"),
            reason_codes: reason_codes(form.text("reasonCode")),
            public_message: text("publicMessage"),
            from: text("from"),
            from_was,
            until: text("until"),
            until_was,
            is_hard: form.text("strength") != Some("soft"),
            cit: form.is_set("cit"),
            mit: form.is_set("mit"),
            limits: LimitsTyped {
                max_amount: text("maxAmount"),
                currency: text("currency"),
                lapses: form.is_set("lapsesOnChargeback"),
            },
        }
    }
}

/// When an entry begins and ends, in RFC 3339; empty where it does not.
fn moments(entry: &Entry) -> [String; 2] {
    let text = |moment: Option<Timestamp>| moment.map_or(String::new(), |moment| moment.to_string());
    [text(entry.window.from()), text(entry.window.until())]
}

/// The day of a moment in RFC 3339.
pub(crate) fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or_default()
}

/// What an exemption does not go beyond, in words; nothing where it has no limits.
pub(crate) fn limits(limits: Limits) -> String {
    let most = limits.max_amount.map(|most| format!("{} {most}", t("up-to")));
    let lapses = limits.lapses_on_chargeback.then(|| t("until-chargeback"));
    most.into_iter().chain(lapses).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_there(&t("entry-not-there")))?;
    render(&state, &person, id, &query, None).await
}

/// The page, perhaps with what was typed and what is wrong with it.
pub(super) async fn render<C: Needs>(
    state: &State,
    person: &Person<C>,
    id: EntryId,
    query: &Form,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let merchant = person.signed_in.user.merchant;
    let read = person.service().store().read(merchant, move |view| read(view, id)).await?;
    let (row, notes, history) = read.ok_or_else(|| Problem::not_there(&t("entry-not-there")))?;
    let EntryRow { entry, hits, last_hit_at } = person.service().with_pending_hits(row);
    let place = if id.list() == List::Block { Place::Blacklist } else { Place::Whitelist };
    let name = entry.value.clone().unwrap_or_else(|| t("erased"));
    let mode = person.mode.as_str();
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (mut changed, mut unkept) = (None, None);
    match refused {
        Some(Refused::Change(problem, typed)) => changed = Some((problem, typed)),
        Some(Refused::Note(problem, typed)) => unkept = Some((problem, typed)),
        None => {}
    }
    let (problem, typed) = changed.unzip();
    let page = EntryPage {
        frame: Frame::new(state, person, place, name.clone(), query).await,
        path: format!("/dashboard/{mode}/entries/{id}"),
        name,
        facts: facts(&state.app, &entry),
        chip: chip(&entry, person.service().merchant_now(merchant)),
        is_block: id.list() == List::Block,
        hits,
        last_hit_at: when_or_dash(last_hit_at),
        decisions: decisions_path(&entry, mode),
        notes: notes.iter().map(|note| note_row(&state.app, note)).collect(),
        history: Event::all(&state.app, person, &history, query),
        may_change: person.may(Capability::ChangeCustomers) && entry.value.is_some(),
        form: typed.map_or_else(|| Terms::of(&entry), |typed| Terms::typed(&typed, &entry)),
        problem,
        note: unkept
            .map(|(problem, typed)| (typed.exactly("text").to_owned(), Some(problem)))
            .unwrap_or_default(),
    };
    Ok(answer::page(status, &page))
}

type Read = (EntryRow, Vec<Note>, Vec<HistoryItem>);

fn read(view: &MerchantView<'_>, id: EntryId) -> Result<Option<Read>, StorageError> {
    let Some(row) = view.entry(id)? else { return Ok(None) };
    let notes = view.notes(&view.keys_of_entry(&row.entry), None, SHOWN)?;
    let history = view.history_of_entry(id, SHOWN)?;
    Ok(Some((row, notes, history)))
}

/// The look of an entry's chip, and its word.
fn chip(entry: &Entry, now: Timestamp) -> (&'static str, String) {
    match entry.list() {
        _ if entry.window.has_ended(now) => ("", t("ended")),
        List::Block => ("bad", t("list-block")),
        List::Allow => ("good", t("list-allow")),
    }
}

fn facts(app: &App, entry: &Entry) -> Vec<(String, String)> {
    let kind = match entry.matching {
        EmailMatching::Exact => of("kind-", entry.kind.as_str()),
        matching => of("kind-email-", matching.as_str()),
    };
    let text = |text: &str| askama::filters::escape(text, askama::filters::Html).map(|text| text.to_string());
    let plain = |value: String| text(&value).unwrap_or_default();
    let mut facts = vec![(t("list"), plain(of("list-", entry.list().as_str()))), (t("kind"), plain(kind))];
    if entry.list() == List::Block {
        facts.push((t("field-strength"), plain(of("strength-said-", entry.strength.as_str()))));
    }
    facts.push((t("counts-for"), plain(scopes(entry.scopes))));
    facts.extend([
        (t("from"), when_or_dash(entry.window.from())),
        (t("until"), when_or_dash(entry.window.until())),
    ]);
    let limits = limits(entry.limits);
    if !limits.is_empty() {
        facts.push((t("limits"), plain(limits)));
    }
    let reason = entry.reason.as_ref().map(|reason| plain(reason.as_str().to_owned()));
    let code = entry.reason_code.map(|code| plain(of("reason-code-", code.as_str())));
    let message = entry.public_message.as_ref().map(|message| plain(message.as_str().to_owned()));
    let told = [(t("reason"), reason), (t("reason-code"), code), (t("public-message"), message)];
    facts.extend(told.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let by = format!("{}, {}", plain(actor(app, &entry.created_by)), when(entry.created_at));
    facts.extend([
        (t("added-by"), by),
        (t("changed"), when(entry.updated_at)),
        (t("added-through"), plain(of("source-", entry.source.as_str()))),
    ]);
    facts
}

/// To the decisions that looked it up.
fn decisions_path(entry: &Entry, mode: &str) -> Option<String> {
    let value = entry.value.as_deref()?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("kind", entry.kind.as_str()).append_pair("value", value);
    Some(format!("/dashboard/{mode}/decisions?{}", query.finish()))
}

fn note_row(app: &App, note: &Note) -> NoteRow {
    NoteRow { text: note.text.as_str().to_owned(), actor: actor(app, &note.by), at: when(note.at) }
}
