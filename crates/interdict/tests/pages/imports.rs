//! The files that the page for imports gives to begin with.

use serde_json::json;

use super::House;

#[test]
fn the_examples_can_be_imported_as_they_are_and_have_every_column() {
    let house = House::open();
    let mut owner = house.owner();
    let page = owner.get("/dashboard/test/imports").expect(200);
    let export = owner.get("/dashboard/test/entries/export?list=block").expect(200);
    let columns = export.body.lines().next().unwrap().to_owned();
    let help = house.place.run("import --help").success();
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    for column in columns.split(',') {
        assert!(help.contains(column), "{column}");
    }
    for (list, name, rows) in [("block", "blacklist", 3), ("allow", "whitelist", 2)] {
        for format in ["csv", "ndjson"] {
            let path = format!("/dashboard/test/imports/examples/{name}.{format}");
            page.shows(&format!("href=\"{path}\""));
            let example = owner.get(&path).expect(200).body;
            if format == "csv" {
                assert_eq!(example.lines().next().unwrap(), columns, "{path}");
            }
            let file = house.place.path(&format!("{name}.{format}"));
            std::fs::write(&file, &example).unwrap();
            let words = format!("import {} --merchant 1 --mode test --list {list} --json", file.display());
            let said = house.place.json(&words);
            assert_eq!((&said["rows"], &said["bad"]), (&json!(rows), &json!(0)), "{path}: {said}");
            // The same in another form: nothing is left to be done.
            let new = if format == "csv" { rows } else { 0 };
            assert_eq!((&said["created"], &said["updated"]), (&json!(new), &json!(0)), "{path}: {said}");
        }
    }
    owner.get("/dashboard/test/imports/examples/elsewhere.csv").expect(404);
    house.somebody("read_only").get("/dashboard/test/imports/examples/blacklist.csv").expect(403);
}

#[test]
fn an_imports_page_shows_its_parts_and_what_its_undo_left_alone() {
    let house = House::open();
    let mut owner = house.owner();
    let file = house.place.path("three.csv");
    std::fs::write(&file, "email\nada@example.com\nben@example.com\ncarl@example.com\n").unwrap();
    let words = format!("import {} --merchant 1 --mode test --list block --json", file.display());
    let id = house.place.json(&words)["id"].as_str().unwrap().to_owned();
    let path = format!("/dashboard/test/imports/{id}");
    let parts = house.read(&format!("/v1/imports/{id}/parts"));
    let digest = parts["items"][0]["digest"].as_str().unwrap();
    let page = owner.get(&path).expect(200);
    page.shows("Entries imported").shows("<td>2 to 4</td>").shows(digest).hides("Left alone");
    owner.get("/dashboard/test/audit").expect(200).shows("2 to 4").shows(digest);
    let found = house.call("POST", "/v1/lookup", &json!({"email": "ben@example.com"}));
    let ben = found["identifiers"][0]["matches"][0]["entry"]["id"].as_str().unwrap();
    house.call("PATCH", &format!("/v1/entries/{ben}"), &json!({"reason": "mine"}));
    owner.post(&format!("{path}/undo"), &[]).expect(303);
    let page = owner.get(&path).expect(200);
    page.shows("Left alone, because somebody has changed them since").shows("<td>3</td>");
    page.shows(&format!("<a href=\"/dashboard/test/entries/{ben}\">ben@example.com</a>"));
    page.shows("Import undone");
}

#[test]
fn a_check_that_fails_says_that_nothing_was_written_and_who_may_not_import_is_not_led_there() {
    let house = House::open();
    let headless = house.place.path("headless.csv");
    std::fs::write(&headless, "anna@example.com\n").unwrap();
    let words = format!("import {} --merchant 1 --mode test --list block --dry-run", headless.display());
    house.place.run(&words).failure();
    let import = house.read("/v1/imports")["items"][0].clone();
    let page = format!("/dashboard/test/imports/{}", import["id"].as_str().unwrap());
    house.owner().get(&page).expect(200).shows("Nothing was written.").hides("is in force");

    let file = house.place.path("one.csv");
    std::fs::write(&file, "kind,value\nemail,anna@example.com\n").unwrap();
    house.place.run(&format!("import {} --merchant 1 --mode test --list block", file.display())).success();
    let link = "href=\"/dashboard/test/imports/imp_";
    house.owner().get("/dashboard/test/audit").expect(200).shows(link);
    house.somebody("developer").get("/dashboard/test/audit").expect(200).hides(link);
}
