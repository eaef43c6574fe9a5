//! What the cluster knows about itself, as pure data: no I/O, no clock, no randomness.
//!
//! Every change is a batch of [`Record`]s that the quorum has committed. An [`Image`] is the sum
//! of all of them: `image.apply(&records)` gives the next image or a [`Conflict`], never half of a
//! batch. Brokers act on images only, so a restart is "load the image, reconcile".
//!
//! Invariants:
//! - **All or nothing.** A batch that conflicts leaves no trace.
//! - **Deterministic.** The same records give an equal image on every node and in every release:
//!   `apply` checks what an image must never break (unknown ids, names taken, replicas that
//!   contradict each other), and leaves taste to those who write records. A rule that grows
//!   stricter must not turn a record that is committed already into a conflict.
//! - **Cheap to clone.** Maps are shared; a change copies the few entries around it
//!   ([`shared_map`]), so 10,000 partitions cost no more than ten.
//! - **Hostile until checked.** Snapshot bytes, JSON in configs and TOML give errors, not panics.
//!
//! Who calls it: `controller` applies and snapshots; `api`, `admin` and the binary read images,
//! the [`config`] tables and [`desired::plan`]; everyone above reads topics.
//!
//! - [`ids`]: topic ids, digests, node and partition numbers
//! - [`record`]: what the quorum's log says
//! - [`image`]: the sum of it; apply, conflicts, snapshots
//! - [`topic_name`]: Kafka's rules for names
//! - [`config`]: every topic and broker config, typed settings, what DescribeConfigs tells
//! - [`plugin`]: a plugin's generations: those before, and the one that is tried
//! - [`policy`]: which plugins a topic binds, and what happens to what they refuse
//! - [`retry_topic`]: which topic and group a retry topic is for
//! - [`desired`]: the difference between a TOML file and the image
//! - [`limits`]: how much of anything
//! - [`units`]: durations and sizes as people write them
//! - [`shared_map`]: the sorted map whose clones share

pub mod config;
pub mod desired;
pub mod ids;
pub mod image;
pub mod limits;
pub mod plugin;
pub mod policy;
pub mod record;
pub mod retry_topic;
pub mod shared_map;
pub mod topic_name;
pub mod units;

pub use config::{ConfigError, TopicSettings};
pub use ids::{Digest, NodeId, PartitionIndex, TopicId};
pub use image::{BrokerImage, Conflict, Image, PartitionImage, SnapshotError, TopicImage};
pub use plugin::{Deployment, How, Lineage, Rollout};
pub use policy::{PluginLimits, TopicBindings};
pub use record::{AppliedKeys, PartitionRecord, PluginRecord, Record};
