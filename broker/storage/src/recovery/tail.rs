//! Telling a torn tail from rot.
//!
//! Behind what was flushed, a crash may leave any part of what was written: a write cut short, or, after a power cut, some sectors but
//! not others. A file only grows, so a sector is found as it was at some moment: what was written of it then, and zeros from there to its
//! end. A bad stretch in front of a good batch is *lost*, rather than rotten, if some sector of it ends in zeros that say so. Rot changes
//! bits; it does not fill a sector up with zeros.
//!
//! | the file ended then | what is left of the sector | evidence |
//! |---|---|---|
//! | before the sector | nothing | all of it is zeros, be it one byte that the file has of it |
//! | where the bad batch begins | what lies before it | zeros from there on; if these are fewer than eight, they are of an offset that is another one |
//! | within the bad batch | its front | eight zeros or more: of one write, memory is copied by words |
//! | behind the file's end now | zeros up to there | two, since one is at the end of many a batch |
//!
//! Fewer zeros than that within a batch are no evidence: one byte in many is zero. They are not needed: a file never stays at an end that
//! is within a batch, because [a short write](crate::segment::WriteError::Short) is cut off, and not gone on with.
//!
//! A batch that is longer than the file, by what it says, was not written to its end, whatever looks like a batch behind its front; unless
//! what it says is the only thing that is wrong with it.
//!
//! What looks like a good batch may be within the bad one: an outbox entry has others inside, and a record's value may be anything. So
//! the bad stretch is at least as long as the bad batch says.

use std::io;

use corvid_env::fs::File;
use corvid_record::{Batch, HEADER_SIZE, Offset, size_at_front};

/// The unit in which a disk loses writes.
const SECTOR_BYTES: u64 = 512;
/// So many zeros up to a sector's end are what it was not filled with: memory is copied by words. Fewer are in many a header.
const LOST_BYTES: u64 = 8;
/// So many zeros up to the file's end are. One is at the end of most batches: their last record has no headers.
const LOST_AT_END_BYTES: u64 = 2;
/// So many lengths are tried for a batch whose own seems wrong.
const LENGTHS_MAX: usize = 64;
/// The base offset and the length, which doesn't count them.
const BEFORE_LENGTH_ENDS: usize = 12;
/// What is read at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// Whether what is bad at `from`, in a file that ends at `end`, is rot: there is a good batch behind it, and no zeros explain what is
/// between. `None` if there is no good batch. A batch with the offset `expected` was to begin there.
pub(super) fn is_rot(file: &File, from: u64, end: u64, expected: Offset) -> io::Result<Option<bool>> {
    // Whatever was there had an offset at least.
    let expected_behind = expected.next();
    let Some(good) = find_good_batch(file, from, end, expected_behind)? else {
        return Ok(None);
    };
    if says_more(file, from, end)? {
        return has_wrong_length(file, from, good, end, expected_behind).map(Some);
    }
    let said = said_end(file, from, end)?;
    let lost = looks_lost(file, from, good.max(said), end)? || has_lost_its_front(file, from, end, expected)?;
    Ok(Some(!lost))
}

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

/// Whether zeros explain why there is no good batch in `from..to`, of a file that ends at `end`.
pub(super) fn looks_lost(file: &File, from: u64, to: u64, end: u64) -> io::Result<bool> {
    if from == to {
        return Ok(true);
    }
    // The batch at `to` may begin with zeros, in a sector that was not filled up to there.
    let last = to.next_multiple_of(SECTOR_BYTES).min(end);
    let (mut zeros, mut at) = (0, from);
    while at < last {
        let window = read(file, at, (at + WINDOW_BYTES).min(last))?;
        for (position, &byte) in (at..).zip(&window) {
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            let behind = position + 1;
            let began_before = behind - zeros < to;
            let lost = behind.is_multiple_of(SECTOR_BYTES) && zeros >= LOST_BYTES;
            let is_all_of_it = zeros > position % SECTOR_BYTES;
            let lost_at_end = behind == end && (zeros >= LOST_AT_END_BYTES || is_all_of_it);
            if began_before && (lost || lost_at_end) {
                return Ok(true);
            }
        }
        at += window.len() as u64;
    }
    Ok(false)
}

/// Whether the batch at `from` says that it ends behind the file's end.
fn says_more(file: &File, from: u64, end: u64) -> io::Result<bool> {
    let front = read(file, from, (from + HEADER_SIZE as u64).min(end))?;
    Ok(size_at_front(&front).is_ok_and(|size| size as u64 > end - from))
}

