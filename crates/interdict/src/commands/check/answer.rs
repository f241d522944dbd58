//! A decision as people read it. Programs get the answer of `POST /v1/decisions`.

use std::fmt::Write as _;

use interdict_app::decision::{Counted, Decision, Explanation, ORDER, Outcome, Source};
use interdict_domain::scopes::Initiator;

use crate::output;

fn how(counted: &Counted<'_>) -> String {
    match counted {
        Counted::Id => "id".to_owned(),
        Counted::MerchantRef => "merchantRef".to_owned(),
        Counted::Shared { kind, .. } => kind.as_str().to_owned(),
    }
}

/// For people.
pub fn as_text(decision: &Decision<'_>, initiator: Initiator, degraded: bool) -> String {
    let mut text = format!(
        "{}: {} (a payment that the {} starts, revision {})\n",
        decision.outcome.as_str(),
        decision.code.as_str(),
        initiator.as_str(),
        decision.revision
    );
    if degraded {
        text.push_str("The lists may be stale: the settings say what becomes of whom they do not block.\n");
    }
    if let Some(message) = &decision.public_message {
        let _ = writeln!(text, "The payer is told: {message}");
    }
    if !decision.sources.is_empty() {
        text.push_str("\nWhat stands for or against it, the deciding source first\n");
        text.push_str(&output::table(
            &["#", "source", "which", "found by", "reason"],
            decision.sources.iter().map(source_row),
        ));
    }
    if let Some(explanation) = decision.explanation.as_deref() {
        push_explanation(&mut text, explanation);
    }
    text
}

fn push_explanation(text: &mut String, explanation: &Explanation<'_>) {
    if !explanation.customers.is_empty() {
        let rows = explanation.customers.iter().map(|customer| {
            let whitelist = if customer.whitelist_applies { "yes" } else { "no" };
            vec![customer.id.to_string(), how(&customer.how), whitelist.to_owned()]
        });
        text.push_str("\nCustomers that counted\n");
        text.push_str(&output::table(&["customer", "found by", "a whitelist counts"], rows));
    }
    if !explanation.lookups.is_empty() {
        let rows = explanation.lookups.iter().map(|lookup| {
            let passed = lookup.passed_over.iter().map(|it| format!("{} ({})", it.entry, it.why.as_str()));
            let entries: Vec<String> = lookup.entry.iter().map(ToString::to_string).chain(passed).collect();
            let entry = if entries.is_empty() { "-".to_owned() } else { entries.join(", ") };
            let hit = if lookup.hit { "yes" } else { "no" };
            vec![
                lookup.kind.as_str().to_owned(),
                lookup.value.as_deref().unwrap_or("(erased)").to_owned(),
                lookup.rule.as_str().to_owned(),
                hit.to_owned(),
                entry,
            ]
        });
        text.push_str("\nLookups\n");
        text.push_str(&output::table(&["kind", "value", "rule", "hit", "entry"], rows));
    }
    let rows = explanation.tiers.iter().zip(&ORDER).map(|(tier, rule)| {
        let says = tier.outcome.map_or("-", Outcome::as_str);
        let reached = if tier.reached { "reached" } else { "not reached" };
        vec![tier.tier.number().to_string(), rule.matches.to_owned(), says.to_owned(), reached.to_owned()]
    });
    text.push_str("\nThe order: the first that says something decides\n");
    text.push_str(&output::table(&["#", "tier", "says", ""], rows));
}

fn source_row(source: &Source<'_>) -> Vec<String> {
    let which = source
        .entry
        .map(|entry| entry.to_string())
        .or_else(|| source.customer.map(|customer| customer.to_string()))
        .unwrap_or_default();
    let found = match (source.kind, source.value.as_deref()) {
        (Some(kind), Some(value)) => format!("{} {value}", kind.as_str()),
        (Some(kind), None) => kind.as_str().to_owned(),
        (None, _) => "the customer named".to_owned(),
    };
    vec![
        source.tier.number().to_string(),
        source.what.as_str().to_owned(),
        which,
        found,
        source.reason.as_deref().unwrap_or("-").to_owned(),
    ]
}
