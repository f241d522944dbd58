//! Where this machine keeps PostgreSQL. It is found, never downloaded: an absent one is an error with the line that
//! installs it.

use std::fs;
use std::path::{Path, PathBuf};

/// What installs PostgreSQL on Debian and Ubuntu.
pub const INSTALL_LINE: &str = "apt-get install -y postgresql";

/// Debian keeps each major version in a folder of its own, and none of them on the PATH.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The newest version under Debian's folder, else whatever the PATH has.
    pub fn find() -> Option<Self> {
        newest(Path::new(DEBIAN_VERSIONS)).or_else(|| {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).find(|folder| is_complete(folder)).map(|folder| Self { folder })
        })
    }

    /// The path of one program, such as `initdb`, `psql` or `pgbench`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn newest(versions: &Path) -> Option<Binaries> {
    let entries = fs::read_dir(versions).ok()?;
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            // 9.6 and 15 both occur; the major number is enough to order them.
            let name = entry.file_name();
            let major: u32 = name.to_str()?.split('.').next()?.parse().ok()?;
            let folder = entry.path().join("bin");
            is_complete(&folder).then_some((major, folder))
        })
        .max()
        .map(|(_, folder)| Binaries { folder })
}

fn is_complete(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, version: &str, programs: &[&str]) {
        let folder = root.join(version).join("bin");
        fs::create_dir_all(&folder).unwrap();
        for program in programs {
            fs::write(folder.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_newest_complete_version_wins() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "9.6", &["initdb", "postgres"]);
        install(root.path(), "15", &["initdb", "postgres"]);
        install(root.path(), "17", &["psql"]); // only the client is installed
        install(root.path(), "common", &["initdb", "postgres"]);
        let found = newest(root.path()).unwrap();
        assert_eq!(found.program("initdb"), root.path().join("15/bin/initdb"));
    }

    #[test]
    fn an_absent_folder_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(newest(&root.path().join("absent")), None);
    }
}
