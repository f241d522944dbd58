//! `/v1/gateway/lists`: the merchant's lists on the payment provider's own, and how far they are in step.
//!
//! Deliberately not here: anything of a value.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::StorageError;
use interdict_app::{ListReport, MirrorReport, choose_mirroring};
use interdict_domain::clock::Timestamp;
use interdict_domain::provider_list::{ItemState, Mirroring};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::extract::{PaymentsRead, PaymentsWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::schemas::{KindWord, ListWord};

/// What the merchant wants to have on the provider's own lists.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = Mirroring)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MirroringWord {
    Off,
    Block,
    BlockAndAllow,
    Emptied,
}

/// How the lists at the provider stand.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = MirrorState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MirrorStateWord {
    Off,
    InStep,
    Working,
    Failing,
}

/// What is wanted on the provider's lists.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GatewayListsSet, examples(json!({"mirroring": "block"})))]
pub(crate) struct GatewayListsSet {
    /// `block` and `block_and_allow` keep lists at the provider in step. `off` puts nothing there any more: what is there
    /// goes when its entry ends, is deleted or erased. `emptied` takes away all that was put there.
    #[allow(dead_code, reason = "the document's shape; the body is read field by field")]
    mirroring: MirroringWord,
}

/// Entries by how they stand at the provider.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderCounts)]
pub(crate) struct CountsView {
    /// On the provider's list.
    in_step: i64,
    /// On their way.
    adding: i64,
    /// On the provider's list, where somebody else had put them: left alone when the entry ends.
    already_there: i64,
    /// Not taken by the provider; offered again after a day.
    refused: i64,
    /// To begin later.
    waiting: i64,
    /// Left out, because a list of values cannot say it.
    left_out: LeftOutView,
}

/// Entries that are left out, by why.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderLeftOut)]
pub(crate) struct LeftOutView {
    /// The person was erased: only a key remains.
    no_value: i64,
    /// It counts for one initiator only.
    scopes: i64,
    /// It exempts up to an amount, or until a chargeback.
    limits: i64,
    /// It stands for many where the provider lists one: a range of addresses, a BIN of other than six digits.
    range: i64,
    /// The provider has no list for its kind.
    kind: i64,
}

impl CountsView {
    fn add(&mut self, state: ItemState, count: i64) {
        let field = match state {
            ItemState::Held => &mut self.in_step,
            ItemState::Adding => &mut self.adding,
            ItemState::Theirs => &mut self.already_there,
            ItemState::Refused => &mut self.refused,
            ItemState::Waiting => &mut self.waiting,
            ItemState::NoValue => &mut self.left_out.no_value,
            ItemState::Scopes => &mut self.left_out.scopes,
            ItemState::Limits => &mut self.left_out.limits,
            ItemState::Range => &mut self.left_out.range,
            ItemState::Kind => &mut self.left_out.kind,
        };
        *field += count;
    }
}

/// One list and kind.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderList)]
pub(crate) struct ListView {
    /// The list's name in the provider's rules; null where the provider has none for the kind.
    alias: Option<String>,
    /// Which list.
    #[schema(value_type = ListWord)]
    list: &'static str,
    /// Of which kind.
    #[schema(value_type = KindWord)]
    kind: &'static str,
    /// Its entries.
    counts: CountsView,
}

impl ListView {
    fn of(report: ListReport) -> Self {
        let mut counts = CountsView::default();
        report.counts.iter().for_each(|(state, count)| counts.add(*state, *count));
        Self { alias: report.alias, list: report.list.as_str(), kind: report.kind.as_str(), counts }
    }
}

