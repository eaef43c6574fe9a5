//! Plugins that loop, recurse, eat memory or take what is too large.

use super::support::{BAD, GOOD, guest, host_with, mixed, section, spec, validator};
use super::support::{config, host, load};
use crate::meter::Metering;
use crate::{Failing, FaultKind, Plugin, Verdict};

const LOOP: &str = "(loop $ever (br $ever))";

/// The places and kinds of what a validator did not accept.
fn faults(failing: &[Failing]) -> Vec<(u32, FaultKind)> {
    let kind = |failing: &Failing| match &failing.verdict {
        Verdict::Fault(fault) => (failing.index, fault.kind),
        Verdict::Refused { .. } => panic!("{failing:?}"),
    };
    failing.iter().map(kind).collect()
}

async fn validate(plugin: &Plugin, count: usize, bad: &[usize]) -> Vec<(u32, FaultKind)> {
    faults(&plugin.validate(mixed(count, bad).input()).await)
}

/// The bug: a plugin that loops takes its thread, and with it the broker's connections, for ever.
#[tokio::test]
async fn a_loop_ends_at_the_deadline_and_only_the_culprit_faults() {
    let plugin = load(&validator(LOOP)).await;
    assert_eq!(validate(&plugin, 10, &[3]).await, [(3, FaultKind::Deadline)]);
    assert_eq!(validate(&plugin, 10, &[]).await, []);
    let stats = plugin.stats();
    assert!(
        stats.cpu_time >= spec(&validator(LOOP)).limits.deadline * 2,
        "{stats:?}"
    );
    assert_eq!(stats.faults, [(FaultKind::Deadline, 1)]);
}

/// The bug: a batch full of records that a plugin loops on is searched for minutes.
#[tokio::test]
async fn the_search_for_culprits_ends_after_five_deadlines() {
    let plugin = load(&validator(LOOP)).await;
    let bad: Vec<usize> = (0..20).collect();
    let all = (0..30).map(|index| (index, FaultKind::Deadline)).collect::<Vec<_>>();
    assert_eq!(validate(&plugin, 30, &bad).await, all);
    assert!(plugin.stats().calls <= 1 + 6, "{:?}", plugin.stats());
}

/// The bug: a plugin's hunger is the broker's death; or it is reported as some trap.
#[tokio::test]
async fn memory_ends_at_its_ceiling() {
    let eat = r"(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    let plugin = load(&validator(eat)).await;
    assert_eq!(validate(&plugin, 5, &[4]).await, [(4, FaultKind::Memory)]);
    assert_eq!(plugin.stats().memory_high_water, 2 << 20);
}

/// The bug: once a plugin was denied memory and managed without, every later panic of it is called hunger.
#[tokio::test]
async fn a_denial_is_forgotten_with_its_call() {
    let text = format!(
        "{} (func $thirst (drop (memory.grow (i32.const 100))))",
        hook_on_bad("unreachable").replace("(i64.const 0))", "(call $thirst) (i64.const 0))")
    );
    let plugin = load(&guest(&text)).await;
    assert_eq!(validate(&plugin, 2, &[1]).await, [(1, FaultKind::Panic)]);
    assert_eq!(validate(&plugin, 2, &[]).await, [], "it manages without");
}

/// The bug: recursion without end overflows the stack of the broker's thread.
#[tokio::test]
async fn recursion_ends_at_the_stack_limit() {
    let body = r"(func $down (param i64) (result i64)
        (i64.add (i64.const 1) (call $down (i64.add (local.get 0) (i64.const 1)))))";
    let text = format!("{body} {}", hook_on_bad("(drop (call $down (i64.const 0)))"));
    let plugin = load(&guest(&text)).await;
    assert_eq!(validate(&plugin, 5, &[0]).await, [(0, FaultKind::Stack)]);
}

fn hook_on_bad(on_bad: &str) -> String {
    format!(
        r#"(func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
          (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.add (local.get $ptr) (local.get $len)))
            (then {on_bad}))
          (i64.const 0))"#
    )
}

/// The bug: a wild pointer reads the host's memory.
#[tokio::test]
async fn memory_outside_is_out_of_reach() {
    let plugin = load(&validator("(drop (i32.load (i32.const -8)))")).await;
    assert_eq!(validate(&plugin, 5, &[2]).await, [(2, FaultKind::Stack)]);
}

