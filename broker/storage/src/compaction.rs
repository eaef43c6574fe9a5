//! Compaction: of each key, the last record is kept, at its offset.
//!
//! A pass maps the keys of what is new (the *dirty* part) to their last offsets, within bounded memory,
//! then rewrites the sealed segments in groups without the records that a later one of the same key has replaced.
//!
//! Offsets and producers' sequences stay as they were. A tombstone is kept for `delete.retention.ms` from the first pass that meets
//! it, which writes the time into its batch (KIP-534): whoever reads from the start has so long to see it, whatever timestamp its
//! producer gave it. The last visible batch stays until there is another one behind it: where it ends is the end that clients are told. A
//! batch whose inside is not what it should be stays as it is: producers' bytes are theirs.

mod key_map;
mod lag;
mod opened;
mod rewrite;
mod swap;

use std::sync::Arc;

use corvid_record::Offset;

pub(crate) use key_map::KeyMap;
pub(crate) use lag::Lag;
pub(crate) use rewrite::{Keep, Rewritten, rewrite};
pub(crate) use swap::{abandon, commit, finish_swaps, swap_in};

use crate::segment::{RELATIVE_OFFSET_MAX, SealedSegment};

/// What a pass is to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All segments that may be rewritten, oldest first.
    pub segments: Vec<Arc<SealedSegment>>,
    /// Below, keys are unique already. It may be inside of a segment: the pass before had no memory for more.
    pub first_dirty: Offset,
}

/// Decides whether a pass is worth it: if at least so many thousandths of what may be rewritten is dirty.
pub(crate) fn plan(segments: Vec<Arc<SealedSegment>>, clean_to: Offset, min_dirty_permille: u32) -> Option<Plan> {
    let first_dirty = segments.first()?.base.max(clean_to);
    let bytes = |dirty: bool| -> u64 {
        segments
            .iter()
            .filter(|segment| (segment.end > first_dirty) == dirty)
            .map(|segment| segment.bytes)
            .sum()
    };
    let (dirty, clean) = (bytes(true), bytes(false));
    let worth_it = dirty > 0 && dirty * 1000 >= (dirty + clean) * u64::from(min_dirty_permille);
    worth_it.then_some(Plan { segments, first_dirty })
}

/// Groups neighbours that fit into one segment together, as they are now: afterwards they are smaller.
pub(crate) fn group(segments: &[Arc<SealedSegment>], segment_bytes: u64) -> Vec<Vec<Arc<SealedSegment>>> {
    let mut groups: Vec<Vec<Arc<SealedSegment>>> = Vec::new();
    for segment in segments {
        let fits = groups.last().is_some_and(|group| {
            let bytes: u64 = group.iter().map(|member| member.bytes).sum();
            bytes + segment.bytes <= segment_bytes && segment.end.0 - group[0].base.0 <= RELATIVE_OFFSET_MAX
        });
        match groups.last_mut() {
            Some(group) if fits => group.push(segment.clone()),
            Some(_) | None => groups.push(vec![segment.clone()]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: the rest of a segment that was mapped in part counted as clean. The old records of its keys stayed, its tombstones
    /// went, and what was deleted was back.
    #[test]
    fn what_was_not_mapped_is_dirty_wherever_it_begins() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = corvid_env::fs::Dir::open(temporary.path()).unwrap();
        let segment = |base| Arc::new(SealedSegment::new(dir.clone(), Offset(base), Offset(base + 100), 1000));
        let segments = || vec![segment(100), segment(200)];
        for (clean_to, expected) in [
            (0, Some(100)),
            (150, Some(150)),
            (200, Some(200)),
            (250, Some(250)),
            (300, None),
        ] {
            let plan = plan(segments(), Offset(clean_to), 500);
            assert_eq!(
                plan.map(|plan| plan.first_dirty),
                expected.map(Offset),
                "clean to {clean_to}"
            );
        }
        assert!(plan(segments(), Offset(250), 501).is_none(), "too little of it is new");
    }
}
