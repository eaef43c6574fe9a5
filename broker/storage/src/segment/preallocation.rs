//! Room reserved ahead of the writes, in steps that grow.

use corvid_env::fs::File;

/// The first step; each is twice the one before.
const FIRST_STEP_BYTES: u64 = 1 << 20;
/// No step is larger.
const LAST_STEP_BYTES: u64 = 64 << 20;

/// How far an active segment's file has blocks.
///
/// Blocks that are allocated ahead in large pieces keep a file in few extents and make an append cheaper; the file's length stays the
/// length of what was written.
#[derive(Debug)]
pub(crate) struct Preallocation {
    reserved_to: u64,
    step: u64,
}

impl Preallocation {
    pub fn new() -> Self {
        Self {
            reserved_to: 0,
            step: FIRST_STEP_BYTES,
        }
    }

    /// Reserves room for a write that ends at `end`, and a step ahead, but not beyond `most`.
    pub fn make_room(&mut self, file: &File, end: u64, most: u64) {
        if end <= self.reserved_to {
            return;
        }
        let from = self.reserved_to.min(end);
        let to = (from + self.step).min(most).max(end);
        self.reserved_to = to;
        self.step = (self.step * 2).min(LAST_STEP_BYTES);
        // Advice only: where there is no room for a whole step, there may be for this write.
        if let Err(error) = file.preallocate(from, to - from) {
            tracing::debug!(%error, "no room to preallocate");
        }
    }

    /// The file was cut to `len`, and what was reserved behind that is gone.
    pub fn cut(&mut self, len: u64) {
        self.reserved_to = self.reserved_to.min(len);
    }

    /// Goes on with a file whose bytes up to `len` were written in an earlier life.
    pub fn resume(len: u64) -> Self {
        Self {
            reserved_to: len,
            step: FIRST_STEP_BYTES,
        }
    }

    /// Whether there is a reserve behind `len`, to be given back.
    pub fn exceeds(&self, len: u64) -> bool {
        self.reserved_to > len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_and_stop_at_the_segments_size() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = corvid_env::fs::Dir::open(temporary.path()).unwrap();
        let file = dir.create("f").unwrap();
        let mut room = Preallocation::new();
        let mut ends = Vec::new();
        for end in [1, 1 << 20, (1 << 20) + 1, 9 << 20, 16 << 20] {
            room.make_room(&file, end, 10 << 20);
            ends.push(room.reserved_to >> 20);
        }
        assert_eq!(ends, [1, 1, 3, 9, 16]);
        assert_eq!(file.len().unwrap(), 0);
    }
}
