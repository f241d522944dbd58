//! What the pages show.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{PartDone, RowLeft, StorageError, WriteError};
use interdict_app::{ImportError, ToldRow, UploadError};
use interdict_domain::entry::List;
use interdict_domain::ids::ImportId;
use interdict_domain::import::{Import, ImportState};

use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::history::{action, lines};
use crate::person::{BulkChange, Person};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

/// Imports of a page: older ones are read through the API.
const SHOWN: i64 = 50;
/// Bad rows that are shown; all of them are in the file.
const ERRORS_SHOWN: usize = 20;
/// Parts and rows left alone that are shown; the rest is read through the API.
const PARTS_SHOWN: i64 = 20;
const LEFT_SHOWN: i64 = 100;

#[derive(Template)]
#[template(path = "imports.html")]
struct ImportsPage {
    frame: Frame,
    /// Whether one comes from the whitelist.
    is_allow: bool,
    imports: Vec<ImportRow>,
}

struct ImportRow {
    path: String,
    state: &'static str,
    list: &'static str,
    rows: i64,
    created_at: String,
    finished_at: String,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    id: String,
    state: &'static str,
    says: String,
    list: &'static str,
    problem: Option<String>,
    counts: Vec<(String, i64)>,
    /// Where the page looks again while something goes on.
    looks_again: &'static str,
    /// Rows that are done, and all of them where that is known.
    progress: Option<(i64, Option<i64>)>,
    errors: Vec<ToldRow>,
    /// Of bad rows, whether they are kept here: another node may have them, or they were kept long enough.
    has_errors_file: Option<bool>,
    /// What can be done with it: the words of the forms.
    steps: Vec<&'static str>,
    undo: Vec<(String, i64)>,
    left: Vec<LeftRow>,
    has_more_left: bool,
    parts: Vec<PartRow>,
    has_more_parts: bool,
}

/// A row that an undo has left alone.
struct LeftRow {
    line: String,
    /// What it lists now, and where that is looked at; nothing where it is gone.
    value: Option<(String, String)>,
}

/// A part, or the undo of one.
struct PartRow {
    action: String,
    lines: String,
    entries: usize,
    digest: String,
    at: String,
}

/// Cut to what is shown, and whether there was more.
fn shown<Row, Shown>(rows: Vec<Row>, most: i64, show: impl FnMut(Row) -> Shown) -> (Vec<Shown>, bool) {
    let most = usize::try_from(most).unwrap_or(0);
    let has_more = rows.len() > most;
    (rows.into_iter().take(most).map(show).collect(), has_more)
}

fn left_row(row: RowLeft, mode: &str) -> LeftRow {
    let path = format!("/dashboard/{mode}/entries/{}", row.entry);
    let line = row.line.map_or_else(|| t("import-line-unknown"), |line| line.to_string());
    LeftRow { line, value: row.value.map(|value| (value, path)) }
}

fn part_row(part: PartDone) -> PartRow {
    PartRow {
        action: action(part.action),
        lines: lines(&part.rows),
        entries: part.entries,
        digest: part.rows.digest,
        at: when(part.at),
    }
}

/// Why not, in words for people.
pub(super) fn refused(error: &ImportError) -> Problem {
    match error {
        ImportError::NotFound => Problem::not_there(&t("import-not-there")),
        ImportError::State(_) | ImportError::OtherFile => Problem::changed_meanwhile(),
        ImportError::Trimmed => Problem::invalid(&t("import-trimmed")),
        ImportError::Upload(UploadError::TooLarge) => Problem::invalid(&t("import-too-large")),
        ImportError::Write(WriteError::Overloaded | WriteError::Away | WriteError::Stopped) => {
            Problem::unavailable()
        }
        ImportError::Storage(_) | ImportError::NoFolder | ImportError::Write(_) | ImportError::Upload(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "an import failed");
            Problem::ours()
        }
    }
}

/// The merchant's import of an id.
pub(super) async fn found(person: &Person<BulkChange>, id: &str) -> Result<Import, Problem> {
    let not_there = || Problem::not_there(&t("import-not-there"));
    let id: ImportId = id.parse().map_err(|_| not_there())?;
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| view.import(id));
    read.await?.ok_or_else(not_there)
}

