//! What a view is told of who reads, and that its faults are those of single records.

use super::support::{BAD, GOOD, guest, load, section};
use crate::{FaultKind, HookInput, Viewed, Viewer};

/// Hides the first record if the client id, which lies behind the topic `t` and the principal `me`, begins with `h`; traps
/// on a bad record.
const VIEW: &str = r#"(func (export "corvid_view") (param $ptr i32) (param $len i32) (result i64)
  (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                    (i32.add (local.get $ptr) (local.get $len)))
    (then unreachable))
  (if (i32.ne (i32.load8_u offset=37 (local.get $ptr)) (i32.const 0x68)) (then (return (i64.const 0))))
  (i32.store (i32.const 1024) (i32.const 1))
  (i32.store (i32.const 1028) (i32.const 0))
  (i32.store8 (i32.const 1032) (i32.const 0))
  (call $answer (i32.const 1024) (i32.const 9)))"#;

fn seen_by<'a>(input: HookInput<'a>, client_id: &'a str) -> HookInput<'a> {
    HookInput {
        viewer: Some(Viewer {
            principal: "me",
            client_id: Some(client_id),
            group: None,
        }),
        ..input
    }
}

/// The bug: every reader is shown what the first one may see.
#[tokio::test]
async fn a_view_is_told_who_reads() {
    let plugin = load(&guest(VIEW)).await;
    let batch = section(&[GOOD, GOOD]);
    let hidden = plugin.view(seen_by(batch.input(), "hide")).await;
    assert_eq!(hidden.list, [(0, Viewed::Hidden)]);
    assert!(plugin.view(seen_by(batch.input(), "show")).await.list.is_empty());
}

/// Isolating a culprit runs on the pool: the reader goes along.
#[tokio::test]
async fn a_fault_is_that_of_one_record() {
    let plugin = load(&guest(VIEW)).await;
    let batch = section(&[GOOD, BAD, GOOD]);
    let views = plugin.view(seen_by(batch.input(), "hide")).await;
    let [(0, Viewed::Hidden), (1, Viewed::Fault(fault)), (2, Viewed::Hidden)] = &views.list[..] else {
        panic!("{views:?}")
    };
    assert_eq!(fault.kind, FaultKind::Panic);
}
