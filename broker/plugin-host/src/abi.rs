//! The bytes that go in, and the names that a module exports and imports: `plugin-sdk/ABI.md` in Rust.
//! What comes back is read in `answer`.

use crate::chunk::Chunk;
use crate::failure::Failure;
use crate::hook::HookInput;

/// The major version in the marker's name.
pub(crate) const MARKER: &str = "corvid_abi_1";
/// What every marker's name starts with, whatever its major.
pub(crate) const ANY_MARKER: &str = "corvid_abi_";
/// The guest's allocator for the host's input.
pub(crate) const ALLOC: &str = "corvid_alloc";
/// Takes the configuration; optional.
pub(crate) const INIT: &str = "corvid_init";
/// Says which of its hooks an instance has; optional.
pub(crate) const HOOKS: &str = "corvid_hooks";
/// The guest's linear memory.
pub(crate) const MEMORY: &str = "memory";
/// The module that all imports belong to.
pub(crate) const IMPORTS: &str = "corvid";

/// The most bytes of records in one call, but for a single record that is larger. Beyond this the
/// guest's buffer falls out of the processor's cache: 20 to 40 % slower.
pub(crate) const CHUNK_MAX: usize = 256 << 10;

/// The most bytes of a module.
pub(crate) const MODULE_MAX: usize = 32 << 20;

/// The length of a hook input's header without the topic and a hook's own fields.
const HEADER: usize = 4 + 4 + 4 + 4 + 4 + 8 + 2;

/// How many bytes `write_input` writes.
pub(crate) fn input_len(input: &HookInput<'_>, chunk: &Chunk<'_>) -> usize {
    header_len(input, chunk) + chunk.records.len()
}

fn header_len(input: &HookInput<'_>, chunk: &Chunk<'_>) -> usize {
    let failures = failures(input, chunk).iter().map(Failure::len);
    HEADER + input.topic.len() + failures.sum::<usize>() + input.viewer.map_or(0, |viewer| viewer.len())
}

/// How the chunk's records failed, if that is what the hook is about.
fn failures<'a>(input: &HookInput<'a>, chunk: &Chunk<'_>) -> &'a [Failure<'a>] {
    let places = chunk.places();
    let failures = input.failures.get(places.start as usize..places.end as usize);
    failures.unwrap_or_default()
}

/// The most bytes that a hook may answer to an input of `input_len` bytes.
pub(crate) fn answer_max(input_len: usize) -> usize {
    2 * input_len + (64 << 10)
}

/// Lays the input of a hook call into `memory`, which has exactly `input_len` bytes: one copy of the records.
pub(crate) fn write_input(memory: &mut [u8], input: &HookInput<'_>, chunk: &Chunk<'_>) {
    let topic = input.topic.as_bytes();
    let header_len = header_len(input, chunk);
    let (header, records) = memory.split_at_mut(header_len);
    let (fields, texts) = header.split_at_mut(HEADER);
    let (name, mut extra) = texts.split_at_mut(topic.len());
    let flags = 0u32;
    fields[0..4].copy_from_slice(&(header_len as u32).to_le_bytes());
    fields[4..8].copy_from_slice(&flags.to_le_bytes());
    fields[8..12].copy_from_slice(&chunk.count.to_le_bytes());
    fields[12..16].copy_from_slice(&input.partition.to_le_bytes());
    fields[16..20].copy_from_slice(&input.partitions.to_le_bytes());
    fields[20..28].copy_from_slice(&input.base_timestamp.to_le_bytes());
    fields[28..30].copy_from_slice(&(topic.len() as u16).to_le_bytes());
    name.copy_from_slice(topic);
    for failure in failures(input, chunk) {
        extra = failure.write(extra);
    }
    if let Some(viewer) = &input.viewer {
        viewer.write(extra);
    }
    records.copy_from_slice(chunk.records);
}

/// `ptr << 32 | len`, as hooks and `corvid_init` answer.
pub(crate) fn unpack(answer: i64) -> (usize, usize) {
    let bits = answer as u64;
    ((bits >> 32) as usize, (bits & 0xffff_ffff) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailedStage;
    use crate::viewer::Viewer;

    /// The bug: a field written at another place than the ABI's page says.
    #[test]
    fn input_is_laid_out_as_documented() {
        let input = HookInput {
            topic: "ab",
            partition: -2,
            partitions: 7,
            base_timestamp: 0x0102_0304_0506_0708,
            records: b"xyz",
            count: 9,
            failures: &[],
            viewer: None,
            moment: None,
        };
        let chunk = Chunk {
            first: 4,
            count: 3,
            records: b"xyz",
        };
        let mut memory = vec![0xee; input_len(&input, &chunk)];
        write_input(&mut memory, &input, &chunk);
        let expected = [
            &[32, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 7, 0, 0, 0][..],
            &[8, 7, 6, 5, 4, 3, 2, 1, 2, 0][..],
            b"abxyz",
        ]
        .concat();
        assert_eq!(memory, expected);
        let viewer = Viewer {
            principal: "me",
            client_id: None,
            group: Some(""),
        };
        let input = HookInput {
            viewer: Some(viewer),
            ..input
        };
        let mut memory = vec![0xee; input_len(&input, &chunk)];
        write_input(&mut memory, &input, &chunk);
        let own = [2, 0, b'm', b'e', 0xff, 0xff, 0, 0];
        let expected = [&[40], &expected[1..32], &own, &b"xyz"[..]].concat();
        assert_eq!(memory, expected);
    }

    /// The bug: a policy that is told of its neighbour's failure, because a chunk does not begin at the batch's first record.
    #[test]
    fn a_chunk_has_the_failures_of_its_own_records() {
        let failure = |attempt, reason| Failure {
            stage: FailedStage::Consumer,
            attempt,
            attempts: 4,
            first_at: 5,
            last_at: 6,
            topic: "t",
            partition: -1,
            code: "",
            reason,
        };
        let failures = [failure(1, "no"), failure(2, "why"), failure(3, "")];
        let input = HookInput {
            topic: "ab",
            partition: 0,
            partitions: 7,
            base_timestamp: 0,
            records: b"xyz",
            count: 3,
            viewer: None,
            moment: None,
            failures: &failures,
        };
        let chunk = Chunk {
            first: 1,
            count: 1,
            records: b"y",
        };
        let mut memory = vec![0xee; input_len(&input, &chunk)];
        write_input(&mut memory, &input, &chunk);
        let expected = [
            &[
                3, 2, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
            ][..],
            &[0xff, 0xff, 0xff, 0xff, 1, 0, b't', 0, 0, 3, 0],
            b"why",
        ]
        .concat();
        assert_eq!(&memory[HEADER + 2..memory.len() - 1], expected);
        assert_eq!(
            memory[0] as usize,
            memory.len() - 1,
            "the records begin behind the failures"
        );
        assert_eq!(memory.last(), Some(&b'y'));
    }

    /// The bug: a pointer above 2 GiB that is read as negative, or a length that eats the pointer.
    #[test]
    fn answers_unpack_unsigned() {
        assert_eq!(unpack(-1), (0xffff_ffff, 0xffff_ffff));
        assert_eq!(unpack(0x8000_0000_0000_0005u64 as i64), (0x8000_0000, 5));
        assert_eq!(unpack(0), (0, 0));
    }
}
