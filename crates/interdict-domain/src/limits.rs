//! Within what limits an entry of the allow list exempts. The flow and the time are its scopes and its window; the rest is
//! here.

use serde::{Deserialize, Serialize};

use crate::money::{AmountError, Currency, Money};

/// What an exemption does not go beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Limits {
    /// The largest payment that it lets through. One in another currency, or of an amount that nobody has said, is not let
    /// through: an exemption must rest on something.
    pub max_amount: Option<Money>,
    /// Whether a chargeback ends it.
    pub lapses_on_chargeback: bool,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { max_amount: None, lapses_on_chargeback: false };

    /// Whether nothing is exempt that others would not exempt.
    pub fn is_within(&self, others: Self) -> bool {
        let smaller = match (self.max_amount, others.max_amount) {
            (_, None) => true,
            (None, Some(_)) => false,
            (own, others) => is_within(others, own),
        };
        smaller && (self.lapses_on_chargeback || !others.lapses_on_chargeback)
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// Whether a payment stays within the largest that is let through.
#[inline]
pub fn is_within(max_amount: Option<Money>, money: Option<Money>) -> bool {
    let Some(most) = max_amount else { return true };
    money.is_some_and(|money| money.currency() == most.currency() && money.amount() <= most.amount())
}

/// As in answers and in what is stored of a change.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    max_amount: Option<i64>,
    currency: Option<Currency>,
    lapses_on_chargeback: bool,
}

impl From<Limits> for Written {
    fn from(limits: Limits) -> Self {
        let Limits { max_amount, lapses_on_chargeback } = limits;
        Self {
            max_amount: max_amount.map(Money::amount),
            currency: max_amount.map(Money::currency),
            lapses_on_chargeback,
        }
    }
}

impl TryFrom<Written> for Limits {
    type Error = AmountError;

    fn try_from(written: Written) -> Result<Self, AmountError> {
        let money = |(amount, currency)| Money::new(amount, currency);
        let max_amount = written.max_amount.zip(written.currency).map(money).transpose()?;
        Ok(Self { max_amount, lapses_on_chargeback: written.lapses_on_chargeback })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, currency: &str) -> Money {
        Money::new(amount, Currency::parse(currency).unwrap()).unwrap()
    }

    #[test]
    fn the_largest_amount_itself_is_let_through_and_what_is_not_known_is_not() {
        let most = Some(money(5_000, "EUR"));
        assert!(is_within(most, Some(money(5_000, "EUR"))));
        assert!(!is_within(most, Some(money(5_001, "EUR"))));
        assert!(!is_within(most, Some(money(1, "NGN"))));
        assert!(!is_within(most, None));
        assert!(is_within(None, None));
    }

    #[test]
    fn limits_lie_within_others_that_exempt_from_more() {
        let of = |amount, lapses_on_chargeback| Limits {
            max_amount: Some(money(amount, "EUR")),
            lapses_on_chargeback,
        };
        assert!(of(5, false).is_within(Limits::NONE));
        assert!(of(5, true).is_within(of(5, false)));
        assert!(!of(5, false).is_within(of(5, true)));
        assert!(!of(6, true).is_within(of(5, true)));
        assert!(!Limits::NONE.is_within(of(5, false)));
        assert!(Limits::NONE.is_within(Limits::NONE));
    }

    #[test]
    fn they_are_written_with_their_currency_and_read_again() {
        let limits = Limits { max_amount: Some(money(5_000, "EUR")), lapses_on_chargeback: true };
        let text = serde_json::to_string(&limits).unwrap();
        assert_eq!(text, r#"{"maxAmount":5000,"currency":"EUR","lapsesOnChargeback":true}"#);
        assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
        assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::NONE);
    }
}
