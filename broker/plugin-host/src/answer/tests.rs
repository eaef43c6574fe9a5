//! Answers of every sort: what decodes is exactly what was written, and the rest leaves no trace.

use proptest::collection::vec;
use proptest::prelude::*;

mod policy;

use super::Findings;
use crate::chunk::Chunk;
use crate::fault::{Fault, FaultKind};
use crate::outcome::{
    Edit, Edited, Edits, Failing, HeaderOp, HeaderOps, Outcome, Replacement, Route, Verdict, Viewed, Views,
};

const PARTITIONS: i32 = 5;

/// A chunk from the middle of a batch, so that a place is not its index.
fn chunk(count: u32) -> Chunk<'static> {
    Chunk {
        first: 100,
        count,
        records: b"",
    }
}

fn take<F: Findings>(answer: &[u8], count: u32) -> Result<F, Fault> {
    let mut findings = F::default();
    findings.fault(7..8, &Fault::new(FaultKind::Trap, "an earlier chunk"));
    let mark = findings.mark();
    let taken = findings.take(answer, &chunk(count), PARTITIONS);
    if taken.is_err() {
        assert_eq!(findings.mark(), mark, "half an answer was taken");
    }
    taken.map(|_| findings)
}

fn is_bad<T>(taken: Result<T, Fault>) -> bool {
    taken.is_err_and(|fault| fault.kind == FaultKind::BadAnswer)
}

/// What a decoded answer would have been written as.
trait Encode: Findings {
    fn encode(&self) -> Vec<u8>;
}

impl Encode for Vec<Outcome<Route>> {
    fn encode(&self) -> Vec<u8> {
        let number = |route: &Outcome<Route>| match route {
            Ok(Route::To(to)) => *to,
            Ok(Route::Keep) => -1,
            Err(fault) => panic!("{fault}"),
        };
        self[1..].iter().flat_map(|route| number(route).to_le_bytes()).collect()
    }
}

fn put_refusal(out: &mut Vec<u8>, code: u16, reason: &str) {
    out.extend(code.to_le_bytes());
    out.extend((reason.len() as u16).to_le_bytes());
    out.extend(reason.as_bytes());
}

impl Encode for Vec<Failing> {
    fn encode(&self) -> Vec<u8> {
        let mut out = (self.len() as u32 - 1).to_le_bytes().to_vec();
        for failing in &self[1..] {
            out.extend((failing.index - 100).to_le_bytes());
            let Verdict::Refused { code, reason } = &failing.verdict else {
                panic!("no refusal")
            };
            put_refusal(&mut out, *code, reason);
        }
        out
    }
}

fn put_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    out.extend(value.map_or(-1, |value| value.len() as i32).to_le_bytes());
    out.extend(value.unwrap_or_default());
}

fn put_replacement(out: &mut Vec<u8>, replacement: &Replacement) {
    if let Some(value) = replacement {
        put_value(out, value.as_deref());
    }
}

fn put_headers(out: &mut Vec<u8>, ops: &HeaderOps) {
    out.extend((ops.len() as u16).to_le_bytes());
    for op in ops.iter() {
        let (code, key) = match op {
            HeaderOp::Append { key, .. } => (0, key),
            HeaderOp::Remove { key } => (1, key),
            HeaderOp::Set { key, .. } => (2, key),
        };
        out.push(code);
        out.extend((key.len() as u16).to_le_bytes());
        out.extend(key);
        if let HeaderOp::Append { value, .. } | HeaderOp::Set { value, .. } = op {
            put_value(out, value);
        }
    }
}

impl Encode for Edits {
    fn encode(&self) -> Vec<u8> {
        let mut out = (self.list.len() as u32 - 1).to_le_bytes().to_vec();
        for (place, edited) in &self.list[1..] {
            out.extend((place - 100).to_le_bytes());
            match edited {
                Edited::Drop => out.push(0),
                Edited::Refused { code, reason } => {
                    out.push(1);
                    put_refusal(&mut out, *code, reason);
                }
                Edited::Edit(edit) => put_edit(&mut out, edit),
                Edited::Fault(fault) => panic!("{fault}"),
            }
        }
        out
    }
}

