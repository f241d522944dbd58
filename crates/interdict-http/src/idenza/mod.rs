//! Idenza's paths (www.idenza.ai): customer status endpoints and transaction scoring.

pub(crate) mod add;
pub(crate) mod get;
pub(crate) mod remove;
pub(crate) mod score;

use http::StatusCode;
use interdict_app::Caller;
use interdict_domain::customer::ListStatus;

use crate::error::ApiError;
use crate::json::Fields;

/// Idenza's word for a list status.
pub(crate) const fn word(status: ListStatus) -> &'static str {
    match status {
        ListStatus::Normal => "NORMAL",
        ListStatus::Blacklisted => "BLACKLIST",
        ListStatus::Whitelisted => "WHITELIST",
    }
}

/// `subscriber_id` must be the key's merchant; nothing of another merchant is told apart from a wrong
/// key.
pub(crate) fn subscriber(fields: &mut Fields, caller: &Caller) -> Result<Option<i64>, ApiError> {
    let sent = fields.integer("subscriber_id", i64::MIN..=i64::MAX);
    match fields.required("subscriber_id", sent) {
        Some(number) if number != caller.merchant.0 => Err(ApiError::unauthorized()),
        number => Ok(number),
    }
}

/// A refusal with Idenza's message.
pub(crate) fn refused(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

/// Exactly what two flags say together.
pub(crate) fn chosen(
    whitelist: Option<bool>,
    blacklist: Option<bool>,
    both: &'static str,
) -> Result<Option<ListStatus>, ApiError> {
    match (whitelist.unwrap_or(false), blacklist.unwrap_or(false)) {
        (true, true) => Err(refused(both)),
        (true, false) => Ok(Some(ListStatus::Whitelisted)),
        (false, true) => Ok(Some(ListStatus::Blacklisted)),
        (false, false) => Ok(None),
    }
}

/// A required text of which an empty one is as good as none.
pub(crate) fn filled<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let sent = fields.parse(name, |text| {
        if text.trim().is_empty() { Err(crate::json::MISSING.to_owned()) } else { parse(text) }
    });
    fields.required(name, sent)
}
