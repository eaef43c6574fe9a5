//! Answers of every sort, and inputs of every sort, through a real sandbox.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{BAD, GOOD, guest, load, section, validator};
use crate::{Edited, FaultKind, HookInput, Plugin, Verdict};

async fn kind(on_bad: &str) -> (FaultKind, String) {
    let plugin = load(&validator(on_bad)).await;
    let failing = plugin.validate(section(&[GOOD, BAD]).input()).await;
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0].index, 1);
    let Verdict::Fault(fault) = &failing[0].verdict else {
        panic!("{failing:?}")
    };
    (fault.kind, fault.detail.to_string())
}

/// The bug: the host reads where the plugin points, whether that is memory or not.
#[tokio::test]
async fn pointers_outside_memory_are_bad_answers() {
    for (ptr, len) in [(-4, 8), (1_048_576, 1), (1_048_570, 7), (-1, 60_000), (16, -65_536)] {
        let (kind, detail) = kind(&format!("(return (call $answer (i32.const {ptr}) (i32.const {len})))")).await;
        assert_eq!(
            (kind, &detail[..]),
            (FaultKind::BadAnswer, "the answer is outside memory")
        );
    }
}

/// The bug: bytes that are left over, or a list that is shorter than it says, are overlooked.
#[tokio::test]
async fn lists_that_lie_are_bad_answers() {
    let answer =
        |stores: &str, len: u32| format!("{stores} (return (call $answer (i32.const 1024) (i32.const {len})))");
    let one = "(i32.store (i32.const 1024) (i32.const 1))";
    let (kind_, detail) = kind(&answer(one, 4)).await;
    assert_eq!(
        (kind_, &detail[..]),
        (FaultKind::BadAnswer, "the answer ends too early")
    );
    let (kind_, detail) = kind(&answer("", 5)).await;
    assert_eq!((kind_, &detail[..]), (FaultKind::BadAnswer, "1 bytes are left over"));
    let far = "(i32.store (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) (i32.const 99))";
    let (kind_, detail) = kind(&answer(far, 12)).await;
    assert_eq!(
        (kind_, &detail[..]),
        (FaultKind::BadAnswer, "index 99, but there are 1 records")
    );
}

/// The bug: an import's pointer is believed, and the host's memory goes into the log.
#[tokio::test]
async fn imports_with_pointers_outside_memory_end_the_call() {
    let text = r#"(import "corvid" "log" (func $log (param i32 i32 i32)))
        (import "corvid" "metric_add" (func $add (param i32 i32 f64)))
        (func (export "corvid_validate") (param i32 i32) (result i64)
          (call $log (i32.const 0) (i32.const -8) (i32.const 16)) (i64.const 0))
        (func (export "corvid_transform") (param i32 i32) (result i64)
          (call $add (i32.const 1048570) (i32.const 7) (f64.const 1)) (i64.const 0))"#;
    let error = super::support::refusal(&guest(text)).await;
    assert_eq!(
        error.to_string(),
        "the self-test of `validate` failed: bad_answer: an import's pointer is outside memory"
    );
}

/// A plugin whose answer to each hook is the records that went in.
fn echo() -> bytes::Bytes {
    let hook = |name: &str| {
        format!(
            r#"(func (export "{name}") (param $ptr i32) (param $len i32) (result i64)
              ;; The self-test gets what it wants to hear: an empty list, and keep.
              (if (i32.eq (i32.load offset=16 (local.get $ptr)) (i32.const 10000)) (then
                (memory.fill (i32.const 1024) (i32.const {fill}) (i32.const 400))
                (return (call $answer (i32.const 1024)
                  (i32.mul (i32.load offset=8 (local.get $ptr)) (i32.const {size}))))))
              (call $answer (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.sub (local.get $len) (i32.load (local.get $ptr)))))"#,
            fill = if name == "corvid_partition" { 255 } else { 0 },
            size = if name == "corvid_partition" { 4 } else { 0 },
        )
    };
    guest(
        &["corvid_partition", "corvid_validate", "corvid_transform", "corvid_view"]
            .map(hook)
            .concat(),
    )
}

fn input(records: &[u8], count: u32) -> HookInput<'_> {
    HookInput {
        topic: "t",
        partition: 0,
        partitions: 3,
        base_timestamp: 0,
        records,
        count,
        failures: &[],
        viewer: None,
        moment: None,
    }
}

/// Runs all hooks on `records`, whose bytes are also the answer.
async fn check(plugin: &Plugin, records: &[u8], count: u32) {
    // So many records can't be in so few bytes: what is said of them is cut short.
    let honest = records.len() / 7 >= count as usize;
    let places = |places: Vec<u32>| {
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "ascending: {places:?}");
        assert!(places.iter().all(|place| *place < count));
    };
    let routes = plugin.partition(input(records, count)).await;
    assert!(!honest || routes.len() == count as usize);
    let failing = plugin.validate(input(records, count)).await;
    places(failing.iter().map(|failing| failing.index).collect());
    let edits = plugin.transform(input(records, count)).await;
    places(edits.list.iter().map(|(place, _)| *place).collect());
    for (_, edited) in &edits.list {
        if let Edited::Edit(edit) = edited {
            assert_eq!(edit.headers.iter().count(), edit.headers.len());
        }
    }
    let views = plugin.view(input(records, count)).await;
    places(views.list.iter().map(|(place, _)| *place).collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The bug: some input or answer panics the host, gives a record two outcomes, or one to a record that is
    /// not there.
    #[test]
    fn any_bytes_as_input_and_as_answer_leave_the_host_alive(
        records in prop_oneof![
            vec(any::<u8>(), 0..200),
            vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(6), Just(255)], 0..200),
        ],
        count in prop_oneof![0u32..8, any::<u32>()],
    ) {
        thread_local! {
            static WORLD: (tokio::runtime::Runtime, Arc<Plugin>) = {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .start_paused(true)
                    .build()
                    .expect("a runtime");
                let plugin = runtime.block_on(load(&echo()));
                (runtime, plugin)
            };
        }
        WORLD.with(|(runtime, plugin)| runtime.block_on(async {
            // Far enough that the breaker is closed or tries again.
            tokio::time::advance(std::time::Duration::from_mins(1)).await;
            check(plugin, &records, count).await;
        }));
    }
}
