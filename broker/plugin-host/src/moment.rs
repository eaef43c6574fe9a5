//! The time and the chance of a call, for plugins that are to be asked the same.

use corvid_env::{clock, random};

/// What a call takes for the time, and what its random numbers follow from. Two plugins that are asked with the same moment
/// are told the same time, and draw the same numbers in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the epoch: the clock stands still during the call.
    pub now_ms: i64,
    /// What the numbers follow from.
    pub seed: u64,
}

impl Moment {
    /// The present one, and new numbers.
    pub fn now() -> Self {
        Self {
            now_ms: clock::wall_clock().0,
            seed: random::u64(),
        }
    }

    /// That of the call whose first record has this place: other calls draw other numbers.
    pub(crate) fn of_call(self, first: u32) -> Chance {
        Chance {
            now_ms: self.now_ms,
            state: self.seed ^ u64::from(first).wrapping_mul(0xd134_2543_de82_ef95),
        }
    }
}

/// A call's moment, while numbers are drawn from it.
#[derive(Debug)]
pub(crate) struct Chance {
    pub now_ms: i64,
    state: u64,
}

impl Chance {
    /// The next number: splitmix64 (Steele, Lea, Flood 2014).
    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