/// Whether the batch at `from` is a sound one if it ends where one of the good ones behind it begins, the first of which is at `good`.
fn has_wrong_length(file: &File, from: u64, good: u64, end: u64, expected: Offset) -> io::Result<bool> {
    let mut good = Some(good);
    for _ in 0..LENGTHS_MAX {
        let Some(to) = good else { break };
        let mut bytes = read(file, from, to)?;
        if let Some(length) = bytes.len().checked_sub(HEADER_SIZE) {
            let length = (length + HEADER_SIZE - BEFORE_LENGTH_ENDS) as i32;
            bytes[BEFORE_LENGTH_ENDS - 4..BEFORE_LENGTH_ENDS].copy_from_slice(&length.to_be_bytes());
            if Batch::parse(&bytes).is_ok_and(|batch| batch.verify_crc().is_ok()) {
                return Ok(true);
            }
        }
        good = find_good_batch(file, to + 1, end, expected)?;
    }
    Ok(false)
}

/// Where the batch at `from` says that it ends, as far as that can be.
fn said_end(file: &File, from: u64, end: u64) -> io::Result<u64> {
    let front = read(file, from, (from + HEADER_SIZE as u64).min(end))?;
    let size = size_at_front(&front).map_or(0, |size| size as u64);
    Ok(if size <= end - from { from + size } else { from })
}

