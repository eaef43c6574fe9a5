//! The guest's work without a guest: what each hook costs when it is part of the broker.

use corvid_plugin_host::HookInput;
use corvid_record::Records;

/// A partition for each record, from the hash of its key.
pub fn partition(input: &HookInput<'_>) -> Vec<i32> {
    let hash = |key: &[u8]| {
        key.iter()
            .fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
    };
    records(input)
        .map(|record| (hash(record.key.unwrap_or_default()) % input.partitions as u32) as i32)
        .collect()
}

/// The records that are comments.
pub fn validate(input: &HookInput<'_>) -> Vec<u32> {
    let is_comment = |value: Option<&[u8]>| value.is_none_or(|value| value.starts_with(b"#"));
    let failing = records(input).zip(0..).filter(|(record, _)| is_comment(record.value));
    failing.map(|(_, index)| index).collect()
}

/// The header that each record gets: its place, name and value.
pub fn transform(input: &HookInput<'_>) -> Vec<(u32, &'static [u8], &'static [u8])> {
    let stamped = records(input).zip(0..).filter(|(record, _)| record.value.is_some());
    stamped.map(|(_, index)| (index, &b"stamp"[..], &b"1"[..])).collect()
}

fn records<'a>(input: &HookInput<'a>) -> impl Iterator<Item = corvid_record::Record<'a>> {
    Records::new(input.records, input.count).map(|record| record.expect("the bench's own batch"))
}
