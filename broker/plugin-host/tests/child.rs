//! Compiling in a child process. This program is its own child, so it has a `main` of its own: a test
//! harness would write to the standard output, which is the child's answer.

#![allow(clippy::disallowed_methods, reason = "a test brings its own runtime")]

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_plugin_host::{
    Compiler, HookInput, HostConfig, Limits, LoadError, LoadSpec, PluginHost, Tables, compile_main,
};

const ACCEPTS: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "corvid_abi_1") (result i32) i32.const 0)
  (func (export "corvid_alloc") (param i32) (result i32) i32.const 1024)
  (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0))"#;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("compile") => return compile_main(),
        Some("die") => std::process::abort(),
        Some("lie") => print!("\0nothing that was ever sealed"),
        Some("--list") => println!("everything: test"),
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(everything());
            println!("tests of the child process: ok");
        }
    }
    ExitCode::SUCCESS
}

async fn everything() {
    a_module_compiled_by_a_child_runs_and_is_cached().await;
    a_complaint_of_the_compiler_reaches_the_caller().await;
    a_child_that_dies_or_lies_is_an_error().await;
    limits_hold_in_the_child();
}

fn host(mode: &str, cache: Option<Dir>) -> Arc<PluginHost> {
    let exe = std::env::current_exe().expect("this program");
    let compiler = Compiler::Child {
        exe,
        args: vec![mode.to_owned()],
    };
    let config = HostConfig {
        cache,
        compiler,
        workers: 2,
        defaults: Limits::default(),
    };
    PluginHost::new(config).expect("wasmtime runs here")
}

async fn load(host: &PluginHost, wasm: &[u8]) -> Result<usize, LoadError> {
    let spec = LoadSpec {
        name: "guest".to_owned(),
        wasm: wasm.to_vec().into(),
        config: "{}".to_owned(),
        limits: Limits::default(),
        generation: 1,
        tables: Tables::Unbound,
    };
    let plugin = host.load(spec).await?;
    let records = [12, 0, 0, 0, 1, 1, 0];
    let input = HookInput {
        topic: "t",
        partition: 0,
        partitions: 1,
        base_timestamp: 0,
        records: &records,
        count: 1,
        failures: &[],
        viewer: None,
        moment: None,
    };
    Ok(plugin.validate(input).await.len())
}

/// The bug: what the child compiles is not what this process runs; or it is compiled again at every start.
async fn a_module_compiled_by_a_child_runs_and_is_cached() {
    let wasm = wat::parse_str(ACCEPTS).expect("the test's own module");
    let dir = tempfile::tempdir().expect("a directory");
    let cache = || Some(Dir::open(dir.path()).expect("it is there"));
    assert_eq!(load(&host("compile", cache()), &wasm).await.expect("it loads"), 0);
    // This child would fail; it is not asked.
    assert_eq!(load(&host("die", cache()), &wasm).await.expect("it is cached"), 0);
}

/// The bug: an author reads "the compiler ended" instead of what is wrong with the module.
async fn a_complaint_of_the_compiler_reaches_the_caller() {
    let mut wasm = wat::parse_str(ACCEPTS).expect("the test's own module");
    wasm.truncate(wasm.len() - 1);
    let error = load(&host("compile", None), &wasm).await.expect_err("half a module");
    assert!(matches!(error, LoadError::Compile(_)), "{error}");
}

/// The bug: what a broken or foreign program says is loaded as machine code, or hangs the broker.
async fn a_child_that_dies_or_lies_is_an_error() {
    let wasm = wat::parse_str(ACCEPTS).expect("the test's own module");
    for mode in ["die", "lie"] {
        let error = load(&host(mode, None), &wasm).await.expect_err("no code");
        assert!(matches!(error, LoadError::Compiler(_)), "{error}");
    }
    let compiler = Compiler::Child {
        exe: PathBuf::from("/nowhere/corvid"),
        args: Vec::new(),
    };
    let config = HostConfig {
        cache: None,
        compiler,
        workers: 1,
        defaults: Limits::default(),
    };
    let host = PluginHost::new(config).expect("wasmtime runs here");
    let error = load(&host, &wasm).await.expect_err("no program");
    assert!(error.to_string().contains("/nowhere/corvid"), "{error}");
}

/// The bug: a compiler without limits; or one that fails where a lower limit is already set.
fn limits_hold_in_the_child() {
    let exe = std::env::current_exe().expect("this program");
    let shell = |limit: &str| {
        let script = format!("ulimit {limit}; printf 'not wasm' | exec \"$0\" compile");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(&exe).stderr(Stdio::null());
        command.output().expect("a shell")
    };
    let lower = shell("-t 5");
    assert!(lower.status.success() && lower.stdout.first() == Some(&1), "{lower:?}");

    // While it waits for its module, the child shows its limits.
    let mut command = Command::new(&exe);
    let mut child = command
        .arg("compile")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a child");
    let limits = format!("/proc/{}/limits", child.id());
    let is_limited = || {
        let limits = std::fs::read_to_string(&limits).expect("a process has limits");
        let of = |name: &str| limits.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        let space = of("Max address space").expect("it is listed");
        let files = of("Max file size").expect("it is listed");
        space.contains("2147483648") && files.split_whitespace().nth(3) == Some("0")
    };
    let patience = std::time::Duration::from_millis(5);
    assert!((0..2000).any(|_| is_limited() || {
        std::thread::sleep(patience);
        false
    }));
    drop(child.stdin.take());
    child.wait().expect("it ends without a module");
}
