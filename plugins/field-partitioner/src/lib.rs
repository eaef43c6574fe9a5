//! Sends a record where a field of its JSON value, or a header, says: by hash, or by a table.

mod source;
mod table;

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export, partition_for_key};
use source::Source;
use table::Table;

/// The plugin.
pub struct FieldPartitioner {
    source: Source,
    /// Where each value goes. Without a table, its hash says.
    table: Option<Table>,
    /// Where everything else goes.
    default: Route,
    /// For a string that is written with escapes.
    scratch: String,
}

impl Partitioner for FieldPartitioner {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["field", "header", "table", "default"])?;
        Ok(FieldPartitioner {
            source: Source::configured(config)?,
            table: config.get("table").map(Table::configured).transpose()?,
            default: config
                .get("default")
                .map_or(Ok(Route::Keep), |value| table::route("default", value))?,
            scratch: String::new(),
        })
    }

    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let Some(value) = self.source.read(record, &mut self.scratch) else {
            return self.default;
        };
        match &self.table {
            Some(table) => table.get(value).unwrap_or(self.default),
            None => Route::To(partition_for_key(value, topic.partitions)),
        }
    }
}

export!(partitioner = FieldPartitioner);

#[cfg(test)]
mod tests;
