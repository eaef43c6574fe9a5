//! What an instance remembers, and what it does not.

use std::sync::Arc;

use super::support::{BAD, GOOD, guest, load, section, wasm};
use crate::{FaultKind, Plugin, Route};

/// A partitioner that counts its calls in a global, answers the count, and traps on a bad record.
fn counter() -> bytes::Bytes {
    guest(
        r#"(global $calls (mut i32) (i32.const 0))
        (func (export "corvid_partition") (param $ptr i32) (param $len i32) (result i64)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.add (local.get $ptr) (local.get $len)))
            (then unreachable))
          (i32.store (i32.const 1024) (i32.rem_u (global.get $calls) (i32.const 3)))
          (i32.store (i32.const 1028) (i32.rem_u (global.get $calls) (i32.const 3)))
          (i32.store (i32.const 1032) (i32.rem_u (global.get $calls) (i32.const 3)))
          (i32.store (i32.const 1036) (i32.rem_u (global.get $calls) (i32.const 3)))
          (i32.store (i32.const 1040) (i32.rem_u (global.get $calls) (i32.const 3)))
          (i32.store (i32.const 1044) (i32.rem_u (global.get $calls) (i32.const 3)))
          (call $answer (i32.const 1024) (i32.mul (i32.const 4) (i32.load offset=8 (local.get $ptr)))))"#,
    )
}

async fn route(plugin: &Plugin, value: &[u8]) -> Result<i32, FaultKind> {
    let routes = plugin.partition(section(&[value]).input()).await;
    match &routes[..] {
        [Ok(Route::To(to))] => Ok(*to),
        [Err(fault)] => Err(fault.kind),
        _ => panic!("{routes:?}"),
    }
}

/// The bug: every batch pays for a new instance; or an instance that trapped, and may be in any state, goes on.
#[tokio::test]
async fn instances_are_used_again_but_not_after_a_trap() {
    let plugin = load(&counter()).await;
    // The self-test has made two calls.
    assert_eq!(route(&plugin, GOOD).await, Ok(0));
    assert_eq!(route(&plugin, GOOD).await, Ok(1));
    assert_eq!(plugin.stats().instances_made, 1);
    assert_eq!(route(&plugin, BAD).await, Err(FaultKind::Panic));
    assert_eq!(
        route(&plugin, GOOD).await,
        Ok(1),
        "a new instance counts from the start"
    );
    let stats = plugin.stats();
    // The first one, the one that tried the bad record again, and the last.
    assert_eq!((stats.instances_made, stats.instances), (3, 1));
}

/// The bug: a plugin that leaks falls over a record that did nothing, and that record is blamed.
#[tokio::test]
async fn a_record_is_not_blamed_for_what_earlier_ones_left_behind() {
    // Traps from its fourth call on.
    let tired = r#"(global $calls (mut i32) (i32.const 0))
        (func (export "corvid_validate") (param i32 i32) (result i64)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (if (i32.gt_u (global.get $calls) (i32.const 3)) (then unreachable))
          (i64.const 0))"#;
    let plugin = load(&guest(tired)).await;
    for _ in 0..20 {
        assert_eq!(plugin.validate(section(&[GOOD]).input()).await, []);
    }
    // While a culprit is sought, too: the fourth record alone on the same instance.
    for _ in 0..20 {
        assert_eq!(plugin.validate(section(&[GOOD; 10]).input()).await, []);
    }
    assert_eq!(plugin.stats().faulted(), 0);
    assert!(plugin.stats().instances_made > 5);
}

/// The bug: two threads in one instance, or instances without end under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_have_an_instance_each_and_few_are_kept() {
    let plugin = load(&counter()).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let plugin = Arc::clone(&plugin);
        tasks.push(tokio::spawn(async move {
            for at in 0..50 {
                let value = if at % 10 == 0 { BAD } else { GOOD };
                assert_eq!(route(&plugin, value).await.is_err(), value == BAD);
            }
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    assert!(plugin.stats().instances <= 2, "{:?}", plugin.stats());
    assert_eq!(plugin.stats().faults, [(FaultKind::Panic, 40)]);
}

/// The bug: the second instance has no configuration, or one that no longer starts is taken for a bad record.
#[tokio::test]
async fn an_instance_that_no_longer_starts_is_its_own_fault() {
    // Reads the clock when it starts, and does not start a second time: `random` decides.
    let text = r#"(module
        (import "corvid" "random" (func $random (result i64)))
        (memory (export "memory") 1)
        (func (export "corvid_abi_1") (result i32) i32.const 0)
        (func (export "corvid_alloc") (param i32) (result i32) i32.const 1024)
        (func (export "corvid_init") (param i32 i32) (result i64)
          (if (i64.eqz (i64.and (call $random) (i64.const 1))) (then (return (i64.const 68719476740))))
          (i64.const 0))
        (data (i32.const 16) "nope")
        (func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
          (if (i32.eq (i32.load offset=8 (local.get $ptr)) (i32.const 2)) (then unreachable))
          (i64.const 0)))"#;
    let (host, wasm) = (super::support::host(), wasm(text));
    let mut plugin = host.load(super::support::spec(&wasm)).await;
    while let Err(error) = plugin {
        assert_eq!(error.to_string(), "the plugin refuses its configuration: nope");
        plugin = host.load(super::support::spec(&wasm)).await;
    }
    let plugin = plugin.expect("the loop ended");
    // Two records in one call trap; each alone is fine, if an instance can be made.
    for _ in 0..30 {
        for failing in plugin.validate(section(&[GOOD, GOOD]).input()).await {
            let crate::Verdict::Fault(fault) = failing.verdict else {
                panic!("a fault")
            };
            assert!(
                matches!(fault.kind, FaultKind::NoInstance | FaultKind::BreakerOpen),
                "{fault}"
            );
        }
    }
}
