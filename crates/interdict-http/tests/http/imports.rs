//! `/v1/imports` and `/v1/entries/export`: files of entries, in and out.

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::idempotency::same;
use crate::shop::{Api, IMPORT_BYTES_MAX, Reply, Shop};

const CSV: &str = "email,reason\nada@example.com,seen before\nnonsense,\nben@example.com,=1+1\n";

async fn send(api: &Api, query: &str, content_type: &str, file: &str) -> Reply {
    let api = api.with("content-type", content_type);
    api.send("POST", &format!("/v1/imports?{query}"), Some(file.as_bytes().to_vec())).await
}

/// Runs the imports of test mode, as a chore of the server does.
async fn work_on_imports(shop: &Shop) {
    let service = Arc::clone(shop.app.service(Mode::Test));
    tokio::task::spawn_blocking(move || service.work_on_imports()).await.unwrap().unwrap();
}

/// The files of imports of test mode, by their endings.
fn import_files(shop: &Shop) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(shop.imports()) else { return Vec::new() };
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.split_once('.').unwrap().1.to_owned()).collect()
}

pub async fn import(shop: &Shop, query: &str, file: &str) -> Value {
    let api = shop.secret();
    let import = send(&api, query, "text/csv", file).await.expect(202);
    work_on_imports(shop).await;
    api.get(&format!("/v1/imports/{}", import["id"].as_str().unwrap())).await.expect(200)
}

/// Waits, and lets the server go on meanwhile.
async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("the condition is met");
}

fn counts(import: &Value) -> [i64; 5] {
    ["rows", "created", "updated", "unchanged", "bad"].map(|name| import[name].as_i64().unwrap())
}

fn path(import: &Value, step: &str) -> String {
    format!("/v1/imports/{}/{step}", import["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_file_is_taken_obeyed_undone_and_told_in_the_feed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let sent = send(&api, "list=block", "text/csv; charset=utf-8", CSV).await.expect(202);
    let id = sent["id"].as_str().unwrap();
    let now = shop.clock.in_seconds(0);
    assert_eq!(
        sent,
        json!({"id": id, "state": "running", "list": "block", "kind": "email", "format": "csv", "dryRun": false,
            "rows": 0, "total": null, "created": 0, "updated": 0, "unchanged": 0, "bad": 0, "problem": null,
            "createdAt": now, "finishedAt": null})
    );
    work_on_imports(&shop).await;
    let done = api.get(&format!("/v1/imports/{id}")).await.expect(200);
    assert_eq!(
        (&done["state"], &done["finishedAt"], counts(&done)),
        (&json!("done"), &json!(now), [3, 2, 0, 0, 1])
    );
    assert_eq!(api.get("/v1/imports").await.expect(200)["items"], json!([done]));
    assert_eq!(api.code_for("ADA@example.com").await, "identifier_blacklisted");
    let errors = api.get(&path(&done, "errors")).await;
    assert_eq!(errors.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        errors.text(),
        "line,column,reason,row\n\
         3,email,\"must be an email address such as name@example.com, of at most 254 bytes\",\"nonsense,\"\n"
    );
    let change = api.get("/v1/changes?limit=100").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&change["action"], &change["subjectType"], &change["subject"]),
        (&json!("entries.imported"), &json!("import"), &json!(id))
    );
    shop.clock.advance(5);
    let undone = api.post_empty(&path(&done, "undo")).await.expect(200);
    let nobody: [Value; 0] = [];
    assert_eq!(undone, json!({"restored": 0, "deleted": 2, "changedSinceTotal": 0, "changedSince": nobody}));
    assert_eq!(api.code_for("ada@example.com").await, "default");
    let undone = api.get(&format!("/v1/imports/{id}")).await.expect(200);
    assert_eq!(undone["undone"], json!({"restored": 0, "deleted": 2, "changedSince": 0}));
    assert_eq!(undone["state"], "undone");
}