impl Encode for Views {
    fn encode(&self) -> Vec<u8> {
        let mut out = (self.list.len() as u32 - 1).to_le_bytes().to_vec();
        for (place, viewed) in &self.list[1..] {
            out.extend((place - 100).to_le_bytes());
            match viewed {
                Viewed::Hidden => out.push(0),
                Viewed::Edit(edit) => put_edit(&mut out, edit),
                Viewed::Fault(fault) => panic!("{fault}"),
            }
        }
        out
    }
}

fn put_edit(out: &mut Vec<u8>, edit: &Edit) {
    let headers = !edit.headers.is_empty();
    let what = u8::from(edit.key.is_some()) | u8::from(edit.value.is_some()) << 1;
    out.extend([2, what | u8::from(headers) << 2]);
    put_replacement(out, &edit.key);
    put_replacement(out, &edit.value);
    if headers {
        put_headers(out, &edit.headers);
    }
}

/// Small numbers as answers have them, so that random fields often fit together.
fn fields() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        (0u32..6).prop_map(|n| n.to_le_bytes().to_vec()),
        (0u16..4).prop_map(|n| n.to_le_bytes().to_vec()),
        (-2i32..4).prop_map(|n| n.to_le_bytes().to_vec()),
        (0u8..8).prop_map(|n| vec![n]),
        vec(any::<u8>(), 0..5),
    ];
    vec(field, 0..14).prop_map(|fields| fields.concat())
}

/// The lists of validators' answers.
fn failures() -> impl Strategy<Value = Vec<(u32, u16, String)>> {
    vec((0u32..9, any::<u16>(), "[a-zä]{0,9}"), 0..6)
}

