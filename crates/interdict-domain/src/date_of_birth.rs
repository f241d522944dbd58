//! Dates of birth: `YYYY-MM-DD`, a day that the calendar has (Odus, Customers).
//!
//! Deliberately not here: ages, and whether a day is still to come, for which a clock is needed.

use jiff::civil::Date;

/// A text that is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date such as 1990-12-31")]
pub struct DateOfBirthError;

canonical_text!(
    /// A date of birth, `YYYY-MM-DD`.
    DateOfBirth,
    DateOfBirthError,
    normalise
);

/// The date in canonical form. White space around it is ignored.
fn normalise(text: &str) -> Result<&str, DateOfBirthError> {
    let text = text.trim();
    // jiff takes more shapes than this one: years with signs, times, no hyphens.
    let in_shape = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !in_shape || text.starts_with("0000") {
        return Err(DateOfBirthError);
    }
    text.parse::<Date>().map_err(|_| DateOfBirthError)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_taken() {
        for text in ["1990-12-31", "2000-02-29", "0001-01-01", " 1990-12-31 "] {
            assert_eq!(DateOfBirth::parse(text).unwrap().as_str(), text.trim());
        }
        for text in [
            "",
            "1990-02-30",
            "1900-02-29",
            "1990-13-01",
            "1990-00-10",
            "1990-1-1",
            "19901231",
            "31/12/1990",
            "1990-12-31T00:00:00Z",
            "0000-01-01",
            "-001-01-01",
            "１９９０-12-31",
            "1990-12-3\0",
        ] {
            assert_eq!(DateOfBirth::parse(text), Err(DateOfBirthError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_taken_is_taken_again(text in "\\PC*|[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            if let Ok(date) = DateOfBirth::parse(&text) {
                prop_assert_eq!(DateOfBirth::parse(date.as_str()), Ok(date));
            }
        }
    }
}
