//! The tables that plugins look things up in.

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, families: &mut Families) {
    for table in context.topics.plugins().tables().figures() {
        let of = || vec![label("topic", &table.topic)];
        families.gauge(
            "corvid_table_keys",
            "Keys that have a value in a table that plugins look things up in",
            of(),
            table.keys as u64,
        );
        families.gauge(
            "corvid_table_bytes",
            "Memory that a table takes, by estimate; corvid.table.bytes bounds all together",
            of(),
            table.bytes as u64,
        );
        families.gauge(
            "corvid_table_lag",
            "Offsets of its topic that are not in a table yet",
            of(),
            table.behind,
        );
        families.gauge(
            "corvid_table_current",
            "1 if a table is complete; while it is not, topics whose plugins look things up there take no records",
            of(),
            u64::from(table.current),
        );
    }
}
