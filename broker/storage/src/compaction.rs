//! Compaction: of each key, the last record is kept, at its offset.
//!
//! For internal topics only. A pass maps the keys of what is new (the *dirty* part) to their last offsets, within bounded memory,
//! then rewrites the sealed segments in groups without the records that a later one of the same key has replaced.

mod key_map;
mod rewrite;
mod swap;

use std::sync::Arc;

use corvid_record::Offset;

pub(crate) use key_map::KeyMap;
pub(crate) use rewrite::{Keep, Rewritten, rewrite};
pub(crate) use swap::{abandon, finish_swaps, swap_in};

use crate::segment::{RELATIVE_OFFSET_MAX, SealedSegment};

/// What a pass is to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All segments that may be rewritten, oldest first.
    pub segments: Vec<Arc<SealedSegment>>,
    /// Below, keys are unique already.
    pub first_dirty: Offset,
}

/// Decides whether a pass is worth it: if at least so many thousandths of what may be rewritten is dirty.
pub(crate) fn plan(segments: Vec<Arc<SealedSegment>>, clean_to: Offset, min_dirty_permille: u32) -> Option<Plan> {
    let first_dirty = segments
        .iter()
        .map(|segment| segment.base)
        .find(|&base| base >= clean_to)?;
    let bytes = |dirty: bool| -> u64 {
        segments
            .iter()
            .filter(|segment| (segment.base >= first_dirty) == dirty)
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
