//! A round for one log.

use std::io;
use std::sync::Arc;

use corvid_env::fault;

use crate::disk_space::is_out_of_space;
use crate::flushed_file::SlotValue;
use crate::log::{Doomed, Log, Round};
use crate::names;
use crate::shared::Shared;

/// Syncs what the log has; returns what may be deleted once the log's start is durable, and where it is flushed.
pub(super) async fn flush(shared: &Shared, log: &Arc<Log>) -> io::Result<Vec<Doomed>> {
    let round = log.begin_round();
    if let Some(round) = &round {
        sync(shared, log, round).await?;
    }
    // Without a round, too: a truncation has lowered the position, and waits for this.
    if let Some(value) = log.finish_round() {
        write_slot(shared, log, value)?;
        log.tell_flushed();
    }
    Ok(round.map(|round| round.doomed).unwrap_or_default())
}

/// Writes the log's slot. It has its blocks, but some file systems take new ones for what is written in place: then the reserve is for this.
fn write_slot(shared: &Shared, log: &Log, value: SlotValue) -> io::Result<()> {
    let write = || shared.flushed_file.lock().write(log.slot(), log.name(), value);
    match write() {
        // Nothing was synced yet, so it may be tried again.
        Err(error) if is_out_of_space(&error) => {
            shared.space.filled();
            write()
        }
        other => other,
    }
}

async fn sync(shared: &Shared, log: &Arc<Log>, round: &Round) -> io::Result<()> {
    fault::check("flush.before")?;
    write_epochs(shared, log, round).await?;
    for file in &round.files {
        file.sync_data().await?;
    }
    if round.directory {
        log.dir().sync()?;
    }
    fault::check("flush.after")
}

async fn write_epochs(shared: &Shared, log: &Log, round: &Round) -> io::Result<()> {
    let Some(text) = &round.epochs else {
        return Ok(());
    };
    let written = log.dir().write_atomic(names::LEADER_EPOCHS, text.as_bytes()).await;
    match written {
        // Until the segment is sealed, recovery finds the epochs in the batches; a full disk seals none.
        Err(error) if is_out_of_space(&error) => {
            shared.space.filled();
            log.epochs_not_written();
            Ok(())
        }
        other => other,
    }
}
