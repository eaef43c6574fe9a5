//! Records that ask to be delivered later.

use crate::rng::Rng;

/// The headers by which they do.
const DELAY_HEADER: &[u8] = b"corvid-delay-ms";
const DELIVER_AT_HEADER: &[u8] = b"corvid-deliver-at";

/// What a record asked for, and when it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// It may not be seen before this, by the wall clock (ms).
    pub due: i64,
    /// Whether it said so itself; if not, it said how much later than its arrival.
    pub exact: bool,
    /// When its producer was told that it is in.
    pub acknowledged_at: Option<i64>,
    text: String,
}

impl Asked {
    /// A time after `now`: mostly soon, sometimes after some seconds.
    pub fn draw(rng: &mut Rng, now: i64) -> Self {
        let ms = if rng.chance(80) {
            rng.between(5, 400)
        } else {
            rng.between(1_500, 4_500)
        };
        Self::after(ms as i64, rng.chance(50), now)
    }

    /// So much later than `now`.
    pub fn after(ms: i64, exact: bool, now: i64) -> Self {
        let due = now + ms;
        Self {
            due,
            exact,
            acknowledged_at: None,
            text: if exact { due.to_string() } else { ms.to_string() },
        }
    }

    /// The header that says it.
    pub fn header(&self) -> (&[u8], Option<&[u8]>) {
        let name = if self.exact { DELIVER_AT_HEADER } else { DELAY_HEADER };
        (name, Some(self.text.as_bytes()))
    }
}
