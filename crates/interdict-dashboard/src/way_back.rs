//! The way back from a page that says why not: to where one came from, if that is a page of ours, and to the nearest list.
//!
//! Deliberately not here: whether a request comes from a page of ours ([`crate::same_origin`] decides on what it may
//! do). What stands here are links, and nobody is sent anywhere by one.

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, REFERER};
use http::{HeaderMap, Method};

use crate::answer::{self, Problem, Way};
use crate::form::Form;
use crate::state::State;
use crate::{of, t, t_with};

/// Pages that are lists, or stand alone, by their word in the address.
const PAGES: [&str; 14] = [
    "customers",
    "blacklist",
    "whitelist",
    "persons",
    "approvals",
    "payments",
    "decisions",
    "keys",
    "audit",
    "settings",
    "imports",
    "reports",
    "look-up",
    "overview",
];
/// Those with a page for each of what they list.
const WITH_DETAILS: [&str; 6] = ["customers", "persons", "payments", "decisions", "imports", "entries"];
/// What stands in the place of an id, and is none.
const NO_IDS: [&str; 5] = ["suggestions", "examples", "delete", "export", "try"];

/// Adds the ways back to whatever says why not.
pub(crate) async fn offer(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let came_from = came_from(request.headers(), state.options.public_url.as_deref());
    let (here, is_read) = (request.uri().path().to_owned(), *request.method() == Method::GET);
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    // Whoever loads the page that is not there once more came from itself.
    let came_from = came_from.filter(|path| !is_read || path.split('?').next() != Some(here.as_str()));
    let back = came_from.map(|path| Way { path, text: t("problem-back") });
    let list = match problem.instead {
        Some(page) => {
            here.split('/').nth(2).and_then(|mode| nearest_list(&format!("/dashboard/{mode}/{page}")))
        }
        None => nearest_list(&here).filter(|list| !is_read || list.path != here),
    };
    let list = list.filter(|list| back.as_ref().is_none_or(|back| back.path != list.path));
    answer::problem(problem, &back.into_iter().chain(list).collect::<Vec<_>>())
}

/// The page of ours that one came from, without what it said was done.
fn came_from(headers: &HeaderMap, public_url: Option<&str>) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let address = text(REFERER)?;
    let (scheme, rest) = address.split_once("://")?;
    let slash = rest.find('/')?;
    let (host, path) = rest.split_at_checked(slash)?;
    let is_ours = match public_url {
        Some(public_url) => public_url == format!("{scheme}://{host}"),
        None => text(HOST) == Some(host),
    };
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let page = page_of(path).filter(|_| is_ours)?;
    if query.is_empty() || page != path {
        return Some(page);
    }
    Some(page + &Form::of(query.as_bytes()).said_nothing())
}

/// The page to which a path belongs: itself, or the one whose form it is.
fn page_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/dashboard/")?;
    let is_plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let parts: Vec<&str> = rest.split('/').take_while(is_plain).collect();
    match parts.as_slice() {
        [place @ ("account" | "team"), ..] => Some(format!("/dashboard/{place}")),
        [mode @ ("test" | "live")] => Some(format!("/dashboard/{mode}")),
        [mode @ ("test" | "live"), page, id, ..] if WITH_DETAILS.contains(page) && !NO_IDS.contains(id) => {
            Some(format!("/dashboard/{mode}/{page}/{id}"))
        }
        [_, _, ..] => nearest_list(path).map(|list| list.path),
        _ => None,
    }
}

/// The list in which what a path is about stands, or would.
fn nearest_list(path: &str) -> Option<Way> {
    let mut parts = path.strip_prefix("/dashboard/")?.split('/');
    let (mode, page) = (parts.next()?, parts.next()?);
    let page = match page {
        "entries" if parts.next().is_some_and(|id| id.starts_with("al_")) => "whitelist",
        "entries" => "blacklist",
        page => *PAGES.iter().find(|known| **known == page)?,
    };
    let name = match page {
        "imports" => t("imports-title"),
        "reports" => t("reports"),
        "look-up" => t("look-up"),
        page => of("nav-", page),
    };
    let text = t_with("problem-to-list", &[("list", name.into())]);
    ["test", "live"].contains(&mode).then(|| Way { path: format!("/dashboard/{mode}/{page}"), text })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn from(referer: &'static str, public_url: Option<&str>) -> Option<String> {
        let pairs =
            [(REFERER, HeaderValue::from_static(referer)), (HOST, HeaderValue::from_static("here:1"))];
        came_from(&HeaderMap::from_iter(pairs), public_url)
    }

    #[test]
    fn only_pages_of_ours_are_gone_back_to() {
        let went = |path: &str| Some(path.to_owned());
        assert_eq!(
            from("http://here:1/dashboard/test/customers?query=a", None),
            went("/dashboard/test/customers?query=a")
        );
        assert_eq!(from("http://here:1/dashboard/test?done=undone&undo=4", None), went("/dashboard/test"));
        assert_eq!(
            from("http://here:1/dashboard/test/customers/cus_1/restrict", None),
            went("/dashboard/test/customers/cus_1")
        );
        assert_eq!(from("http://here:1/dashboard/test/entries", None), went("/dashboard/test/blacklist"));
        assert_eq!(
            from("http://here:1/dashboard/test/entries/al_1?x=1#y", None),
            went("/dashboard/test/entries/al_1?x=1")
        );
        assert_eq!(from("http://here:1/dashboard/team/usr_1/role?mode=test", None), went("/dashboard/team"));
        let public = Some("https://pay.example");
        assert_eq!(from("https://pay.example/dashboard/live", public), went("/dashboard/live"));
        for foreign in [
            "http://there:1/dashboard/test",
            "http://here:1.evil.example/dashboard/test",
            "http://here:1/elsewhere",
            "http://here:1/dashboard/sign-in",
            "http://here:1/dashboard/invitation/secret",
            "http://here:1/dashboard//evil.example",
            "javascript:alert(1)",
            "here:1/dashboard/test",
        ] {
            assert_eq!(from(foreign, None), None, "{foreign}");
        }
        assert_eq!(from("http://pay.example/dashboard/live", public), None);
    }

    #[test]
    fn each_page_has_a_name() {
        for page in PAGES {
            let way = nearest_list(&format!("/dashboard/test/{page}/x")).unwrap();
            assert!(!way.text.contains("nav-"), "{page}: {}", way.text);
        }
        assert!(nearest_list("/dashboard/nowhere/customers").is_none());
    }
}
