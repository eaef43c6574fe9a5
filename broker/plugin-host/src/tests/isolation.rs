//! One record that a plugin falls over, among many that it does not; and a plugin that only falls over.

use std::time::Duration;

use super::support::{BAD, GOOD, config, guest, host_with, load, mixed, section, spec, validator};
use crate::meter::Metering;
use crate::{BreakerState, Edited, FaultKind, Limits, LoadSpec, Plugin, Route, Verdict};

/// Panics as a Rust guest does: the text to the log, then a trap.
const PANIC: &str = "(call $log (i32.const 4) (i32.const 16) (i32.const 11)) unreachable";

/// A guest with all three hooks, which panic on a bad record and otherwise say keep, accept, leave.
fn panicking() -> bytes::Bytes {
    let hook = |name: &str, answer: &str| {
        format!(
            r#"(func (export "{name}") (param $ptr i32) (param $len i32) (result i64)
              (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                                (i32.add (local.get $ptr) (local.get $len)))
                (then {PANIC}))
              {answer})"#
        )
    };
    let keep = r"(memory.fill (i32.const 1024) (i32.const 255) (i32.const 400))
      (call $answer (i32.const 1024) (i32.mul (i32.const 4) (i32.load offset=8 (local.get $ptr))))";
    let nothing = "(i64.const 0)";
    guest(&format!(
        r#"(import "corvid" "log" (func $log (param i32 i32 i32)))
        (data (i32.const 16) "what is it?")
        {} {} {}"#,
        hook("corvid_partition", keep),
        hook("corvid_validate", nothing),
        hook("corvid_transform", nothing)
    ))
}

/// The bug: one record that a plugin panics on takes the whole batch with it; or another one, by a wrong index.
#[tokio::test]
async fn a_panic_is_the_fault_of_one_record_with_its_text() {
    let plugin = load(&panicking()).await;
    let batch = mixed(20, &[7, 13]);

    let routes = plugin.partition(batch.input()).await;
    assert_eq!(routes.len(), 20);
    for (at, route) in routes.iter().enumerate() {
        match route {
            Ok(route) => assert!(*route == Route::Keep && at != 7 && at != 13),
            Err(fault) => assert_eq!(fault.to_string(), "panic: what is it?"),
        }
    }

    let failing = plugin.validate(batch.input()).await;
    assert_eq!(failing.iter().map(|failing| failing.index).collect::<Vec<_>>(), [7, 13]);
    assert!(matches!(&failing[0].verdict, Verdict::Fault(fault) if fault.kind == FaultKind::Panic));

    let edits = plugin.transform(batch.input()).await;
    assert_eq!(edits.list.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [7, 13]);
    assert!(matches!(&edits.list[1].1, Edited::Fault(fault) if fault.kind == FaultKind::Panic));

    assert_eq!(plugin.stats().faults, [(FaultKind::Panic, 6)]);
    assert_eq!(
        plugin.stats().records,
        60,
        "records that went in twice are counted once"
    );
    assert_eq!(plugin.stats().breaker, BreakerState::Closed);
    assert_eq!(plugin.stats().instances, 1, "the last one of a search is kept");
}

/// The bug: batches with one bad record each open the breaker, and good ones suffer.
#[tokio::test]
async fn culprits_that_are_found_cheaply_do_not_open_the_breaker() {
    let plugin = load(&panicking()).await;
    for _ in 0..50 {
        assert_eq!(plugin.validate(mixed(20, &[7]).input()).await.len(), 1);
    }
    assert_eq!(plugin.stats().breaker_opened, 0);
}

/// The bug: a plugin that loops on a record of every batch keeps a core busy for good, since the rest is fine.
#[tokio::test]
async fn culprits_that_are_found_dearly_open_the_breaker() {
    let host = host_with(config(), Metering::Fuel);
    let limits = Limits {
        deadline: Duration::from_millis(2),
        ..spec(&panicking()).limits
    };
    let wasm = validator("(loop (br 0))");
    let plugin = host
        .load(LoadSpec { limits, ..spec(&wasm) })
        .await
        .expect("a guest that loads");
    for _ in 0..10 {
        assert_eq!(plugin.stats().breaker, BreakerState::Closed);
        assert_eq!(plugin.validate(mixed(5, &[2]).input()).await.len(), 1);
    }
    assert_eq!(plugin.stats().breaker, BreakerState::Open);
}

async fn kinds(plugin: &Plugin, value: &[u8]) -> Vec<FaultKind> {
    let failing = plugin.validate(section(&[value]).input()).await;
    let kind = |verdict: &Verdict| match verdict {
        Verdict::Fault(fault) => fault.kind,
        Verdict::Refused { .. } => panic!("{verdict:?}"),
    };
    failing.iter().map(|failing| kind(&failing.verdict)).collect()
}

