//! SIGKILL during an import: each part that was told is there, no row is lost and none is taken twice.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use interdict_test_support::wait_until;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::server::{Folder, Kind, Server, binary};

/// `INTERDICT_FAULT_CYCLES` runs more or fewer.
const CYCLES: u64 = 30;
const ROWS: usize = 20_000;
/// Longer than the rest of a file takes.
const END: Duration = Duration::from_mins(2);

fn cycles() -> u64 {
    std::env::var("INTERDICT_FAULT_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(CYCLES)
}

/// A server, and the import that it is asked about.
struct Watched<'a> {
    runtime: &'a Runtime,
    folder: &'a Folder,
    server: Server,
}

impl Watched<'_> {
    fn call(&self, request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder) -> Value {
        self.server.call(self.runtime, &self.folder.key, request)
    }

    fn send(&self, text: String) -> String {
        let import = self.call(|client, base| {
            let request = client.post(format!("{base}/v1/imports?list=block"));
            request.header("content-type", "text/csv").body(text)
        });
        import["id"].as_str().unwrap().to_owned()
    }

    /// State and rows.
    fn look(&self, id: &str) -> (String, usize) {
        let import = self.call(|client, base| client.get(format!("{base}/v1/imports/{id}")));
        let rows = usize::try_from(import["rows"].as_u64().unwrap()).unwrap();
        (import["state"].as_str().unwrap().to_owned(), rows)
    }

    fn blocks(&self, email: &str) -> bool {
        let attempt = json!({"initiator": "customer", "email": email, "dryRun": true});
        let decision = self.call(|client, base| client.post(format!("{base}/v1/decisions")).json(&attempt));
        decision["outcome"] == "block"
    }
}

fn email(file: usize, number: usize) -> String {
    format!("file{file}-{number}@example.com")
}

fn text(file: usize) -> String {
    let rows: Vec<String> = (0..ROWS).map(|number| email(file, number)).collect();
    format!("email\n{}\n", rows.join("\n"))
}

#[test]
fn kills_lose_no_row_of_an_import_and_take_none_twice() {
    let (runtime, folder) = (Runtime::new().unwrap(), Folder::new());
    let (mut id, mut file, mut told) = (None::<String>, 0, 0);
    let mut cuts = 0;
    for number in 0..cycles() {
        let server = Server::start(&folder, Kind::Product);
        let watched = Watched { runtime: &runtime, folder: &folder, server };
        let import = id.get_or_insert_with(|| watched.send(text(file))).clone();
        let (_, rows) = watched.look(&import);
        assert!(rows >= told, "{told} rows were told, and {rows} are there");
        assert!(
            told == 0 || watched.blocks(&email(file, told - 1)),
            "the last row that was told is in force"
        );
        std::thread::sleep(Duration::from_micros(2_000 + (number.wrapping_mul(0x9E37_79B9) % 200_000)));
        let (state, rows) = watched.look(&import);
        watched.server.kill();
        if state == "done" {
            assert_eq!(rows, ROWS);
            (id, file, told) = (None, file + 1, 0);
        } else {
            assert_eq!(state, "running");
            (told, cuts) = (rows, cuts + 1);
        }
    }
    let server = Server::start(&folder, Kind::Product);
    let watched = Watched { runtime: &runtime, folder: &folder, server };
    if let Some(import) = &id {
        wait_until(|| watched.look(import).0 == "done", END).unwrap();
        file += 1;
    }
    watched.server.kill();
    assert!(cuts > 0, "no import was cut");
    folder.verify();
    assert_each_row_once(&folder, file * ROWS);
    let doctor = Command::new(binary()).args(["doctor", "--data-dir"]).arg(folder.path()).output().unwrap();
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// As many entries as rows, and one change that made each.
fn assert_each_row_once(folder: &Folder, rows: usize) {
    let connection = Connection::open(folder.path().join("test.db")).unwrap();
    let entries: i64 = connection.query_row("SELECT COUNT(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(entries).unwrap(), rows);
    let mut made: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut changes = connection.prepare("SELECT facts FROM change").unwrap();
    let mut changes = changes.query([]).unwrap();
    while let Some(row) = changes.next().unwrap() {
        let facts: Vec<Value> = serde_json::from_str(row.get_ref(0).unwrap().as_str().unwrap()).unwrap();
        for fact in facts {
            // Of one entry, or of many one behind the other.
            let keys = [&fact["entryPut"]["key"], &fact["entriesPut"]["entries"]["keys"]];
            for key in keys.into_iter().filter_map(Value::as_str).flat_map(|keys| keys.as_bytes().chunks(32))
            {
                *made.entry(key.to_owned()).or_default() += 1;
            }
        }
    }
    assert_eq!(made.len(), rows);
    assert!(made.values().all(|times| *times == 1), "a row was taken twice");
}
