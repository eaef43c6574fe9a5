//! What a partition and the one who releases its held records tell each other.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use corvid_env::clock::{self, WallTime};
use corvid_record::Offset;
use corvid_storage::TrustedClock;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// No partition has so many offsets: nothing is held, and retention is not stopped.
const NOTHING: i64 = i64::MAX;
/// A jump of the clock by more than this is not believed at once: everything would be due …
const JUMP_MAX: Duration = Duration::from_secs(60);
/// … but when it has lasted.
const BELIEVED_AFTER: Duration = Duration::from_secs(60);

/// Whether a partition holds records until later, from which offset on its log is needed for that, and what is asked of the one who
/// releases them.
///
/// A record that is held exists once: in the log. So retention must not pass it; before the log has been looked through, nobody knows
/// what is held, and retention stands still.
#[derive(Debug)]
pub struct Holding {
    /// Records a second; 0: the topic holds nothing, though it may have held before.
    rate: AtomicU32,
    allowed: AtomicBool,
    needed_from: AtomicI64,
    wanted_below: AtomicI64,
    pending: AtomicU64,
    changed: Notify,
    clock: Mutex<TrustedClock>,
}

impl Holding {
    /// Nothing of the log, which begins at `start`, has been looked through.
    pub(crate) fn new(start: Offset) -> Self {
        let mut trusted = TrustedClock::new(JUMP_MAX, BELIEVED_AFTER);
        trusted.believe(clock::wall_clock(), clock::now());
        Self {
            clock: Mutex::new(trusted),
            rate: AtomicU32::new(0),
            allowed: AtomicBool::new(false),
            needed_from: AtomicI64::new(start.0),
            wanted_below: AtomicI64::new(0),
            pending: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    /// The topic's setting, said before a produce can go by it: what is written at `end` and above may be held.
    pub(crate) fn allow(&self, rate: Option<u32>, end: Offset) {
        let rate = rate.unwrap_or(0);
        if rate > 0 {
            self.allowed.store(true, Ordering::Release);
            self.needed_from.fetch_min(end.0, Ordering::AcqRel);
        }
        if self.rate.swap(rate, Ordering::AcqRel) != rate {
            self.changed.notify_one();
        }
    }

    /// Records a second that are released at most; `None`: the topic holds nothing any more.
    pub fn rate(&self) -> Option<u32> {
        Some(self.rate.load(Ordering::Acquire)).filter(|rate| *rate > 0)
    }

    /// Whether the topic has allowed holds since the start: a produce that went by that may still be under way.
    pub fn was_allowed(&self) -> bool {
        self.allowed.load(Ordering::Acquire)
    }

    /// The log is needed from here on; `None`: nothing is held, nor can be.
    pub fn set_needed_from(&self, offset: Option<Offset>) {
        self.needed_from
            .store(offset.map_or(NOTHING, |offset| offset.0), Ordering::Release);
    }

    /// From where on the log is needed, for all that is known.
    pub fn needed_from(&self) -> Offset {
        Offset(self.needed_from.load(Ordering::Acquire))
    }

    /// Retention would delete what is below: who releases is to hold again, at the log's end, what is held there.
    pub fn want_below(&self, offset: Offset) {
        if self.wanted_below.fetch_max(offset.0, Ordering::AcqRel) < offset.0 {
            self.changed.notify_one();
        }
    }

    /// Below which offset retention would delete.
    pub fn wanted_below(&self) -> Offset {
        Offset(self.wanted_below.load(Ordering::Acquire))
    }

    /// The time by which records are due, when they are produced as well as when they are released: the wall clock, as far as it is
    /// believed.
    pub fn believed(&self) -> WallTime {
        let wall = clock::wall_clock();
        // A test plants a bug here: a clock that has jumped is believed at once.
        match corvid_env::fault::hit("release.clock") {
            Some(_) => wall,
            None => self.clock.lock().believe(wall, clock::now()),
        }
    }

    /// How many holds there are.
    pub fn pending(&self) -> u64 {
        self.pending.load(Ordering::Relaxed)
    }

    /// Says how many there are.
    pub fn set_pending(&self, count: u64) {
        self.pending.store(count, Ordering::Relaxed);
    }

    /// Returns when something else is asked for than before.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}
