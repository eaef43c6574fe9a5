//! What a hook costs: nanoseconds a record at 100 B and at 1 KiB, beside native Rust that does the same.
//!
//!     cargo run --release -p corvid-plugin-host --example hook_bench [-- --rounds N]
//!
//! The guest (`guest/`) is built for wasm32 with the SDK, as an author would, and natively into this program. A row is the median over rounds of
//! one batch of 1,000 records (16 B key, 2 headers), through the whole host: input, call, checks. `host` is the
//! same with a guest that answers at once: what is not the plugin's own work. `languages` is one filter in each of them.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a tool: it builds, reads and measures"
)]

#[path = "guest/src/lib.rs"]
mod guest;
mod languages;
mod native;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use corvid_plugin_host::{
    Compiler, Edits, Failing, HookInput, HostConfig, Limits, LoadSpec, Plugin, PluginHost, Route, Tables,
};
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts};
use native::Native;

const RECORDS: usize = 1000;
const PARTITIONS: i32 = 12;

/// Answers at once: keeps, accepts, changes nothing.
const IDLE: &str = r#"(module
  (memory (export "memory") 64)
  (func $start (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536)))
  (start $start)
  (func (export "corvid_abi_1") (result i32) i32.const 0)
  (func (export "corvid_alloc") (param i32) (result i32) i32.const 65536)
  (func (export "corvid_partition") (param $ptr i32) (param i32) (result i64)
    (i64.extend_i32_u (i32.mul (i32.const 4) (i32.load offset=8 (local.get $ptr)))))
  (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)
  (func (export "corvid_transform") (param i32 i32) (result i64) i64.const 0))"#;

fn main() -> ExitCode {
    let rounds = std::env::args().skip_while(|arg| arg != "--rounds").nth(1);
    let rounds = rounds.and_then(|n| n.parse().ok()).unwrap_or(301);
    let Some(guest) = build_guest() else {
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(run(guest, rounds)) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

/// Builds the guest into the workspace's target directory.
fn build_guest() -> Option<Bytes> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = here.join("../../target");
    let manifest = here.join("examples/hook_bench/guest/Cargo.toml");
    build(&manifest, &target, &["build", "--quiet", "--release"])?;
    let module = target.join("wasm32-unknown-unknown/release/hook_bench_guest.wasm");
    std::fs::read(module).ok().map(Bytes::from)
}

/// Runs cargo for WebAssembly.
fn build(manifest: &Path, target: &Path, arguments: &[&str]) -> Option<()> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // As the broker's build script has it: the target folder is shared.
        .env("CONST_RANDOM_SEED", "corvid")
        .status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("{} does not build", manifest.display());
        return None;
    }
    Some(())
}

async fn run(guest: Bytes, rounds: usize) -> Option<()> {
    let config = HostConfig {
        cache: None,
        compiler: Compiler::InProcess,
        workers: 1,
        defaults: Limits::default(),
    };
    let host = PluginHost::new(config).expect("wasmtime runs here");
    let guest = load(&host, "bench", guest).await;
    let idle = load(
        &host,
        "idle",
        wat::parse_str(IDLE).expect("the bench's own module").into(),
    )
    .await;
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "hook", "value", "native", "plugin", "host", "ratio"
    );
    for value_len in [100, 1024] {
        let batch = batch(value_len);
        let batch = Batch::parse(&batch).expect("it was just built");
        let input = HookInput::of("bench", 0, PARTITIONS, &batch);
        let mut native = Native::new(&input);
        check(&guest, &mut native, input).await;
        for hook in ["partition", "validate", "transform"] {
            let alone = median(rounds, || {
                black_box(&mut native).call(hook, |answer| {
                    black_box(answer);
                });
            });
            let plugin = median_of(rounds, hook, &guest, input).await;
            let share = median_of(rounds, hook, &idle, input).await;
            let ratio = plugin / alone;
            println!("{hook:>9} {value_len:>7} B {alone:>6.1} ns {plugin:>6.1} ns {share:>6.1} ns {ratio:>6.2}x");
        }
    }
    languages::run(&host, rounds).await
}

async fn load(host: &PluginHost, name: &str, wasm: Bytes) -> Arc<Plugin> {
    let (name, config) = (name.to_owned(), "{}".to_owned());
    let spec = LoadSpec {
        name,
        wasm,
        config,
        limits: Limits::default(),
        generation: 0,
        tables: Tables::Unbound,
    };
    host.load(spec).await.expect("the bench's own module")
}

/// A thousand records with a key of 16 bytes and two headers.
fn batch(value_len: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    let value = vec![b'v'; value_len];
    for at in 0..RECORDS {
        let key = format!("key-{at:012}");
        let headers = [
            (&b"trace"[..], Some(&b"0123456789abcdef"[..])),
            (b"tenant", Some(b"acme")),
        ];
        let (key, value) = (Some(key.as_bytes()), Some(&value[..]));
        builder.push(&RecordParts {
            offset_delta: at as i32,
            key,
            value,
            headers: &headers,
            ..RecordParts::default()
        });
    }
    builder.finish(None).expect("a megabyte")
}

/// The plugin must answer what native code answers, or the comparison means nothing.
async fn check(plugin: &Plugin, native: &mut Native, input: HookInput<'_>) {
    let routes = plugin.partition(input).await.into_iter().map(|route| match route {
        Ok(Route::To(to)) => to,
        Ok(Route::Keep) | Err(_) => panic!("{route:?}"),
    });
    assert_eq!(routes.collect::<Vec<_>>(), native.routes());
    assert_eq!(plugin.validate(input).await.len(), native.entries("validate"));
    assert_eq!(plugin.transform(input).await.list.len(), native.entries("transform"));
}

async fn call_plugin(hook: &str, plugin: &Plugin, input: HookInput<'_>) {
    let input = black_box(input);
    match hook {
        "partition" => drop(black_box(plugin.partition(input).await)),
        "validate" => drop::<Vec<Failing>>(black_box(plugin.validate(input).await)),
        _ => drop::<Edits>(black_box(plugin.transform(input).await)),
    }
}

async fn median_of(rounds: usize, hook: &str, plugin: &Plugin, input: HookInput<'_>) -> f64 {
    let mut samples = Vec::with_capacity(rounds);
    for _ in 0..rounds + rounds / 10 {
        let start = Instant::now();
        call_plugin(hook, plugin, input).await;
        samples.push(start.elapsed());
    }
    middle(samples.split_off(rounds / 10))
}

fn median(rounds: usize, mut call: impl FnMut()) -> f64 {
    let mut samples = Vec::with_capacity(rounds);
    for _ in 0..rounds + rounds / 10 {
        let start = Instant::now();
        call();
        samples.push(start.elapsed());
    }
    middle(samples.split_off(rounds / 10))
}

/// The median in nanoseconds a record; the first samples were the warm-up.
fn middle(mut samples: Vec<std::time::Duration>) -> f64 {
    samples.sort_unstable();
    samples[samples.len() / 2].as_nanos() as f64 / RECORDS as f64
}
