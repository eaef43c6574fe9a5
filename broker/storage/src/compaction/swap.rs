//! Putting a rewritten group in the place of the old one, whatever crashes.
//!
//! `.log.cleaned` is nothing yet. Its rename to `.log.swap` is the commit: from there on a crash or an error leaves what the next
//! start carries to its end. Until then nobody may compact or delete: the next start removes what begins within the swap, whoever wrote it.

use std::io;
use std::sync::Arc;

use corvid_env::fault;
use corvid_env::fs::{Dir, Entry};
use corvid_record::Offset;

use crate::batch_reader::{BatchReader, Next};
use crate::names;
use crate::segment::SealedSegment;

/// Commits to the rewritten group. What fails from here on is finished by the next start, and by nobody before: the log has failed.
pub(crate) fn commit(dir: &Dir, base: Offset) -> io::Result<()> {
    dir.rename(
        &names::segment_file(base, names::CLEANED),
        &names::segment_file(base, names::SWAP),
    )
}

/// Replaces the group's files by the one that was committed to. The group's segments must be pinned.
pub(crate) fn swap_in(dir: &Dir, group: &[Arc<SealedSegment>]) -> io::Result<()> {
    dir.sync()?;
    fault::check("compaction.swap")?;
    let bases: Vec<Offset> = group.iter().map(|segment| segment.base).collect();
    put_in_place(dir, group[0].base, &bases)
}

/// Removes what a pass that ended early has written.
pub(crate) fn abandon(dir: &Dir, base: Offset) {
    let name = names::segment_file(base, names::CLEANED);
    if let Err(error) = dir.remove(&name) {
        tracing::debug!(file = name, %error, "nothing to abandon");
    }
}

/// Finishes the swaps that a crash interrupted, and removes what was not committed. Says whether there was anything to do.
pub(crate) fn finish_swaps(dir: &Dir, entries: &[Entry]) -> io::Result<bool> {
    let mut changed = false;
    for entry in entries {
        match names::parse_segment_file(&entry.name) {
            Some((_, names::CLEANED)) => dir.remove(&entry.name)?,
            Some((base, names::SWAP)) => finish_swap(dir, base, entry, entries)?,
            Some(_) | None => continue,
        }
        changed = true;
    }
    Ok(changed)
}

/// What the swap replaces are the segments that begin within it. Others of its group, whose records are all gone, stay as they were, which is right, too.
fn finish_swap(dir: &Dir, base: Offset, swap: &Entry, entries: &[Entry]) -> io::Result<()> {
    let file = dir.open_file(&swap.name)?;
    let mut end = base;
    let mut reader = BatchReader::new(&file, 0, swap.len);
    loop {
        match reader.next()? {
            Next::Batch { batch, .. } => end = batch.next_offset(),
            Next::End => break,
            Next::Bad { position, why } => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: byte {position}: {why}", swap.name),
                ));
            }
        }
    }
    let bases: Vec<Offset> = entries
        .iter()
        .filter_map(|entry| names::parse_segment_file(&entry.name))
        .filter(|&(other, suffix)| suffix == names::LOG && (other == base || (other > base && other < end)))
        .map(|(other, _)| other)
        .collect();
    put_in_place(dir, base, &bases)
}

/// Removes the old segments and renames the new one. The old sidecars are gone for good before the new log has its name: they would not
/// fit it.
fn put_in_place(dir: &Dir, base: Offset, old: &[Offset]) -> io::Result<()> {
    for &segment in old.iter().rev() {
        for suffix in [names::INDEX, names::TIME_INDEX, names::HIDDEN] {
            remove_if_there(dir, &names::segment_file(segment, suffix))?;
        }
        if segment != base {
            remove_if_there(dir, &names::segment_file(segment, names::LOG))?;
        }
    }
    dir.sync()?;
    dir.rename(
        &names::segment_file(base, names::SWAP),
        &names::segment_file(base, names::LOG),
    )?;
    dir.sync()
}

fn remove_if_there(dir: &Dir, name: &str) -> io::Result<()> {
    match dir.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
