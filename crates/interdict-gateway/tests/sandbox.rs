//! The sandbox over a ledger in memory: what is given up at the customer's step stays given up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Mutex;

use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::PaymentMethod;
use interdict_domain::scopes::Initiator;
use interdict_gateway::sandbox::{Ledger, LedgerResult, LedgerRow, Sandbox};
use interdict_gateway::{Answer, Charge, Charged, Gateway as _};

/// One payment's charge.
#[derive(Default)]
struct Memory(Mutex<Option<LedgerRow>>);

impl Ledger for Memory {
    fn record(&self, row: LedgerRow) -> Answer<'_, LedgerRow> {
        let kept = self.0.lock().unwrap().get_or_insert(row).clone();
        Box::pin(async { Ok(kept) })
    }

    fn charge_of(&self, _: MerchantNumber, _: PaymentId) -> Answer<'_, Option<LedgerRow>> {
        let row = self.0.lock().unwrap().clone();
        Box::pin(async { Ok(row) })
    }

    fn settle(&self, _: MerchantNumber, _: PaymentId, result: LedgerResult) -> Answer<'_, Option<LedgerRow>> {
        let mut row = self.0.lock().unwrap();
        if let Some(row) = row.as_mut().filter(|row| row.result == LedgerResult::RequiresAction) {
            row.result = result;
        }
        let row = row.clone();
        Box::pin(async { Ok(row) })
    }
}

#[tokio::test]
async fn whoever_is_given_up_at_the_step_cannot_pass_it_any_more() {
    for (token, given_up) in
        [("pm_test_requires_action", "authentication_failed"), ("pm_test_success", "succeeded")]
    {
        let sandbox = Sandbox::new(Memory::default());
        let method = PaymentMethod::parse(token).unwrap();
        let charge = Charge {
            merchant: MerchantNumber(1),
            payment: "pay_0ujtsYcgvSTl8PAuAdqWYSMnLOv".parse().unwrap(),
            money: Money::new(100, Currency::NGN).unwrap(),
            initiator: Initiator::Customer,
            method: Some(&method),
            reusable: false,
            reference: None,
        };
        let code = |charged: Option<Charged>| match charged {
            Some(Charged::Declined(decline)) => decline.code,
            Some(Charged::Succeeded) => "succeeded".to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(sandbox.abandon(charge).await.unwrap(), None);
        sandbox.charge(charge).await.unwrap();
        assert_eq!(code(sandbox.abandon(charge).await.unwrap()), given_up);
        assert_eq!(code(sandbox.complete_action(charge, true).await.ok()), given_up);
    }
}
