//! SIGKILL during writes by 16 clients: no acknowledged change is lost, and none is there in part.
//!
//! A killed process cannot show a missing flush, because the system's cache survives it: that is for
//! `flush.rs`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::server::{Folder, Kind, Server};

const CLIENTS: u64 = 16;
/// `INTERDICT_FAULT_CYCLES` runs more or fewer.
const CYCLES: u64 = 200;
/// The control answers early in each commit: a few kills suffice.
const CYCLES_CONTROL_MAX: u64 = 60;

/// What was acknowledged: entry and email.
type Acknowledged = Arc<Mutex<Vec<(String, String)>>>;

fn cycles() -> u64 {
    std::env::var("INTERDICT_FAULT_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(CYCLES)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}

/// Writes until the server dies.
async fn write(url: String, key: String, next: Arc<AtomicU64>, acknowledged: Acknowledged) {
    let client = client();
    loop {
        let email = format!("kill-{}@example.com", next.fetch_add(1, Ordering::Relaxed));
        let sent = client.post(&url).bearer_auth(&key).json(&json!({ "email": email })).send().await;
        let Ok(response) = sent else { return };
        if response.status() != 201 {
            return;
        }
        let Ok(body) = response.json::<Value>().await else { return };
        acknowledged.lock().push((body["id"].as_str().unwrap().to_owned(), email));
    }
}

/// What the restarted server holds: entry and email.
async fn listed(address: std::net::SocketAddr, key: &str) -> HashSet<(String, String)> {
    let client = client();
    let mut found = HashSet::new();
    let mut cursor = None::<String>;
    loop {
        let mut request =
            client.get(format!("http://{address}/v1/entries")).bearer_auth(key).query(&[("limit", "100")]);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        for item in page["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            found.insert((text("id"), text("value")));
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

/// The entries that the feed says were made.
async fn fed(address: std::net::SocketAddr, key: &str) -> HashSet<(String, String)> {
    let client = client();
    let mut found = HashSet::new();
    let mut after = "0".to_owned();
    loop {
        let request = client
            .get(format!("http://{address}/v1/changes"))
            .bearer_auth(key)
            .query(&[("after", after.as_str()), ("limit", "100")]);
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["action"], "entry.created");
            let id = item["subject"].as_str().unwrap().to_owned();
            found.insert((id, item["after"]["value"].as_str().unwrap().to_owned()));
        }
        page["nextCursor"].as_str().unwrap().clone_into(&mut after);
        if page["hasMore"] == false {
            return found;
        }
    }
}

/// How many of the newest acknowledged changes are not obeyed by decisions.
async fn disobeyed(address: std::net::SocketAddr, key: &str, emails: &[String]) -> usize {
    let attempts: Vec<Value> = emails
        .iter()
        .map(|email| json!({ "initiator": "customer", "email": email, "dryRun": true }))
        .collect();
    let answer: Value = client()
        .post(format!("http://{address}/v1/decisions/batch"))
        .bearer_auth(key)
        .json(&json!({ "decisions": attempts }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["results"].as_array().unwrap().iter().filter(|result| result["outcome"] != "block").count()
}

/// A cycle: write, kill at some moment, start again. Returns how many acknowledged changes were lost.
fn cycle(runtime: &Runtime, folder: &Folder, kind: Kind, number: u64, next: &Arc<AtomicU64>) -> usize {
    let server = Server::start(folder, kind);
    let acknowledged = Acknowledged::default();
    let url = format!("http://{}/blacklist", server.address);
    let writers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            runtime.spawn(write(url.clone(), folder.key.clone(), Arc::clone(next), Arc::clone(&acknowledged)))
        })
        .collect();
    // Kills fall anywhere in the first moments: a different one each cycle, the same ones each run.
    let moment = Duration::from_micros(2_000 + (number.wrapping_mul(0x9E37_79B9) % 120_000));
    std::thread::sleep(moment);
    server.kill();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
    let acknowledged = std::mem::take(&mut *acknowledged.lock());
    let server = Server::start(folder, Kind::Product);
    let emails: Vec<String> = acknowledged.iter().map(|(_, email)| email.clone()).collect();
    let lost = runtime.block_on(async {
        let mut lost = 0;
        for (id, email) in &acknowledged {
            let request =
                client().get(format!("http://{}/blacklist/{id}", server.address)).bearer_auth(&folder.key);
            let response = request.send().await.unwrap();
            let found = response.status() == 200 && {
                let body: Value = response.json().await.unwrap();
                body["email"] == email.as_str()
            };
            lost += usize::from(!found);
        }
        lost.max(disobeyed(server.address, &folder.key, &emails).await)
    });
    server.kill();
    lost
}

#[test]
fn kills_lose_no_acknowledged_change_and_leave_no_partial_one() {
    let runtime = Runtime::new().unwrap();
    let folder = Folder::new();
    let next = Arc::new(AtomicU64::new(0));
    for number in 0..cycles() {
        let lost = cycle(&runtime, &folder, Kind::Product, number, &next);
        assert_eq!(lost, 0, "cycle {number} lost acknowledged changes");
    }
    // Whole or not at all: each entry has its change and each change its entry, and the chain holds.
    let server = Server::start(&folder, Kind::Product);
    let (entries, changes) = runtime.block_on(async {
        (listed(server.address, &folder.key).await, fed(server.address, &folder.key).await)
    });
    assert!(entries.len() > 100, "the clients wrote too little to show anything: {}", entries.len());
    assert_eq!(entries, changes);
    server.kill();
    folder.verify();
}

#[test]
fn a_control_that_acknowledges_before_the_commit_is_caught() {
    let runtime = Runtime::new().unwrap();
    let folder = Folder::new();
    let next = Arc::new(AtomicU64::new(0));
    let caught = (0..CYCLES_CONTROL_MAX)
        .any(|number| cycle(&runtime, &folder, Kind::EarlyAcknowledgement, number, &next) > 0);
    assert!(caught, "{CYCLES_CONTROL_MAX} kills did not catch a server that acknowledges early");
}
