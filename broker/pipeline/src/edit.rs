//! Records with a plugin's changes applied to them.

use std::collections::HashMap;

use bytes::Bytes;
use corvid_plugin_host::{Edit, HeaderOp};
use corvid_record::{
    Batch, BatchBuilder, BuildError, Compression, HEADER_SIZE, Header, Rebuild, Record, RecordParts, Timestamp,
};

use crate::fates::{Edited, Fates};
use crate::room::DECOMPRESSED_BYTES_MAX;
use crate::section::Section;

/// Headers that outlive the section they came from.
pub type OwnedHeaders = Vec<(Bytes, Option<Bytes>)>;

/// The records section that the next hook sees: the records at `places`, as edited so far.
pub fn render(section: &Section, fates: &Fates, places: &[u32]) -> Result<Bytes, BuildError> {
    let mut builder = BatchBuilder::new(Compression::None).base_timestamp(Timestamp(section.base_timestamp()));
    for place in places {
        push(&mut builder, section, fates, *place, *place as i32);
    }
    Ok(builder.finish(None)?.slice(HEADER_SIZE..))
}

/// Puts the record at `place`, as edited, into another batch, at `offset_delta` there.
pub fn push(builder: &mut BatchBuilder, section: &Section, fates: &Fates, place: u32, offset_delta: i32) {
    let record = section.record(place);
    let timestamp = section.timestamp(&record);
    match fates.edit_of(place) {
        None => builder.push_raw_body(offset_delta, timestamp, record.body()),
        Some(edited) => builder.push(&RecordParts {
            offset_delta,
            timestamp,
            key: key(&record, edited),
            value: value(&record, edited),
            headers: &headers(&record, edited),
        }),
    }
}

/// Marks a record that a faulting plugin let through (`on_fault = "pass"`): the plugin's name.
pub const PASSED_HEADER: &[u8] = b"corvid-fault-passed";

/// What is left of `batch` in its place: the records that stay, as edited, and the full range of its offsets.
pub fn remainder(batch: Batch<'_>, section: &Section, fates: &Fates, codec: Compression) -> Result<Bytes, BuildError> {
    let mut rebuild = Rebuild::new(batch).compression(codec);
    for place in fates.staying() {
        let record = section.record(place);
        match fates.edit_of(place) {
            None => rebuild.keep(&record),
            Some(edited) => rebuild.replace(
                &record,
                key(&record, edited),
                value(&record, edited),
                &headers(&record, edited),
            ),
        }
    }
    check_size(rebuild.size())?;
    rebuild.finish()
}

/// What is written must be read again: by views, tables, redrives and compaction, none of which opens a batch that has more bytes.
pub fn check_size(bytes: usize) -> Result<(), BuildError> {
    if bytes > DECOMPRESSED_BYTES_MAX {
        return Err(BuildError::TooLarge { bytes });
    }
    Ok(())
}

/// Notes a plugin's edit of the record at `place`, on top of earlier ones.
pub fn apply(section: &Section, fates: &mut Fates, place: u32, edit: Edit) {
    let headers = (!edit.headers.is_empty()).then(|| {
        let before = headers_of(section, fates, place);
        apply_headers(before, &edit.headers.iter().collect::<Vec<_>>())
    });
    let (key, value) = (edit.key, edit.value);
    fates.edit(place, Edited { key, value, headers });
}

/// Marks the record at `place`: this plugin failed on it, and it goes on as it came.
pub fn mark_passed(section: &Section, fates: &mut Fates, place: u32, plugin: &str) {
    let mut headers = headers_of(section, fates, place);
    let name = Bytes::copy_from_slice(plugin.as_bytes());
    headers.push((Bytes::from_static(PASSED_HEADER), Some(name)));
    let headers = Some(headers);
    fates.edit(
        place,
        Edited {
            headers,
            ..Edited::default()
        },
    );
}

/// The record's key after an edit.
pub fn key<'a>(record: &Record<'a>, edited: &'a Edited) -> Option<&'a [u8]> {
    edited.key.as_ref().map_or(record.key, Option::as_deref)
}

/// The record's value after an edit.
pub fn value<'a>(record: &Record<'a>, edited: &'a Edited) -> Option<&'a [u8]> {
    edited.value.as_ref().map_or(record.value, Option::as_deref)
}

/// The record's headers after an edit, in order.
pub fn headers<'a>(record: &Record<'a>, edited: &'a Edited) -> Vec<Header<'a>> {
    match &edited.headers {
        None => record.headers.iter().collect(),
        Some(headers) => headers
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_deref()))
            .collect(),
    }
}

