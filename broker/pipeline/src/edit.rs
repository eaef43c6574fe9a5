//! Records with a transform's changes applied to them.

use bytes::Bytes;
use corvid_plugin_host::HeaderOp;
use corvid_record::{BatchBuilder, BuildError, Compression, HEADER_SIZE, Header, Record, RecordParts, Timestamp};

use crate::fates::{Edited, Fates};
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

/// Applies one operation. The order of what stays is kept, and duplicate keys are as legal as ever.
pub fn apply_header(headers: &mut OwnedHeaders, op: HeaderOp<'_>) {
    let own = |key: &[u8], value: Option<&[u8]>| (Bytes::copy_from_slice(key), value.map(Bytes::copy_from_slice));
    match op {
        HeaderOp::Append { key, value } => headers.push(own(key, value)),
        HeaderOp::Remove { key } => headers.retain(|(name, _)| name != key),
        HeaderOp::Set { key, value } => {
            headers.retain(|(name, _)| name != key);
            headers.push(own(key, value));
        }
    }
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
        let mut headers = owned(&[("a", "1"), ("b", "2"), ("a", "3")]);
        apply_header(&mut headers, HeaderOp::Append { key: b"b", value: None });
        assert_eq!(headers.len(), 4);
        apply_header(
            &mut headers,
            HeaderOp::Set {
                key: b"a",
                value: Some(b"4"),
            },
        );
        assert_eq!(headers[0], owned(&[("b", "2")])[0]);
        assert_eq!(headers[1], (Bytes::from_static(b"b"), None));
        assert_eq!(headers[2], owned(&[("a", "4")])[0]);
        apply_header(&mut headers, HeaderOp::Remove { key: b"b" });
        assert_eq!(headers.len(), 1);
    }
}
