//! What the hooks decided of each record of a batch.

use bytes::Bytes;
use corvid_record::Timestamp;

use crate::retry::History;

/// What becomes of one record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fate {
    /// It is appended where the client said, as it came or as edited.
    #[default]
    Stay,
    /// It is appended nowhere; its offset is a gap.
    Drop,
    /// It leaves for another partition of its topic.
    Move(i32),
    /// It leaves for the dead-letter topic.
    DeadLetter(Box<Why>),
    /// It waits here, hidden, and comes back behind what is there by then.
    Hold(Box<Held>),
    /// The whole batch is answered with a refusal that names it.
    Refuse(Box<Why>),
    /// The whole batch is answered with an error after which a client tries again.
    Retry(Box<Why>),
}

/// Until when a record waits, and who wants that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// When it is due, ms since the epoch, by the leader's clock.
    pub due: Timestamp,
    /// How many attempts it has behind it.
    pub attempts: u32,
    /// What was decided, as the one that decided writes it; kept with the record.
    pub decision: Vec<u8>,
}

/// Which hook of a produce failed a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A validator.
    Validator,
    /// A transform.
    Transform,
    /// The partitioner.
    Partitioner,
    /// The record's own wish for a later delivery.
    Delay,
    /// The topic's compaction, which wants keys.
    Compaction,
    /// A consumer, which produced the record to its retry topic.
    Consumer,
    /// The policy, which was asked about a record that had failed before.
    Policy,
}

impl Stage {
    /// As it stands in `corvid-dlt-stage`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validator => "validator",
            Self::Transform => "transform",
            Self::Partitioner => "partitioner",
            Self::Delay => "delay",
            Self::Compaction => "compaction",
            Self::Consumer => "consumer",
            Self::Policy => "policy",
        }
    }
}

/// Why a record was failed: what a refusal says and a dead letter carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The hook.
    pub stage: Stage,
    /// The plugin's name.
    pub plugin: String,
    /// The generation of the plugin that decided.
    pub generation: u64,
    /// The plugin's own code, or the kind of fault.
    pub code: String,
    /// For people.
    pub reason: String,
    /// Which of the topic's dead-letter topics it goes to, if it is a letter: 0 is the usual one.
    pub letters: usize,
    /// What came before, if a consumer failed on it.
    pub history: Option<Box<History>>,
}

impl Why {
    /// The same, of a record that has this history.
    pub fn told(self, history: History) -> Self {
        Self {
            history: Some(Box::new(history)),
            ..self
        }
    }
}

/// What a transform made of a record: the parts it changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edited {
    /// The key, null or not, if it was changed.
    pub key: Option<Option<Bytes>>,
    /// The value, null or not, if it was changed.
    pub value: Option<Option<Bytes>>,
    /// All headers in their order, if any was changed.
    pub headers: Option<Vec<(Bytes, Option<Bytes>)>>,
}

/// The fates of a batch's records, by their place in the batch. Nothing is allocated until a hook
/// decides something other than [`Fate::Stay`], or edits a record.
#[derive(Debug, Default)]
pub struct Fates {
    count: usize,
    fates: Vec<Fate>,
    edits: std::collections::BTreeMap<u32, Edited>,
}

impl Fates {
    /// All of `count` records stay.
    pub fn all_stay(count: usize) -> Self {
        Self {
            count,
            ..Self::default()
        }
    }

    /// Whether the batch can be appended as the client sent it.
    pub fn untouched(&self) -> bool {
        self.fates.is_empty() && self.edits.is_empty()
    }

    /// What becomes of the record at `place`.
    pub fn of(&self, place: u32) -> &Fate {
        self.fates.get(place as usize).unwrap_or(&Fate::Stay)
    }

    /// How the record at `place` was edited.
    pub fn edit_of(&self, place: u32) -> Option<&Edited> {
        self.edits.get(&place)
    }

    /// Decides; the first decision other than staying stands, since later hooks don't see the record.
    pub fn decide(&mut self, place: u32, fate: Fate) {
        if self.fates.is_empty() {
            self.fates.resize(self.count, Fate::Stay);
        }
        let slot = &mut self.fates[place as usize];
        debug_assert_eq!(*slot, Fate::Stay, "a hook judged a record that had left");
        *slot = fate;
    }

    /// Takes over a transform's edit, on top of earlier ones.
    pub fn edit(&mut self, place: u32, edited: Edited) {
        let before = self.edits.entry(place).or_default();
        if edited.key.is_some() {
            before.key = edited.key;
        }
        if edited.value.is_some() {
            before.value = edited.value;
        }
        if edited.headers.is_some() {
            before.headers = edited.headers;
        }
    }

    /// The places of the records that are still there, ascending.
    pub fn staying(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count as u32).filter(|place| *self.of(*place) == Fate::Stay)
    }

    /// Each record that is not staying, ascending by place.
    pub fn leaving(&self) -> impl Iterator<Item = (u32, &Fate)> {
        (0..).zip(self.fates.iter()).filter(|(_, fate)| **fate != Fate::Stay)
    }
}
