//! The run's random numbers: SplitMix64, which is small, fast and good enough for a test.

use super::state;

pub(super) struct Generator {
    state: u64,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

pub(crate) fn fill(bytes: &mut [u8]) {
    state::with_generator(|generator| {
        for chunk in bytes.chunks_mut(8) {
            let word = generator.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    });
}

/// True once in `n` times.
pub(super) fn one_in(n: u64) -> bool {
    crate::random::below(n) == 0
}
