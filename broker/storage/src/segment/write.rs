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

    fn write(&self, file: &File, at: u64) -> io::Result<()> {
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
            None => self.write_all(file, at),
            Some(Fault::Cut(bytes)) => self.write_part(file, at, bytes, Fault::Cut(bytes), "log.write"),
            Some(Fault::Skip) => Ok(()),
            Some(fault) => Err(fault.into_error("log.write")),
        }
    }

    fn write_all(&self, file: &File, at: u64) -> io::Result<()> {
        let mut slices = [IoSlice::new(&[]); 6];
        let mut used = 0;
        for piece in self.iter() {
            slices[used] = IoSlice::new(&piece.head);
            slices[used + 1] = IoSlice::new(piece.rest);
            used += 2;
        }
        file.write_all_at(at, &mut slices[..used])
    }

    #[cold]
    fn write_part(&self, file: &File, at: u64, bytes: usize, fault: Fault, point: &'static str) -> io::Result<()> {
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
    pub fn write(&mut self, pieces: &WritePieces<'_>, segment_bytes: u64) -> Result<(), WriteError> {
        self.room.make_room(&self.file, self.size + pieces.len(), segment_bytes);
        pieces
            .write(&self.file, self.size)
            .map_err(|error| self.take_back(error))
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
