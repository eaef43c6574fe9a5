//! The official test suite, as `cargo xtask json-schema` has fetched it.
#![allow(clippy::unwrap_used)] // This is a test: it panics where it fails.
#![allow(
    clippy::disallowed_methods,
    reason = "it reads files that somebody fetched, on the real machine"
)]

use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::testing::{Call, RecordBuilder};
use json_schema_validator::JsonSchemaValidator;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where we differ from it: file, schema, and why that is right. There is nothing yet.
const DIFFERENCES: &[(&str, &str, &str)] = &[];

/// The suite has more questions than this; fewer were found in a wrong folder.
const QUESTIONS_MIN: usize = 1000;

/// How the suite's own server is called.
const REMOTES: &str = "http://localhost:1234/";

#[test]
#[ignore = "`cargo xtask json-schema` fetches the suite, and runs this"]
fn the_official_suite() {
    let folder = PathBuf::from(env::var_os("CORVID_JSON_SCHEMA_SUITE").expect("the folder `jsonschema` of the module"));
    let others = others(&folder);
    let (mut questions, mut differing) = (0, BTreeSet::new());
    for (file, text) in files(&folder.join("testdata/draft2020-12"), "") {
        for case in Json::parse(text.as_bytes()).unwrap().items() {
            let name = string(case, "description");
            for (question, answer) in ask(case, &others) {
                questions += 1;
                if let Some(answer) = answer {
                    println!("{file}: {name}: {question}: {answer}");
                    differing.insert((file.clone(), name.clone()));
                }
            }
        }
    }
    let known: BTreeSet<_> = DIFFERENCES
        .iter()
        .map(|(file, name, _)| (file.to_string(), name.to_string()))
        .collect();
    assert_eq!(
        differing, known,
        "where the suite says otherwise, and where it was said to"
    );
    assert!(questions > QUESTIONS_MIN, "only {questions} questions");
    println!("{questions} questions, {} of them answered otherwise", differing.len());
}

/// Every question of a case, and what was said if it is not what should have been.
fn ask(case: Json<'_>, others: &str) -> Vec<(String, Option<String>)> {
    let schema = case.get("schema").unwrap().text();
    // Most name nothing but their draft, and are quicker without the others.
    let names_another = schema.matches("://").count() > schema.matches(r#""$schema""#).count();
    let others = if names_another { others } else { "" };
    let config = format!(r#"{{"schema": {schema}, "schemas": {{{others}}}}}"#);
    let tests = case.get("tests").unwrap().items();
    let judged = tests.map(|test| {
        let call = Call::new([RecordBuilder::new().value(test.get("data").unwrap().text())]);
        let valid = test.get("valid").unwrap().as_bool().unwrap();
        let answer = match call.validate::<JsonSchemaValidator>(&config) {
            Err(error) => Some(format!("the schema is refused: {error}")),
            Ok(verdicts) if verdicts[0].is_ok() == valid => None,
            Ok(verdicts) => Some(format!("{:?}", verdicts[0])),
        };
        (string(test, "description"), answer)
    });
    judged.collect()
}

/// The schemas that others refer to: the members of an object, by their URIs.
fn others(folder: &Path) -> String {
    let remotes = files(&folder.join("testdata/remotes"), REMOTES);
    let of_this_draft = remotes.into_iter().filter(|(uri, _)| !uri.contains("/draft7/"));
    let meta = files(
        &folder.join("meta-schemas/draft2020-12"),
        "https://json-schema.org/draft/2020-12/",
    );
    let named = of_this_draft.chain(meta.into_iter().map(|(uri, text)| (uri.replace(".json", ""), text)));
    let members: Vec<String> = named.map(|(uri, text)| format!("{uri:?}: {text}")).collect();
    members.join(",")
}

/// Every file `.json` of a folder and of those within it: its name behind `prefix`, and its text.
fn files(folder: &Path, prefix: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&path, &format!("{name}/")));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn string(value: Json<'_>, member: &str) -> String {
    value.get(member).unwrap().as_str().unwrap().to_string()
}