/// The bug: a plugin that only fails is run again and again; or is never tried again once it would work.
#[tokio::test(start_paused = true)]
async fn the_breaker_opens_and_closes() {
    let plugin = load(&validator("unreachable")).await;
    for _ in 0..10 {
        assert_eq!(kinds(&plugin, BAD).await, [FaultKind::Panic]);
    }
    assert_eq!(plugin.stats().breaker, BreakerState::Open);
    let calls = plugin.stats().calls;
    assert_eq!(kinds(&plugin, GOOD).await, [FaultKind::BreakerOpen]);
    assert_eq!(plugin.stats().calls, calls, "an open breaker means no call");
    // The bug: from then on nobody is told what is wrong with the plugin.
    let refused = plugin.validate(section(&[GOOD]).input()).await;
    let Verdict::Fault(fault) = &refused[0].verdict else {
        panic!("{refused:?}")
    };
    assert!(fault.detail.contains("its last fault: panic: "), "{fault}");

    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(kinds(&plugin, BAD).await, [FaultKind::Panic]);
    assert_eq!(kinds(&plugin, GOOD).await, [FaultKind::BreakerOpen], "the trial failed");

    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(kinds(&plugin, GOOD).await, []);
    assert_eq!(plugin.stats().breaker, BreakerState::Closed);
    assert_eq!(plugin.stats().breaker_opened, 2);
}

/// A walk over the records: `each` sees the record's number in `$index`, and its bytes from `$at` to `$next`.
fn walk(export: &str, each: &str) -> String {
    format!(
        r#"(func (export "{export}") (param $ptr i32) (param $len i32) (result i64)
          (local $at i32) (local $index i32) (local $out i32) (local $count i32)
          (local.set $out (i32.const 655364))
          (local.set $count (i32.load offset=8 (local.get $ptr)))
          (global.set $next (i32.add (local.get $ptr) (i32.load (local.get $ptr))))
          (block $done (loop $more
            (br_if $done (i32.eq (local.get $index) (local.get $count)))
            (local.set $at (call $record (global.get $next)))
            {each}
            (local.set $index (i32.add (local.get $index) (i32.const 1)))
            (br $more)))
          (i32.store (i32.const 655360)
            (i32.div_u (i32.sub (local.get $out) (i32.const 655364)) (i32.const 9)))
          (call $answer (i32.const 655360) (i32.sub (local.get $out) (i32.const 655360))))"#
    )
}

/// The bug: in the second chunk of a batch, indexes start from the chunk and not from the batch.
#[tokio::test]
async fn two_chunks_keep_indexes_right() {
    // Refuses a bad record with code 9 and the reason "x".
    let refuse = r"(if (call $is_bad (local.get $at) (global.get $next)) (then
        (i32.store (local.get $out) (local.get $index))
        (i32.store16 offset=4 (local.get $out) (i32.const 9))
        (i32.store16 offset=6 (local.get $out) (i32.const 1))
        (i32.store8 offset=8 (local.get $out) (i32.const 120))
        (local.set $out (i32.add (local.get $out) (i32.const 9)))))";
    let plugin = load(&guest(&walk("corvid_validate", refuse))).await;
    let good = vec![1; 60_000];
    let bad = [&good, BAD].concat();
    let values: Vec<&[u8]> = (0..23)
        .map(|at| if at % 5 == 2 { &bad[..] } else { &good[..] })
        .collect();
    let failing = plugin.validate(section(&values).input()).await;
    assert_eq!(
        failing.iter().map(|failing| failing.index).collect::<Vec<_>>(),
        [2, 7, 12, 17, 22]
    );
    for failing in failing {
        assert_eq!(
            failing.verdict,
            Verdict::Refused {
                code: 9,
                reason: "x".to_owned()
            }
        );
    }
    assert!(plugin.stats().calls >= 6, "several chunks: {:?}", plugin.stats());
    assert_eq!((plugin.stats().records, plugin.stats().refusals), (23, 5));
}

/// The bug: a fault in the second chunk is pinned on a record of the first; or the third is never looked at.
#[tokio::test]
async fn a_fault_in_a_later_chunk_keeps_its_index() {
    let plugin = load(&panicking()).await;
    let good = vec![1; 60_000];
    let bad = [&good, BAD].concat();
    let values: Vec<&[u8]> = (0..23)
        .map(|at| if at == 6 || at == 22 { &bad[..] } else { &good[..] })
        .collect();
    let batch = section(&values);
    let routes = plugin.partition(batch.input()).await;
    let culprits = |at: &usize| routes[*at].is_err();
    assert_eq!((0..routes.len()).filter(culprits).collect::<Vec<_>>(), [6, 22]);
    assert_eq!(routes.len(), 23);
    let edits = plugin.transform(batch.input()).await;
    assert_eq!(edits.list.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [6, 22]);
}
