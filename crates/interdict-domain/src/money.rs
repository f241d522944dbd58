//! Money: integer minor units with a currency. Nothing is ever divided, so nothing is ever rounded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount: minor units that are exact in every client's number type (JavaScript's end at
/// 9 · 10¹⁵).
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// A currency of ISO 4217, in any case from outside, in upper case inside.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// A text that is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a currency of ISO 4217, such as NGN")]
pub struct CurrencyError;

impl Currency {
    /// What `/v1` means when nothing is said (Duro, Conventions).
    pub const NGN: Self = Self(iso_currency::Currency::NGN);

    /// From its three letters, in any case.
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        let mut letters = [0_u8; 3];
        if text.len() != letters.len() {
            return Err(CurrencyError);
        }
        for (letter, byte) in letters.iter_mut().zip(text.bytes()) {
            *letter = byte.to_ascii_uppercase();
        }
        let code = std::str::from_utf8(&letters).map_err(|_| CurrencyError)?;
        let currency = iso_currency::Currency::from_code(code).ok_or(CurrencyError)?;
        // Gold, bonds, "no currency" and test codes are in the standard, but nobody pays with them.
        currency.exponent().map(|_| Self(currency)).ok_or(CurrencyError)
    }

    /// Its three letters, in upper case.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many digits of an amount stand behind the point.
    pub fn digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount that somebody pays: more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    amount: i64,
    currency: Currency,
}

/// An amount that nobody can pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of minor units from 1 to {AMOUNT_MAX}")]
pub struct AmountError;

/// A text that is no amount of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an amount such as 49.90, with no more digits behind the point than its currency has")]
pub struct WrittenAmountError;

impl Money {
    /// Checks the amount, in minor units.
    pub const fn new(amount: i64, currency: Currency) -> Result<Self, AmountError> {
        if amount < 1 || amount > AMOUNT_MAX {
            return Err(AmountError);
        }
        Ok(Self { amount, currency })
    }

    /// From an amount as people write it, in whole units of the currency with a point before the rest: `49.90`.
    pub fn parse_written(text: &str, currency: Currency) -> Result<Self, WrittenAmountError> {
        let digits = currency.digits() as usize;
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || rest.len() > digits || !is_number(whole) || !is_number(rest) {
            return Err(WrittenAmountError);
        }
        let amount = format!("{whole}{rest:0<digits$}").parse().map_err(|_| WrittenAmountError)?;
        Self::new(amount, currency).map_err(|_| WrittenAmountError)
    }

    /// In minor units.
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// Of which currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

/// For people: `5000.00 NGN`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.digits();
        let whole = 10_i64.pow(digits);
        let (major, minor) = (self.amount / whole, self.amount % whole);
        if digits == 0 {
            write!(f, "{major} {}", self.currency)
        } else {
            write!(f, "{major}.{minor:0width$} {}", self.currency, width = digits as usize)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_currency_comes_in_any_case_and_goes_out_in_upper_case() {
        for text in ["ngn", "NGN", "nGn"] {
            assert_eq!(Currency::parse(text), Ok(Currency::NGN));
        }
        assert_eq!(Currency::parse("eur").unwrap().code(), "EUR");
        for text in ["", "NG", "NGNN", "XAU", "XXX", "XTS", "ABC", "N1N", "₦₦", "€"] {
            assert_eq!(Currency::parse(text), Err(CurrencyError), "{text}");
        }
    }

    #[test]
    fn money_is_more_than_nothing_and_no_more_than_can_be_told_exactly() {
        for amount in [0, -1, i64::MIN, AMOUNT_MAX + 1, i64::MAX] {
            assert_eq!(Money::new(amount, Currency::NGN), Err(AmountError));
        }
        assert_eq!(Money::new(AMOUNT_MAX, Currency::NGN).unwrap().amount(), AMOUNT_MAX);
    }

    #[test]
    fn money_is_shown_as_its_currency_counts() {
        let shown = |amount, code| Money::new(amount, Currency::parse(code).unwrap()).unwrap().to_string();
        assert_eq!(shown(500_000, "NGN"), "5000.00 NGN");
        assert_eq!(shown(5, "USD"), "0.05 USD");
        assert_eq!(shown(500, "JPY"), "500 JPY");
        assert_eq!(shown(1_234, "KWD"), "1.234 KWD");
    }

    #[test]
    fn an_amount_as_people_write_it_is_exact() {
        let read = |text: &str, code: &str| {
            let money = Money::parse_written(text, Currency::parse(code).unwrap());
            money.map(Money::amount).ok()
        };
        assert_eq!(read("49.90", "EUR"), Some(4_990));
        assert_eq!(read("49.9", "EUR"), Some(4_990));
        assert_eq!(read("0.05", "USD"), Some(5));
        assert_eq!(read("49", "EUR"), Some(4_900));
        assert_eq!(read("500", "JPY"), Some(500));
        assert_eq!(read("1.234", "KWD"), Some(1_234));
        for text in [
            "",
            ".",
            ".5",
            "0",
            "0.00",
            "-1",
            "+1",
            "1,5",
            "1.999",
            "1.2.3",
            "1e3",
            "٤٩",
            "99999999999999999999",
        ] {
            assert_eq!(read(text, "EUR"), None, "{text}");
        }
        assert_eq!(read("1.5", "JPY"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = Currency::parse(&text);
            let _ = Money::parse_written(&text, Currency::NGN);
        }
    }
}
