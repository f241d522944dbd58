//! `/v1/plans` (Duro).

use axum::response::Response;
use http::StatusCode;
use interdict_app::{Answer, NewPlan, PlanUpdate, archive_plan, create_plan, update_plan};
use interdict_domain::ids::PlanId;
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::subscription::{INTERVAL_COUNT_MAX, Interval, Period, Plan, TRIAL_DAYS_MAX};
use interdict_domain::text::Name;

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InPath, InQuery, PaymentsRead, PaymentsWrite, Secret};
use crate::find_one::find_one;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::page::{Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::PlanView;

const CYCLES_MAX: i64 = 10_000;

fn read_new(mut fields: Fields) -> Result<NewPlan, Refused> {
    let name = fields.parse("name", Name::parse);
    let name = fields.required("name", name);
    let amount = fields.integer("amount", 1..=AMOUNT_MAX);
    let amount = fields.required("amount", amount);
    let currency = fields.parse("currency", Currency::parse).value().unwrap_or(Currency::NGN);
    let intervals: Vec<_> = Interval::ALL.iter().map(|interval| (interval.as_str(), *interval)).collect();
    let interval = fields.word("interval", &intervals);
    let interval = fields.required("interval", interval);
    let count = fields.integer("intervalCount", 1..=INTERVAL_COUNT_MAX).value().unwrap_or(1);
    let trial_days = fields.integer("trialDays", 0..=TRIAL_DAYS_MAX).value().unwrap_or(0);
    let max_cycles = fields.integer("maxCycles", 1..=CYCLES_MAX).value();
    let money = amount.and_then(|amount| Money::new(amount, currency).ok());
    let new = name.zip(money).zip(interval).map(|((name, money), interval)| NewPlan {
        name,
        money,
        period: Period { interval, count },
        trial_days,
        max_cycles,
    });
    Ok(fields.finish(new)?)
}

fn read_update(mut fields: Fields) -> Result<PlanUpdate, Refused> {
    let name = fields.parse("name", Name::parse);
    let amount = fields.integer("amount", 1..=AMOUNT_MAX);
    let trial_days = fields.integer("trialDays", 0..=TRIAL_DAYS_MAX);
    let update = PlanUpdate {
        name: fields.not_null("name", name),
        amount: fields.not_null("amount", amount),
        trial_days: fields.not_null("trialDays", trial_days),
        max_cycles: fields.integer("maxCycles", 1..=CYCLES_MAX).update(),
    };
    Ok(fields.finish(Some(update))?)
}

fn shown(status: StatusCode, plan: &Plan) -> Answer {
    answer::answer(status, &PlanView::of(plan))
}

#[utoipa::path(
    post,
    path = "/v1/plans",
    operation_id = "createPlan",
    tag = "Plans",
    summary = "Create a plan",
    request_body = schemas::PlanCreate,
    responses((status = 201, description = "The new plan.", body = PlanView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn create(key: Secret<PaymentsWrite>, mutation: Mutation) -> Response {
    mutation.run(&key.caller, read_new, create_plan, |plan, _| shown(StatusCode::CREATED, plan)).await
}

#[utoipa::path(
    patch,
    path = "/v1/plans/{id}",
    operation_id = "updatePlan",
    tag = "Plans",
    summary = "Change a plan",
    description = "For those who sign up from now on: who has subscribed goes on as agreed.",
    params(schemas::PlanPath),
    request_body = schemas::PlanUpdate,
    responses((status = 200, description = "The plan.", body = PlanView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn update(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<PlanId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            read_update,
            move |transaction, by, change| update_plan(transaction, by, id, change),
            |plan, _| shown(StatusCode::OK, plan),
        )
        .await
}

#[utoipa::path(
    delete,
    path = "/v1/plans/{id}",
    operation_id = "archivePlan",
    tag = "Plans",
    summary = "Archive a plan",
    description = "Nobody can subscribe any more; who has goes on.",
    params(schemas::PlanPath),
    responses((status = 200, description = "The plan, archived.", body = PlanView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn archive(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<PlanId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| archive_plan(transaction, by, id),
            |plan, _| shown(StatusCode::OK, plan),
        )
        .await
}

#[utoipa::path(
    get,
    path = "/v1/plans/{id}",
    operation_id = "getPlan",
    tag = "Plans",
    summary = "Get a plan",
    params(schemas::PlanPath),
    responses((status = 200, description = "The plan.", body = PlanView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(key: Secret<PaymentsRead>, InPath(id): InPath<PlanId>) -> Response {
    let of = (Dialect::Native, "plan");
    find_one(&key.caller, of, move |view| view.plan(id), |plan, _| answer::encode(&PlanView::of(&plan))).await
}

#[utoipa::path(
    get,
    path = "/v1/plans",
    operation_id = "listPlans",
    tag = "Plans",
    summary = "List plans",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of plans, newest first.", body = Items<PlanView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn list(key: Secret<PaymentsRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<PlanId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor = |plan: &Plan| Cursor { created_at: plan.created_at, id: plan.id.to_string() };
    list_page(
        caller,
        page,
        |view, (position, limit)| view.plans(position, limit),
        cursor,
        |plan| PlanView::of(&plan),
    )
    .await
}
