//! What happens to records on their way through a node, one behaviour a file.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these are tests, on the real machine"
)]

mod acknowledged_is_readable;
mod append_times;
mod automatic_topics;
mod bindings_by_config;
mod compacted_ends;
mod compressed_batches;
mod consumer_retries;
mod damaged_entries;
mod dead_letters;
mod delayed;
mod deleted_records;
mod delivery_restarts;
mod dropped_records;
mod duplicates;
mod edits;
mod every_version;
mod fetch_limits;
mod fetch_sessions;
mod first_routes;
mod in_sync_replicas;
mod long_polls;
mod metrics;
mod more_partitions;
mod moved_records;
mod no_transactions;
mod offsets_of_nothing;
mod pipelined;
mod plugin_figures;
mod policies;
mod refusals;
mod replicas;
mod restarts;
mod retry_topics;
mod same_name_again;
mod stops;
mod tables;
mod targets_apart;
mod torn_entries;
mod unacknowledged;
mod unknown_versions;
mod untouched_batches;
mod view_faults;
mod view_hidden;
mod views;

/// The partitioner that sends a record to the partition that its key, a number, names.
fn by_number() -> String {
    bed::topics::binding(&serde_json::json!({ "behaviour": "modulo" }))
}

/// A view that does this to records with the value `bad`, for clients whose id begins with `r`.
fn view(behaviour: &str) -> String {
    let view = serde_json::json!({ "plugin": bed::PLUGIN, "config": { "behaviour": behaviour }, "clients": ["r*"] });
    serde_json::json!([view]).to_string()
}

/// A produce hook that does this to records with the value `bad`.
fn on_bad(behaviour: &str, on_refused: &str) -> String {
    let config = serde_json::json!({ "behaviour": behaviour });
    serde_json::json!([bed::topics::check(&config, on_refused)]).to_string()
}