#[tokio::test]
async fn a_dry_run_is_looked_at_and_then_carried_out() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let checked = import(&shop, "list=block&kind=email&dryRun=true", CSV).await;
    assert_eq!((&checked["state"], &checked["total"]), (&json!("ready"), &json!(3)));
    assert_eq!(counts(&checked), [3, 2, 0, 0, 1]);
    assert_eq!(api.code_for("ada@example.com").await, "default");
    assert_eq!(api.post_empty(&path(&checked, "undo")).await.refused(409), "conflict");
    let started = api.post_empty(&path(&checked, "start")).await.expect(200);
    assert_eq!((&started["state"], &started["dryRun"]), (&json!("running"), &json!(false)));
    work_on_imports(&shop).await;
    assert_eq!(api.code_for("ada@example.com").await, "identifier_blacklisted");
    assert_eq!(api.post_empty(&path(&checked, "start")).await.expect(200)["state"], "done");
    assert_eq!(api.post_empty(&path(&checked, "cancel")).await.refused(409), "conflict");
}

#[tokio::test]
async fn what_is_exported_imports_again_unchanged() {
    let shop = Shop::open().await;
    let api = shop.secret();
    import(&shop, "list=allow", CSV).await;
    let csv = api.get("/v1/entries/export?list=allow").await;
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"allow-entries.csv\""));
    assert!(csv.text().contains(",'=1+1,"), "{}", csv.text());
    assert_eq!(csv.text().lines().count(), 3);
    assert_eq!(counts(&import(&shop, "list=allow", &csv.text()).await), [2, 0, 0, 2, 0]);
    let lines = api.get("/v1/entries/export?list=allow&kind=email&format=ndjson").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let sent = send(&api, "list=allow", "application/x-ndjson", &lines.text()).await.expect(202);
    work_on_imports(&shop).await;
    let again = api.get(&format!("/v1/imports/{}", sent["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(counts(&again), [2, 0, 0, 2, 0]);
    assert_eq!(api.get("/v1/entries/export?list=block").await.text().lines().count(), 1, "a head alone");
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_refused_as_a_whole() {
    let shop = Shop::open().await;
    let failed = import(&shop, "list=block", "value,note\na@example.com,x\n").await;
    assert_eq!((&failed["state"], counts(&failed)), (&json!("failed"), [0; 5]));
    assert!(failed["problem"].as_str().unwrap().contains("value, email, emailDomain, phone,"), "{failed}");
    let api = shop.secret();
    assert_eq!(
        send(&api, "list=block", "application/json", "{}").await.refused(415),
        "unsupported_media_type"
    );
    assert_eq!(send(&api, "", "text/csv", CSV).await.paths(), ["list"]);
    assert_eq!(
        send(&api, "list=grey&kind=shoe&dry=1", "text/csv", CSV).await.paths(),
        ["list", "kind", "dry"]
    );
    assert_eq!(api.get("/v1/entries/export").await.paths(), ["list"]);
    assert_eq!(api.get("/v1/imports/imp_2R0uWz4tu9wxTMBXxj9CJfSE9vV").await.refused(404), "not_found");
    assert_eq!(import_files(&shop), ["errors.csv"]);
}

#[tokio::test]
async fn the_same_request_is_the_same_import() {
    let shop = Shop::open().await;
    let api = shop.secret().with("idempotency-key", "one");
    let first = send(&api, "list=block", "text/csv", CSV).await.expect(202);
    work_on_imports(&shop).await;
    let again = send(&api, "list=block", "text/csv", CSV).await.expect(202);
    assert_eq!(again, first, "the answer of the first time");
    let other = send(&api, "list=block", "text/csv", "email\nx@example.com\n").await;
    assert_eq!(other.refused(409), "idempotency_conflict");
}

#[tokio::test]
async fn another_merchant_and_a_key_that_only_reads_change_nothing() {
    let shop = Shop::open().await;
    let done = import(&shop, "list=block", CSV).await;
    let other = shop.bearer(&shop.another_merchant("Other").test.secret.secret);
    for step in ["start", "cancel", "undo"] {
        assert_eq!(other.post_empty(&path(&done, step)).await.refused(404), "not_found");
    }
    assert_eq!(other.get(&path(&done, "errors")).await.refused(404), "not_found");
    assert_eq!(other.get("/v1/imports").await.expect(200)["items"], json!([]));
    assert_eq!(shop.live().get(&path(&done, "errors")).await.refused(404), "not_found");
}

#[tokio::test]
async fn a_file_that_is_too_large_or_cut_leaves_nothing() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let line = "somebody@example.com,a reason\n";
    let mut file = "email,reason\n".to_owned();
    while file.len() as u64 <= IMPORT_BYTES_MAX {
        file.push_str(line);
    }
    assert_eq!(send(&api, "list=block", "text/csv", &file).await.refused(413), "payload_too_large");
    // In pieces, so that nobody knows before how much it is.
    let mut client = shop.connect().await;
    let secret = &shop.merchant.test.secret.secret;
    let head = format!(
        "POST /v1/imports?list=block HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\n\
         content-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    client.send(&head).await;
    for piece in file.as_bytes().chunks(16 * 1024) {
        let piece = std::str::from_utf8(piece).unwrap();
        client.send(&format!("{:x}\r\n{piece}\r\n", piece.len())).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 413);
    let mut cut = shop.connect().await;
    cut.send(&head).await;
    cut.send("6\r\nemail\n\r\n").await;
    until(|| import_files(&shop) == ["upload"]).await;
    drop(cut);
    until(|| import_files(&shop).is_empty()).await;
    assert_eq!(api.get("/v1/imports").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn whoever_is_blocked_by_a_file_is_charged_no_more_where_the_merchant_wants_it_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    let mut subscriptions = Vec::new();
    for email in ["ada@example.com", "ben@example.com", "carl@example.com"] {
        let customer = api.customer(json!({ "email": email })).await;
        subscriptions.push(api.subscribe(&customer, &plan).await);
    }
    import(&shop, "list=block", "email\ncarl@example.com\n").await;
    api.patch("/v1/settings", json!({"onBlacklist": "cancel"})).await.expect(200);
    // For customers' own payments alone, it blocks no renewal.
    import(&shop, "list=block", "email,scopes\nada@example.com,cit mit\nben@example.com,cit\n").await;
    let mut statuses = Vec::new();
    for subscription in &subscriptions {
        statuses.push(api.subscription(subscription).await["status"].clone());
    }
    assert_eq!(statuses, ["canceled", "active", "active"], "one before the wish is held");
}

#[tokio::test]
async fn each_part_shows_its_lines_and_digest_and_an_undo_what_it_left_alone() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let text = "email\nada@example.com\nnonsense\nben@example.com\ncarl@example.com\n";
    let done = import(&shop, "list=block", text).await;
    let parts = api.get(&path(&done, "parts")).await.expect(200)["items"].clone();
    let part = &parts[0];
    assert_eq!(
        (
            &part["action"],
            &part["firstLine"],
            &part["lastLine"],
            &part["entries"],
            parts.as_array().unwrap().len()
        ),
        (&json!("entries.imported"), &json!(2), &json!(5), &json!(3), 1)
    );
    assert!(part["digest"].as_str().unwrap().len() == 64, "{part}");
    let listed = api.get("/v1/entries?list=block").await.expect(200)["items"].clone();
    let id = |value: &str| {
        let found = listed.as_array().unwrap().iter().find(|entry| entry["value"] == value);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (ben, carl) = (id("ben@example.com"), id("carl@example.com"));
    shop.clock.advance(5);
    api.patch(&format!("/v1/entries/{ben}"), json!({"reason": "mine"})).await.expect(200);
    assert_eq!(api.delete(&format!("/v1/entries/{carl}")).await.status, 204);
    let nobody: [Value; 0] = [];
    assert_eq!(api.get(&path(&done, "changed-since")).await.expect(200)["items"], json!(nobody));
    let undone = api.post_empty(&path(&done, "undo")).await.expect(200);
    let left = json!([{"entry": ben, "line": 4, "value": "ben@example.com"}, {"entry": carl, "line": 5, "value": null}]);
    let expected = json!({"restored": 0, "deleted": 1, "changedSinceTotal": 2, "changedSince": left});
    assert_eq!(undone, expected);
    assert_eq!(api.post_empty(&path(&done, "undo")).await.expect(200), expected, "and again");
    let first = api.get(&path(&done, "changed-since?limit=1")).await.expect(200);
    assert_eq!((&first["items"][0], &first["hasMore"]), (&left[0], &json!(true)));
    let next = first["nextCursor"].as_str().unwrap();
    let second = api.get(&path(&done, &format!("changed-since?limit=1&cursor={next}"))).await.expect(200);
    assert_eq!((&second["items"], &second["hasMore"]), (&json!([left[1]]), &json!(false)));
    let first = api.get(&path(&done, "parts?limit=1")).await.expect(200);
    assert_eq!(first["items"], json!([part]));
    let next = first["nextCursor"].as_str().unwrap();
    let undo = api.get(&path(&done, &format!("parts?cursor={next}"))).await.expect(200)["items"][0].clone();
    assert_eq!(
        (&undo["action"], &undo["digest"], &undo["entries"]),
        (&json!("entries.import_undone"), &part["digest"], &json!(1))
    );
    let lookup = api.post("/v1/lookup", json!({"email": "ada@example.com"})).await.expect(200);
    let history = lookup["identifiers"][0]["history"].as_array().unwrap().clone();
    let actions: Vec<&Value> = history.iter().map(|change| &change["action"]).collect();
    assert_eq!(actions, ["entries.import_undone", "entries.imported"]);
    assert_eq!(
        (&history[0]["before"]["value"], &history[0]["after"]),
        (&json!("ada@example.com"), &Value::Null)
    );
    assert_eq!((&history[1]["before"], &history[1]["after"]["source"]), (&Value::Null, &json!("import")));
    assert_eq!(api.get(&path(&done, "parts?cursor=x")).await.paths(), ["cursor"]);
    for list in ["parts", "changed-since"] {
        let other = shop.bearer(&shop.another_merchant(list).test.secret.secret);
        assert_eq!(other.get(&path(&done, list)).await.refused(404), "not_found");
    }
}

#[tokio::test]
async fn a_file_that_ends_within_quotes_fails_and_lists_nobody_wrongly() {
    let shop = Shop::open().await;
    let text = "email,reason\nsw1@sw.example,\"oops\nsw2@sw.example,foo\nsw3@sw.example,bar\n";
    let failed = import(&shop, "list=block", text).await;
    assert_eq!((&failed["state"], counts(&failed)), (&json!("failed"), [0; 5]));
    assert!(failed["problem"].as_str().unwrap().starts_with("the quote opened on line 2 is never closed"));
    let listed = shop.secret().get("/v1/entries?list=block").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 0, "{listed}");
}

#[tokio::test]
async fn each_step_replays_its_bytes() {
    let shop = Shop::open().await;
    let keyed = shop.secret().with("idempotency-key", "once");
    let sent = send(&keyed, "list=block&dryRun=true", "text/csv", CSV).await;
    let import = sent.json();
    work_on_imports(&shop).await;
    same(&sent, &send(&keyed, "list=block&dryRun=true", "text/csv", CSV).await);
    let other = send(&keyed, "list=block&dryRun=true", "text/csv", "email\neve@example.com\n").await;
    assert_eq!(other.refused(409), "idempotency_conflict");
    for step in ["start", "cancel", "undo"] {
        let path = path(&import, step);
        let first = keyed.post(&path, json!({})).await;
        work_on_imports(&shop).await;
        same(&first, &keyed.post(&path, json!({})).await);
        assert_eq!(keyed.post(&path, json!({"other": 1})).await.refused(409), "idempotency_conflict");
    }
}

/// An erasure would not find the values of people in an answer about many: it is made anew.
#[tokio::test]
async fn an_undo_that_names_people_is_not_kept() {
    let shop = Shop::open().await;
    let done = import(&shop, "list=block", CSV).await;
    let api = shop.secret();
    let later = json!({"list": "block", "kind": "email", "value": "ada@example.com", "reason": "later"});
    shop.clock.advance(5);
    api.post("/v1/entries", later).await.expect(200);
    let keyed = api.with("idempotency-key", "once");
    for _ in 0..2 {
        let undone = keyed.post(&path(&done, "undo"), json!({})).await;
        assert_eq!(undone.header("idempotency-replayed"), None);
        assert_eq!(undone.json()["changedSince"][0]["value"], "ada@example.com");
    }
}
