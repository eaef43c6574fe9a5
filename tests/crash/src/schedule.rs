//! Which fault comes in which round, and what changes before the producers retry.

use std::time::Duration;

use crate::rng::Rng;

/// How a broker dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// At a random byte of the one write of an outbox entry and its batch.
    CutPair,
    /// At a random byte of any write to a log.
    CutWrite,
    /// Between the entry and the batch.
    AfterEntry,
    /// Behind the batch, before anybody knows.
    AfterWrite,
    /// Before a link appends at its target.
    BeforeLink,
    /// After that, before the delivery counts.
    AfterLink,
    /// After everything, before the producer is answered.
    BeforeAnswer,
    /// Before a sync.
    BeforeFlush,
    /// After a sync, before it counts.
    AfterFlush,
    /// While a segment is sealed.
    Roll,
    /// Before the release of what was held.
    BeforeRelease,
    /// After that, before anybody knows.
    AfterRelease,
    /// Behind the entry that carries on what is held.
    AfterCarry,
    /// Before letters that are redriven leave.
    BeforeRedrive,
    /// After that, before anybody knows.
    AfterRedrive,
    /// When it is decided of records that a consumer failed on, and nothing is written.
    BeforeRetry,
    /// When that is written, and nobody knows.
    AfterRetry,
    /// Behind the entry that cancels what is held.
    AfterCancel,
    /// While a view shows a batch.
    InView,
    /// When a compacted segment is about to take the place of others.
    Swap,
    /// While a table is read.
    InTable,
    /// At any moment, from outside.
    Kill,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 22] = [
        Self::CutPair,
        Self::CutWrite,
        Self::AfterEntry,
        Self::AfterWrite,
        Self::BeforeLink,
        Self::AfterLink,
        Self::BeforeAnswer,
        Self::BeforeFlush,
        Self::AfterFlush,
        Self::Roll,
        Self::BeforeRelease,
        Self::AfterRelease,
        Self::AfterCarry,
        Self::BeforeRedrive,
        Self::AfterRedrive,
        Self::BeforeRetry,
        Self::AfterRetry,
        Self::AfterCancel,
        Self::InView,
        Self::Swap,
        Self::InTable,
        Self::Kill,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::CutPair => "cut within entry and batch",
            Self::CutWrite => "cut within a write",
            Self::AfterEntry => "between entry and batch",
            Self::AfterWrite => "after entry and batch",
            Self::BeforeLink => "before a link's append",
            Self::AfterLink => "after a link's append",
            Self::BeforeAnswer => "before the answer",
            Self::BeforeFlush => "before a sync",
            Self::AfterFlush => "after a sync",
            Self::Roll => "while a segment rolls",
            Self::BeforeRelease => "before a release",
            Self::AfterRelease => "after a release",
            Self::AfterCarry => "after holds are carried on",
            Self::BeforeRedrive => "before a redrive",
            Self::AfterRedrive => "after a redrive",
            Self::BeforeRetry => "before a retry is held",
            Self::AfterRetry => "after a retry is held",
            Self::AfterCancel => "after a cancel",
            Self::InView => "while a view shows",
            Self::Swap => "while segments are swapped",
            Self::InTable => "while a table is read",
            Self::Kill => "SIGKILL at any moment",
        }
    }

    /// How often it comes beside the others. The steps of a record that moves come twice as often: all that is promised
    /// of it stands on them.
    fn weight(self) -> u32 {
        match self {
            Self::CutPair
            | Self::AfterEntry
            | Self::AfterWrite
            | Self::BeforeLink
            | Self::AfterLink
            | Self::BeforeAnswer
            | Self::BeforeRelease
            | Self::AfterRelease
            | Self::AfterCarry
            | Self::BeforeRetry
            | Self::AfterRetry => 2,
            Self::CutWrite
            | Self::BeforeFlush
            | Self::AfterFlush
            | Self::Roll
            | Self::BeforeRedrive
            | Self::AfterRedrive
            | Self::AfterCancel
            | Self::InView
            | Self::Swap
            | Self::InTable
            | Self::Kill => 1,
        }
    }

    /// What arms it, at a random hit. The bounds are what a second or so of load reaches.
    fn arm(self, rng: &mut Rng) -> Option<String> {
        let point = match self {
            // Up to a bit more than the largest pair: then it is cut behind its last byte.
            Self::CutPair => format!("log.pair=cut:{}@{}", rng.below(1_500), rng.between(1, 60)),
            Self::CutWrite => format!("log.write=cut:{}@{}", rng.below(800), rng.between(1, 200)),
            // The fail-point itself knows where the entry ends.
            Self::AfterEntry => format!("log.after_entry=cut:0@{}", rng.between(1, 60)),
            Self::AfterWrite => format!("log.after_write=kill@{}", rng.between(1, 200)),
            Self::BeforeLink => format!("link.before_append=kill@{}", rng.between(1, 120)),
            Self::AfterLink => format!("link.after_append=kill@{}", rng.between(1, 120)),
            Self::BeforeAnswer => format!("produce.before_answer=kill@{}", rng.between(1, 60)),
            Self::BeforeFlush => format!("flush.before=kill@{}", rng.between(1, 150)),
            Self::AfterFlush => format!("flush.after=kill@{}", rng.between(1, 150)),
            Self::Roll => format!("log.roll=kill@{}", rng.between(1, 4)),
            Self::BeforeRelease => format!("release.before_append=kill@{}", rng.between(1, 100)),
            Self::AfterRelease => format!("release.after_append=kill@{}", rng.between(1, 100)),
            Self::AfterCarry => format!("hold.after_again=kill@{}", rng.between(1, 4)),
            Self::BeforeRedrive => format!("redrive.before_append=kill@{}", rng.between(1, 8)),
            Self::AfterRedrive => format!("redrive.after_append=kill@{}", rng.between(1, 8)),
            Self::BeforeRetry => format!("retry.before_append=kill@{}", rng.between(1, 30)),
            Self::AfterRetry => format!("retry.after_append=kill@{}", rng.between(1, 30)),
            Self::AfterCancel => format!("hold.after_cancel=kill@{}", rng.between(1, 6)),
            Self::InView => format!("view.show=kill@{}", rng.between(1, 200)),
            Self::Swap => format!("compaction.swap=kill@{}", rng.between(1, 6)),
            Self::InTable => format!("table.read=kill@{}", rng.between(1, 80)),
            Self::Kill => return None,
        };
        Some(point)
    }
}

