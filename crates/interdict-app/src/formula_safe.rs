//! Cells that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front, and reading takes
//! exactly that one away again.
//!
//! An empty cell is one that says nothing; a text that is empty is an apostrophe alone.

use std::borrow::Cow;

const MARK: char = '\'';

/// What a spreadsheet would calculate.
const fn begins_formula(first: char) -> bool {
    matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r')
}

/// A text as a cell.
pub fn cell(text: &str) -> Cow<'_, str> {
    let mut chars = text.chars();
    let is_marked = match chars.next() {
        None => true,
        Some(MARK) => chars.next().is_none_or(|next| next == MARK || begins_formula(next)),
        Some(first) => begins_formula(first),
    };
    if is_marked { Cow::Owned(format!("{MARK}{text}")) } else { Cow::Borrowed(text) }
}

/// A cell as a text; nothing where the cell says nothing.
pub fn text(cell: &str) -> Option<&str> {
    let Some(rest) = cell.strip_prefix(MARK) else { return (!cell.is_empty()).then_some(cell) };
    match rest.chars().next() {
        None => Some(rest),
        Some(next) if next == MARK || begins_formula(next) => Some(rest),
        Some(_) => Some(cell),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_gets_one_apostrophe() {
        for (plain, shown) in [
            ("=1+1", "'=1+1"),
            ("+2348031234567", "'+2348031234567"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("'=1", "''=1"),
            ("''", "'''"),
            ("'", "''"),
            ("", "'"),
            ("'tis", "'tis"),
            ("ada@example.com", "ada@example.com"),
        ] {
            assert_eq!(cell(plain), shown);
            assert_eq!(text(shown), Some(plain));
        }
        assert_eq!(text(""), None);
    }

    proptest! {
        #[test]
        fn a_text_comes_back_and_is_no_formula(plain in "['=+@\\-\t\r]{0,3}\\PC{0,4}") {
            let shown = cell(&plain);
            prop_assert_eq!(text(&shown), Some(plain.as_str()));
            prop_assert!(!shown.chars().next().is_some_and(begins_formula));
        }
    }
}
