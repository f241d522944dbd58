//! The provider's own lists: what is wanted there, and how far they are in step.
//!
//! Deliberately not here: how they are brought in step, and anything of a value.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::{MirrorReport, MirrorState, choose_mirroring};
use interdict_domain::provider_list::{ItemState, Mirroring};

use super::forms::{again, go_on, unchanged};
use super::view::seen;
use crate::act::act;
use crate::answer::Problem;
use crate::form::{Choice, Form};
use crate::person::{ChangeSettings, Person};
use crate::state::State;
use crate::texts::t_with;
use crate::when::when;
use crate::{of, t};

/// What the page shows of the lists.
pub(super) struct ListsView {
    pub(super) options: Vec<Choice>,
    pub(super) state: String,
    pub(super) is_failing: bool,
    /// How many entries stand how; what is nowhere is left out.
    pub(super) counts: Vec<(String, i64)>,
    /// The lists there, with how many are on each.
    pub(super) lists: Vec<(String, i64)>,
    pub(super) compared_at: Option<String>,
    pub(super) problem: Option<String>,
    pub(super) seen: String,
}

impl ListsView {
    pub(super) fn of(report: MirrorReport, typed: Option<&Form>) -> Self {
        let chosen = typed.and_then(|typed| typed.text("mirroring"));
        let chosen = chosen.unwrap_or_else(|| report.mirroring.as_str());
        let option = |word: &Mirroring| Choice {
            word: word.as_str(),
            text: of("mirroring-", word.as_str()),
            is_chosen: word.as_str() == chosen,
        };
        let count = |state: &ItemState| {
            let count = report.counts.get(state.as_str()).copied().filter(|count| *count > 0)?;
            Some((of("provider-item-", state.as_str()), count))
        };
        let more = [("strangers", report.strangers), ("repaired", report.repaired)].into_iter();
        let more = more.filter(|(_, count)| *count > 0);
        let on_list = |counts: &[(ItemState, i64)]| {
            counts.iter().filter(|(state, _)| *state == ItemState::Held).map(|(_, count)| count).sum()
        };
        Self {
            options: Mirroring::ALL.iter().map(option).collect(),
            state: of("mirror-", report.state.as_str()),
            is_failing: report.state == MirrorState::Failing,
            counts: ItemState::ALL
                .iter()
                .filter_map(count)
                .chain(more.map(|(word, count)| (of("provider-item-", word), count)))
                .collect(),
            lists: report
                .lists
                .iter()
                .filter_map(|list| {
                    let alias = list.alias.clone()?;
                    Some((t_with("provider-lists-on", &[("list", alias.into())]), on_list(&list.counts)))
                })
                .collect(),
            compared_at: report.compared_at.map(when),
            problem: report.problem,
            seen: seen(&report.mirroring),
        }
    }
}

pub(crate) async fn set_lists(
    Shared(state): Shared<State>,
    person: Person<ChangeSettings>,
    Path(mode): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let Some(mirroring) = form.text("mirroring").and_then(Mirroring::parse) else {
        return again(&state, &person, "lists", t("invalid-choice"), form).await;
    };
    let (form_saw, service) = (form.text("seen").map(str::to_owned), Arc::clone(person.service()));
    let done = act(&person, &form, Vec::new(), move |transaction, by| {
        let present = transaction.view().provider_mirror()?.map_or(Mirroring::Off, |mirror| mirror.mirroring);
        unchanged(&present, form_saw.as_ref())?;
        choose_mirroring(&service, transaction, by, mirroring)?;
        Ok(format!("/dashboard/{mode}/settings?done=gateway-lists-changed"))
    });
    go_on(&state, &person, "lists", done.await?, form).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_a_text() {
        for (family, words) in [
            ("mirroring-", Mirroring::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>()),
            ("mirror-", MirrorState::ALL.iter().map(|word| word.as_str()).collect()),
            ("provider-item-", ItemState::ALL.iter().map(|word| word.as_str()).collect()),
        ] {
            for word in words {
                assert!(!of(family, word).starts_with(family), "{family}{word}");
            }
        }
    }
}
