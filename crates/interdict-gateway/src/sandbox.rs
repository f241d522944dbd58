//! The gateway of test mode: no network, tokens that say what will happen, and a ledger of its own,
//! which nothing else writes. Comparing it with the payments shows whether anybody was charged twice,
//! or charged and forgotten.
//!
//! Deliberately not here: where the ledger is kept ([`Ledger`]).

use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::payment::{DeclineType, NextAction, PaymentMethod};

use crate::{Answer, Charge, Charged, Decline, Gateway, GatewayError, Reversal};

/// The tokens, and what comes of each.
const METHODS: [(&str, LedgerResult); 4] = [
    ("pm_test_success", LedgerResult::Succeeded),
    ("pm_test_declined", LedgerResult::Declined),
    ("pm_test_insufficient_funds", LedgerResult::InsufficientFunds),
    ("pm_test_requires_action", LedgerResult::RequiresAction),
];

/// What the ledger says of a charge or a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerResult {
    /// Money moved.
    Succeeded,
    /// The customer has to act first.
    RequiresAction,
    /// The issuer said no.
    Declined,
    /// There is not enough money.
    InsufficientFunds,
    /// The customer did not pass the step.
    ActionFailed,
}

impl LedgerResult {
    /// Each of them once.
    pub const ALL: [Self; 5] =
        [Self::Succeeded, Self::RequiresAction, Self::Declined, Self::InsufficientFunds, Self::ActionFailed];

    /// The word, as in the ledger's rows and in outcomes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RequiresAction => "requires_action",
            Self::Declined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ActionFailed => "authentication_failed",
        }
    }

    /// The reverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Whose.
    pub merchant: MerchantNumber,
    /// Of which payment.
    pub payment: PaymentId,
    /// Nothing for the charge; for a reversal, how much was reversed before it.
    pub reversed_before: Option<i64>,
    /// How much.
    pub money: Money,
    /// What came of it.
    pub result: LedgerResult,
}

/// Where the sandbox keeps its rows: on a disk, apart from the payments.
pub trait Ledger: Send + Sync {
    /// Keeps a row, and gives it back once it is on the disk. If there is one already for the same
    /// payment and the same reversal, that one is given back instead.
    fn record(&self, row: LedgerRow) -> Answer<'_, LedgerRow>;

    /// The charge of a payment.
    fn charge_of(&self, merchant: MerchantNumber, payment: PaymentId) -> Answer<'_, Option<LedgerRow>>;

    /// Gives a charge that waits for the customer its end, and gives the row back as it then is.
    fn settle(
        &self,
        merchant: MerchantNumber,
        payment: PaymentId,
        result: LedgerResult,
    ) -> Answer<'_, Option<LedgerRow>>;
}

/// The gateway of test mode.
pub struct Sandbox<L> {
    ledger: L,
}

impl<L: Ledger> Sandbox<L> {
    /// Over a ledger.
    pub fn new(ledger: L) -> Self {
        Self { ledger }
    }
}

fn charged(row: &LedgerRow) -> Charged {
    let declined = |message: &str, safe_message: &str, decline_type| {
        Charged::Declined(Decline {
            code: row.result.as_str().to_owned(),
            message: message.to_owned(),
            safe_message: safe_message.to_owned(),
            decline_type,
        })
    };
    match row.result {
        LedgerResult::Succeeded => Charged::Succeeded,
        // A page of our own: whoever shows it puts the service's address before it.
        LedgerResult::RequiresAction => {
            Charged::RequiresAction(NextAction { url: format!("/pay/step/{}", row.payment) })
        }
        LedgerResult::Declined => declined(
            "The issuer declined the card.",
            "Your card was declined. Please use another one.",
            DeclineType::Hard,
        ),
        LedgerResult::InsufficientFunds => declined(
            "The account does not hold enough money.",
            "Your card has insufficient funds. Please use another one, or try later.",
            DeclineType::Soft,
        ),
        LedgerResult::ActionFailed => declined(
            "The customer did not pass the authentication.",
            "The payment was not confirmed. Please try again.",
            DeclineType::Soft,
        ),
    }
}

fn result_of(method: &PaymentMethod) -> Option<LedgerResult> {
    METHODS.iter().find(|(token, _)| *token == method.as_str()).map(|(_, result)| *result)
}

impl<L: Ledger> Gateway for Sandbox<L> {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn knows(&self, method: &PaymentMethod) -> bool {
        result_of(method).is_some()
    }

    fn default_method(&self) -> Option<PaymentMethod> {
        PaymentMethod::parse("pm_test_success").ok()
    }

    fn prepare<'a>(&'a self, _: Charge<'a>) -> Answer<'a, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    fn charge<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Charged> {
        Box::pin(async move {
            let result = charge
                .method
                .and_then(result_of)
                .ok_or_else(|| GatewayError::Refused("the sandbox does not know this token".to_owned()))?;
            let Charge { merchant, payment, money, .. } = charge;
            let row = LedgerRow { merchant, payment, reversed_before: None, money, result };
            Ok(charged(&self.ledger.record(row).await?))
        })
    }

    fn find<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>> {
        Box::pin(async move {
            let row = self.ledger.charge_of(charge.merchant, charge.payment).await?;
            Ok(row.map(|row| charged(&row)))
        })
    }

    fn abandon<'a>(&'a self, charge: Charge<'a>) -> Answer<'a, Option<Charged>> {
        Box::pin(async move {
            let row = self.ledger.charge_of(charge.merchant, charge.payment).await?;
            let waits = row.as_ref().is_some_and(|row| row.result == LedgerResult::RequiresAction);
            let row = if waits {
                self.ledger.settle(charge.merchant, charge.payment, LedgerResult::ActionFailed).await?
            } else {
                row
            };
            Ok(row.map(|row| charged(&row)))
        })
    }

    fn reverse<'a>(&'a self, reversal: Reversal<'a>) -> Answer<'a, ()> {
        Box::pin(async move {
            let Reversal { merchant, payment, money, .. } = reversal;
            let result = LedgerResult::Succeeded;
            let reversed_before = Some(reversal.reversed_before);
            self.ledger.record(LedgerRow { merchant, payment, reversed_before, money, result }).await?;
            Ok(())
        })
    }

    fn complete_action<'a>(&'a self, charge: Charge<'a>, approved: bool) -> Answer<'a, Charged> {
        Box::pin(async move {
            let result = if approved { LedgerResult::Succeeded } else { LedgerResult::ActionFailed };
            let row = self.ledger.settle(charge.merchant, charge.payment, result).await?;
            let row = row.ok_or_else(|| GatewayError::Refused("there is no such charge".to_owned()))?;
            Ok(charged(&row))
        })
    }
}
