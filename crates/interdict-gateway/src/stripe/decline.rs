//! Why a card was declined, in our words. The codes: docs.stripe.com, "Stripe decline codes".

use interdict_domain::payment::DeclineType;

use super::answer::ErrorBody;
use super::scrub::scrub;
use crate::Decline;

/// Codes after which the same card is refused again, whatever the amount and the day.
const HARD: [&str; 21] = [
    "card_not_supported",
    "currency_not_supported",
    "do_not_try_again",
    "expired_card",
    "fraudulent",
    "incorrect_number",
    "invalid_account",
    "invalid_number",
    "lost_card",
    "merchant_blacklist",
    "new_account_information_available",
    "not_permitted",
    "pickup_card",
    "restricted_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "security_violation",
    "service_not_allowed",
    "stolen_card",
    "stop_payment_order",
    "transaction_not_allowed",
];

/// The longest code that is taken over.
const CODE_BYTES_MAX: usize = 64;
/// What is said when Stripe says no more.
const DECLINED: &str = "card_declined";

/// The card has to be authenticated by a customer who is not there.
pub(super) const AUTHENTICATION_REQUIRED: &str = "authentication_required";

/// From Stripe's error, of an answer or of an intent.
pub(super) fn from_error(error: &ErrorBody) -> Decline {
    let word = |code: &Option<String>| code.as_deref().filter(|code| is_word(code)).map(str::to_owned);
    let code = word(&error.decline_code).or_else(|| word(&error.code)).unwrap_or_else(|| DECLINED.to_owned());
    let message = error.message.as_deref().map_or_else(|| "The card was declined.".to_owned(), scrub);
    let decline_type = match error.advice_code.as_deref() {
        Some("do_not_try_again") => DeclineType::Hard,
        Some("try_again_later") => DeclineType::Soft,
        _ => type_of(&code),
    };
    Decline { safe_message: safe_message(&code).to_owned(), code, message, decline_type }
}

/// Where there is no error to read: the code and the sentence are ours.
pub(super) fn of_our_own(code: &str, message: &str) -> Decline {
    Decline {
        code: code.to_owned(),
        message: message.to_owned(),
        safe_message: safe_message(code).to_owned(),
        decline_type: DeclineType::Soft,
    }
}

fn is_word(code: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !code.is_empty() && code.len() <= CODE_BYTES_MAX && code.bytes().all(is_letter)
}

fn type_of(code: &str) -> DeclineType {
    if HARD.contains(&code) { DeclineType::Hard } else { DeclineType::Soft }
}

/// What the payer may be told. Of a stolen card or a suspicion, Stripe asks to say nothing.
fn safe_message(code: &str) -> &'static str {
    match code {
        "insufficient_funds" => "Your card has insufficient funds. Please use another one, or try later.",
        "expired_card" => "Your card has expired. Please use another one.",
        "incorrect_cvc" | "invalid_cvc" => "Your card's security code is incorrect. Please check it.",
        "incorrect_number" | "invalid_number" => "Your card's number is incorrect. Please check it.",
        AUTHENTICATION_REQUIRED | "payment_intent_authentication_failure" => {
            "The payment was not confirmed with your bank. Please try again."
        }
        "try_again_later" | "processing_error" | "issuer_not_available" | "reenter_transaction" => {
            "Your bank could not be reached. Please try again later."
        }
        "canceled" => "The payment was cancelled.",
        _ => "Your card was declined. Please use another one.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, decline_code: Option<&str>, advice_code: Option<&str>) -> ErrorBody {
        ErrorBody {
            code: Some(code.to_owned()),
            decline_code: decline_code.map(str::to_owned),
            advice_code: advice_code.map(str::to_owned),
            message: Some("Your card was declined.".to_owned()),
        }
    }

    #[test]
    fn a_card_that_will_never_do_is_a_hard_decline() {
        for (code, expected) in [
            ("stolen_card", DeclineType::Hard),
            ("lost_card", DeclineType::Hard),
            ("fraudulent", DeclineType::Hard),
            ("expired_card", DeclineType::Hard),
            ("insufficient_funds", DeclineType::Soft),
            ("do_not_honor", DeclineType::Soft),
            ("a_code_of_next_year", DeclineType::Soft),
        ] {
            let decline = from_error(&error("card_declined", Some(code), None));
            assert_eq!((decline.code.as_str(), decline.decline_type), (code, expected));
        }
    }

    #[test]
    fn the_networks_advice_wins_over_the_code() {
        let decline = from_error(&error("card_declined", Some("do_not_honor"), Some("do_not_try_again")));
        assert_eq!(decline.decline_type, DeclineType::Hard);
    }

    #[test]
    fn a_payer_never_learns_of_a_suspicion() {
        let safe = |code| from_error(&error("card_declined", Some(code), None)).safe_message;
        for code in ["stolen_card", "lost_card", "fraudulent", "merchant_blacklist", "pickup_card"] {
            assert_eq!(safe(code), safe("generic_decline"));
        }
    }

    #[test]
    fn a_code_that_is_no_word_is_not_taken_over() {
        assert_eq!(from_error(&error("Not a word!", None, None)).code, DECLINED);
        assert_eq!(from_error(&ErrorBody::default()).code, DECLINED);
    }
}
