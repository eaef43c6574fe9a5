//! Reading outbox entries where they lie.

use bytes::Bytes;
use corvid_env::fault;
use corvid_record::{Offset, batches};
use corvid_storage::{EntryAt, Log, ReadError, Which};

/// The entry's batch, and the one behind it if it is below `limit`.
pub(crate) fn read_pair(log: &Log, at: EntryAt, limit: Offset) -> Result<(Bytes, Option<Bytes>), ReadError> {
    fault::check("link.read").map_err(|error| ReadError::Io {
        file: log.name().to_owned(),
        error,
    })?;
    let first = log.read_bytes(at.offset, limit, at.bytes, true, Which::All)?;
    let entry_bytes = first.slice(..(at.bytes as usize).min(first.len()));
    let behind = batches(&entry_bytes)
        .next()
        .and_then(Result::ok)
        .map(|batch| batch.next_offset());
    let Some(behind) = behind.filter(|offset| *offset < limit) else {
        return Ok((entry_bytes, None));
    };
    // One byte at most, but at least one batch: just the mate.
    let second = log.read_bytes(behind, limit, 1, true, Which::All)?;
    Ok((entry_bytes, (!second.is_empty()).then_some(second)))
}
