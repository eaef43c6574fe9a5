//! What is let in, and what is refused with which words.

use super::support::{GOOD, guest, host, load, refusal, section, spec, validator, wasm};
use crate::{HookSet, Import, LoadError, inspect};

const ACCEPT: &str = r#"(func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)"#;
const KEEP: &str = r#"(func (export "corvid_partition") (param i32 i32) (result i64)
  (memory.fill (i32.const 1024) (i32.const 255) (i32.const 400))
  (call $answer (i32.const 1024) (i32.mul (i32.const 4) (i32.load offset=8 (local.get 0)))))"#;

/// The bug: a plugin is refused, and nobody says which of its forty imports is the reason.
#[tokio::test]
async fn a_forbidden_import_is_named() {
    let wasi = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
    match refusal(&guest(&format!("{wasi} {ACCEPT}"))).await {
        LoadError::Import { module, name, .. } => {
            assert_eq!((&module[..], &name[..]), ("wasi_snapshot_preview1", "fd_write"));
        }
        other => panic!("{other}"),
    }
    let memory = r#"(import "corvid" "log" (global i32))"#;
    let error = refusal(&guest(&format!("{memory} {ACCEPT}"))).await;
    assert_eq!(
        error.to_string(),
        "the module imports `corvid.log`, which a plugin is not offered: it is a function"
    );
    let other = r#"(import "corvid" "log" (func (param i64)))"#;
    let error = refusal(&guest(&format!("{other} {ACCEPT}"))).await;
    assert!(
        error.to_string().contains("(i32, i32, i32) -> (), not (i64) -> ()"),
        "{error}"
    );
}

