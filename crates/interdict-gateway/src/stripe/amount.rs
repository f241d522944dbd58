//! Amounts as Stripe counts them. Most currencies are counted as in ISO 4217; a few are not
//! (docs.stripe.com, "Supported currencies"), and one wrong digit would be a factor of a hundred.

use interdict_domain::money::{Currency, Money};

/// Counted with two digits at Stripe, although ISO 4217 gives them none.
const TWO_DIGITS_AT_STRIPE: [&str; 2] = ["ISK", "UGX"];
/// Counted without digits at Stripe, although ISO 4217 gives it two.
const NO_DIGITS_AT_STRIPE: &str = "MGA";

/// Money that Stripe cannot move exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Stripe cannot charge this amount of this currency exactly")]
pub(super) struct AmountError;

/// The number that Stripe expects.
pub(super) fn to_stripe(money: Money) -> Result<i64, AmountError> {
    let (amount, code) = (money.amount(), money.currency().code());
    if TWO_DIGITS_AT_STRIPE.contains(&code) {
        return amount.checked_mul(100).ok_or(AmountError);
    }
    if code == NO_DIGITS_AT_STRIPE {
        return if amount % 100 == 0 { Ok(amount / 100) } else { Err(AmountError) };
    }
    // Of three digits the last must be zero: the card networks carry two.
    if money.currency().digits() == 3 && amount % 10 != 0 {
        return Err(AmountError);
    }
    Ok(amount)
}

/// Money from Stripe's number; nothing when there is no such money here.
pub(super) fn from_stripe(amount: i64, currency: &str) -> Option<Money> {
    let currency = Currency::parse(currency).ok()?;
    let amount = if TWO_DIGITS_AT_STRIPE.contains(&currency.code()) {
        (amount % 100 == 0).then_some(amount / 100)?
    } else if currency.code() == NO_DIGITS_AT_STRIPE {
        amount.checked_mul(100)?
    } else {
        amount
    };
    Money::new(amount, currency).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn each_currency_is_counted_as_stripe_counts_it() {
        for (amount, code, at_stripe) in [
            (1_000, "USD", Ok(1_000)),
            (500, "JPY", Ok(500)),
            (5, "ISK", Ok(500)),
            (5, "UGX", Ok(500)),
            (500, "MGA", Ok(5)),
            (501, "MGA", Err(AmountError)),
            (5_120, "KWD", Ok(5_120)),
            (5_124, "KWD", Err(AmountError)),
        ] {
            assert_eq!(to_stripe(money(amount, code)), at_stripe, "{amount} {code}");
        }
    }

    #[test]
    fn what_is_no_money_here_is_none() {
        assert_eq!(from_stripe(0, "usd"), None);
        assert_eq!(from_stripe(550, "isk"), None);
        assert_eq!(from_stripe(100, "usdc"), None);
        assert_eq!(from_stripe(i64::MAX, "mga"), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(amount in 1..=1_000_000_i64, code in "(EUR|JPY|ISK|UGX|MGA|KWD|NGN)") {
            let money = money(amount, &code);
            if let Ok(at_stripe) = to_stripe(money) {
                prop_assert_eq!(from_stripe(at_stripe, &code.to_lowercase()), Some(money));
            }
        }
    }
}
