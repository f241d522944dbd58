//! The sample shop's last month: attempts of earlier days, so that the overview has something to show. They go
//! the way of all others, and are dated back.
//!
//! Deliberately not here: what the lists said back then. They are asked today, so that each attempt ends as it
//! would end now; the change and what the gateway said are dated today. No attempt is refused for stale lists,
//! because the demonstration's never are.

use anyhow::Result;
use interdict_app::NewPayment;
use interdict_domain::identifier::Email;
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::PaymentMethod;
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Metadata;

use super::cast;
use super::till::{Clerk, PRICE};

const DAYS: i64 = 30;
pub(super) const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;
/// Between two habits of a day.
const SPACE_S: i64 = DAY_S / 14;

/// Who tries to pay.
#[derive(Clone, Copy)]
enum By {
    /// A customer by reference.
    Ref(&'static str),
    /// Somebody who is known by an email alone.
    Email(&'static str),
}

/// An attempt that comes again every so many days.
struct Habit {
    by: By,
    initiator: Initiator,
    method: &'static str,
    every_days: i64,
    from_day: i64,
}

const fn habit(by: By, method: &'static str, every_days: i64, from_day: i64) -> Habit {
    Habit { by, initiator: Initiator::Customer, method, every_days, from_day }
}

const PAYS: &str = "pm_test_success";

/// What happens in a month: most pay, some are declined, and each step of the order that blocks has somebody.
const HABITS: [Habit; 13] = [
    habit(By::Ref("shop-1004"), PAYS, 3, 1),
    habit(By::Ref("shop-1008"), PAYS, 4, 2),
    habit(By::Ref("shop-2002"), PAYS, 2, 1),
    habit(By::Email("walk.in@example.com"), PAYS, 2, 2),
    habit(By::Email(cast::EXEMPT), PAYS, 9, 4),
    habit(By::Email("short.of.money@example.com"), "pm_test_insufficient_funds", 6, 3),
    habit(By::Email("old.card@example.com"), "pm_test_declined", 7, 5),
    // Femi pays well, and asked that nothing is renewed.
    habit(By::Ref("shop-1005"), PAYS, 5, 1),
    Habit { initiator: Initiator::Merchant, ..habit(By::Ref("shop-1005"), PAYS, 10, 2) },
    habit(By::Ref("shop-1001"), PAYS, 6, 2),
    habit(By::Ref("shop-1002"), PAYS, 8, 1),
    habit(By::Ref("shop-1003"), PAYS, 11, 3),
    habit(By::Email(cast::SUSPECT), PAYS, 4, 1),
];

/// Makes the attempts; how many.
pub(super) async fn fill(clerk: &Clerk) -> Result<usize> {
    let mut made = 0;
    for day in (1..DAYS).rev() {
        for (place, habit) in (0..).zip(&HABITS) {
            if day % habit.every_days != habit.from_day % habit.every_days {
                continue;
            }
            // Through the day, one after the other: never into the next one, whatever the hour is now.
            let ago_s = day * DAY_S + clerk.seconds_of_today() - (place + 1) * SPACE_S;
            made += usize::from(clerk.pay_as(payment(clerk, habit).await?, ago_s).await?.is_payment());
        }
    }
    // Made and not charged: somebody is going to confirm it.
    let open =
        NewPayment { confirm: false, ..payment(clerk, &habit(By::Ref("shop-1004"), PAYS, 1, 1)).await? };
    made += usize::from(clerk.pay_as(open, HOUR_S).await?.is_payment());
    Ok(made)
}

async fn payment(clerk: &Clerk, habit: &Habit) -> Result<NewPayment> {
    let (customer, email) = match habit.by {
        By::Ref(merchant_ref) => (clerk.customer(merchant_ref).await?, None),
        By::Email(email) => (None, Some(Email::parse(email)?)),
    };
    Ok(NewPayment {
        money: Money::new(PRICE, Currency::NGN)?,
        initiator: habit.initiator,
        customer,
        email,
        payment_method: Some(PaymentMethod::parse(habit.method)?),
        confirm: true,
        metadata: Metadata::default(),
    })
}
