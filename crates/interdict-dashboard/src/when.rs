//! Times on pages: in UTC as sent, and in the reader's own zone once the script has seen them.

use interdict_domain::clock::Timestamp;

/// A moment, for `{{ at|safe }}`: nothing in it comes from anybody.
pub(crate) fn when(at: Timestamp) -> String {
    let exact = at.to_string();
    let short = exact.get(..16).unwrap_or(&exact).replace('T', " ");
    format!("<time datetime=\"{exact}\" title=\"{exact}\">{short} UTC</time>")
}

/// The same for a moment that may not be.
pub(crate) fn when_or_dash(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "–".to_owned(), when)
}
