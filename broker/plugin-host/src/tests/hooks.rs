//! A plugin that has other hooks with another configuration.

use super::support::{guest, host, load, section, spec};
use crate::{Edited, FaultKind, LoadError, LoadSpec};

/// A validator and a transform which traps; `corvid_hooks` answers the bytes of the configuration's `"…"`.
fn chooser() -> bytes::Bytes {
    guest(
        r#"(global $len (mut i32) (i32.const 0))
        (func (export "corvid_init") (param $ptr i32) (param $len i32) (result i64)
          (memory.copy (i32.const 1024) (i32.add (local.get $ptr) (i32.const 1)) (local.get $len))
          (global.set $len (i32.sub (local.get $len) (i32.const 2)))
          (i64.const 0))
        (func (export "corvid_hooks") (result i64) (call $answer (i32.const 1024) (global.get $len)))
        (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)
        (func (export "corvid_transform") (param i32 i32) (result i64) unreachable)"#,
    )
}

fn with(config: &str) -> LoadSpec {
    LoadSpec {
        config: format!("\"{config}\""),
        ..spec(&chooser())
    }
}

/// The bug: a script without a function for its place is bound there, and every record is a fault.
#[tokio::test]
async fn a_plugin_says_which_hooks_it_has() {
    let plugin = host()
        .load(with("validate someday"))
        .await
        .expect("the self-test leaves the other hook alone");
    let hooks: Vec<_> = plugin.hooks().iter().map(crate::Hook::name).collect();
    assert_eq!(hooks, ["validate"]);
    let records = section(&[b"x"]);
    assert!(plugin.validate(records.input()).await.is_empty());
    let edits = plugin.transform(records.input()).await;
    assert!(matches!(&edits.list[..], [(0, Edited::Fault(fault))] if fault.kind == FaultKind::NoInstance));
    assert!(matches!(
        host().load(with("transform")).await,
        Err(LoadError::SelfTest { .. })
    ));
}

#[tokio::test]
async fn a_plugin_without_any_hook_is_refused() {
    let error = host().load(with("none")).await.expect_err("no hook is left");
    assert!(
        error
            .to_string()
            .contains("it has none of its hooks with this configuration"),
        "{error}"
    );
    let other = guest(
        r#"(func (export "corvid_hooks") (result i32) i32.const 1)
        (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)"#,
    );
    let error = super::support::refusal(&other).await;
    assert!(
        error
            .to_string()
            .contains("`corvid_hooks` is () -> (i32), not () -> (i64)"),
        "{error}"
    );
    let all = load(&guest(
        r#"(func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)"#,
    ))
    .await;
    assert!(all.hooks().validate);
}
