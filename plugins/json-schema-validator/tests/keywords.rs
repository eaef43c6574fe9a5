//! What each keyword of draft 2020-12 must accept and refuse: a table, as JSON.
#![allow(clippy::unwrap_used)] // This is a test: it panics where it fails.

use corvid_plugin_sdk::testing::{Call, RecordBuilder};
use json_schema_validator::JsonSchemaValidator;

/// A schema, the values that meet it, and those that do not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("true", &["1", "null", "{}"], &[]),
    ("false", &[], &["1", "null", "{}"]),
    (
        r#"{"type": "integer"}"#,
        &["1", "1.0", "-0", "1e3"],
        &["1.5", r#""1""#, "null", "true"],
    ),
    (r#"{"type": ["string", "null"]}"#, &[r#""""#, "null"], &["0", "[]"]),
    (r#"{"type": "number"}"#, &["1", "1.5"], &[r#""1.5""#]),
    (r#"{"type": "boolean"}"#, &["true", "false"], &["0", "null"]),
    (
        r#"{"enum": [1, "a", {"b": [null]}]}"#,
        &["1", "1.0", r#""a""#, r#"{"b":[null]}"#],
        &["2", r#""A""#, r#"{"b":[]}"#],
    ),
    (
        r#"{"const": {"a": 1, "b": 2}}"#,
        &[r#"{"b": 2, "a": 1.0}"#],
        &[r#"{"a": 1}"#, r#"{"a":1,"b":2,"c":3}"#],
    ),
    // The bug: one of the two counted.
    (r#"{"enum": [1, 2], "const": 2}"#, &["2"], &["1", "3"]),
    (r#"{"const": 3, "enum": [1, 2]}"#, &[], &["1", "2", "3"]),
    (
        r#"{"minimum": 3, "maximum": 5}"#,
        &["3", "5", "4.5", r#""x""#],
        &["2.9999", "5.1"],
    ),
    (
        r#"{"exclusiveMinimum": 3, "exclusiveMaximum": 5}"#,
        &["3.01"],
        &["3", "5"],
    ),
    (r#"{"multipleOf": 0.01}"#, &["0.02", "4.35", "0"], &["0.005"]),
    (r#"{"multipleOf": 3}"#, &["9", "-6", "1.5e1"], &["10"]),
    (
        r#"{"minLength": 2, "maxLength": 3}"#,
        &[r#""äö""#, r#""\ud83d\ude00x""#, "7"],
        &[r#""a""#, r#""abcd""#],
    ),
    (r#"{"pattern": "^a+$"}"#, &[r#""aa""#, "1"], &[r#""ab""#, r#""""#]),
    (r#"{"pattern": "b"}"#, &[r#""abc""#], &[r#""ac""#]),
    (
        r#"{"minItems": 1, "maxItems": 2}"#,
        &["[1]", "[1,2]", "{}"],
        &["[]", "[1,2,3]"],
    ),
    (
        r#"{"uniqueItems": true}"#,
        &["[1,2]", "[]", "[[1],[2]]", r#"["1",1]"#],
        &["[1,1.0]", r#"[{"a":1},{"a":1}]"#, r#"["a","\u0061"]"#],
    ),
    (
        r#"{"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}"#,
        &["[]", r#"["a"]"#, r#"["a",1]"#],
        &["[1]", r#"["a",1,2]"#],
    ),
    (r#"{"items": {"type": "integer"}}"#, &["[]", "[1,2]"], &[r#"[1,"2"]"#]),
    (r#"{"contains": {"const": 5}}"#, &["[1,5]"], &["[]", "[1]"]),
    (
        r#"{"contains": {"const": 5}, "minContains": 2, "maxContains": 3}"#,
        &["[5,5]", "[5,1,5,5]"],
        &["[5]", "[5,5,5,5]"],
    ),
    (r#"{"contains": {"const": 5}, "minContains": 0}"#, &["[]", "[5]"], &[]),
    (
        r#"{"required": ["a", "b"]}"#,
        &[r#"{"a":1,"b":null}"#, "[]"],
        &["{}", r#"{"a":1}"#],
    ),
    (
        r#"{"properties": {"a": {"type": "integer"}, "b\u0022c": {"type": "null"}}}"#,
        &["{}", r#"{"a":1,"z":"z"}"#, r#"{"b\"c":null}"#],
        &[r#"{"a":"1"}"#, r#"{"b\"c":1}"#],
    ),
    (
        r#"{"patternProperties": {"^x-": {"type": "integer"}}}"#,
        &[r#"{"x-a":1,"y":"s"}"#],
        &[r#"{"x-a":"s"}"#],
    ),
    (
        r#"{"properties": {"a": true}, "patternProperties": {"^x-": true}, "additionalProperties": false}"#,
        &[r#"{"a":1,"x-b":2}"#],
        &[r#"{"b":1}"#],
    ),
    (
        r#"{"additionalProperties": {"type": "integer"}}"#,
        &[r#"{"q":1}"#],
        &[r#"{"q":"1"}"#],
    ),
    (
        r#"{"propertyNames": {"maxLength": 2}}"#,
        &[r#"{"ab":1}"#],
        &[r#"{"abc":1}"#],
    ),
    (
        r#"{"minProperties": 1, "maxProperties": 2}"#,
        &[r#"{"a":1}"#],
        &["{}", r#"{"a":1,"b":2,"c":3}"#],
    ),
    (
        r#"{"dependentRequired": {"a": ["b"]}}"#,
        &["{}", r#"{"a":1,"b":1}"#],
        &[r#"{"a":1}"#],
    ),
    (
        r#"{"dependentSchemas": {"a": {"required": ["b"]}}}"#,
        &["{}", r#"{"a":1,"b":1}"#],
        &[r#"{"a":1}"#],
    ),
    (r#"{"allOf": [{"minimum": 2}, {"maximum": 4}]}"#, &["3"], &["1", "5"]),
    (
        r#"{"anyOf": [{"type": "integer"}, {"minimum": 2}]}"#,
        &["1", "2.5"],
        &["1.5"],
    ),
    (
        r#"{"oneOf": [{"type": "integer"}, {"minimum": 2}]}"#,
        &["1", "2.5"],
        &["3", "1.5"],
    ),
    (r#"{"not": {"type": "integer"}}"#, &["1.5", r#""a""#], &["1"]),
    (
        r#"{"if": {"properties": {"k": {"const": "a"}}, "required": ["k"]}, "then": {"required": ["x"]}, "else": {"required": ["y"]}}"#,
        &[r#"{"k":"a","x":1}"#, r#"{"k":"b","y":1}"#],
        &[r#"{"k":"a","y":1}"#, r#"{"k":"b","x":1}"#],
    ),
    (
        r##"{"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}"##,
        &[r#"{"a":1}"#],
        &[r#"{"a":"1"}"#],
    ),
    (
        r#"{"$id": "https://x.test/tree", "type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "tree"}}}, "required": ["v"]}"#,
        &[r#"{"v":1,"kids":[{"v":2,"kids":[]}]}"#],
        &[r#"{"v":1,"kids":[{"kids":[]}]}"#],
    ),
    (
        r##"{"$defs": {"a": {"$anchor": "name", "type": "string"}}, "$ref": "#name"}"##,
        &[r#""s""#],
        &["1"],
    ),
    (
        r#"{"allOf": [{"properties": {"a": true}}], "properties": {"b": true}, "unevaluatedProperties": false}"#,
        &[r#"{"a":1,"b":2}"#],
        &[r#"{"a":1,"c":2}"#],
    ),
    (
        r#"{"anyOf": [{"prefixItems": [{"const": 1}]}, {"prefixItems": [true, {"const": 2}]}], "unevaluatedItems": false}"#,
        &["[1]", "[1,2]", "[3,2]"],
        &["[1,3]", "[1,2,3]"],
    ),
];

fn refused(schema: &str, value: &str) -> bool {
    let config = format!(r#"{{"schema": {schema}}}"#);
    let call = Call::new([RecordBuilder::new().value(value)]);
    let verdicts = call.validate::<JsonSchemaValidator>(&config);
    let verdicts = verdicts.unwrap_or_else(|error| panic!("{schema}: {error}"));
    verdicts[0].is_err()
}

#[test]
fn every_keyword_accepts_and_refuses_what_the_draft_says() {
    for (schema, valid, invalid) in CASES {
        for value in *valid {
            assert!(!refused(schema, value), "{schema} refuses {value}");
        }
        for value in *invalid {
            assert!(refused(schema, value), "{schema} accepts {value}");
        }
    }
}

/// The bug: a schema that means nothing accepts everything.
#[test]
fn what_is_no_schema_is_refused_when_the_plugin_is_made() {
    for schema in [
        r#"{"type": "strnig"}"#,
        r##"{"$ref": "#/nowhere"}"##,
        r#"{"pattern": "("}"#,
        "7",
        r#"{"minLength": -1}"#,
    ] {
        let config = format!(r#"{{"schema": {schema}}}"#);
        let made = Call::new([RecordBuilder::new().value("1")]).validate::<JsonSchemaValidator>(&config);
        assert!(made.is_err(), "{schema} was taken");
    }
}