/// What is changed after the restart, before the producers come back with what they have no answer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// The plugins' configuration: other coins, another share of dead letters.
    Bindings,
    /// The plugin itself is deployed again, in the next generation.
    Plugin,
    /// One more partition.
    Partitions,
    /// For this round, a plugin panics on bad records, and clients are to try again.
    Panics,
}

/// One round.
#[derive(Debug, Clone)]
pub struct Round {
    /// How it ends.
    pub fault: Fault,
    /// What arms the fault, for the broker's environment; none if it comes from outside.
    pub armed: Option<String>,
    /// When a SIGKILL comes: the fault itself, or the end of waiting for one that is armed.
    pub kill_after: Duration,
    /// What changes first.
    pub change: Change,
}

/// Draws the rounds. A fault that has fired less often than it should beside the others comes first.
#[derive(Debug)]
pub struct Schedule {
    rng: Rng,
    fired: Vec<(Fault, u32)>,
    /// The plugin of the last round panics.
    panics: bool,
}

impl Schedule {
    /// A schedule of these faults.
    pub fn new(rng: Rng, faults: &[Fault]) -> Self {
        Self {
            rng,
            fired: faults.iter().map(|fault| (*fault, 0)).collect(),
            panics: false,
        }
    }

    /// The next round.
    pub fn next(&mut self) -> Round {
        let share = |(fault, fired): &(Fault, u32)| fired * 2 / fault.weight();
        let fewest = self.fired.iter().map(share).min().expect("there are faults");
        let due = self.fired.iter().filter(|fired| share(fired) == fewest);
        let due: Vec<Fault> = due.map(|(fault, _)| *fault).collect();
        let fault = self.rng.pick(&due);
        let armed = fault.arm(&mut self.rng);
        let kill_after = if armed.is_some() {
            PATIENCE
        } else {
            Duration::from_millis(self.rng.between(5, 600))
        };
        let change = match self.rng.below(10) {
            _ if self.panics => Change::Bindings,
            // Whatever else is armed would not be reached: little goes on then.
            0..=4 if fault == Fault::Kill => Change::Panics,
            0..=4 => Change::Nothing,
            5..=7 => Change::Bindings,
            8 => Change::Plugin,
            _ => Change::Partitions,
        };
        self.panics = change == Change::Panics;
        Round {
            fault,
            armed,
            kill_after,
            change,
        }
    }

    /// Notes that the fault of a round has happened.
    pub fn fired(&mut self, fault: Fault) {
        for (_, fired) in self.fired.iter_mut().filter(|(known, _)| *known == fault) {
            *fired += 1;
        }
    }

    /// How often each has happened.
    pub fn counts(&self) -> impl Iterator<Item = (Fault, u32)> + '_ {
        self.fired.iter().copied()
    }
}

/// How long a fault that is armed is waited for; then the round ends otherwise, and doesn't count for it.
const PATIENCE: Duration = Duration::from_secs(10);
