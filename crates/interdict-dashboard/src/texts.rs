//! Every word that people read, from one file: `locales/en.ftl`. Another language is another such file.
//!
//! A test goes through the templates and the code: each text that is asked for is there, and each that is
//! there is asked for.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

const ENGLISH: &str = include_str!("../locales/en.ftl");

static TEXTS: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    let mut bundle = FluentBundle::new_concurrent(vec![LanguageIdentifier::default()]);
    // What is put in is escaped by the template; marks around it would stand in titles and attributes.
    bundle.set_use_isolating(false);
    // What is wrong in the file is found by a test; the rest of it is of use all the same.
    let resource = FluentResource::try_new(ENGLISH.to_owned()).unwrap_or_else(|(partial, _)| partial);
    bundle.add_resource_overriding(resource);
    bundle
});

/// A text.
pub(crate) fn t(key: &str) -> String {
    t_with(key, &[])
}

/// A text of a family: `of("status-", "blacklisted")`.
pub(crate) fn of(family: &str, word: &str) -> String {
    t(&format!("{family}{word}"))
}

/// A text with something put in.
pub(crate) fn t_with(key: &str, put_in: &[(&'static str, FluentValue<'_>)]) -> String {
    let Some(pattern) = TEXTS.get_message(key).and_then(|message| message.value()) else {
        tracing::error!(key, "a text is missing");
        return key.to_owned();
    };
    let mut arguments = FluentArgs::new();
    for (name, value) in put_in {
        arguments.set(*name, value.clone());
    }
    let mut errors = Vec::new();
    TEXTS.format_pattern(pattern, Some(&arguments), &mut errors).into_owned()
}

/// A number, with words before it where there may be more.
pub(crate) fn at_least<N: std::fmt::Display + Into<FluentValue<'static>>>(
    number: N,
    is_least: bool,
) -> String {
    if is_least { t_with("at-least", &[("count", number.into())]) } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn files(folder: &Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "html") {
                found.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// Keys in `t("…")` and `t_with("…"`, which are no end of another name, as that of `text("…")`.
    fn asked_for(text: &str) -> BTreeSet<String> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let key_after = |call: &'static str| {
            let mut parts = text.split(call);
            let mut before = parts.next().unwrap_or_default();
            parts.filter_map(move |rest| {
                let is_call = !before.ends_with(is_name);
                before = rest;
                rest.split('"').next().filter(|_| is_call).map(str::to_owned)
            })
        };
        key_after("t(\"").chain(key_after("t_with(\"")).collect()
    }

    #[test]
    fn what_is_asked_for_is_there_and_what_is_there_is_asked_for() {
        assert!(FluentResource::try_new(ENGLISH.to_owned()).is_ok(), "the file reads");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        files(&root.join("src"), &mut text);
        files(&root.join("templates"), &mut text);
        let asked = asked_for(&text);
        let there: BTreeSet<String> = ENGLISH
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
            .collect();
        let is_key =
            |key: &&String| key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let missing: Vec<_> = asked.iter().filter(is_key).filter(|key| !there.contains(*key)).collect();
        assert!(missing.is_empty(), "no text for {missing:?}");
        let families: Vec<&str> =
            text.split("of(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unused: Vec<_> = there
            .iter()
            .filter(|key| !asked.contains(*key) && !families.iter().any(|family| key.starts_with(*family)))
            .collect();
        assert!(unused.is_empty(), "nobody asks for {unused:?}");
    }
}
