//! Plans (Duro): made, changed, archived. What somebody agreed to at a sign-up stays as it was.

use interdict_domain::change::Action;
use interdict_domain::ids::PlanId;
use interdict_domain::money::Money;
use interdict_domain::subscription::{Period, Plan};
use interdict_domain::text::Name;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;

/// A plan to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// What people call it.
    pub name: Name,
    /// What a period costs.
    pub money: Money,
    /// How long a period is.
    pub period: Period,
    /// Days before the first charge.
    pub trial_days: i64,
    /// After so many paid periods it ends by itself.
    pub max_cycles: Option<i64>,
}

/// What to change, for those who subscribe from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanUpdate {
    /// What people call it.
    pub name: Option<Name>,
    /// What a period costs, in minor units.
    pub amount: Option<i64>,
    /// Days before the first charge.
    pub trial_days: Option<i64>,
    /// After so many paid periods it ends by itself; an inner `None` clears it.
    pub max_cycles: Option<Option<i64>>,
}

/// Makes a plan.
pub fn create_plan(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewPlan,
) -> Result<Plan, UseCaseError> {
    let plan = Plan {
        id: PlanId::generate(by.now, by.random),
        merchant: transaction.merchant(),
        name: new.name,
        money: new.money,
        period: new.period,
        trial_days: new.trial_days,
        max_cycles: new.max_cycles,
        archived_at: None,
        created_at: by.now,
        updated_at: by.now,
    };
    transaction.put_plan(by, Action::PlanCreated, &plan)?;
    Ok(plan)
}

/// Changes only what is sent.
pub fn update_plan(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PlanId,
    update: PlanUpdate,
) -> Result<Plan, UseCaseError> {
    let mut plan = transaction.view().plan(id)?.ok_or(UseCaseError::NotFound("plan"))?;
    plan.name = update.name.unwrap_or(plan.name);
    if let Some(amount) = update.amount {
        plan.money = Money::new(amount, plan.money.currency())
            .map_err(|_| UseCaseError::Invalid { path: "amount", issue: "must be a possible amount" })?;
    }
    plan.trial_days = update.trial_days.unwrap_or(plan.trial_days);
    plan.max_cycles = update.max_cycles.unwrap_or(plan.max_cycles);
    plan.updated_at = by.now;
    transaction.put_plan(by, Action::PlanUpdated, &plan)?;
    Ok(plan)
}

/// Archives a plan: nobody can subscribe any more, and who has goes on.
pub fn archive_plan(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PlanId,
) -> Result<Plan, UseCaseError> {
    let mut plan = transaction.view().plan(id)?.ok_or(UseCaseError::NotFound("plan"))?;
    if plan.archived_at.is_none() {
        plan.archived_at = Some(by.now);
        plan.updated_at = by.now;
        transaction.put_plan(by, Action::PlanArchived, &plan)?;
    }
    Ok(plan)
}
