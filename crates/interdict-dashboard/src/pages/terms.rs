//! What the forms of an entry say of it besides what customers' forms say, too: when it begins, which kind of reason it
//! has, and how strongly it blocks.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{ReasonCode, Strength};

use crate::form::{Choice, Form};
use crate::{of, t};

/// From the beginning of a day on.
pub(crate) fn starts(form: &Form) -> Result<Option<Timestamp>, String> {
    let parse = |day: &str| format!("{day}T00:00:00.000Z").parse::<Timestamp>().map_err(|_| t("invalid-day"));
    form.parse("from", &t("from"), parse)
}

pub(crate) fn reason_code(form: &Form) -> Result<Option<ReasonCode>, String> {
    let parse = |word| ReasonCode::parse(word).ok_or_else(|| t("invalid-choice"));
    form.text("reasonCode").map(parse).transpose()
}

pub(crate) fn strength(form: &Form) -> Result<Option<Strength>, String> {
    let parse = |word| Strength::parse(word).ok_or_else(|| t("invalid-choice"));
    form.text("strength").map(parse).transpose()
}

/// The kinds of reason, with the one that is chosen.
pub(crate) fn reason_codes(chosen: Option<&str>) -> Vec<Choice> {
    let choice = |code: &ReasonCode| {
        let word = code.as_str();
        Choice { word, text: of("reason-code-", word), is_chosen: chosen == Some(word) }
    };
    ReasonCode::ALL.iter().map(choice).collect()
}

/// How strongly a block may stand, with what is chosen.
pub(crate) fn strengths(chosen: Option<&str>) -> Vec<Choice> {
    let choice = |strength: Strength| {
        let word = strength.as_str();
        Choice { word, text: of("strength-said-", word), is_chosen: chosen == Some(word) }
    };
    Strength::ALL.into_iter().map(choice).collect()
}
