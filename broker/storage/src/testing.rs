//! What tests of several modules build.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_record::{BatchBuilder, Compression, LeaderEpoch, Offset, RecordParts, Timestamp};

use crate::{Append, AppendKind, Log, LogConfig, LogDirectory, LogDirectoryConfig};

/// A batch of `count` plain records at `base`.
pub(crate) fn batch_of(base: i64, count: i32) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None).base_offset(Offset(base));
    for number in 0..count {
        let value = format!("value {number} of the batch at {base}");
        builder.push(&RecordParts {
            offset_delta: number,
            timestamp: Timestamp(1_000 + base),
            value: Some(value.as_bytes()),
            ..RecordParts::default()
        });
    }
    builder.finish(None).unwrap()
}

/// A directory with a small reserve.
pub(crate) async fn open_directory(path: &Path) -> Arc<LogDirectory> {
    let config = LogDirectoryConfig {
        reserve_bytes: 1 << 20,
        ..LogDirectoryConfig::default()
    };
    LogDirectory::open(Dir::open(path).unwrap(), config).await.unwrap()
}

/// A log of `batches` batches with one record each, a few in a segment.
pub(crate) fn log_of_small_segments(directory: &LogDirectory, batches: i64) -> Arc<Log> {
    let config = LogConfig {
        segment_bytes: 400,
        retention_ms: None,
        ..LogConfig::default()
    };
    let log = directory.open_log("orders-0", config).unwrap();
    for number in 0..batches {
        log.append(Append {
            epoch: LeaderEpoch(1),
            entry: None,
            batch: batch_of(number, 1),
            kind: AppendKind::Client,
        })
        .unwrap();
    }
    log
}
