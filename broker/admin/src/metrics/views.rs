//! How records were answered: from files, or as views show them.

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, families: &mut Families) {
    let views = context.topics.views();
    let totals = views.figures().totals();
    for (from, bytes) in [("files", totals.bytes_from_files), ("views", totals.bytes_from_views)] {
        families.counter(
            "corvid_fetch_bytes",
            "Bytes of records that were answered: as they lie in files, by sendfile (short pieces are copied), or from memory, as views show them",
            vec![label("from", from)],
            bytes,
        );
    }
    for (how, batches) in [("asked", totals.asked), ("kept", totals.kept)] {
        families.counter(
            "corvid_view_batches",
            "Batches that were viewed: plugins were asked, or what they had said before was kept",
            vec![label("how", how)],
            batches,
        );
    }
    families.counter(
        "corvid_view_hidden_batches",
        "Batches of which a reader was shown nothing",
        Vec::new(),
        totals.hidden,
    );
    families.counter(
        "corvid_view_failures",
        "Times that a partition was not shown, because a view failed",
        Vec::new(),
        totals.failed,
    );
    let (bytes, results) = views.kept();
    families.gauge(
        "corvid_view_cache_bytes",
        "Memory that is taken by what views have shown, to be shown again",
        Vec::new(),
        bytes,
    );
    families.gauge(
        "corvid_view_cache_batches",
        "Results of views that are kept",
        Vec::new(),
        results,
    );
}
