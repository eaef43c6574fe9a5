//! Finding a batch by its offset, from a place where a batch is known to begin.

use std::io;

use corvid_env::fs::File;
use corvid_record::{HEADER_SIZE, Offset, size_at_front};

/// A batch that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it begins in the file.
    pub position: u64,
    /// Its size.
    pub bytes: u64,
    /// Its first offset.
    pub base_offset: Offset,
    /// The offset behind it.
    pub next_offset: Offset,
}

/// What is read at once while looking: an index interval, as it is by default, and a header.
const READ_BYTES: usize = 4096 + HEADER_SIZE;

/// The first batch from `from` on that ends behind `target`; `None` if there is none before `end`.
///
/// An [`io::ErrorKind::InvalidData`] error says that no batch begins where one should.
pub(crate) fn find_batch(file: &File, from: u64, end: u64, target: Offset) -> io::Result<Option<Found>> {
    let mut window = Window {
        file,
        end,
        at: from,
        bytes: Vec::new(),
    };
    let mut position = from;
    while position < end {
        let found = parse(position, window.header(position)?)?;
        if found.next_offset > target {
            return Ok(Some(found));
        }
        position += found.bytes;
    }
    Ok(None)
}

/// A piece of the file in memory.
struct Window<'f> {
    file: &'f File,
    end: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    fn header(&mut self, position: u64) -> io::Result<&[u8]> {
        let inside = (position - self.at) as usize;
        if inside + HEADER_SIZE > self.bytes.len() {
            let len = READ_BYTES.min((self.end - position) as usize);
            self.bytes.resize(len, 0);
            self.at = position;
            self.file.read_exact_at(position, &mut self.bytes)?;
        }
        Ok(&self.bytes[(position - self.at) as usize..])
    }
}

fn parse(position: u64, header: &[u8]) -> io::Result<Found> {
    let bad = |why: String| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("no batch at byte {position}: {why}"),
        )
    };
    let bytes = size_at_front(header).map_err(|error| bad(error.to_string()))?;
    let header = header
        .get(..HEADER_SIZE)
        .ok_or_else(|| bad("it ends early".to_owned()))?;
    let base = i64::from_be_bytes(header[..8].try_into().expect("eight bytes"));
    let delta = i32::from_be_bytes(header[23..27].try_into().expect("four bytes"));
    if base < 0 || delta < 0 || base > i64::MAX - i64::from(delta) - 1 {
        return Err(bad("its offsets are impossible".to_owned()));
    }
    let next_offset = Offset(base + i64::from(delta) + 1);
    Ok(Found {
        position,
        bytes: bytes as u64,
        base_offset: Offset(base),
        next_offset,
    })
}