const fn place(list: List) -> (Place, &'static str) {
    match list {
        List::Block => (Place::Blacklist, "blacklist"),
        List::Allow => (Place::Whitelist, "whitelist"),
    }
}

/// The form, and what was sent before.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    person: Person<BulkChange>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let read =
        person.service().store().read(person.signed_in.user.merchant, |view| view.imports(None, SHOWN));
    let mode = person.mode.as_str();
    let row = |import: Import| ImportRow {
        path: format!("/dashboard/{mode}/imports/{}", import.id),
        state: import.state.as_str(),
        list: place(import.list).1,
        rows: import.counts.rows,
        created_at: when(import.created_at),
        finished_at: when_or_dash(import.finished_at),
    };
    let imports = read.await?.into_iter().map(row).collect();
    let list = query.text("list").and_then(List::parse).unwrap_or(List::Block);
    let frame = Frame::new(&state, &person, place(list).0, t("imports-title"), &query).await;
    Ok(answer::page(StatusCode::OK, &ImportsPage { frame, is_allow: list == List::Allow, imports }))
}

/// What its state means; of one that came to no end also whether anything was written.
fn says(import: &Import) -> String {
    let said = of("import-says-", import.state.as_str());
    let is_over = matches!(import.state, ImportState::Failed | ImportState::Cancelled);
    match import.changes {
        _ if !is_over => said,
        Some(_) => format!("{said} {}", t("import-written-stays")),
        None => format!("{said} {}", t("import-nothing-written")),
    }
}

/// One of them.
pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<BulkChange>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let import = found(&person, &id).await?;
    let (service, id) = (person.service().clone(), import.id);
    let told = tokio::task::spawn_blocking(move || {
        (service.first_import_errors(id, ERRORS_SHOWN), service.import_errors(id).is_some())
    });
    let (errors, has_errors_file) = told.await.unwrap_or_default();
    let read = import.clone();
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| {
        let parts = view.import_parts(read.id, 0, PARTS_SHOWN + 1)?;
        Ok::<_, StorageError>((parts, view.rows_left(&read, None, LEFT_SHOWN + 1)?))
    });
    let (parts, left) = read.await?;
    let (parts, has_more_parts) = shown(parts, PARTS_SHOWN, part_row);
    let (left, has_more_left) = shown(left, LEFT_SHOWN, |row| left_row(row, person.mode.as_str()));
    let (here, list) = place(import.list);
    let frame = Frame::new(&state, &person, here, t("import-title"), &query).await;
    let counts = import.counts;
    let named = |(word, count): (&str, i64)| (of("import-count-", word), count);
    let all = [
        ("rows", counts.rows),
        ("created", counts.created),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("bad", counts.bad),
    ];
    let undone = [
        ("restored", import.undo.restored),
        ("deleted", import.undo.deleted),
        ("changed_since", import.undo.changed_since),
    ];
    let is_undoing = query.text("undoing").is_some() && import.state != ImportState::Undone;
    let is_undone = import.undone_from.is_some() || import.state == ImportState::Undone;
    let is_undoable = import.finished_at.is_some() && import.changes.is_some();
    let steps = [
        ("start", import.state == ImportState::Ready),
        ("cancel", import.state.needs_file()),
        ("undo", is_undoable && import.state != ImportState::Undone),
    ];
    let steps = steps.into_iter().filter_map(|(step, may)| may.then_some(step)).collect();
    let progress = import.state.is_under_way().then_some((counts.rows, import.total));
    let page = ImportPage {
        frame,
        id: import.id.to_string(),
        state: import.state.as_str(),
        says: says(&import),
        list,
        problem: import.problem,
        counts: all.into_iter().map(named).collect(),
        looks_again: if is_undoing { "?undoing=on" } else { "" },
        progress: if is_undoing { Some((0, None)) } else { progress },
        has_errors_file: (counts.bad > 0).then_some(has_errors_file),
        errors,
        steps,
        undo: if is_undone { undone.into_iter().map(named).collect() } else { Vec::new() },
        left,
        has_more_left,
        parts,
        has_more_parts,
    };
    Ok(answer::page(StatusCode::OK, &page))
}
