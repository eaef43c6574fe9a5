//! Reads a hook's answers as the host does.

use super::record::RecordBuilder;
use crate::reader::Reader;
use crate::transform::{header_op, kind, what};
use crate::{Refusal, Route, Verdict};

/// What a transform made of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transformed {
    /// The record, as it now is; maybe as it was.
    Record(RecordBuilder),
    /// It was left out.
    Dropped,
    /// It was refused.
    Refused(Refusal),
}

/// What a view shows of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The record, as it is shown; maybe as it is.
    Record(RecordBuilder),
    /// It is not shown.
    Hidden,
}

pub(super) fn routes(answer: &[u8], records: usize, partitions: i32) -> Vec<Route> {
    let (numbers, rest) = answer.as_chunks::<4>();
    assert!(
        numbers.len() == records && rest.is_empty(),
        "there are {records} records, and {} bytes of answer",
        answer.len()
    );
    let routes: Vec<Route> = numbers
        .iter()
        .map(|number| Route::from_number(i32::from_le_bytes(*number)))
        .collect();
    for (index, route) in routes.iter().enumerate() {
        if let Route::To(partition) = route {
            assert!(
                (0..partitions).contains(partition),
                "record {index}: the topic has {partitions} partitions, {route:?} is none of them"
            );
        }
    }
    routes
}

pub(super) fn verdicts(answer: &[u8], records: usize) -> Vec<Verdict> {
    let mut verdicts = vec![Ok(()); records];
    entries(answer, records, |index, reader| verdicts[index] = Err(refusal(reader)));
    verdicts
}

pub(super) fn transformed(answer: &[u8], records: &[RecordBuilder]) -> Vec<Transformed> {
    let mut results: Vec<Transformed> = records.iter().cloned().map(Transformed::Record).collect();
    entries(answer, records.len(), |index, reader| {
        let [kind] = reader.array();
        results[index] = match kind {
            kind::DROP => Transformed::Dropped,
            kind::REFUSE => Transformed::Refused(refusal(reader)),
            kind::EDIT => Transformed::Record(edited(&records[index], reader)),
            _ => panic!("record {index}: {kind} is no kind of edit"),
        };
    });
    results
}

pub(super) fn shown(answer: &[u8], records: &[RecordBuilder]) -> Vec<Shown> {
    let shown = |transformed| match transformed {
        Transformed::Record(record) => Shown::Record(record),
        Transformed::Dropped => Shown::Hidden,
        Transformed::Refused(_) => panic!("a view refuses nothing"),
    };
    transformed(answer, records).into_iter().map(shown).collect()
}

/// Goes over a list whose entries begin with the index of a record.
pub(super) fn entries(answer: &[u8], records: usize, mut read: impl FnMut(usize, &mut Reader<'_>)) {
    if answer.is_empty() {
        return;
    }
    let mut reader = Reader::new(answer);
    let mut next = 0;
    for _ in 0..u32::from_le_bytes(reader.array()) {
        let index = u32::from_le_bytes(reader.array()) as usize;
        assert!(
            (next..records).contains(&index),
            "the record of index {index} is not among {next}..{records}"
        );
        next = index + 1;
        read(index, &mut reader);
    }
    assert!(reader.rest().is_empty(), "{} bytes are left over", reader.rest().len());
}

pub(super) fn refusal(reader: &mut Reader<'_>) -> Refusal {
    let code = u16::from_le_bytes(reader.array());
    let len = u16::from_le_bytes(reader.array());
    let reason = str::from_utf8(reader.take(len.into())).expect("a reason is UTF-8");
    Refusal::new(code, reason.to_owned())
}

fn edited(record: &RecordBuilder, reader: &mut Reader<'_>) -> RecordBuilder {
    let mut record = record.clone();
    let [changes] = reader.array();
    if changes & what::KEY != 0 {
        record.key = sized(reader);
    }
    if changes & what::VALUE != 0 {
        record.value = sized(reader);
    }
    if changes & what::HEADERS != 0 {
        for _ in 0..u16::from_le_bytes(reader.array()) {
            edit_headers(&mut record.headers, reader);
        }
    }
    record
}

fn edit_headers(headers: &mut Vec<(Vec<u8>, Option<Vec<u8>>)>, reader: &mut Reader<'_>) {
    let [op] = reader.array();
    let key_len = u16::from_le_bytes(reader.array());
    let key = reader.take(key_len.into()).to_vec();
    if op == header_op::REMOVE || op == header_op::SET {
        headers.retain(|(other, _)| *other != key);
    }
    if op == header_op::APPEND || op == header_op::SET {
        headers.push((key, sized(reader)));
    }
}

fn sized(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let len = i32::from_le_bytes(reader.array());
    (len >= 0).then(|| reader.take(len as usize).to_vec())
}
