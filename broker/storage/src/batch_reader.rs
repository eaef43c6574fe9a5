//! The batches of a file, one behind the other, checked.

use std::io;

use corvid_env::fs::File;
use corvid_record::{Batch, BatchError, size_at_front};

/// Reads a file's batches in order, each with its checksum verified.
#[derive(Debug)]
pub(crate) struct BatchReader<'f> {
    file: &'f File,
    /// Of the next batch.
    position: u64,
    end: u64,
    /// Bytes of the file from `buffered_from` on.
    buffer: Vec<u8>,
    buffered_from: u64,
    /// Whether it was filled since [`BatchReader::take_filled`].
    filled: bool,
}

/// What comes next in a file.
#[derive(Debug)]
pub(crate) enum Next<'b> {
    /// A whole batch with a good checksum.
    Batch {
        /// Where it begins.
        position: u64,
        /// The batch.
        batch: Batch<'b>,
    },
    /// The file ends where a batch does.
    End,
    /// Something that is not a batch.
    Bad {
        /// Where it begins.
        position: u64,
        /// What is wrong with it.
        why: BatchError,
    },
}

/// What is read at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// Enough to know how long a batch is.
const PREFIX_BYTES: u64 = 17;

impl<'f> BatchReader<'f> {
    /// Reads the batches from `position`, where one begins, to `end`.
    pub fn new(file: &'f File, position: u64, end: u64) -> Self {
        Self {
            file,
            position,
            end,
            buffer: Vec::new(),
            buffered_from: position,
            filled: false,
        }
    }

    /// Whether a window was read since this was called last: who reads for long looks up then.
    pub fn take_filled(&mut self) -> bool {
        std::mem::take(&mut self.filled)
    }

    /// The next batch. Behind a bad one there is no going on.
    pub fn next(&mut self) -> io::Result<Next<'_>> {
        let (position, left) = (self.position, self.end - self.position);
        if left == 0 {
            return Ok(Next::End);
        }
        let size = match size_at_front(self.bytes(PREFIX_BYTES.min(left))?) {
            Ok(size) if size as u64 <= left => size as u64,
            Ok(size) => {
                return Ok(Next::Bad {
                    position,
                    why: BatchError::Truncated {
                        needed: size,
                        have: left as usize,
                    },
                });
            }
            Err(why) => return Ok(Next::Bad { position, why }),
        };
        let batch = Batch::parse(self.bytes(size)?).and_then(|batch| batch.verify_crc().map(|()| batch.size()));
        match batch {
            Ok(size) => {
                self.position += size as u64;
                let start = (position - self.buffered_from) as usize;
                let batch = Batch::parse(&self.buffer[start..start + size]).expect("it was parsed just now");
                Ok(Next::Batch { position, batch })
            }
            Err(why) => Ok(Next::Bad { position, why }),
        }
    }

    /// The next `count` bytes, which the file has.
    fn bytes(&mut self, count: u64) -> io::Result<&[u8]> {
        let start = (self.position - self.buffered_from) as usize;
        if start + count as usize > self.buffer.len() {
            let len = count.max(WINDOW_BYTES).min(self.end - self.position);
            self.buffer.resize(len as usize, 0);
            self.buffered_from = self.position;
            self.file.read_exact_at(self.position, &mut self.buffer)?;
            self.filled = true;
        }
        let start = (self.position - self.buffered_from) as usize;
        Ok(&self.buffer[start..])
    }
}
