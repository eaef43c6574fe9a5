//! The one write of an append: [link checkpoint] [outbox entry] batch.

use std::io::{self, IoSlice};

use corvid_env::fault::{self, Fault};
use corvid_env::fs::File;
use corvid_record::{LeaderEpoch, Offset};

use super::ActiveSegment;
use crate::facts::BatchFacts;

/// A write that did not happen.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// Nothing of it is in the file.
    TakenBack(io::Error),
    /// The system took only the front of it, which was cut off again. The next segment is for it: what was cut off here may be in a
    /// sector already, and come back between what would be written in its place.
    Short,
    /// A part of it may be in the file, and could not be cut off: nothing may be written behind it.
    Stuck { error: io::Error, cut: io::Error },
}

/// Base offset, length and leader epoch: what the leader sets, in front of what the checksum covers.
const HEAD_BYTES: usize = 16;

/// A batch with its place in the log. Its first bytes are a copy, the rest is not.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    head: [u8; HEAD_BYTES],
    rest: &'a [u8],
    pub facts: BatchFacts,
}

impl<'a> Piece<'a> {
    /// `bytes` are one batch with these facts.
    pub fn place(bytes: &'a [u8], facts: &BatchFacts, base_offset: Offset, epoch: LeaderEpoch) -> Self {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>().expect("a batch has a header");
        let mut head = *head;
        head[..8].copy_from_slice(&base_offset.0.to_be_bytes());
        head[12..].copy_from_slice(&epoch.0.to_be_bytes());
        Self {
            head,
            rest,
            facts: facts.placed(base_offset, epoch),
        }
    }

    fn len(&self) -> u64 {
        u64::from(self.facts.bytes)
    }
}

/// The batches of one write, in order.
#[derive(Debug)]
pub(crate) struct WritePieces<'a> {
    /// The links' positions, where the write is the first of a segment.
    pub checkpoint: Option<Piece<'a>>,
    /// The outbox entry.
    pub entry: Option<Piece<'a>>,
    /// The batch.
    pub batch: Option<Piece<'a>>,
}

impl<'a> WritePieces<'a> {
    /// The batches, one behind the other.
    pub fn iter(&self) -> impl Iterator<Item = &Piece<'a>> {
        [&self.checkpoint, &self.entry, &self.batch].into_iter().flatten()
    }

    /// All their bytes.
    pub fn len(&self) -> u64 {
        self.iter().map(Piece::len).sum()
    }

    /// Bytes up to the end of the entry, if there is one.
    fn entry_end(&self) -> Option<u64> {
        let checkpoint = self.checkpoint.as_ref().map_or(0, Piece::len);
        self.entry.as_ref().map(|entry| checkpoint + entry.len())
    }

    /// Writes them in one system call, and says how many bytes were taken.
    fn write(&self, file: &File, at: u64) -> io::Result<u64> {
        if let Some(end) = self.entry_end()
            && let Some(fault) = fault::hit("log.after_entry")
        {
            return self.write_part(file, at, end as usize, fault, "log.after_entry");
        }
        if self.entry.is_some()
            && let Some(Fault::Cut(bytes)) = fault::hit("log.pair")
        {
            return self.write_part(file, at, bytes, Fault::Cut(bytes), "log.pair");
        }
        match fault::hit("log.write") {
            None => self.write_once(file, at, usize::MAX),
            Some(Fault::Short(bytes)) => self.write_once(file, at, bytes),
            Some(Fault::Cut(bytes)) => self.write_part(file, at, bytes, Fault::Cut(bytes), "log.write"),
            Some(Fault::Skip) => Ok(self.len()),
            Some(fault) => Err(fault.into_error("log.write")),
        }
    }

    /// Fewer bytes than `most` are the system's choice.
    fn write_once(&self, file: &File, at: u64, most: usize) -> io::Result<u64> {
        let mut slices = [IoSlice::new(&[]); 6];
        let mut used = 0;
        for piece in self.iter() {
            slices[used] = IoSlice::new(&piece.head);
            slices[used + 1] = IoSlice::new(piece.rest);
            used += 2;
        }
        let taken = if most < self.len() as usize {
            let front: Vec<u8> = slices
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .take(most)
                .collect();
            file.write_at(at, &[IoSlice::new(&front)])?
        } else {
            file.write_at(at, &slices[..used])?
        };
        if taken < self.len() as usize && fault::hit("log.short") == Some(Fault::Skip) {
            // A test plants a bug here: the rest is written behind the front, as if nothing had happened.
            let mut rest = &mut slices[..used];
            IoSlice::advance_slices(&mut rest, taken);
            file.write_all_at(at + taken as u64, rest)?;
            return Ok(self.len());
        }
        Ok(taken as u64)
    }

    #[cold]
    fn write_part(&self, file: &File, at: u64, bytes: usize, fault: Fault, point: &'static str) -> io::Result<u64> {
        let mut whole: Vec<u8> = self
            .iter()
            .flat_map(|piece| [&piece.head[..], piece.rest].concat())
            .collect();
        whole.truncate(bytes);
        file.write_all_at(at, &mut [IoSlice::new(&whole)])?;
        if matches!(fault, Fault::Cut(_)) {
            fault::kill();
        }
        Err(fault.into_error(point))
    }
}

impl ActiveSegment {
    /// Writes the batches behind the last one, all or nothing. Memory is changed by [`ActiveSegment::note`] only.
    ///
    /// Room is taken ahead up to `preallocate_to` at most.
    pub fn write(&mut self, pieces: &WritePieces<'_>, preallocate_to: u64) -> Result<(), WriteError> {
        self.room
            .make_room(&self.file, self.size + pieces.len(), preallocate_to);
        match pieces.write(&self.file, self.size) {
            Ok(taken) if taken == pieces.len() => Ok(()),
            Ok(_) => Err(match self.take_back(io::ErrorKind::WriteZero.into()) {
                WriteError::TakenBack(_) | WriteError::Short => WriteError::Short,
                WriteError::Stuck { error, cut } => WriteError::Stuck { error, cut },
            }),
            Err(error) => Err(self.take_back(error)),
        }
    }

    #[cold]
    fn take_back(&mut self, error: io::Error) -> WriteError {
        self.room.cut(self.size);
        let cut = match self.file.len() {
            Ok(len) if len == self.size => Ok(()),
            Ok(_) | Err(_) => {
                self.taint();
                fault::check("log.cut").and_then(|()| self.file.truncate(self.size))
            }
        };
        match cut {
            Ok(()) => WriteError::TakenBack(error),
            Err(cut) => WriteError::Stuck { error, cut },
        }
    }
}
