//! The hooks a plugin may have, and what goes into one.

use corvid_record::Batch;

use crate::abi;
use crate::chunk::Chunks;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::viewer::Viewer;

/// A hook of the produce path or the fetch path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Answers a partition, or KEEP, for each record.
    Partition,
    /// Answers the records that fail, with a code and a reason.
    Validate,
    /// Answers edits: change key, value or headers; drop; refuse.
    Transform,
    /// Answers what becomes of records that failed.
    Policy,
    /// Answers edits for one who reads: change key, value or headers; hide.
    View,
}

impl Hook {
    /// Every hook, in the order in which [`HookSet`] and instances keep them.
    pub const ALL: [Self; 5] = [
        Self::Partition,
        Self::Validate,
        Self::Transform,
        Self::Policy,
        Self::View,
    ];

    /// The name that people read: `partition`, `validate`, `transform`, `policy`, `view`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Validate => "validate",
            Self::Transform => "transform",
            Self::Policy => "policy",
            Self::View => "view",
        }
    }

    /// The function that a module exports to have this hook.
    pub fn export(self) -> &'static str {
        match self {
            Self::Partition => "corvid_partition",
            Self::Validate => "corvid_validate",
            Self::Transform => "corvid_transform",
            Self::Policy => "corvid_policy",
            Self::View => "corvid_view",
        }
    }
}

/// Which hooks a module has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HookSet {
    /// It exports `corvid_partition`.
    pub partition: bool,
    /// It exports `corvid_validate`.
    pub validate: bool,
    /// It exports `corvid_transform`.
    pub transform: bool,
    /// It exports `corvid_policy`.
    pub policy: bool,
    /// It exports `corvid_view`.
    pub view: bool,
}

impl HookSet {
    /// Whether `hook` is among them.
    pub fn has(self, hook: Hook) -> bool {
        match hook {
            Hook::Partition => self.partition,
            Hook::Validate => self.validate,
            Hook::Transform => self.transform,
            Hook::Policy => self.policy,
            Hook::View => self.view,
        }
    }

    /// The hooks that are there, in the order of [`Hook::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Hook> {
        Hook::ALL.into_iter().filter(move |hook| self.has(*hook))
    }

    /// These hooks, but for those that are not among `names`.
    pub(crate) fn named(mut self, names: &[&str]) -> Self {
        for hook in Hook::ALL.into_iter().filter(|hook| !names.contains(&hook.name())) {
            match hook {
                Hook::Partition => self.partition = false,
                Hook::Validate => self.validate = false,
                Hook::Transform => self.transform = false,
                Hook::Policy => self.policy = false,
                Hook::View => self.view = false,
            }
        }
        self
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }
}

/// The records of one batch on their way into a hook.
#[derive(Debug, Clone, Copy)]
pub struct HookInput<'a> {
    /// The topic's name, at most 249 bytes as Kafka has it (longer than `u16::MAX` is a `bad_input`).
    pub topic: &'a str,
    /// The partition that the client chose; for a view, the one that is read.
    pub partition: i32,
    /// How many partitions the topic has.
    pub partitions: i32,
    /// Milliseconds since the epoch; a record's timestamp is this plus its delta.
    pub base_timestamp: i64,
    /// The uncompressed records section of a v2 batch: `count` records, each with its length prefix.
    pub records: &'a [u8],
    /// How many records `records` holds. The caller has checked the section; where it lies all the
    /// same, the plugin may fault, and nothing else happens.
    pub count: u32,
    /// For a policy, how each of them failed; empty for other hooks.
    pub failures: &'a [Failure<'a>],
    /// Who reads, for a view.
    pub viewer: Option<Viewer<'a>>,
    /// The time and the chance of the call, where another plugin is to be asked the same.
    pub moment: Option<Moment>,
}

impl<'a> HookInput<'a> {
    /// The records of an uncompressed batch, on their way into a hook of the produce path.
    pub fn of(topic: &'a str, partition: i32, partitions: i32, batch: &Batch<'a>) -> Self {
        Self {
            topic,
            partition,
            partitions,
            base_timestamp: batch.base_timestamp().0,
            records: batch.section(),
            count: batch.record_count(),
            failures: &[],
            viewer: None,
            moment: None,
        }
    }

    /// What a guest is given, call by call, byte for byte: for whoever runs its code without a sandbox. A section that is
    /// broken ends at the break.
    pub fn calls(&self) -> Vec<Vec<u8>> {
        let mut chunks = Chunks::new(self.records, self.count);
        let inputs = std::iter::from_fn(|| chunks.next()?.ok()).map(|chunk| {
            let mut input = vec![0; abi::input_len(self, &chunk)];
            abi::write_input(&mut input, self, &chunk);
            input
        });
        inputs.collect()
    }
}
