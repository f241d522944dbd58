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
