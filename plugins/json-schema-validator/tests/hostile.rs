//! Values that somebody made to be judged wrongly, or to take for ever. The schema is an honest one.
#![allow(clippy::unwrap_used)] // This is a test: it panics where it fails.

use corvid_plugin_sdk::testing::{Call, RecordBuilder};
use json_schema_validator::JsonSchemaValidator;

/// The reason why the value is refused; `None` if it is accepted.
fn refused(schema: &str, value: &str) -> Option<String> {
    let call = Call::new([RecordBuilder::new().value(value)]);
    let verdicts = call.validate::<JsonSchemaValidator>(&format!(r#"{{"schema": {schema}}}"#));
    let verdict = verdicts.unwrap_or_else(|error| panic!("{schema}: {error}")).remove(0);
    verdict.err().map(|refusal| refusal.reason().to_owned())
}

/// `[[[…inside…]]]`, or the like.
fn nested(open: &str, inside: &str, close: &str, levels: usize) -> String {
    format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
}

/// The bug: what lies too deep to be looked at was what `not` wants: something that isn't found.
#[test]
fn nothing_hides_from_not_in_the_depth() {
    // A password, anywhere on the way down.
    let has = r##""has": {"anyOf": [{"required": ["password"]}, {"required": ["in"], "properties": {"in": {"allOf": [{"$ref": "#/$defs/has"}]}}}]}"##;
    let schemas = [
        format!(r##"{{"$defs": {{{has}}}, "not": {{"$ref": "#/$defs/has"}}}}"##),
        format!(r##"{{"$defs": {{{has}}}, "if": {{"$ref": "#/$defs/has"}}, "then": false}}"##),
        format!(r##"{{"$defs": {{{has}}}, "oneOf": [true, {{"$ref": "#/$defs/has"}}]}}"##),
    ];
    for schema in schemas {
        for levels in [3, 50, 80, 120, 127] {
            let value = nested(r#"{"in": "#, r#"{"password": "x"}"#, "}", levels);
            assert!(refused(&schema, &value).is_some(), "{levels} levels, {schema}");
        }
        assert_eq!(
            refused(&schema, &nested(r#"{"in": "#, r#"{"word": "x"}"#, "}", 3)),
            None
        );
    }
}

/// The bug: each level asked twice about the next, which is 2¹²⁰ questions for 120 levels.
#[test]
fn depth_costs_no_more_than_its_length() {
    let branches = r##"{"$defs": {"tree": {"oneOf": [
        {"type": "number"},
        {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 1},
        {"type": "array", "items": {"$ref": "#/$defs/tree"}, "minItems": 2}
    ]}}, "$ref": "#/$defs/tree"}"##;
    assert_eq!(refused(branches, &nested("[", "1", "]", 40)), None);
    assert!(refused(branches, &nested("[", "\"1\"", "]", 40)).is_some());
    let twice = r##"{"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}], "type": ["array", "number"]}"##;
    assert_eq!(refused(twice, &nested("[", "1", "]", 40)), None);
    assert!(refused(twice, &nested("[", "\"1\"", "]", 40)).is_some());
    // What is right is asked again while it is told what is wrong.
    let wrong = format!("[{}, null]", nested("[", "1", "]", 40));
    assert!(refused(twice, &wrong).unwrap().contains("/1: must be"));
}

/// The bug: members of one name compared each with each.
#[test]
fn many_members_of_one_name_are_compared_once() {
    let schema = r#"{"enum": [{"a": 1}, {"a": 2, "b": 3}]}"#;
    let members = vec![r#""a": 1"#; 30_000].join(",");
    assert_eq!(refused(schema, &format!("{{{members}}}")), None);
    assert!(refused(schema, &format!("{{{members}, \"a\": 3}}")).is_some());
    assert_eq!(refused(schema, &format!("{{\"b\": 3, {members}, \"a\": 2}}")), None);
}

/// The bug: each member of one looked up among all of the other; and items of hashes that somebody made equal, compared each
/// with each.
#[test]
fn wide_items_are_compared_quickly() {
    let wide = (0..12_000).map(|at| format!(r#""m{at}": {at}"#)).collect::<Vec<_>>();
    let mut reversed = wide.clone();
    reversed.reverse();
    let (wide, reversed) = (wide.join(","), reversed.join(","));
    let schema = r#"{"uniqueItems": true}"#;
    assert!(refused(schema, &format!("[{{{wide}}}, {{{reversed}}}]")).is_some());
    assert_eq!(
        refused(schema, &format!("[{{{wide}}}, {{{reversed}, \"m0\": 1}}]")),
        None
    );
}

/// The bug: a member that is there twice is one property, and counted for two.
#[test]
fn a_member_that_is_there_twice_is_one() {
    let schema = r#"{"minProperties": 2, "maxProperties": 2}"#;
    assert!(refused(schema, r#"{"a": 1, "a": 2}"#).is_some());
    assert!(refused(schema, r#"{"a": 1, "\u0061": 2}"#).is_some());
    assert_eq!(refused(schema, r#"{"a": 1, "b": 2, "a": 3}"#), None);
    // Whichever of them a reader takes, it meets the schema.
    let positive = r#"{"properties": {"a": {"minimum": 0}}}"#;
    assert!(refused(positive, r#"{"a": -1, "a": 1}"#).is_some());
    assert!(refused(positive, r#"{"a": 1, "a": -1}"#).is_some());
}
