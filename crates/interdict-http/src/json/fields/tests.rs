//! One problem of each kind, and the shapes of good values.

use super::*;
use crate::json::parse;

fn fields(text: &str) -> Fields {
    Fields::new(parse(text.as_bytes()).unwrap())
}

fn problems(fields: Fields) -> Vec<(String, String)> {
    let details = fields.finish(Some(())).unwrap_err();
    details.into_iter().map(|detail| (detail.path, detail.issue)).collect()
}

fn problem(path: &str, issue: &str) -> (String, String) {
    (path.to_owned(), issue.to_owned())
}

#[test]
fn absent_null_and_a_value_are_three_things() {
    let mut body = fields(r#"{"a":null,"b":"x"}"#);
    assert_eq!(body.text("a").update(), Some(None));
    assert_eq!(body.text("b").update(), Some(Some("x".to_owned())));
    assert_eq!(body.text("c").update(), None);
    assert_eq!(body.finish(Some(7)), Ok(7));
}

#[test]
fn every_problem_is_reported_at_once() {
    let mut body = fields(
        r#"{"text":1,"flag":"true","count":1.5,"list":"grey","at":"now","scopes":["cit","cit"],
            "names":["a",2],"deep":{"x":1,"odd":2},"extra":1,"items":[{"email":1},3]}"#,
    );
    body.text("text");
    body.flag("flag");
    body.integer("count", 1..=5);
    body.word("list", &[("block", 1), ("allow", 2)]);
    body.time("at");
    body.words("scopes", 1, &[("cit", 1), ("mit", 2)]);
    body.texts("names", 0..=5);
    body.object("deep", |mut deep| {
        deep.text("x");
        deep.finish(Some(()))
    });
    let absent = body.text("id");
    assert_eq!(body.required("id", absent), None);
    for mut item in body.objects("items", 1..=2).value().unwrap() {
        item.text("email");
        body.absorb(item.finish(Some(())).unwrap_err());
    }
    let expected = [
        problem("text", "must be a text"),
        problem("flag", "must be true or false"),
        problem("count", "must be a whole number from 1 to 5"),
        problem("list", "must be one of: block, allow"),
        problem("at", "must be an RFC 3339 time, such as 2026-12-31T23:59:59Z"),
        problem("scopes", "must not repeat a word"),
        problem("names.1", "must be a text"),
        problem("deep.x", "must be a text"),
        problem("deep.odd", "is not a documented field"),
        problem("id", "is required"),
        problem("items.0.email", "must be a text"),
        problem("items.1", "must be an object"),
        problem("extra", "is not a documented field"),
    ];
    assert_eq!(problems(body), expected);
}

#[test]
fn a_body_that_is_no_object_is_a_problem_of_the_body() {
    for body in ["[]", "null", "\"x\"", "1"] {
        assert_eq!(problems(fields(body)), [problem("", "must be an object")]);
    }
}

#[test]
fn an_array_has_a_size() {
    let mut body = fields(r#"{"a":[],"b":[1,2,3],"c":7}"#);
    body.array("a", 1..=2);
    body.array("b", 1..=2);
    body.objects("c", 1..=2);
    let size = "must have from 1 to 2 items";
    assert_eq!(problems(body), [problem("a", size), problem("b", size), problem("c", "must be an array")]);
}

#[test]
fn whole_numbers_may_be_written_as_they_like() {
    let mut body = fields(r#"{"a":12,"b":12.0,"c":-0,"d":1e3,"e":"12","f":18446744073709551615}"#);
    let any = i64::MIN..=i64::MAX;
    assert_eq!(body.integer("a", any.clone()), Sent::Value(12));
    assert_eq!(body.integer("b", any.clone()), Sent::Value(12));
    assert_eq!(body.integer("c", any.clone()), Sent::Value(0));
    assert_eq!(body.integer("d", any.clone()), Sent::Value(1000));
    assert_eq!(body.integer("e", any.clone()), Sent::Refused, "a text is no number in a body");
    assert_eq!(body.integer("f", any), Sent::Refused);
}

#[test]
fn a_query_has_flags_and_integers_too() {
    let mut query = Fields::from_query("subscriber_id=12&add_to_blacklist=true&email=a%40b.ng&email=x&odd=1");
    assert_eq!(query.integer("subscriber_id", 1..=99), Sent::Value(12));
    assert_eq!(query.flag("add_to_blacklist"), Sent::Value(true));
    assert_eq!(query.text("email"), Sent::Value("a@b.ng".to_owned()));
    assert_eq!(
        problems(query),
        [problem("email", "is there more than once"), problem("odd", "is not a documented field")]
    );
}

#[test]
fn a_small_body_does_not_make_a_large_answer() {
    let many: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":0")).collect();
    assert_eq!(problems(fields(&format!("{{{}}}", many.join(",")))).len(), MAX_DETAILS);
}
