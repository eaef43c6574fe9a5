//! What a plugin may look up, and that it can't reach beyond.

use std::sync::Arc;

use bytes::Bytes;

use super::support::{guest, host, section, spec};
use crate::{FaultKind, LoadError, LoadSpec, Plugin, Table, Tables};

/// Opens `limits`, objects if it can't, and looks `ada` up in `call` for every batch: without a value, it traps.
fn looks_up(call: &str) -> Bytes {
    guest(&format!(
        r#"(import "corvid" "table_open" (func $open (param i32 i32) (result i32)))
        (import "corvid" "table_get" (func $get (param i32 i32 i32 i32 i32) (result i64)))
        (data (i32.const 256) "limitsada")
        (global $limits (mut i32) (i32.const 0))
        (func (export "corvid_init") (param i32 i32) (result i64)
          (global.set $limits (call $open (i32.const 256) (i32.const 6)))
          (if (i32.lt_s (global.get $limits) (i32.const 0)) (then (return (call $answer (i32.const 256) (i32.const 6)))))
          (i64.const 0))
        (func (export "corvid_validate") (param i32 i32) (result i64)
          (if (i64.ne {call} (i64.const 3)) (then unreachable))
          (if (i32.ne (i32.load16_u (i32.const 2048)) (i32.const 0x3031)) (then unreachable))
          (i64.const 0))"#
    ))
}

const ADAS: &str = "(call $get (global.get $limits) (i32.const 262) (i32.const 3) (i32.const 2048) (i32.const 2))";

async fn granted(wasm: &Bytes, name: &str, table: &Arc<Table>) -> Result<Arc<Plugin>, LoadError> {
    let tables = Tables::Granted([(name.to_owned(), table.clone())].into());
    host().load(LoadSpec { tables, ..spec(wasm) }).await
}

fn limits() -> Arc<Table> {
    let limits = Arc::new(Table::default());
    limits.set(b"ada", Some(b"100"));
    limits
}

async fn fault(plugin: &Plugin) -> Option<FaultKind> {
    let records = section(&[b"x"]);
    let failing = plugin.validate(records.input()).await;
    failing.first().map(|failing| match &failing.verdict {
        crate::Verdict::Fault(fault) => fault.kind,
        crate::Verdict::Refused { .. } => unreachable!("the guest refuses nothing"),
    })
}

/// The bug: a look-up sees what was there when the plugin was loaded, or reads past the room that it has for the value.
#[tokio::test]
async fn a_value_is_looked_up_as_it_is_now_and_cut_where_there_is_no_room() {
    let limits = limits();
    let plugin = granted(&looks_up(ADAS), "limits", &limits)
        .await
        .expect("it has what it opens");
    assert_eq!(fault(&plugin).await, None);
    limits.set(b"ada", None);
    assert_eq!(fault(&plugin).await, Some(FaultKind::Panic));
    limits.set(b"ada", Some(b"107"));
    assert_eq!(fault(&plugin).await, None);
}

/// The bug: a plugin opens what nobody granted.
#[tokio::test]
async fn only_what_is_granted_is_opened() {
    let wasm = looks_up(ADAS);
    let refused = granted(&wasm, "other", &limits())
        .await
        .expect_err("its table is not granted");
    assert!(refused.to_string().contains("limits"), "{refused}");
    // By itself it may be tried: it traps in its self-test, having found nothing.
    let tried = host().load(spec(&wasm)).await;
    assert!(matches!(tried, Err(LoadError::SelfTest { .. })), "{tried:?}");
}

/// The bug: a pointer or a number of the guest's own making panics the host, or reads its memory.
#[tokio::test]
async fn a_look_up_stays_inside() {
    for call in [
        "(call $get (i32.const 1) (i32.const 262) (i32.const 3) (i32.const 2048) (i32.const 2))",
        "(call $get (i32.const -1) (i32.const 262) (i32.const 3) (i32.const 2048) (i32.const 2))",
        "(call $get (global.get $limits) (i32.const -1) (i32.const 3) (i32.const 2048) (i32.const 2))",
        "(call $get (global.get $limits) (i32.const 262) (i32.const -1) (i32.const 2048) (i32.const 2))",
        "(call $get (global.get $limits) (i32.const 262) (i32.const 3) (i32.const 2048) (i32.const -1))",
    ] {
        match granted(&looks_up(call), "limits", &limits()).await {
            Err(LoadError::SelfTest { fault, .. }) => assert_eq!(fault.kind, FaultKind::BadAnswer, "{call}"),
            other => panic!("{call}: {other:?}"),
        }
    }
}

/// The bug: what is looked up while the plugin starts is kept, and the table has not been read yet.
#[tokio::test]
async fn nothing_is_looked_up_before_the_first_record() {
    let early = guest(
        r#"(import "corvid" "table_get" (func $get (param i32 i32 i32 i32 i32) (result i64)))
        (func (export "corvid_init") (param i32 i32) (result i64)
          (drop (call $get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
          (i64.const 0))
        (func (export "corvid_validate") (param i32 i32) (result i64) (i64.const 0))"#,
    );
    let refused = granted(&early, "limits", &limits()).await.expect_err("it is too early");
    assert!(refused.to_string().contains("before the first record"), "{refused}");
}
