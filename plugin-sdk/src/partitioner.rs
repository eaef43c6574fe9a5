//! The hook that says to which partition a record goes.

use crate::config::Config;
use crate::input::{Input, Topic};
use crate::record::Record;

/// Decides to which partition each record of a topic goes.
///
/// It runs on the leader of the partition that the client chose, and nothing but the record, the
/// topic and the configuration should decide: a partitioner that asks for the time or for random
/// numbers is refused when it is bound.
///
/// ```
/// use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export, partition_for_key};
///
/// /// The orders of one tenant stay together.
/// pub struct ByTenant {
///     header: String,
/// }
///
/// impl Partitioner for ByTenant {
///     fn new(config: &Config<'_>) -> Result<Self, String> {
///         Ok(ByTenant { header: config.string("header")?.unwrap_or("tenant".into()) })
///     }
///
///     fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
///         match record.header(&self.header) {
///             Some(tenant) => Route::To(partition_for_key(tenant, topic.partitions)),
///             None => Route::Keep,
///         }
///     }
/// }
///
/// export!(partitioner = ByTenant);
///
/// // In its unit tests:
/// use corvid_plugin_sdk::testing::{Call, RecordBuilder};
///
/// let records = [
///     RecordBuilder::new().header("tenant", "acme"),
///     RecordBuilder::new().value("nobody's"),
/// ];
/// let routes = Call::new(records).partitions(12).partition::<ByTenant>("{}").unwrap();
/// assert_eq!(routes, [Route::To(partition_for_key(b"acme", 12)), Route::Keep]);
/// ```
pub trait Partitioner: Sized {
    /// Makes the plugin from its configuration, once for every instance of it. An error's text is
    /// shown to whoever binds the plugin, and the plugin is not bound.
    fn new(config: &Config<'_>) -> Result<Self, String>;

    /// Where this record goes.
    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route;
}

/// A partitioner's answer for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To this partition, from 0. One that the topic hasn't got is a fault.
    To(i32),
    /// Where the client wanted it.
    Keep,
}

/// What stands for [`Route::Keep`] in an answer.
const KEEP: i32 = -1;

impl Route {
    #[inline]
    fn to_number(self) -> i32 {
        match self {
            // A negative partition must not pass for KEEP: the host reports this one as a fault.
            Route::To(KEEP) => i32::MIN,
            Route::To(partition) => partition,
            Route::Keep => KEEP,
        }
    }

    pub(crate) fn from_number(number: i32) -> Self {
        if number == KEEP { Route::Keep } else { Route::To(number) }
    }
}

/// Runs the hook over a call's records, and writes the answer: a number for each.
pub(crate) fn answer<P: Partitioner>(plugin: &mut P, input: &Input<'_>, answer: &mut Vec<u8>) {
    answer.reserve(input.records.len() * size_of::<i32>());
    for record in input.records.clone() {
        let route = plugin.partition(&record, &input.topic);
        answer.extend_from_slice(&route.to_number().to_le_bytes());
    }
}