/// The bug: a partitioner that rolls dice, so that a retry puts a record elsewhere.
#[tokio::test]
async fn a_partitioner_has_neither_clock_nor_dice() {
    for name in ["now_ms", "random"] {
        let import = format!(r#"(import "corvid" "{name}" (func (result i64)))"#);
        let error = refusal(&guest(&format!("{import} {KEEP}"))).await;
        assert!(
            matches!(&error, LoadError::Import { name: named, .. } if named == name),
            "{error}"
        );
        load(&guest(&format!("{import} {ACCEPT}"))).await;
    }
}

/// The bug: a view whose results are kept answers by the time of day.
#[tokio::test]
async fn a_view_has_neither_clock_nor_dice() {
    let view = r#"(func (export "corvid_view") (param i32 i32) (result i64) (i64.const 0))"#;
    let import = r#"(import "corvid" "now_ms" (func (result i64)))"#;
    let error = refusal(&guest(&format!("{import} {view}"))).await;
    assert!(error.to_string().contains("what it shows is kept"), "{error}");
    assert!(load(&guest(view)).await.hooks().view);
}

/// The bug: a module that is no plugin, or one of another release, is let in and fails on the first record.
#[tokio::test]
async fn exports_are_checked() {
    let without = |what: &str| {
        let parts = [
            ("memory", r#"(memory (export "memory") 1)"#),
            ("marker", r#"(func (export "corvid_abi_1") (result i32) i32.const 0)"#),
            (
                "alloc",
                r#"(func (export "corvid_alloc") (param i32) (result i32) i32.const 1024)"#,
            ),
            ("hook", ACCEPT),
        ];
        parts
            .into_iter()
            .filter(|(name, _)| *name != what)
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
            .concat()
    };
    let later = r#"(func (export "corvid_abi_2") (result i32) i32.const 0)"#;
    let typed = r#"(func (export "corvid_transform") (param i32) (result i64) i64.const 0)"#;
    for (text, expected) in [
        (without("memory"), "`memory` is missing"),
        (without("marker"), "`corvid_abi_1` is missing"),
        (
            without("marker") + later,
            "`corvid_abi_2` is of another release: this broker speaks corvid_abi_1",
        ),
        (without("alloc"), "`corvid_alloc` is missing"),
        (without("hook"), "the module has no hook"),
        (
            without("") + typed,
            "`corvid_transform` is (i32) -> (i64), not (i32, i32) -> (i64)",
        ),
    ] {
        let error = refusal(&wasm(&format!("(module {text})"))).await.to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = refusal(&bytes::Bytes::from_static(b"not wasm")).await;
    assert!(matches!(error, LoadError::Compile(_)), "{error}");
}

/// The bug: a plugin that can't read its configuration runs without one.
#[tokio::test]
async fn a_configuration_that_the_plugin_refuses_is_shown_with_its_words() {
    // Answers the configuration itself as the error, if it is longer than `{}`.
    let picky = format!(
        r#"(func (export "corvid_init") (param i32 i32) (result i64)
          (if (i32.eq (local.get 1) (i32.const 2)) (then (return (i64.const 0))))
          (call $answer (local.get 0) (local.get 1))) {ACCEPT}"#
    );
    let (host, wasm) = (host(), guest(&picky));
    host.load(spec(&wasm)).await.expect("an empty configuration is fine");
    let config = r#"{"filed":"name"}"#.to_owned();
    let error = host
        .load(crate::LoadSpec { config, ..spec(&wasm) })
        .await
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        r#"the plugin refuses its configuration: {"filed":"name"}"#
    );
    let trap = guest(&format!(
        r#"(func (export "corvid_init") (param i32 i32) (result i64) unreachable) {ACCEPT}"#
    ));
    let error = refusal(&trap).await;
    assert!(
        matches!(&error, LoadError::Init(text) if text.contains("unreachable")),
        "{error}"
    );
}

/// The bug: a plugin that falls over any tombstone is found out in production.
#[tokio::test]
async fn a_hook_that_traps_on_plain_records_is_refused_with_its_words() {
    let text = r#"(import "corvid" "log" (func $log (param i32 i32 i32)))
      (data (i32.const 16) "no tombstones!")
      (func (export "corvid_transform") (param i32 i32) (result i64)
        (call $log (i32.const 4) (i32.const 16) (i32.const 14)) unreachable)"#;
    let error = refusal(&guest(text)).await;
    assert_eq!(
        error.to_string(),
        "the self-test of `transform` failed: panic: no tombstones!"
    );
    let endless = refusal(&guest(&ACCEPT.replace("i64.const 0", "(loop (br 0)) unreachable"))).await;
    assert!(
        endless
            .to_string()
            .starts_with("the self-test of `validate` failed: deadline"),
        "{endless}"
    );
}

/// The bug: a validator that refuses what the self-test sends, as it may, can't be loaded.
#[tokio::test]
async fn a_verdict_is_no_failure_of_the_self_test() {
    let refuse_first = r#"(func (export "corvid_validate") (param i32 i32) (result i64)
      (i32.store (i32.const 1024) (i32.const 1))
      (call $answer (i32.const 1024) (i32.const 12)))"#;
    let plugin = load(&guest(refuse_first)).await;
    assert_eq!(
        (plugin.stats().calls, plugin.stats().refusals),
        (0, 0),
        "the self-test is not counted"
    );
    assert_eq!(plugin.validate(section(&[GOOD, GOOD]).input()).await.len(), 1);
}

/// The bug: a module whose start function loops, or whose memory is above its ceiling, hangs or kills the broker.
#[tokio::test]
async fn a_module_that_does_not_start_is_refused() {
    let endless = guest(&format!("(func $start (loop (br 0))) (start $start) {ACCEPT}"));
    let error = refusal(&endless).await;
    assert!(
        matches!(&error, LoadError::Start(fault) if fault.kind == crate::FaultKind::Deadline),
        "{error}"
    );
    let large = format!(
        r#"(module (memory (export "memory") 64)
          (func (export "corvid_abi_1") (result i32) i32.const 0)
          (func (export "corvid_alloc") (param i32) (result i32) i32.const 1024) {ACCEPT})"#
    );
    let error = refusal(&wasm(&large)).await;
    assert!(
        matches!(&error, LoadError::Start(fault) if fault.kind == crate::FaultKind::Memory),
        "{error}"
    );
}

/// The bug: two bindings of one module compile and keep it twice.
#[tokio::test]
async fn plugins_of_one_module_share_its_code() {
    let (host, wasm) = (host(), validator("unreachable"));
    let first = host.load(spec(&wasm)).await.expect("a guest that loads");
    let second = host.load(spec(&wasm)).await.expect("a guest that loads");
    assert_eq!(first.digest(), second.digest());
    assert!(first.sandbox.shares_code_with(&second.sandbox));
}

/// The bug: the command line shows other hooks or imports than the broker would bind.
#[test]
fn inspection_tells_hooks_imports_and_minor() {
    let text = format!(r#"(import "corvid" "log" (func (param i32 i32 i32))) {KEEP} {ACCEPT}"#);
    let wasm = guest(&text);
    let inspection = inspect(&wasm).expect("a plugin");
    assert_eq!(
        inspection.hooks,
        HookSet {
            partition: true,
            validate: true,
            transform: false,
            policy: false,
            view: false
        }
    );
    assert_eq!(
        inspection.imports,
        [Import {
            module: "corvid".to_owned(),
            name: "log".to_owned()
        }]
    );
    assert_eq!((inspection.abi_minor, inspection.size), (0, wasm.len()));
    assert!(matches!(inspect(b"\0asm"), Err(LoadError::Compile(_))));
}