/// Decodes random bytes. What decodes must encode to the very same bytes: nothing was made up or overlooked.
fn check<F: Encode>(answer: &[u8], count: u32) -> Result<(), TestCaseError> {
    match take::<F>(answer, count) {
        Ok(findings) if answer.is_empty() => prop_assert_eq!(findings.mark(), 1),
        // An edit may say that it has headers and list none; it is read as having none.
        Ok(findings) if findings.encode().len() < answer.len() => {
            prop_assert!(matches!(
                F::HOOK,
                crate::hook::Hook::Transform | crate::hook::Hook::View
            ));
        }
        Ok(findings) => prop_assert_eq!(findings.encode(), answer),
        Err(fault) => prop_assert_eq!(fault.kind, FaultKind::BadAnswer),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The bug: an answer that panics the host, or is taken for something that it does not say.
    #[test]
    fn random_answers_are_read_exactly_or_not_at_all(
        answer in prop_oneof![fields(), vec(any::<u8>(), 0..64)],
        count in 0u32..6,
    ) {
        check::<Vec<Outcome<Route>>>(&answer, count)?;
        check::<Vec<Failing>>(&answer, count)?;
        check::<Edits>(&answer, count)?;
        check::<Views>(&answer, count)?;
    }

    /// The bug: a list that is out of order or repeats a record, with the last word winning.
    #[test]
    fn a_list_of_failures_must_ascend_within_the_chunk(list in failures(), count in 1u32..9) {
        let mut answer = (list.len() as u32).to_le_bytes().to_vec();
        for (index, code, reason) in &list {
            answer.extend(index.to_le_bytes());
            put_refusal(&mut answer, *code, reason);
        }
        let sound = list.iter().all(|(index, ..)| *index < count)
            && list.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let taken = take::<Vec<Failing>>(&answer, count);
        prop_assert_eq!(taken.is_ok(), sound);
        if let Ok(found) = taken {
            let expected = list.into_iter().map(|(index, code, reason)| {
                Failing { index: index + 100, verdict: Verdict::Refused { code, reason } }
            });
            prop_assert_eq!(&found[1..], &expected.collect::<Vec<_>>()[..]);
        }
    }

    /// The bug: a cut answer, of which the first half is applied.
    #[test]
    fn a_cut_or_overlong_answer_is_bad(list in failures(), cut in any::<prop::sample::Index>()) {
        let mut answer = (list.len() as u32).to_le_bytes().to_vec();
        for (at, (_, code, reason)) in list.iter().enumerate() {
            answer.extend((at as u32).to_le_bytes());
            put_refusal(&mut answer, *code, reason);
        }
        let cut = &answer[..cut.index(answer.len())];
        prop_assert!(cut.is_empty() || is_bad(take::<Vec<Failing>>(cut, 9)));
        prop_assert!(is_bad(take::<Vec<Failing>>(&[&answer[..], &[0]].concat(), 9)));
    }
}

/// The bug: a record is sent to a partition that the topic does not have.
#[test]
fn partitions_must_be_there() {
    for (to, fine) in [
        (-2, false),
        (-1, true),
        (0, true),
        (4, true),
        (5, false),
        (i32::MIN, false),
    ] {
        let answer = [0i32.to_le_bytes(), i32::to_le_bytes(to)].concat();
        assert_eq!(take::<Vec<Outcome<Route>>>(&answer, 2).is_ok(), fine, "partition {to}");
    }
}

/// The bug: an answer for fewer or more records shifts everybody's partition by one.
#[test]
fn a_partitioner_answers_every_record_once() {
    for bytes in [0, 4, 7, 9, 12] {
        assert!(is_bad(take::<Vec<Outcome<Route>>>(&vec![0; bytes], 2)), "{bytes} bytes");
    }
}

/// The bug: a count of four thousand million reserves memory for as many.
#[test]
fn a_count_that_lies_reserves_nothing() {
    let answer = [0xff; 4];
    assert!(is_bad(take::<Vec<Failing>>(&answer, u32::MAX)));
    assert!(is_bad(take::<Edits>(&answer, u32::MAX)));
}

/// The bug: an unknown part of an edit, from a later ABI or from garbage, is passed over.
#[test]
fn unknown_kinds_parts_and_operations_are_bad() {
    let edit = |rest: &[u8]| [&[1, 0, 0, 0, 0, 0, 0, 0][..], rest].concat();
    assert!(take::<Edits>(&edit(&[0]), 1).is_ok(), "a drop");
    assert!(is_bad(take::<Edits>(&edit(&[3]), 1)), "kind 3");
    assert!(take::<Views>(&edit(&[0]), 1).is_ok(), "a record that is hidden");
    assert!(take::<Edits>(&edit(&[1, 7, 0, 0, 0]), 1).is_ok(), "a refusal");
    assert!(is_bad(take::<Views>(&edit(&[1, 7, 0, 0, 0]), 1)), "a view that refuses");
    assert!(is_bad(take::<Edits>(&edit(&[2, 8]), 1)), "part 8");
    assert!(is_bad(take::<Edits>(&edit(&[2, 4, 1, 0, 3, 0, 0]), 1)), "operation 3");
    assert!(
        is_bad(take::<Edits>(&edit(&[2, 1, 0xfe, 0xff, 0xff, 0xff]), 1)),
        "a length of -2"
    );
}

/// The bug: a header with a key that no client can decode is added; or one that a client sent can't be removed.
#[test]
fn added_header_keys_are_text() {
    let op = |op: u8| {
        let mut answer = vec![1, 0, 0, 0, 0, 0, 0, 0, 2, 4, 1, 0, op, 1, 0, 0xff];
        if op != 1 {
            answer.extend((-1i32).to_le_bytes());
        }
        answer
    };
    assert!(is_bad(take::<Edits>(&op(0), 1)) && is_bad(take::<Edits>(&op(2), 1)));
    assert!(take::<Edits>(&op(1), 1).is_ok());
}

/// The bug: null and empty are mixed up, or a part that is not named is emptied.
#[test]
fn parts_of_an_edit_keep_null_and_empty_apart() {
    let answer = [
        &[1, 0, 0, 0, 0, 0, 0, 0, 2, 3][..],
        &(-1i32).to_le_bytes(),
        &0i32.to_le_bytes(),
    ]
    .concat();
    let Edits { list } = take::<Edits>(&answer, 1).expect("a sound answer");
    let Edited::Edit(edit) = &list[1].1 else {
        panic!("an edit")
    };
    assert_eq!(edit.key, Some(None));
    assert_eq!(edit.value, Some(Some(bytes::Bytes::new())));
    assert!(edit.headers.is_empty());
}
