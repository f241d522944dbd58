//! `interdict check`: the decision on an attempt, for people or programs. It counts no hit and leaves no
//! trace.
//!
//! Deliberately not here: how the answer is shown ([`answer`]).

mod answer;

use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use interdict_app::decision::{DecideError, Decision, Outcome};
use interdict_app::{App, DecidePaymentError, Judged, PaymentAttempt, Presented, Service};
use interdict_domain::identifier::{Kind, PhoneRegion};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_http::decision_as_json;

use crate::application::{self, Wanted};
use crate::arguments::{CheckArguments, kinds};
use crate::configuration::Configuration;
use crate::failure::{BLOCKED, misuse};
use crate::output;

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Decides and shows the decision.
pub fn run(configuration: &Configuration, arguments: &CheckArguments) -> Result<ExitCode> {
    let app = application::open(configuration, Wanted::DecisionsOnData)?;
    let merchant = MerchantNumber(arguments.merchant);
    refuse_unknown_merchant(&app, merchant)?;
    let service = app.service(arguments.mode);
    let payer = Payer::parse(arguments, service.phone_region(merchant))?;
    wait_for_index(service);
    let attempt = PaymentAttempt {
        initiator: arguments.initiator,
        customer: payer.customer,
        identifiers: &payer.identifiers,
        money: arguments.amount.and_then(|amount| Money::new(amount, arguments.currency).ok()),
        explain: true,
        dry_run: true,
    };
    let now = app.clock().now();
    let show = |decision: &Decision<'_>, judged: Judged| {
        let text = if arguments.json.json {
            let Judged { id, at, degraded } = judged;
            let shown = decision_as_json(decision, id, arguments.initiator, at, degraded)?;
            format!("{}\n", serde_json::to_string_pretty(&shown)?)
        } else {
            answer::as_text(decision, arguments.initiator, judged.degraded)
        };
        Ok::<_, serde_json::Error>((decision.outcome, text))
    };
    let (outcome, text) = service.decide(merchant, now, &attempt, show).map_err(refused)??;
    output::print(&text)?;
    Ok(match outcome {
        Outcome::Allow => ExitCode::SUCCESS,
        Outcome::Block => ExitCode::from(BLOCKED),
    })
}

fn refused(error: DecidePaymentError) -> anyhow::Error {
    match error {
        DecidePaymentError::NotLoaded | DecidePaymentError::Stale => anyhow::Error::new(error),
        DecidePaymentError::Attempt(DecideError::UnknownCustomer) => {
            misuse("the merchant has no customer with this id in this mode")
        }
        DecidePaymentError::Attempt(error) => misuse(error.to_string()),
    }
}

/// A merchant that there is not is a mistake in the call.
pub fn refuse_unknown_merchant(app: &App, merchant: MerchantNumber) -> Result<()> {
    let (known, count) = app
        .core()
        .read_blocking(|view| -> Result<_, interdict_storage::StorageError> {
            Ok((view.merchant_record(merchant)?.is_some(), view.count_merchants()?))
        })
        .context("the merchants cannot be read")?;
    if known {
        return Ok(());
    }
    Err(misuse(format!("there is no merchant {merchant}: there are {count}, numbered from 1")))
}

/// The index is loaded in the background, and is fresh once it has heard what came meanwhile; a start that
/// cannot load it says so in the log and tries again.
fn wait_for_index(service: &Service) {
    let bar = output::spinner("loading");
    while !service.readiness().fresh {
        bar.tick();
        std::thread::sleep(LOOK_EVERY);
    }
    bar.finish_and_clear();
}

/// Who would pay.
#[derive(Debug, Default)]
struct Payer {
    /// Where the merchant's customers dial.
    region: Option<PhoneRegion>,
    customer: Option<CustomerId>,
    identifiers: Vec<Presented<'static>>,
}

impl Payer {
    fn parse(arguments: &CheckArguments, region: Option<PhoneRegion>) -> Result<Self> {
        let mut payer = Self { region, ..Self::default() };
        for text in &arguments.identifiers {
            payer.add(text, &arguments.unverified)?;
        }
        Ok(payer)
    }

    fn add(&mut self, text: &str, unverified: &[Kind]) -> Result<()> {
        let text = text.trim();
        if let Some(id) = text.strip_prefix("customer=").or_else(|| text.starts_with("cus_").then_some(text))
        {
            let id = id.parse().map_err(|error| misuse(format!("the customer's id {error}")))?;
            return match self.customer.replace(id) {
                Some(before) if before != id => Err(misuse("a payment has one customer: name one id")),
                _ => Ok(()),
            };
        }
        let (kind, value) = kind_and_value(text)?;
        let value = kind
            .normalise_in(value, || self.region)
            .map_err(|error| misuse(format!("the value of {} {error}", kind.as_str())))?
            .into_owned();
        if self.identifiers.iter().any(|before| before.kind == kind && before.value != value) {
            return Err(misuse(format!("name one {} at most", kind.as_str())));
        }
        let verified = !unverified.contains(&kind);
        self.identifiers.push(Presented { kind, value: value.into(), verified });
        Ok(())
    }
}

/// `kind=value`, or a value that shows its kind.
fn kind_and_value(text: &str) -> Result<(Kind, &str)> {
    if let Some((kind, value)) = text.split_once('=')
        && let Some(kind) = Kind::parse(kind)
    {
        return Ok((kind, value));
    }
    if text.contains('@') {
        return Ok((Kind::Email, text));
    }
    if text.starts_with('+') {
        return Ok((Kind::Phone, text));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok((Kind::Ip, text));
    }
    Err(misuse(format!("say what it is, as kind=value; the kinds are {}", kinds())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_value_shows_its_kind() {
        let kind = |text| kind_and_value(text).map(|(kind, value)| (kind, value.to_owned())).ok();
        assert_eq!(kind("ada@example.com"), Some((Kind::Email, "ada@example.com".to_owned())));
        assert_eq!(kind("a=b@example.com"), Some((Kind::Email, "a=b@example.com".to_owned())));
        assert_eq!(kind("+2348012345678"), Some((Kind::Phone, "+2348012345678".to_owned())));
        assert_eq!(kind("203.0.113.7"), Some((Kind::Ip, "203.0.113.7".to_owned())));
        assert_eq!(kind("2001:db8::1"), Some((Kind::Ip, "2001:db8::1".to_owned())));
        assert_eq!(kind("merchantRef=a=b@c"), Some((Kind::MerchantRef, "a=b@c".to_owned())));
        assert_eq!(kind("A-17"), None);
    }

    #[test]
    fn two_values_of_a_kind_are_a_mistake() {
        let mut payer = Payer::default();
        payer.add("ada@example.com", &[Kind::Email]).unwrap();
        payer.add(" ADA@example.com", &[Kind::Email]).unwrap();
        assert!(!payer.identifiers[0].verified);
        assert!(payer.add("eve@example.com", &[]).is_err());
        payer.add("cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", &[]).unwrap();
        assert!(payer.add("customer=cus_0000000000000000000000000ab", &[]).is_err());
        assert!(payer.add("cus_short", &[]).is_err());
    }
}
