//! Tables: compacted topics in memory, for plugins to look things up in.
//!
//! A table is read from the start of its topic's partitions when a binding first names it, and followed from then on: a task for
//! each, woken when a partition's high watermark rises. Nothing of it is on the disk but the topic itself.
//!
//! ```text
//!            every partition read to        a read fails, or there
//!            where it ended at first        is no room for a key
//! Loading ───────────────────────► Current ───────────────────────► Failed
//!    ▲                                                                │
//!    └── a while later, emptied, from the start; without room: once ──┘
//!        there are other records, or another table gives some back
//! ```
//!
//! Invariants:
//!
//! - A batch is judged by what was committed in the topic when the batch came, or later: the last value of every key, and a key
//!   that is missing has none. So a producer that was told that its limit is set, finds it set. A topic whose tables are not
//!   current takes no records: its producers wait a while, and then try again.
//! - What is held of all tables is bounded by `corvid.table.bytes`. A table that does not fit is no table: one that lacks some keys
//!   would let through what it should not.
//! - A table that fails is left as it is for a while: batches that are being judged end with what was true a moment ago. One that was
//!   emptied under a batch, nevertheless, is noticed: the batch is not appended.
//! - A topic that is a table stays one: it is not deleted, keeps `cleanup.policy = compact`, and its number of partitions.
//!
//! Choices: a key is where its last record is, whichever partition has it; of a key in two partitions, the one that is read last
//! counts. A record without a key is no part of a table.

mod follow;
mod kept;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use corvid_env::task;
use corvid_metadata::config::{CleanupPolicy, Configs};
use corvid_metadata::policy::{Binding, TopicBindings};
use corvid_metadata::{Image, TopicId, TopicImage};
use corvid_replication::{NodeConfigs, Replicas};
use parking_lot::Mutex;

pub(crate) use kept::Kept;
use kept::Room;

/// All tables of a node. A table is kept for as long as a loaded plugin has it.
pub struct Tables {
    replicas: Arc<Replicas>,
    room: Arc<Room>,
    kept: Mutex<BTreeMap<TopicId, Weak<Kept>>>,
}

/// What binds a plugin to a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableKey {
    /// What the plugin calls it.
    pub name: String,
    /// The topic.
    pub topic: TopicId,
    /// The topic's name.
    pub topic_name: String,
}

/// How one table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFigures {
    /// Its topic's name.
    pub topic: String,
    /// How many keys have a value.
    pub keys: usize,
    /// The memory that it takes, in bytes, by estimate.
    pub bytes: usize,
    /// How many offsets are not in it yet.
    pub behind: u64,
    /// Whether plugins may look things up in it.
    pub current: bool,
}

impl Tables {
    /// No tables yet. All together may take `bytes_max` of memory.
    pub fn new(replicas: Arc<Replicas>, bytes_max: usize) -> Self {
        Self {
            replicas,
            room: Arc::new(Room::new(bytes_max)),
            kept: Mutex::default(),
        }
    }

    /// The partitions that are here.
    pub(crate) fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// The table of this topic, which is followed from now on.
    pub(crate) fn get(&self, key: &TableKey) -> Arc<Kept> {
        let mut all = self.kept.lock();
        all.retain(|_, kept| kept.strong_count() > 0);
        if let Some(kept) = all.get(&key.topic).and_then(Weak::upgrade) {
            return kept;
        }
        let kept = Kept::new(key, self.room.clone());
        all.insert(key.topic, Arc::downgrade(&kept));
        let following = follow::run(Arc::downgrade(&kept), self.replicas.clone(), kept.wake().clone());
        // It ends when nobody has the table any more.
        drop(task::spawn("follow a table", following));
        kept
    }

    /// Takes over how many partitions each topic has.
    pub(crate) fn reconcile(&self, image: &Image) {
        for kept in self.all() {
            // None if it is of an image that was tried, and whoever tried it lets go of it.
            if let Some(topic) = image.topic_by_id(kept.topic()) {
                kept.set_partitions(topic.partitions.len() as i32);
            }
        }
    }

    /// How every table is, by topic.
    pub fn figures(&self) -> Vec<TableFigures> {
        let mut figures: Vec<_> = self.all().iter().map(|kept| kept.figures()).collect();
        figures.sort_by(|one, other| one.topic.cmp(&other.topic));
        figures
    }

    fn all(&self) -> Vec<Arc<Kept>> {
        self.kept.lock().values().filter_map(Weak::upgrade).collect()
    }
}

/// The tables of a binding, with the topics of `image`; an error names one that there is not.
pub(crate) fn keys(image: &Image, binding: &Binding) -> Result<Vec<TableKey>, String> {
    let key = |(name, topic_name): (&String, &String)| {
        let topic = image
            .topic(topic_name)
            .ok_or_else(|| format!("its table `{name}` is the topic {topic_name}, which is not there"))?;
        Ok(TableKey {
            name: name.clone(),
            topic: topic.id,
            topic_name: topic_name.clone(),
        })
    };
    binding.tables.iter().map(key).collect()
}

/// Refuses a table of a topic that forgets: after a restart it would have less in it than before.
pub(crate) fn check(configs: &NodeConfigs, image: &Image, bindings: &TopicBindings) -> Result<(), String> {
    for binding in bindings.everywhere() {
        for (name, topic_name) in &binding.tables {
            let about = |what| {
                format!(
                    "plugin \"{}\": its table `{name}` is the topic {topic_name}, {what}",
                    binding.plugin
                )
            };
            let topic = image.topic(topic_name).ok_or_else(|| about("which is not there"))?;
            if topic.is_internal() {
                return Err(about("which is one of the broker's own"));
            }
            if !stays(configs, image, topic) {
                return Err(about(
                    "which forgets records by their age: a table wants one with cleanup.policy = compact",
                ));
            }
        }
    }
    Ok(())
}

/// Refuses configs under which a topic, which others look things up in, would forget.
pub(crate) fn check_source(
    configs: &NodeConfigs,
    image: &Image,
    topic: &TopicImage,
    after: &Configs,
) -> Result<(), String> {
    let after = TopicImage {
        configs: after.clone(),
        ..topic.clone()
    };
    if stays(configs, image, &after) {
        return Ok(());
    }
    match image.looked_up_by(&topic.name) {
        Some((other, plugin)) => Err(format!(
            "it is a table of plugin \"{plugin}\" of topic {other}, and has to keep cleanup.policy = compact"
        )),
        None => Ok(()),
    }
}

/// Whether the topic keeps the last record of every key.
fn stays(configs: &NodeConfigs, image: &Image, topic: &TopicImage) -> bool {
    configs.topic(image, topic).cleanup_policy == CleanupPolicy::Compact
}
