//! Links between the documents: each one to a file must lead to a file of this repository. Links to the web are not
//! followed.

use std::path::{Component, Path, PathBuf};

use crate::workspace::relative;

/// The links of one document that lead nowhere.
pub fn broken(root: &Path, document: &Path, text: &str) -> Vec<String> {
    let folder = document.parent().unwrap_or(root);
    let name = relative(root, document);
    targets(text)
        .into_iter()
        .filter_map(|(line, target)| {
            let path = target.split(['#', '?']).next().unwrap_or_default();
            if path.is_empty() || is_elsewhere(&target) {
                return None;
            }
            let from_root = path.strip_prefix('/').map(|path| root.join(path));
            let resolved = normalised(&from_root.unwrap_or_else(|| folder.join(path)));
            // A file beside the repository is not there for somebody who cloned it.
            let fault = if !resolved.starts_with(root) {
                "leaves the repository"
            } else if !resolved.exists() {
                "leads nowhere"
            } else {
                return None;
            };
            Some(format!("{name}:{line}: the link to `{target}` {fault}"))
        })
        .collect()
}

fn is_elsewhere(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    })
}

/// `a/../b` is `b`, whether or not it exists.
fn normalised(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => result.push(component),
        }
    }
    result
}

/// The targets of inline links, images and reference definitions, with their lines; code is not looked at.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                let prose = without_code(line);
                let definition = prose.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
                let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                let defined = definition.map(|(_, target)| target);
                let words = inline.chain(defined).filter_map(|target| target.split_whitespace().next());
                found.extend(words.map(|word| (index + 1, word.trim_matches(['<', '>']).to_owned())));
            }
        }
    }
    found
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_prose_and_not_in_code() {
        let text = "See [one](a.md#part \"title\") and ![two](<b.png>).\n\
                    `[no](code.md)` but [three](c.md)\n\
                    ```md\n[no](fenced.md)\n```\n\
                    [four]: d.md\n";
        let found: Vec<_> = targets(text);
        let expected = [(1, "a.md#part"), (1, "b.png"), (2, "c.md"), (6, "d.md")];
        assert_eq!(found, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn a_link_must_lead_to_a_file_of_the_repository() {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().join("repository");
        std::fs::create_dir_all(root.join("docs")).unwrap();
        std::fs::write(root.join("README.md"), "").unwrap();
        std::fs::write(above.path().join("beside.md"), "").unwrap();
        let check = |target: &str| broken(&root, &root.join("docs/a.md"), &format!("[x]({target})"));
        for fine in ["../README.md", "/README.md#top", "#here", "https://example.com/a", "mailto:a@b.c", "."]
        {
            assert_eq!(check(fine), Vec::<String>::new(), "{fine}");
        }
        assert_eq!(check("gone.md"), ["docs/a.md:1: the link to `gone.md` leads nowhere"]);
        assert_eq!(
            check("../../beside.md"),
            ["docs/a.md:1: the link to `../../beside.md` leaves the repository"]
        );
    }
}
