//! `cargo xtask languages`: the filter of `plugins/other-languages`, in every language, over a socket.
//!
//! Each is built by `plugins/other-languages/build`, bound to a topic of its own, and sent the same records: they must be of one
//! opinion about every one of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::broker::{Broker, Profile};
use crate::shell::{root, run as run_command};

/// How it is run.
#[derive(clap::Args)]
pub struct Options {
    /// Which build of the broker.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// Those that are compiled; the script is a text.
const COMPILED: [&str; 3] = ["c", "assemblyscript", "rust"];

/// A record's value, and the code that it is refused with; 0 where it is not. The limit is 1000.
const RECORDS: &[(&str, i64)] = &[
    (r#"{"amount": 5}"#, 0),
    (r#"{"id": {"amount": 9999}, "amount": 1000}"#, 0),
    (r#"{"amount": 1000.5}"#, 2),
    (r#"{"amount":1e3 , "list": [1, [2, {}], "]"]}"#, 0),
    (r#"{"amount": 1.0001E+3}"#, 2),
    (r#"{"amount": 100100e-2}"#, 2),
    (r#"{"amount": -5000}"#, 0),
    (r#"{"amount": 5, "amount": 5000}"#, 2),
    (r#"{"note": "a } and a \" and \\", "amount": 7}"#, 0),
    (r#"{"note": {"amount": 5}}"#, 1),
    (r#"{"amounts": 5}"#, 1),
    (r#"{"amount": "5"}"#, 1),
    (r#"{"amount": null}"#, 1),
    (r#"{"amount": }"#, 1),
    (r#"{"amount""#, 1),
    (r#"{"amount": "cut"#, 1),
    ("[5]", 1),
    ("{}", 1),
    ("amount", 1),
    ("", 1),
];

/// As CI runs it: against the release build.
pub fn in_ci() -> anyhow::Result<()> {
    run(&Options {
        profile: Profile::Release,
    })
}

/// Builds, binds, sends and compares.
pub fn run(options: &Options) -> anyhow::Result<()> {
    run_command(&mut Command::new(root().join("plugins/other-languages/build")))?;
    let binary = options.profile.build()?;
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(&binary, folder.path(), "")?;
    let compared = compare(&broker, folder.path());
    compared.map_err(|error| error.context(format!("the node said: {}", broker.last_words())))?;
    broker.stop()?;
    println!(
        "{} records, {} languages, one opinion: 1 passed, 0 failed",
        RECORDS.len(),
        COMPILED.len() + 1
    );
    Ok(())
}

fn compare(broker: &Broker, folder: &std::path::Path) -> anyhow::Result<()> {
    let file = folder.join("languages.toml");
    fs::write(&file, settings())?;
    run_command(broker.corvid().args(["apply"]).arg(&file))?;
    let lines: String = RECORDS
        .iter()
        .enumerate()
        .map(|(number, (value, _))| format!("{number}:{value}\n"))
        .collect();
    for language in COMPILED.into_iter().chain(["script"]) {
        broker.produce(language, &["--partition", "0"], &lines)?;
        let codes = codes(broker, language).with_context(|| language.to_owned())?;
        for (number, (value, expected)) in RECORDS.iter().enumerate() {
            let code = codes.get(&number.to_string()).copied().unwrap_or_default();
            ensure!(code == *expected, "{language}: {value}: code {code}, not {expected}");
        }
        println!(
            "{language}: {} of {} refused, as they should be",
            codes.len(),
            RECORDS.len()
        );
    }
    Ok(())
}

fn settings() -> String {
    let plugin = |name: &str, key: &str, path: PathBuf| {
        let path = path.display().to_string();
        format!("[plugins.{name}]\n{key} = {path:?}\nconfig = {{ field = \"amount\", limit = 1000 }}\n")
    };
    let topic = |name: &str| format!("[topics.{name}]\non_refused = \"dead-letter\"\nproduce = [\"{name}\"]\n");
    let built = root().join("target/other-languages");
    let script = root().join("plugins/other-languages/limit.rhai");
    let compiled = COMPILED.map(|language| plugin(language, "file", built.join(format!("{language}.wasm"))));
    let topics = COMPILED.into_iter().chain(["script"]).map(topic);
    let all = compiled.into_iter().chain([plugin("script", "script_file", script)]);
    all.chain(topics).collect()
}

/// The codes of the refused records, by their keys.
fn codes(broker: &Broker, topic: &str) -> anyhow::Result<BTreeMap<String, i64>> {
    let output = broker.corvid().args(["--json", "dlt", "show", topic]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let code = |letter: &Value| {
        let key = letter["key"].as_str().context("a letter without a key")?;
        let code = letter["code"]
            .as_i64()
            .or_else(|| letter["code"].as_str()?.parse().ok());
        Ok((key.to_owned(), code.with_context(|| letter.to_string())?))
    };
    letters.iter().map(code).collect()
}
