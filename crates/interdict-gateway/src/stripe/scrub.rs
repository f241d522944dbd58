//! Stripe's sentences without what must not reach a log: keys, tokens, ids of persons, addresses.

/// Words that begin so name a secret or a person.
const NAMED: [&str; 11] =
    ["sk_", "rk_", "pk_", "whsec_", "pm_", "card_", "src_", "tok_", "cus_", "seti_", "acct_"];
/// The longest sentence, in characters.
const CHARACTERS_MAX: usize = 300;

/// The sentence, with each such word replaced by an ellipsis, and cut where it goes on for long.
pub(super) fn scrub(message: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || "_-*@.+%".contains(c);
    let mut clean = String::new();
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let secret =
            NAMED.iter().any(|prefix| piece.contains(prefix)) || piece.contains('@') || is_number(piece);
        clean.push_str(if secret { "…" } else { piece });
        rest = after;
    }
    clean.chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect()
}

/// Long enough to be part of a card's or an account's number.
fn is_number(piece: &str) -> bool {
    piece.chars().filter(char::is_ascii_digit).count() >= 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_and_persons_are_left_out() {
        for (message, clean) in [
            ("Invalid API Key provided: sk_live_****************9Abc", "Invalid API Key provided: …"),
            ("No such PaymentMethod: 'pm_1abc'; a similar", "No such PaymentMethod: '…'; a similar"),
            ("No such customer: cus_9; mail jo.doe+x@example.com.", "No such customer: …; mail …"),
            ("Your card 4242424242424242 was declined.", "Your card … was declined."),
            ("Amount must be at least $0.50 usd", "Amount must be at least $0.50 usd"),
        ] {
            assert_eq!(scrub(message), clean);
        }
    }

    proptest! {
        #[test]
        fn no_sentence_panics_or_keeps_a_key(before in ".{0,80}", after in ".{0,80}") {
            let clean = scrub(&format!("{before} sk_live_secret {after}"));
            prop_assert!(!clean.contains("sk_live_secret"));
            prop_assert!(clean.chars().count() <= CHARACTERS_MAX);
        }
    }
}