/// The merchant's lists on the provider's own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GatewayLists)]
pub(crate) struct GatewayListsView {
    /// What is wanted there.
    #[schema(value_type = MirroringWord)]
    mirroring: &'static str,
    /// How they stand.
    #[schema(value_type = MirrorStateWord)]
    state: &'static str,
    /// Up to which change they were followed; null when nothing was ever wanted there.
    revision: Option<i64>,
    /// All entries.
    counts: CountsView,
    /// The same by list and kind, where there are any.
    lists: Vec<ListView>,
    /// Items on these lists that Interdict did not put there, as the last comparison saw. They are left alone.
    strangers: i64,
    /// Items that somebody had taken away at the provider, as the last comparison saw. They are put there again.
    repaired: i64,
    /// When everything was last compared.
    #[schema(value_type = Option<String>, format = DateTime)]
    compared_at: Option<Timestamp>,
    /// What the provider last had against it, in words without any value.
    problem: Option<String>,
    /// When that was.
    #[schema(value_type = Option<String>, format = DateTime)]
    problem_at: Option<Timestamp>,
    /// When it is asked again, after a failure.
    #[schema(value_type = Option<String>, format = DateTime)]
    retry_at: Option<Timestamp>,
}

impl GatewayListsView {
    fn of(report: &MirrorReport) -> Self {
        let mut counts = CountsView::default();
        report
            .lists
            .iter()
            .flat_map(|list| &list.counts)
            .for_each(|(state, count)| counts.add(*state, *count));
        Self {
            mirroring: report.mirroring.as_str(),
            state: report.state.as_str(),
            revision: report.position,
            counts,
            lists: report.lists.iter().cloned().map(ListView::of).collect(),
            strangers: report.strangers,
            repaired: report.repaired,
            compared_at: report.compared_at,
            problem: report.problem.clone(),
            problem_at: report.problem_at,
            retry_at: report.retry_at,
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/gateway/lists",
    operation_id = "getGatewayLists",
    tag = "Gateway",
    summary = "Get how far the provider's own lists are in step",
    description = "How many entries are on the provider's lists, how many are left out and why, and what the provider \
                   last had against it.",
    responses((status = 200, description = "The lists at the provider.", body = GatewayListsView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(key: Secret<PaymentsRead>) -> Response {
    let caller = &key.caller;
    let found = caller
        .service
        .store()
        .read(caller.merchant, |view| Ok::<_, StorageError>((MirrorReport::read(view)?, view.revision()?)))
        .await;
    match found {
        Ok((report, revision)) => answer::json(StatusCode::OK, &GatewayListsView::of(&report), revision),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

fn read(mut fields: Fields) -> Result<Mirroring, Refused> {
    let words: Vec<_> = Mirroring::ALL.iter().map(|word| (word.as_str(), *word)).collect();
    let mirroring = fields.word("mirroring", &words);
    let mirroring = fields.required("mirroring", mirroring);
    Ok(fields.finish(mirroring)?)
}

#[utoipa::path(
    put,
    path = "/v1/gateway/lists",
    operation_id = "setGatewayLists",
    tag = "Gateway",
    summary = "Keep the provider's own lists in step",
    description = "Sends the values of entries to the payment provider, Stripe's Radar, and keeps lists there in step in the \
                   background. Off unless it is set. A list does nothing there until a rule of the merchant's names it.",
    request_body = GatewayListsSet,
    responses((status = 200, description = "The lists at the provider.", body = GatewayListsView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn set(key: Secret<PaymentsWrite>, mutation: Mutation) -> Response {
    let service = Arc::clone(&key.caller.service);
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, mirroring| choose_mirroring(&service, transaction, by, mirroring),
            |report, _| answer::answer(StatusCode::OK, &GatewayListsView::of(report)),
        )
        .await
}

#[cfg(test)]
mod tests {
    use interdict_app::MirrorState;

    use super::*;

    fn words<T: utoipa::PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_words_of_the_document_are_the_applications() {
        let all: Vec<&str> = Mirroring::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(words::<MirroringWord>(), all);
        assert_eq!(words::<MirrorStateWord>(), MirrorState::ALL.map(MirrorState::as_str));
    }
}
