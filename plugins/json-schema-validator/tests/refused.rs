//! Schemas that are refused when the plugin is made, because they would not mean what their author meant.
#![allow(clippy::unwrap_used)] // This is a test: it panics where it fails.

use corvid_plugin_sdk::testing::{Call, RecordBuilder};
use json_schema_validator::JsonSchemaValidator;

fn made(config: &str) -> Result<(), String> {
    let call = Call::new([RecordBuilder::new().value("1")]);
    call.validate::<JsonSchemaValidator>(config).map(|_| ())
}

fn refused(schema: &str) -> String {
    made(&format!(r#"{{"schema": {schema}}}"#)).expect_err(schema)
}

/// The bug: a keyword of another draft is unknown in this one, and what is unknown is ignored.
#[test]
fn keywords_of_other_drafts() {
    let cases = [
        (r#"{"dependencies": {"a": ["b"]}}"#, "/dependencies: "),
        (
            r#"{"properties": {"a": {"items": {"additionalItems": false}}}}"#,
            "/properties/a/items/additionalItems: ",
        ),
        (r##"{"items": {"$recursiveRef": "#"}}"##, "/items/$recursiveRef: "),
        (r#"{"$recursiveAnchor": true}"#, "/$recursiveAnchor: "),
        (
            r##"{"$defs": {"a": {"$id": "#a"}}, "allOf": [{"$ref": "#/$defs/a"}]}"##,
            "/$id: ",
        ),
        (r#"{"divisibleBy": 2}"#, "/divisibleBy: "),
        (r#"{"disallow": "string"}"#, "/disallow: "),
        (r#"{"extends": {}}"#, "/extends: "),
        (r#"{"type": "string", "nullable": true}"#, "/nullable: "),
        (r#"{"formatMinimum": "2020-01-01"}"#, "/formatMinimum: "),
        (r#"{"items": [{"type": "string"}]}"#, "/items: "),
        (r#"{"exclusiveMinimum": true, "minimum": 3}"#, "/exclusiveMinimum: "),
    ];
    for (schema, place) in cases {
        let why = refused(schema);
        assert!(why.contains(place), "{schema}: {why}");
    }
    assert!(
        refused(cases[0].0).contains("`dependentRequired`"),
        "it says what to write"
    );
    // What is a property's name is no keyword, and what this draft knows of is none of another.
    for fine in [
        r#"{"properties": {"dependencies": true, "id": true, "nullable": true}}"#,
        r#"{"title": "t", "description": "d", "default": 1, "examples": [], "$comment": "c", "deprecated": true, "readOnly": true}"#,
        r#"{"format": "date", "contentEncoding": "base64", "contentMediaType": "a/b", "contentSchema": {}}"#,
        r#"{"javaType": "a.B", "x-unit": "ms"}"#,
    ] {
        made(&format!(r#"{{"schema": {fine}}}"#)).expect(fine);
    }
}

/// The bug: a keyword with a letter of the wrong case is unknown, and ignored.
#[test]
fn keywords_in_the_wrong_case() {
    for (schema, expected) in [
        (r#"{"minlength": 3}"#, "/minlength: is no keyword; `minLength` is"),
        (
            r#"{"properties": {"a": {"Required": ["b"]}}}"#,
            "/properties/a/Required: is no keyword; `required` is",
        ),
    ] {
        assert!(refused(schema).contains(expected), "{}", refused(schema));
    }
}

/// The bug: of a keyword that is there twice, one or the other counted, or both.
#[test]
fn keywords_that_are_there_twice() {
    let why = refused(r#"{"items": {"type": "string", "minimum": 1, "type": "number"}}"#);
    assert!(why.contains("/items/type: is there twice"), "{why}");
    let why = refused(r#"{"properties": {"a": true, "\u0061": false}}"#);
    assert!(why.contains("/properties/a: is there twice"), "{why}");
    let why = refused(
        r#"{"$defs": {"a": {"$id": "https://x.test/a"}, "b": {"$id": "https://x.test/a"}}, "$ref": "https://x.test/a"}"#,
    );
    assert!(why.contains("https://x.test/a is the name of two schemas"), "{why}");
    let why = refused(r##"{"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}, "$ref": "#x"}"##);
    assert!(why.contains("#x is the name of two schemas"), "{why}");
}

/// The bug: a schema that no value can meet, or every value, where something else was meant.
#[test]
fn values_that_a_keyword_cannot_have() {
    for schema in [
        r#"{"type": []}"#,
        r#"{"allOf": []}"#,
        r#"{"anyOf": []}"#,
        r#"{"oneOf": []}"#,
        r#"{"multipleOf": 0}"#,
        r#"{"multipleOf": 0.1234567890123456789012345678901234567}"#,
        r#"{"$schema": 7}"#,
        r#"{"$id": 7}"#,
        r#"{"$anchor": 7}"#,
        r#"{"$defs": []}"#,
    ] {
        refused(schema);
    }
}

/// The bug: a schema that goes round in a circle about one value refused whatever came, since what it says has no end.
#[test]
fn circles_about_one_value() {
    for (schema, place) in [
        (r##"{"$ref": "#"}"##, "`$ref`: #"),
        (
            r##"{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [true, {"not": {"$ref": "#/$defs/a"}}]}}, "$ref": "#/$defs/a"}"##,
            "`$ref`: #/$defs/",
        ),
        (
            r##"{"properties": {"x": {"dependentSchemas": {"k": {"$ref": "#/properties/x"}}}}}"##,
            "`$ref`: #/properties/x",
        ),
    ] {
        let why = refused(schema);
        assert!(
            why.contains(place) && why.contains("leads back to itself about the same value"),
            "{why}"
        );
    }
    // About another value, it may.
    made(r##"{"schema": {"properties": {"next": {"$ref": "#"}}}}"##).unwrap();
    let chain = |links: usize| {
        let link = |at: usize| format!(r##""d{at}": {{"$ref": "#/$defs/d{}"}}"##, at + 1);
        let links_text: Vec<String> = (0..links).map(link).collect();
        format!(
            r##"{{"$defs": {{{}, "d{links}": {{}}}}, "$ref": "#/$defs/d0"}}"##,
            links_text.join(",")
        )
    };
    made(&format!(r#"{{"schema": {}}}"#, chain(20))).unwrap();
    // Each followed at once, as it was met, they overflowed the stack.
    let why = refused(&chain(400));
    assert!(why.contains("the same value"), "{why}");
}

/// The bug: what a meta-schema asks for, and isn't there, is left out without a word.
#[test]
fn vocabularies_that_are_not_known() {
    let with = |vocabulary: &str| {
        let core = "https://json-schema.org/draft/2020-12/vocab/core";
        made(&format!(
            r#"{{"schemas": {{"https://x.test/meta": {{"$vocabulary": {{"{core}": true, {vocabulary}}}}}}}, "schema": {{"$schema": "https://x.test/meta"}}}}"#
        ))
    };
    let why = with(r#""https://json-schema.org/draft/2020-12/vocab/format-assertion": true"#).unwrap_err();
    assert!(why.contains("vocab/format-assertion is not known"), "{why}");
    with(r#""https://json-schema.org/draft/2020-12/vocab/format-annotation": true, "https://x.test/vocab": false"#)
        .unwrap();
    let why = refused(r#"{"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}}"#);
    assert!(why.contains("/properties/a/$schema: "), "{why}");
    let same = r#"{"properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema#"}}}"#;
    made(&format!(r#"{{"schema": {same}}}"#)).unwrap();
}

/// The bug: a document in `schemas` that nothing refers to, and is wrong, has one refused that is right.
#[test]
fn a_document_that_nothing_refers_to_does_no_harm() {
    let tree = r##"{"$dynamicAnchor": "node", "properties": {"next": {"$dynamicRef": "#node"}}}"##;
    let other = r##"{"$dynamicAnchor": "node", "$schema": "https://x.test/unknown", "$ref": "#/nowhere"}"##;
    let config = |schema: &str| {
        format!(
            r#"{{"schemas": {{"https://x.test/tree": {tree}, "https://x.test/other": {other}}}, "schema": {schema}}}"#
        )
    };
    made(&config(r#"{"$ref": "https://x.test/tree"}"#)).unwrap();
    made(&config(
        r#"{"$ref": "https://x.test/tree", "not": {"$ref": "https://x.test/other"}}"#,
    ))
    .unwrap_err();
}
