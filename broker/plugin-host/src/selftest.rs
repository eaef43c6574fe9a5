//! Trying a plugin's hooks before it is bound: what falls over on the plainest records is not let in.

use std::time::Duration;

use bytes::Bytes;
use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts, Timestamp};

use crate::answer::Findings;
use crate::chunk::Chunks;
use crate::error::LoadError;
use crate::failure::{FailedStage, Failure};
use crate::fault::Fault;
use crate::hook::{Hook, HookInput, HookSet};
use crate::instance::Instance;
use crate::meter::Allowance;
use crate::outcome::{Decisions, Edits, Failing, Outcome, Route, Views};
use crate::viewer::Viewer;

/// The first calls may be slow: nothing is in any cache yet, and a plugin may put off work until then.
const PATIENCE: u32 = 5;

/// A topic with more partitions than a partitioner may have been written for has all of those.
const PARTITIONS: i32 = 10_000;

/// Calls each hook on a few records. What it says of them is its own affair; that it says it counts.
pub(crate) fn run(instance: &mut Instance, hooks: HookSet, deadline: Duration) -> Result<(), LoadError> {
    let batch = batch();
    let batch = Batch::parse(&batch).expect("it was just built");
    let viewer = Viewer {
        principal: "User:ANONYMOUS",
        client_id: Some("self-test"),
        group: None,
    };
    let input = HookInput::of("self-test", 0, PARTITIONS, &batch);
    let allowance = Allowance {
        time: deadline * PATIENCE,
        exact: true,
    };
    for hook in hooks.iter() {
        let result = match hook {
            Hook::Partition => call::<Vec<Outcome<Route>>>(instance, &input, allowance),
            Hook::Validate => call::<Vec<Failing>>(instance, &input, allowance),
            Hook::Transform => call::<Edits>(instance, &input, allowance),
            Hook::Policy => call::<Decisions>(instance, &failed(input), allowance),
            Hook::View => {
                let input = HookInput {
                    viewer: Some(viewer),
                    ..input
                };
                call::<Views>(instance, &input, allowance)
            }
        };
        result.map_err(|fault| LoadError::SelfTest {
            hook: hook.name(),
            fault,
        })?;
    }
    Ok(())
}

/// The same records, each of which failed.
fn failed(input: HookInput<'_>) -> HookInput<'_> {
    HookInput {
        failures: &FAILURES,
        ..input
    }
}

/// One hook on all records at once, and on the first alone.
fn call<F: Findings>(instance: &mut Instance, input: &HookInput<'_>, allowance: Allowance) -> Result<(), Fault> {
    let mut all = Chunks::new(input.records, input.count);
    let mut singles = all;
    for chunk in [all.next(), singles.next_record()].into_iter().flatten().flatten() {
        let answer = instance.call(F::HOOK, input, &chunk, allowance)?;
        F::default().take(answer, &chunk, input.partitions)?;
    }
    Ok(())
}

/// A record of the self-test: key, value, headers.
type Sample = (Option<&'static [u8]>, Option<&'static [u8]>, &'static [Header<'static>]);

const SAMPLES: [Sample; 6] = [
    (Some(b"key"), Some(b"{\"name\":\"Ada\",\"amount\":1.5}"), &[]),
    (
        None,
        Some(b"no key"),
        &[(b"twice", Some(b"1")), (b"twice", Some(b"2")), (b"null", None)],
    ),
    (Some(b"a tombstone"), None, &[]),
    (None, None, &[]),
    (Some(b""), Some(b""), &[(b"", Some(b""))]),
    (
        Some(b"\xff\x00"),
        Some(b"\x00\xfe no text"),
        &[(b"\xff", Some(b"\xfe"))],
    ),
];

const FAILURES: [Failure<'static>; SAMPLES.len()] = {
    let first = Failure {
        stage: FailedStage::Consumer,
        attempt: 1,
        attempts: 3,
        first_at: 1_700_000_000_000,
        last_at: 1_700_000_000_000,
        topic: "self-test",
        partition: 0,
        code: "",
        reason: "",
    };
    let refused = Failure {
        stage: FailedStage::Validator,
        attempts: 1,
        code: "7",
        reason: "/amount: missing",
        ..first
    };
    let last = Failure {
        attempt: 3,
        partition: -1,
        code: "Timeout",
        reason: "timed out after 3 s",
        ..first
    };
    let faulted = Failure {
        stage: FailedStage::Transform,
        code: "deadline",
        ..refused
    };
    let misplaced = Failure {
        stage: FailedStage::Partitioner,
        ..faulted
    };
    [first, refused, last, faulted, misplaced, first]
};

/// The samples as a batch.
fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    for (at, (key, value, headers)) in SAMPLES.into_iter().enumerate() {
        let (offset_delta, timestamp) = (at as i32, Timestamp(1_700_000_000_000 + at as i64));
        builder.push(&RecordParts {
            offset_delta,
            timestamp,
            key,
            value,
            headers,
        });
    }
    builder.finish(None).expect("a few small records fit into a batch")
}
