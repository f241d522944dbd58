//! What a PaymentIntent's state says about the money.
//!
//! `requires_confirmation` → nothing was taken; `succeeded` → it was; `requires_payment_method` with an
//! error → declined; `canceled` → it never will be; the rest is not decided yet.

use serde::Deserialize;

use interdict_domain::payment::NextAction;

use super::answer::{CallError, ErrorBody};
use super::decline;
use crate::Charged;

/// As far as it is read.
#[derive(Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    last_payment_error: Option<ErrorBody>,
    next_action: Option<Action>,
}

#[derive(Deserialize)]
struct Action {
    redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
struct Redirect {
    url: Option<String>,
}

/// Where a charge stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody confirmed it.
    Prepared,
    /// The customer has to act, on a page or, without one, nowhere that we could send them.
    Waits(Option<NextAction>),
    /// It has come to its end.
    Ended(Charged),
}

impl Intent {
    /// Where it stands; an error when it is on its way.
    pub(super) fn standing(self) -> Result<Standing, CallError> {
        match self.status.as_str() {
            "succeeded" => Ok(Standing::Ended(Charged::Succeeded)),
            "requires_confirmation" => Ok(Standing::Prepared),
            "requires_payment_method" => Ok(match self.last_payment_error {
                Some(error) => Standing::Ended(Charged::Declined(decline::from_error(&error))),
                None => Standing::Prepared,
            }),
            "canceled" => {
                let decline = decline::of_our_own("canceled", "The payment was cancelled at Stripe.");
                Ok(Standing::Ended(Charged::Declined(decline)))
            }
            "requires_action" => {
                let page = self.next_action.and_then(|action| action.redirect_to_url?.url);
                let page = page.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
                Ok(Standing::Waits(page.map(|url| NextAction { url })))
            }
            // processing, requires_capture, and whatever Stripe may add.
            other => {
                Err(CallError::Undecided(other.chars().filter(char::is_ascii_graphic).take(40).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn standing(body: Value) -> Result<Standing, String> {
        serde_json::from_value::<Intent>(body).unwrap().standing().map_err(|error| error.to_string())
    }

    #[test]
    fn each_state_says_what_it_means_for_the_money() {
        let of = |status| standing(json!({"id": "pi_1", "status": status}));
        assert_eq!(of("succeeded"), Ok(Standing::Ended(Charged::Succeeded)));
        assert_eq!(of("requires_confirmation"), Ok(Standing::Prepared));
        assert_eq!(of("requires_payment_method"), Ok(Standing::Prepared));
        assert_eq!(of("requires_action"), Ok(Standing::Waits(None)));
        assert!(
            matches!(of("canceled"), Ok(Standing::Ended(Charged::Declined(decline))) if decline.code == "canceled")
        );
        for status in ["processing", "requires_capture", "a_state_of_next_year"] {
            assert_eq!(of(status), Err(format!("the payment is {status} at Stripe")));
        }
    }

    #[test]
    fn a_page_is_a_web_page() {
        let to = |url: &str| {
            let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}});
            standing(json!({"id": "pi_1", "status": "requires_action", "next_action": action})).unwrap()
        };
        let url = "https://hooks.stripe.com/3d_secure_2/hosted?x=1".to_owned();
        assert_eq!(to(&url), Standing::Waits(Some(NextAction { url: url.clone() })));
        assert_eq!(to("javascript:alert(1)"), Standing::Waits(None));
    }
}
