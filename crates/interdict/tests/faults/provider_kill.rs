//! SIGKILL between what is put on a provider's list and the note of it: nothing is there twice, nothing is missing, and all of
//! it is known to be ours, so that it goes again.

use std::collections::BTreeMap;
use std::time::Duration;

use interdict_test_support::wait_until;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::radar::FakeRadar;
use super::server::{Folder, Kind, Server};

const LIST: &str = "interdict_block_email";
const CYCLES: usize = 12;
/// Entries that each cycle makes.
const MADE: usize = 8;
/// Long enough to be killed in.
const PAUSE: Duration = Duration::from_millis(40);
/// Longer than anything takes: a step a second, and a look at everything after each start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server, and who asks it.
struct Asked<'a> {
    runtime: &'a Runtime,
    folder: &'a Folder,
    server: Server,
}

impl<'a> Asked<'a> {
    fn start(runtime: &'a Runtime, folder: &'a Folder) -> Self {
        Self { runtime, folder, server: Server::start(folder, Kind::Product) }
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.server.call(self.runtime, &self.folder.live_key, |client, base| {
            let request = client.request(method.parse().unwrap(), format!("{base}{path}"));
            match body {
                Some(body) => request.json(&body),
                None => request,
            }
        })
    }

    fn lists(&self) -> Value {
        self.call("GET", "/v1/gateway/lists", None)
    }

    /// The entry that blocks an email.
    fn block(&self, email: &str) -> String {
        let entry = json!({"list": "block", "kind": "email", "value": email});
        self.call("POST", "/v1/entries", Some(entry))["id"].as_str().unwrap().to_owned()
    }

    fn wait_in_step(&self) -> Value {
        wait_until(|| !matches!(self.lists()["state"].as_str(), Some("working" | "failing")), PATIENCE)
            .unwrap();
        self.lists()
    }
}

#[test]
fn kills_put_nothing_on_a_providers_list_twice_and_leave_nothing_there() {
    let runtime = Runtime::new().unwrap();
    let fake = runtime.block_on(FakeRadar::start());
    let mut folder = Folder::new();
    folder.stripe_url = Some(fake.url());
    let mut asked = Asked::start(&runtime, &folder);
    asked.call("PUT", "/v1/gateway", Some(json!({"secretKey": "sk_live_51NeverAtRest0000"})));
    asked.call("PUT", "/v1/gateway/lists", Some(json!({"mirroring": "block"})));
    fake.pauses(PAUSE);
    let mut blocked: BTreeMap<String, String> = BTreeMap::new();
    for cycle in 0..CYCLES {
        for number in 0..MADE {
            let email = format!("cycle{cycle}-{number}@example.com");
            blocked.insert(email.clone(), asked.block(&email));
        }
        wait_until(|| asked.lists()["counts"]["adding"] != json!(0), PATIENCE).unwrap();
        asked.server.kill();
        asked = Asked::start(&runtime, &folder);
        // One that may be there already, or on its way, or neither.
        let (_, entry) = blocked.pop_last().unwrap();
        asked.call("DELETE", &format!("/v1/entries/{entry}"), None);
    }
    fake.pauses(Duration::ZERO);
    let done = asked.wait_in_step();
    assert_eq!(fake.values(LIST), blocked.keys().cloned().collect::<Vec<_>>());
    let counts = &done["counts"];
    assert_eq!((&counts["inStep"], &counts["adding"]), (&json!(blocked.len()), &json!(0)), "{done}");
    assert_eq!((&counts["alreadyThere"], &done["strangers"]), (&json!(0), &json!(0)), "all of it is ours");
    asked.call("PUT", "/v1/gateway/lists", Some(json!({"mirroring": "emptied"})));
    asked.wait_in_step();
    assert_eq!(fake.values(LIST), Vec::<String>::new());
    asked.server.kill();
    folder.verify();
}