/// Whether the batch at `from` begins so close to a sector's end that only the front of its offset is there, and that is lost: it was
/// written to a sector that reached the disk when the batch before it had been appended, and not again.
pub(super) fn has_lost_its_front(file: &File, from: u64, end: u64, expected: Offset) -> io::Result<bool> {
    let sector_end = from.next_multiple_of(SECTOR_BYTES);
    if sector_end > end || sector_end - from >= LOST_BYTES {
        return Ok(false);
    }
    let front = read(file, from, sector_end)?;
    let is_zero = |bytes: &[u8]| bytes.iter().all(|&byte| byte == 0);
    Ok(is_zero(&front) && !is_zero(&expected.0.to_be_bytes()[..front.len()]))
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

    use corvid_record::{BatchBuilder, Compression, RecordParts};

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

    /// The bug (found by the simulation's power cuts): a batch begins seven bytes before a sector's end, and these are lost: its offset
    /// is another one, its checksum is right, and seven zeros are too few; so a sound log is quarantined.
    #[test]
    fn the_front_of_an_offset_may_be_lost() {
        for in_front in 505..512 {
            let mut bytes = vec![0xa7; in_front];
            bytes.extend_from_slice(&batch_of(0x0102_0304_0506_0708, 3));
            let second = bytes.len();
            bytes.extend_from_slice(&batch_of(0x0102_0304_0506_070b, 3));
            let judge = |bytes: &[u8]| {
                let (_keep, file) = file_of(bytes);
                let expected = Offset(0x0102_0304_0506_0708);
                is_rot(&file, in_front as u64, bytes.len() as u64, expected).unwrap()
            };
            let mut rotten = bytes.clone();
            rotten[second - 1] ^= 1;
            assert_eq!(judge(&rotten), Some(true));
            bytes[in_front..512].fill(0);
            assert_eq!(judge(&bytes), Some(false));
            assert_eq!(judge(&bytes[..second]), None, "nothing good behind it");
        }
    }

    /// The bug: a sector that was filled up to where a batch begins, and lost from there on, is taken for rot, at some of the places where
    /// that may be.
    #[test]
    fn a_sector_may_be_lost_from_where_a_batch_begins() {
        for in_front in 400..=1024 {
            let mut bytes = vec![0xa7; in_front];
            bytes.extend_from_slice(&batch_of(0x0102_0304_0506_0708, 40));
            let second = bytes.len();
            bytes.extend_from_slice(&batch_of(0x0102_0304_0506_0730, 3));
            let judge = |bytes: &[u8]| {
                let (_keep, file) = file_of(bytes);
                is_rot(
                    &file,
                    in_front as u64,
                    bytes.len() as u64,
                    Offset(0x0102_0304_0506_0708),
                )
                .unwrap()
            };
            let sector_end = (in_front + 1).next_multiple_of(512);
            bytes[in_front..sector_end].fill(0);
            assert_eq!(judge(&bytes), Some(false), "{in_front}");
            bytes[in_front..sector_end].fill(0xa7);
            assert_eq!(judge(&bytes), Some(true), "{in_front}");
            assert_eq!(judge(&bytes[..second]), None, "nothing good behind it");
        }
    }

    /// The bug: the front of a batch, and nothing behind it, is taken for rot if a record's value has a batch in it, as whoever copies logs
    /// may send: one write, cut short by a SIGKILL, and a sound log is quarantined.
    #[test]
    fn a_batch_within_the_front_of_one_is_none_behind_it() {
        let inner = batch_of(900, 3);
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(&RecordParts {
            value: Some(&[&inner[..], &inner[..], &[0xa7; 900]].concat()),
            ..RecordParts::default()
        });
        let outer = builder.finish(None).unwrap();
        let judge = |bytes: &[u8]| {
            let (_keep, file) = file_of(bytes);
            is_rot(&file, 0, bytes.len() as u64, Offset(0)).unwrap()
        };
        for front in 1..outer.len() {
            assert_ne!(judge(&outer[..front]), Some(true), "{front}");
        }
        // It is another matter if its length alone is wrong, and what lies behind it is good.
        let mut rotten = [&outer[..], &batch_of(1, 2)].concat();
        rotten[9] ^= 0x40;
        assert_eq!(judge(&rotten), Some(true));
    }

    /// The bug (found by the simulation's power cuts): sectors of an outbox entry are lost, and a batch that is inside of it, in front
    /// of them, looks like a good one behind it; so a sound log is quarantined.
    #[test]
    fn a_batch_within_the_bad_one_is_none_behind_it() {
        for inner_base in [0, 1, 900] {
            let inner = batch_of(inner_base, 3);
            let mut builder = BatchBuilder::new(Compression::None);
            builder.push(&RecordParts {
                value: Some(&[&inner[..], &[0xa7; 3000]].concat()),
                ..RecordParts::default()
            });
            let mut bytes = builder.finish(None).unwrap().to_vec();
            let outer = bytes.len();
            bytes[1536..2560].fill(0);
            let judge = |bytes: &[u8]| {
                let (_keep, file) = file_of(bytes);
                is_rot(&file, 0, bytes.len() as u64, Offset(0)).unwrap()
            };
            assert_ne!(judge(&bytes), Some(true), "{inner_base}");
            bytes.extend_from_slice(&batch_of(1, 2));
            assert_eq!(judge(&bytes), Some(false), "{inner_base}");
            bytes[1536..2560].fill(0xa7);
            bytes[outer - 100] ^= 1;
            assert_eq!(judge(&bytes), Some(true), "{inner_base}");
        }
    }

    #[test]
    fn zeros_are_lost_and_changed_bits_are_rot() {
        let mut bytes = vec![0xa7; 2000];
        let lost = |bytes: &[u8]| looks_lost(&file_of(bytes).1, 0, bytes.len() as u64, bytes.len() as u64).unwrap();
        assert!(!lost(&bytes));
        bytes[700..1000].fill(0);
        assert!(!lost(&bytes), "no sector ends in zeros");
        bytes[1530..1536].fill(0);
        assert!(!lost(&bytes), "too few for a word");
        bytes[1528..1536].fill(0);
        assert!(lost(&bytes));
        let tail = [&[0xa7; 300][..], &[0; 2]].concat();
        assert!(lost(&tail));
        assert!(lost(&[0; 40]));
        let one_more = |len: usize| [&vec![0xa7; len][..], &[0]].concat();
        assert!(!lost(&one_more(511)), "as the last byte of most batches");
        assert!(!lost(&one_more(513)));
        // The bug: of a sector that only the last byte of a compressed batch was written to, too little is left to be called lost.
        assert!(lost(&one_more(512)));
    }

    /// The bug: of a sector that a power cut found half filled, only what was in front of the next good batch counted, and its
    /// offset begins with zeros.
    #[test]
    fn a_half_filled_sector_may_end_within_the_next_batch() {
        let mut bytes = vec![0xa7; 500];
        bytes[496..].fill(0);
        bytes.resize(506, 0);
        bytes.extend_from_slice(&batch_of(7, 3));
        let (_keep, file) = file_of(&bytes);
        let lost = |to| looks_lost(&file, 0, to, bytes.len() as u64).unwrap();
        assert!(lost(506));
        assert!(!lost(496), "the zeros are all of what comes next");
    }
}
