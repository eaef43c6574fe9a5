//! One filter in every language: the files of `plugins/other-languages`, on the same records, beside its Rust compiled natively.
//! CPU time of all rounds.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_plugin_host::{HookInput, Limits, LoadSpec, Plugin, PluginHost, Tables};
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts};

use crate::{RECORDS, build};

#[path = "../../../../plugins/other-languages/rust/src/lib.rs"]
mod limit;

const CONFIG: &str = r#"{"field": "amount", "limit": 1000}"#;

/// Builds what there is, and prints a row for each language and size of values.
pub async fn run(host: &PluginHost, rounds: usize) -> Option<()> {
    let languages = languages(host).await?;
    println!(
        "\n{:>14} {:>9} {:>9} {:>9} {:>7}",
        "validate", "value", "native", "plugin", "ratio"
    );
    for value_len in [100, 1024] {
        let batch = batch(value_len);
        let batch = Batch::parse(&batch).expect("it was just built");
        let input = HookInput::of("bench", 0, 1, &batch);
        let alone = alone(rounds, &input);
        for (language, plugin) in &languages {
            // Every seventh is above the limit, whoever judges.
            assert_eq!(plugin.validate(input).await.len(), RECORDS.div_ceil(7), "{language}");
            let time = of_plugin(rounds, plugin, input).await;
            println!(
                "{language:>14} {value_len:>7} B {alone:>6.1} ns {time:>6.1} ns {:>6.2}x",
                time / alone
            );
        }
    }
    Some(())
}

/// CPU time, and not the clock: what is slow runs on the pool, where the machine's other work would be counted, too.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Nanoseconds a record, of all rounds since `began`.
fn per_record(began: Duration, rounds: usize) -> f64 {
    cpu().saturating_sub(began).as_nanos() as f64 / (rounds * RECORDS) as f64
}

async fn of_plugin(rounds: usize, plugin: &Plugin, input: HookInput<'_>) -> f64 {
    let mut began = cpu();
    for round in 0..rounds + rounds / 10 {
        if round == rounds / 10 {
            began = cpu();
        }
        black_box(plugin.validate(black_box(input)).await);
    }
    per_record(began, rounds)
}

fn alone(rounds: usize, input: &HookInput<'_>) -> f64 {
    let mut filter = limit::corvid_native(CONFIG, Vec::new()).expect("a configuration that is right");
    let (calls, mut answer) = (input.calls(), Vec::new());
    let began = cpu();
    for _ in 0..rounds {
        for call in &calls {
            answer.clear();
            assert!(filter("validate", black_box(call), &mut answer));
            black_box(&answer);
        }
    }
    per_record(began, rounds)
}

async fn languages(host: &PluginHost) -> Option<Vec<(&'static str, Arc<Plugin>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new(root.join("plugins/other-languages/build")).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("plugins/other-languages does not build");
        return None;
    }
    let mut all = Vec::new();
    for (language, file) in [("Rust", "rust"), ("C", "c"), ("AssemblyScript", "assemblyscript")] {
        let module = root.join("target/other-languages").join(file).with_extension("wasm");
        all.push((language, load(host, language, &module, CONFIG).await?));
    }
    let script = std::fs::read_to_string(root.join("plugins/other-languages/limit.rhai")).ok()?;
    let config = format!(r#"{{"script": {}, "config": {CONFIG}}}"#, quoted(&script));
    all.push(("Rhai", load(host, "Rhai", &interpreter(&root)?, &config).await?));
    Some(all)
}

/// A JSON string of a text without control characters but for line ends.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

/// The module of `plugins/script`, as the broker embeds it.
fn interpreter(root: &Path) -> Option<PathBuf> {
    let target = root.join("target/plugins");
    let arguments = [
        "build",
        "--quiet",
        "--locked",
        "--profile",
        "plugin",
        "--package",
        "script",
    ];
    build(&root.join("Cargo.toml"), &target, &arguments)?;
    Some(target.join("wasm32-unknown-unknown/plugin/script.wasm"))
}

async fn load(host: &PluginHost, name: &str, module: &Path, config: &str) -> Option<Arc<Plugin>> {
    let spec = LoadSpec {
        name: name.to_owned(),
        wasm: std::fs::read(module).ok().map(Bytes::from)?,
        config: config.to_owned(),
        limits: Limits {
            deadline: Duration::from_millis(250),
            memory_bytes: 32 << 20,
        },
        generation: 0,
        tables: Tables::Unbound,
    };
    let loaded = host.load(spec).await.map_err(|error| eprintln!("{name}: {error}"));
    loaded.ok()
}

/// A thousand payments; every seventh is above the limit.
fn batch(value_len: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    for at in 0..RECORDS {
        let key = format!("key-{at:012}");
        let amount = if at % 7 == 0 { 1000.5 } else { 12.25 };
        let start = format!(r#"{{"id":"{at:08}","currency":"EUR","amount":{amount},"note":""#);
        let value = format!("{start}{}\"}}", "n".repeat(value_len - start.len() - 2));
        builder.push(&RecordParts {
            offset_delta: at as i32,
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            ..RecordParts::default()
        });
    }
    builder.finish(None).expect("a megabyte")
}
