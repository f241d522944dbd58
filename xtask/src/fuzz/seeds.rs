//! What a target is fed first: texts out of the tests' tables (`fuzz/seeds`), and the outside test data where it is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace::read;

/// Where the outside test data is when nothing else is said, from the workspace's root.
const CORPORA: &str = "../shared/corpora";
const CORPORA_VARIABLE: &str = "INTERDICT_CORPORA";

/// Writes a target's seeds into a folder, one a file, and says how many.
pub fn sow(root: &Path, target: &str, folder: &Path) -> Result<usize> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    let own = root.join("fuzz/seeds").join(format!("{target}.txt"));
    if own.is_file() {
        // A file of several lines is one seed, written with `\n`.
        seeds.extend(read(&own)?.lines().map(|line| line.replace("\\n", "\n").into_bytes()));
    }
    let corpora = std::env::var_os(CORPORA_VARIABLE).map_or_else(|| root.join(CORPORA), PathBuf::from);
    if corpora.is_dir() {
        seeds.extend(outside(&corpora, target)?);
    } else {
        println!("without the outside test data: {CORPORA_VARIABLE} may name its folder");
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (number, seed) in seeds.iter().enumerate() {
        let file = folder.join(format!("{number:05}"));
        std::fs::write(&file, seed).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(seeds.len())
}

fn outside(corpora: &Path, target: &str) -> Result<Vec<Vec<u8>>> {
    let lines = |file: &str| -> Result<Vec<String>> {
        Ok(read(&corpora.join(file))?.lines().map(str::to_owned).collect())
    };
    let mut texts: Vec<String> = match target {
        "email" => {
            let isemail = lines("isemail-tests.xml")?.into_iter().filter_map(|line| {
                let address = line.split_once("<address>")?.1.split_once("</address>")?.0;
                Some(
                    address
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&quot;", "\"")
                        .replace("&amp;", "&"),
                )
            });
            isemail.chain(lines("email-valid.txt")?).chain(lines("email-invalid.txt")?).collect()
        }
        "email_domain" => {
            let sources = lines("IdnaTestV2.txt")?.into_iter().filter(|line| !line.starts_with('#'));
            sources.filter_map(|line| Some(line.split_once(';')?.0.trim().to_owned())).collect()
        }
        "phone" => {
            let columns = |line: String| line.split(',').skip(2).map(str::to_owned).collect::<Vec<_>>();
            lines("phones.csv")?.into_iter().skip(1).flat_map(columns).collect()
        }
        "json" => return files(&corpora.join("json")),
        _ => Vec::new(),
    };
    let naughty = read(&corpora.join("naughty-strings.json"))?;
    texts.extend(serde_json::from_str::<Vec<String>>(&naughty).context("no list of texts")?);
    Ok(texts.into_iter().filter(|text| !text.is_empty()).map(String::into_bytes).collect())
}

fn files(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for file in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            seeds.push(std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_table_is_a_seed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("fuzz/seeds")).unwrap();
        std::fs::write(root.path().join("fuzz/seeds/csv.txt"), "email\\na@b.co\nvalue\n").unwrap();
        let folder = root.path().join("seeds");
        // A folder of corpora that a developer has does not count here: there is none beside a temporary one.
        assert_eq!(sow(root.path(), "csv", &folder).unwrap(), 2);
        assert_eq!(read(&folder.join("00000")).unwrap(), "email\na@b.co");
    }
}