/// The bug: an answer of any size is copied out of the guest.
#[tokio::test]
async fn an_answer_above_the_ceiling_is_too_large() {
    let plugin = load(&validator(
        "(return (call $answer (i32.const 1024) (i32.const 200000)))",
    ))
    .await;
    assert_eq!(validate(&plugin, 5, &[2]).await, [(2, FaultKind::TooLarge)]);
}

/// The bug: a record that can't fit into the guest's memory is a fault of all others in its batch.
#[tokio::test]
async fn a_record_above_the_ceiling_is_too_large_and_alone() {
    let plugin = load(&validator("unreachable")).await;
    let huge = vec![1; 600 << 10];
    let batch = section(&[GOOD, GOOD, &huge, GOOD]);
    assert_eq!(
        faults(&plugin.validate(batch.input()).await),
        [(2, FaultKind::TooLarge)]
    );
    assert_eq!(plugin.stats().calls, 2, "the huge record never went in");
}

/// The bug: a plugin whose allocator says no is fed into address 0.
#[tokio::test]
async fn an_allocator_that_has_no_room_is_believed() {
    let text = r#"(module
      (memory (export "memory") 4)
      (func (export "corvid_abi_1") (result i32) i32.const 0)
      (func (export "corvid_alloc") (param i32) (result i32)
        (select (i32.const 0) (i32.const 1024) (i32.gt_u (local.get 0) (i32.const 4096))))
      (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0))"#;
    let plugin = load(&super::support::wasm(text)).await;
    let large = vec![1; 5000];
    let batch = section(&[GOOD, &large, GOOD]);
    assert_eq!(
        faults(&plugin.validate(batch.input()).await),
        [(1, FaultKind::TooLarge)]
    );
}

/// The bug: a buffer that is not there, or wraps around the address space, is written to.
#[tokio::test]
async fn a_buffer_outside_memory_is_a_bad_answer() {
    for ptr in [65_530, -4, -70_000] {
        let text = format!(
            r#"(module
              (memory (export "memory") 1)
              (func (export "corvid_abi_1") (result i32) i32.const 0)
              (func (export "corvid_alloc") (param i32) (result i32) i32.const {ptr})
              (func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0))"#
        );
        let error = super::support::refusal(&super::support::wasm(&text)).await;
        assert!(error.to_string().contains("outside memory"), "{error}");
    }
}

/// The bug: under simulation a loop never ends, or ends elsewhere in the next run of the same seed.
#[tokio::test]
async fn fuel_ends_a_loop_and_counts_the_same_every_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let host = host_with(config(), Metering::Fuel);
        let plugin = host.load(spec(&validator(LOOP))).await.expect("a guest that loads");
        assert_eq!(validate(&plugin, 10, &[3]).await, [(3, FaultKind::Deadline)]);
        runs.push(plugin.stats());
    }
    assert_eq!(runs[0], runs[1]);
}

/// The bug: a plugin that takes long holds up the network threads for good; or its answers change when it moves.
#[tokio::test]
async fn a_slow_plugin_moves_to_the_pool_and_answers_the_same() {
    let spin = r#"(func (export "corvid_partition") (param i32 i32) (result i64)
      (local $n i32)
      (loop $more
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $n) (i32.const 200000))))
      (memory.fill (i32.const 1024) (i32.const 255) (i32.const 400))
      (call $answer (i32.const 1024) (i32.mul (i32.const 4) (i32.load offset=8 (local.get 0)))))"#;
    let host = host_with(config(), Metering::Fuel);
    let plugin = host.load(spec(&guest(spin))).await.expect("a guest that loads");
    assert!(!plugin.sandbox.wants_pool());
    for _ in 0..20 {
        let routes = plugin.partition(section(&[GOOD, BAD]).input()).await;
        assert_eq!(routes, [Ok(crate::Route::Keep), Ok(crate::Route::Keep)]);
    }
    assert!(plugin.sandbox.wants_pool(), "{:?}", plugin.stats());
}

/// The bug: the ticker goes on for ever, and an idle broker wakes up 250 times a second.
#[tokio::test]
async fn the_ticker_sleeps_when_nothing_is_called() {
    let host = host();
    let plugin = host.load(spec(&validator(LOOP))).await.expect("a guest that loads");
    assert_eq!(validate(&plugin, 1, &[0]).await, [(0, FaultKind::Deadline)]);
    while !host.ticker().is_parked() {
        tokio::time::sleep(crate::ticker::TICK).await;
    }
}
