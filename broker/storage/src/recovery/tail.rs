//! Telling a torn tail from rot.
//!
//! Behind what was flushed, a crash may leave any part of what was written: a write cut short, or, after a power cut, some pages but not
//! others. A page that never reached the disk reads as zeros, so a bad stretch in front of a good batch is *lost*, rather
//! than rotten, if zeros explain it. Rot changes bits; it does not write zeros up to the next batch.

use std::io;

use corvid_env::fs::File;
use corvid_record::{Batch, HEADER_SIZE, Offset, size_at_front};

/// The unit in which a disk loses writes.
const SECTOR_BYTES: u64 = 512;
/// So many zeros at the front of a batch are no header: its length is among them.
const LOST_HEAD_BYTES: u64 = 12;
/// So many zeros right before a good batch are the end of a write that was cut.
const LOST_TAIL_BYTES: u64 = 4;
/// What is read at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// Where the first good batch behind `from` begins, of those whose offsets are behind `expected`.
pub(super) fn find_good_batch(file: &File, from: u64, end: u64, expected: Offset) -> io::Result<Option<u64>> {
    let header = HEADER_SIZE as u64;
    let mut at = from;
    while at + header <= end {
        let window = read(file, at, (at + WINDOW_BYTES).min(end))?;
        let starts = window.len() + 1 - HEADER_SIZE;
        for start in 0..starts {
            let position = at + start as u64;
            if may_begin_here(&window[start..], end - position, expected)
                && is_good_batch(file, position, &window[start..])?
            {
                return Ok(Some(position));
            }
        }
        at += starts as u64;
    }
    Ok(None)
}

/// Whether zeros explain why there is no good batch in `from..to`.
pub(super) fn looks_lost(file: &File, from: u64, to: u64) -> io::Result<bool> {
    let (mut zeros, mut at) = (0, from);
    while at < to {
        let window = read(file, at, (at + WINDOW_BYTES).min(to))?;
        for (index, &byte) in window.iter().enumerate() {
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            let behind = at + index as u64 + 1;
            let whole_sector = behind.is_multiple_of(SECTOR_BYTES) && zeros >= SECTOR_BYTES;
            let head = zeros >= LOST_HEAD_BYTES && behind - zeros == from;
            if whole_sector || head {
                return Ok(true);
            }
        }
        at += window.len() as u64;
    }
    Ok(zeros >= LOST_TAIL_BYTES || from == to)
}

fn may_begin_here(bytes: &[u8], left: u64, expected: Offset) -> bool {
    let Ok(size) = size_at_front(bytes) else {
        return false;
    };
    let base = i64::from_be_bytes(bytes[..8].try_into().expect("a header is longer"));
    size as u64 <= left && (expected.0..=expected.0.saturating_add(i64::from(i32::MAX))).contains(&base)
}

fn is_good_batch(file: &File, position: u64, window: &[u8]) -> io::Result<bool> {
    let size = size_at_front(window).map_or(0, |size| size);
    let whole = if size <= window.len() {
        window[..size].to_vec()
    } else {
        read(file, position, position + size as u64)?
    };
    Ok(Batch::parse(&whole).is_ok_and(|batch| batch.verify_crc().is_ok()))
}

fn read(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; (to - from) as usize];
    file.read_exact_at(from, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;
    use crate::testing::batch_of;

    fn file_of(bytes: &[u8]) -> (tempfile::TempDir, File) {
        let temporary = tempfile::tempdir().unwrap();
        let file = corvid_env::fs::Dir::open(temporary.path())
            .unwrap()
            .create("f")
            .unwrap();
        file.write_all_at(0, &mut [IoSlice::new(bytes)]).unwrap();
        (temporary, file)
    }

    #[test]
    fn a_good_batch_is_found_wherever_it_begins() {
        for garbage in [1, 60, 61, 500, WINDOW_BYTES as usize - 30] {
            let mut bytes = vec![0xa7; garbage];
            bytes.extend_from_slice(&batch_of(7, 3));
            let (_keep, file) = file_of(&bytes);
            let end = bytes.len() as u64;
            assert_eq!(find_good_batch(&file, 0, end, Offset(5)).unwrap(), Some(garbage as u64));
            assert_eq!(
                find_good_batch(&file, 0, end, Offset(8)).unwrap(),
                None,
                "an offset that was passed"
            );
            assert_eq!(
                find_good_batch(&file, 0, end - 1, Offset(5)).unwrap(),
                None,
                "a batch that is cut"
            );
        }
    }

    #[test]
    fn zeros_are_lost_and_changed_bits_are_rot() {
        let mut bytes = vec![0xa7; 2000];
        let lost = |bytes: &[u8]| looks_lost(&file_of(bytes).1, 0, bytes.len() as u64).unwrap();
        assert!(!lost(&bytes));
        bytes[700..1400].fill(0);
        assert!(!lost(&bytes), "no whole sector");
        bytes[600..1536].fill(0);
        assert!(lost(&bytes));
        let tail = [&[0xa7; 300][..], &[0; 4]].concat();
        assert!(lost(&tail));
        assert!(lost(&[0; 40]));
    }
}
