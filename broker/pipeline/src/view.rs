//! Views: what a reader sees of a topic in place of what is stored.
//!
//! A topic may bind views for some of its readers. What they read is opened, shown to the plugins, and put together again
//! with the same offsets; everybody else's fetches stay ranges of files. Nothing that is stored changes.
//!
//! # A batch of which nothing is shown is not served
//!
//! Consumers advance by the batches that they get, and real ones turn in a hot loop, or go back, on a batch without records.
//! So the broker looks on until it has something to show, and remembers how far it has looked (`hidden`): a consumer
//! in front of a long stretch of hidden records asks from where it stands, gets nothing for as long as its long polls
//! last, each of which goes on where the last one stopped, and then gets the next record that it may see. Where the
//! stretch reaches the end, the high watermark that it is told is its own position: it has read everything, and waits. What
//! ListOffsets tells it as the end fits that ([`end`]).
//!
//! # Invariants
//!
//! - A record is shown through every view that is for its reader, or not at all: a fault, a view that is not there, or a
//!   batch that cannot be opened is an error for that partition, unless the binding says `pass`.
//! - What is kept of results is for one reader, by all that a view is told of him, and for one deployment of each plugin.
//! - No answer with viewed records is longer than [`ANSWER_BYTES_MAX`], but for one batch, and all together take the room
//!   for them while they are sent.

mod bound;
mod cache;
mod end;
mod figures;
mod hidden;
mod read;
mod room;
mod show;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use corvid_metadata::TopicImage;
use corvid_metadata::config::keys;
use corvid_metadata::policy::Reader;
use corvid_plugin_host::Viewer;
use parking_lot::Mutex;

use crate::plugins::PluginKey;
use crate::room::Room;
use crate::topics::Topics;

use bound::BoundView;
pub(crate) use bound::TopicViews;
use cache::Cache;
pub use end::end;
pub use figures::{ViewFigures, ViewTotals};
use hidden::HiddenStretches;
pub use read::{Asked, Seen, ViewError, read};
pub use room::{ANSWERS_BYTES_MAX, AnswerRoom, AnswerRooms};

/// How many bytes of viewed records one answer has, beyond its first batch.
pub const ANSWER_BYTES_MAX: u32 = 8 << 20;

/// What the views of all topics share.
pub struct Views {
    cache: Mutex<Cache>,
    hidden: Mutex<HiddenStretches>,
    /// Where batches are opened, together with those of produces.
    room: Room,
    answers: AnswerRooms,
    figures: ViewFigures,
    /// Whether some topic has views.
    bound: AtomicBool,
}

impl Views {
    /// Nothing is kept yet, and at most `cache_bytes` will be.
    pub(crate) fn new(room: Room, cache_bytes: usize) -> Self {
        Self {
            cache: Mutex::new(Cache::new(cache_bytes)),
            hidden: Mutex::default(),
            room,
            answers: AnswerRooms::default(),
            figures: ViewFigures::default(),
            bound: AtomicBool::new(false),
        }
    }

    /// Whether some topic has views: a hint, and a moment late.
    pub fn are_bound(&self) -> bool {
        self.bound.load(Ordering::Relaxed)
    }

    pub(crate) fn set_bound(&self, bound: bool) {
        self.bound.store(bound, Ordering::Relaxed);
    }

    /// Room for an answer's viewed records, as soon as there is some.
    pub async fn answer_room(&self) -> AnswerRoom {
        self.answers.take().await
    }

    /// What is counted.
    pub fn figures(&self) -> &ViewFigures {
        &self.figures
    }

    /// How much is kept: bytes, and results.
    pub fn kept(&self) -> (usize, usize) {
        let cache = self.cache.lock();
        (cache.bytes(), cache.len())
    }
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The principal, as Kafka writes it.
    pub principal: Arc<str>,
    /// The client id of the request.
    pub client_id: Option<Arc<str>>,
}

impl Who {
    fn reader(&self) -> Reader<'_> {
        Reader {
            principal: &self.principal,
            client: self.client_id.as_deref().unwrap_or_default(),
        }
    }
}

/// How a reader sees a partition.
#[derive(Clone)]
pub enum Sight {
    /// As it is stored.
    Plain,
    /// Through views.
    Through(Arc<ReaderView>),
    /// Through views that are not there: not at all.
    Blind,
}

/// The views of a topic that are for one reader.
pub struct ReaderView {
    topic: Arc<str>,
    partitions: i32,
    chain: Vec<Arc<BoundView>>,
    key: Arc<ViewKey>,
}

/// All that a view's result depends on, beside the records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ViewKey {
    plugins: Vec<Arc<PluginKey>>,
    principal: Arc<str>,
    client_id: Option<Arc<str>>,
}

impl ViewKey {
    fn viewer(&self) -> Viewer<'_> {
        Viewer {
            principal: &self.principal,
            client_id: self.client_id.as_deref(),
            group: None,
        }
    }

    /// About what it takes in memory.
    fn size(&self) -> usize {
        let plugin = |key: &Arc<PluginKey>| key.name.len() + key.config.len() + size_of::<PluginKey>();
        self.plugins.iter().map(plugin).sum::<usize>()
            + self.principal.len()
            + self.client_id.as_ref().map_or(0, |id| id.len())
    }
}

impl Topics {
    /// How `who` sees a partition of `topic`. A topic that has views and is not settled yet is not seen.
    pub fn sight(&self, topic: &TopicImage, partition: i32, who: &Who) -> Sight {
        if !topic.configs.contains_key(keys::FETCH) {
            return Sight::Plain;
        }
        let Some(settled) = self.get(topic.id) else {
            return Sight::Blind;
        };
        match &settled.views {
            Ok(views) => views.sight(&settled, partition, who),
            Err(_) => {
                let bound = &settled.settings.bindings.fetch;
                match bound.iter().any(|binding| binding.readers.has(who.reader())) {
                    true => Sight::Blind,
                    false => Sight::Plain,
                }
            }
        }
    }
}
