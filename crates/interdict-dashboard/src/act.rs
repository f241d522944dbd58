//! Doing something in the name of whoever is signed in: the use case runs in the next commit, as a call of the
//! API does, and a second press of the same button finds the first one's outcome.

use axum::response::Response;
use interdict_app::store::{Authorship, Foreseen, MerchantTransaction, StorageError};
use interdict_app::{Answer, ENDS_BEFORE_IT_BEGINS, Refusal, UseCaseError};
use interdict_domain::clock::Random;
use interdict_domain::entry::{ReasonCode, Strength};

use crate::answer::{self, Problem};
use crate::form::Form;
use crate::person::{Needs, Person};
use crate::{of, t};

/// The field of a form that makes a second press the same as the first.
pub(crate) const ONCE: &str = "once";

/// What came of a form.
pub(crate) enum Done {
    /// Where to go on.
    GoOn(String),
    /// What stands in the way, in words for the form.
    Refused(String),
}

impl Done {
    /// For a form that has nothing to be typed better: a page says what stands in the way.
    pub(crate) fn or_problem(self) -> Result<Response, Problem> {
        match self {
            Self::GoOn(path) => Ok(answer::see_other(&path)),
            Self::Refused(text) => Err(Problem::invalid(&text)),
        }
    }
}

/// Why a form's work was not done.
pub(crate) enum No {
    /// In words for the form.
    Says(String),
    /// Somebody else was faster: what was looked at is no longer so.
    ChangedMeanwhile,
    Storage(StorageError),
}

impl From<StorageError> for No {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<UseCaseError> for No {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Storage(error) => Self::Storage(error),
            UseCaseError::NotFound(_) | UseCaseError::ChangedMeanwhile => Self::ChangedMeanwhile,
            other @ (UseCaseError::RefTaken | UseCaseError::Invalid { .. }) => Self::Says(in_words(&other)),
        }
    }
}

/// What is wrong with what was typed.
pub(crate) fn in_words(error: &UseCaseError) -> String {
    match error {
        UseCaseError::Invalid { path: "expiresAt", issue: ENDS_BEFORE_IT_BEGINS } => t("invalid-window"),
        UseCaseError::Invalid { path: "expiresAt", .. } => t("invalid-until"),
        UseCaseError::Invalid { path: "limits.lapsesOnChargeback", .. } => t("invalid-lapses"),
        other => format!("{other}."),
    }
}

/// For a new form.
pub(crate) fn once(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    hex::encode(bytes)
}

const REFUSED: u16 = 422;
const CHANGED: u16 = 409;

/// The texts that somebody has typed, so that they are not typed again: with their labels.
fn typed(form: &Form) -> Vec<(String, String)> {
    let fields = [
        ("value", t("field-value")),
        ("restrictReason", t("restrict-reason")),
        ("reason", t("reason")),
        ("publicMessage", t("public-message")),
        ("from", t("from")),
        ("until", t("until")),
        ("text", t("note")),
        ("maxAmount", t("max-amount")),
        ("currency", t("currency")),
    ];
    let texts = fields.into_iter().filter_map(|(name, label)| Some((label, form.text(name)?.to_owned())));
    let code = form.text("reasonCode").and_then(ReasonCode::parse);
    let code = code.map(|code| (t("reason-code"), of("reason-code-", code.as_str())));
    let strength = form.text("strength").and_then(Strength::parse);
    let strength = strength.map(|strength| (t("field-strength"), of("strength-said-", strength.as_str())));
    let initiators = ["cit", "mit"].into_iter().filter(|name| form.is_set(name));
    let initiators = initiators.map(|name| (t("counts-for"), of("scope-", name)));
    texts.chain(code).chain(strength).chain(initiators).collect()
}

/// Runs a form's work, which says where to go on.
pub(crate) async fn act<C: Needs>(
    person: &Person<C>,
    form: &Form,
    foreseen: Vec<Foreseen>,
    work: impl FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<String, No> + Send + 'static,
) -> Result<Done, Problem> {
    let caller = person.caller();
    let replayable =
        form.text(ONCE).map(|once| caller.service.replayable("POST", &form.path, once, "", &form.bytes));
    let mutated = caller
        .service
        .mutate(&caller, replayable, foreseen, move |transaction, by| {
            let answer =
                |status, text: String| Answer { status, body: text.into_bytes(), ..Answer::default() };
            match work(transaction, by) {
                Ok(path) => Ok(answer(303, path)),
                // Not kept: what is typed next under the same button is another try.
                Err(No::Says(text)) => {
                    Err(Refusal::Answer(Answer { is_passing: true, ..answer(REFUSED, text) }))
                }
                Err(No::ChangedMeanwhile) => {
                    Err(Refusal::Answer(Answer { is_passing: true, ..answer(CHANGED, String::new()) }))
                }
                Err(No::Storage(error)) => Err(Refusal::Storage(error)),
            }
        })
        .await?;
    let text = String::from_utf8_lossy(&mutated.answer.body).into_owned();
    match mutated.answer.status {
        CHANGED => Err(Problem { typed: typed(form), ..Problem::changed_meanwhile() }),
        REFUSED => Ok(Done::Refused(text)),
        _ => Ok(Done::GoOn(text)),
    }
}