/// The headers of the record at `place` as edited so far, to be edited on.
pub fn headers_of(section: &Section, fates: &Fates, place: u32) -> OwnedHeaders {
    if let Some(headers) = fates.edit_of(place).and_then(|edited| edited.headers.clone()) {
        return headers;
    }
    let share = |part: &[u8]| section.share(part);
    section
        .record(place)
        .headers
        .iter()
        .map(|(key, value)| (share(key), value.map(share)))
        .collect()
}

/// Applies operations, one after the other. The order of what stays is kept, and duplicate keys are as legal as ever.
///
/// In one pass: a plugin may answer with tens of thousands of them, each of which would go through all headers.
fn apply_headers(before: OwnedHeaders, ops: &[HeaderOp<'_>]) -> OwnedHeaders {
    // By key: the last operation that takes all away which were there before it.
    let cleared: HashMap<&[u8], usize> = (ops.iter().enumerate())
        .filter_map(|(at, op)| match op {
            HeaderOp::Remove { key } | HeaderOp::Set { key, .. } => Some((*key, at)),
            HeaderOp::Append { .. } => None,
        })
        .collect();
    let mut headers = before;
    headers.retain(|(key, _)| !cleared.contains_key(&key[..]));
    for (at, op) in ops.iter().enumerate() {
        let (HeaderOp::Append { key, value } | HeaderOp::Set { key, value }) = op else {
            continue;
        };
        if cleared.get(key).is_none_or(|&last| last <= at) {
            headers.push((Bytes::copy_from_slice(key), value.map(Bytes::copy_from_slice)));
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(headers: &[(&'static str, &'static str)]) -> OwnedHeaders {
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        headers
            .iter()
            .map(|(key, value)| (bytes(key), Some(bytes(value))))
            .collect()
    }

    /// The bug: headers kept as a map, so that the second `a` replaces the first.
    #[test]
    fn headers_stay_an_ordered_multimap() {
        let headers = owned(&[("a", "1"), ("b", "2"), ("a", "3")]);
        let append = HeaderOp::Append { key: b"b", value: None };
        let set = HeaderOp::Set {
            key: b"a",
            value: Some(b"4"),
        };
        let headers = apply_headers(headers, &[append]);
        assert_eq!(headers.len(), 4);
        let headers = apply_headers(headers, &[set]);
        assert_eq!(headers[0], owned(&[("b", "2")])[0]);
        assert_eq!(headers[1], (Bytes::from_static(b"b"), None));
        assert_eq!(headers[2], owned(&[("a", "4")])[0]);
        assert_eq!(apply_headers(headers, &[HeaderOp::Remove { key: b"b" }]).len(), 1);
    }

    /// The bug: a transform makes more of a batch than anything opens, and what reads it fails there for ever.
    #[test]
    fn a_batch_is_as_large_as_is_opened_at_most() {
        check_size(DECOMPRESSED_BYTES_MAX).unwrap();
        let error = check_size(DECOMPRESSED_BYTES_MAX + 1).unwrap_err();
        assert!(matches!(error, BuildError::TooLarge { .. }), "{error}");
    }

    /// The bug: each of 65,535 operations goes through all headers that those before it have made; or, of operations that are
    /// applied together, one takes away what came behind it.
    #[test]
    fn many_operations_are_as_one_after_the_other() {
        let keys: Vec<[u8; 2]> = (0..u16::MAX).map(u16::to_be_bytes).collect();
        let flood: Vec<_> = keys.iter().map(|key| HeaderOp::Set { key, value: None }).collect();
        assert_eq!(apply_headers(Vec::new(), &flood).len(), keys.len());
        let op = |kind: u8, key| match kind % 3 {
            0 => HeaderOp::Append { key, value: None },
            1 => HeaderOp::Set { key, value: Some(key) },
            _ => HeaderOp::Remove { key },
        };
        // All sequences of four operations on two keys.
        for number in 0..6_u16.pow(4) {
            let ops: Vec<_> = (0..4)
                .map(|at| (number / 6_u16.pow(at) % 6) as u8)
                .map(|digit| op(digit, if digit < 3 { b"a" } else { b"b" }))
                .collect();
            let before = owned(&[("a", "1"), ("b", "2"), ("a", "3")]);
            let one_by_one = ops.chunks(1).fold(before.clone(), apply_headers);
            assert_eq!(apply_headers(before, &ops), one_by_one, "{ops:?}");
        }
    }
}
