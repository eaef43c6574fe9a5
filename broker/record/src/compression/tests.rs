use proptest::prelude::*;

use super::*;

const CODECS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

/// Bytes that compress somewhat, over several blocks of each codec.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|index| ((index * index / 7) % 61) as u8).collect()
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn is_corrupt(result: &Result<Vec<u8>, DecompressError>) -> bool {
    matches!(result, Err(DecompressError::Corrupt { .. }))
}

#[test]
fn each_codec_round_trips_to_the_byte() {
    for codec in Compression::ALL {
        for len in [0, 1, 61, 32 * 1024, 64 * 1024, 300_000] {
            let plain = text(len);
            let packed = codec.compress(&plain).unwrap();
            assert_eq!(codec.decompress(&packed, len), Ok(plain), "{codec} {len}");
        }
    }
}

#[test]
fn one_byte_more_than_the_limit_is_too_large() {
    for codec in Compression::ALL {
        for len in [1, 1_000, 70_000] {
            let packed = codec.compress(&text(len)).unwrap();
            assert_eq!(
                codec.decompress(&packed, len - 1),
                Err(DecompressError::TooLarge { codec, limit: len - 1 })
            );
        }
    }
}

/// A few KiB that would be 4 MiB: whatever comes out beyond the limit is not kept.
#[test]
fn bombs_are_bounded() {
    for codec in CODECS {
        let bomb = codec.compress(&vec![0; 4 << 20]).unwrap();
        assert!(bomb.len() < 1 << 18, "{codec}: {}", bomb.len());
        assert_eq!(
            codec.decompress(&bomb, 1 << 16),
            Err(DecompressError::TooLarge { codec, limit: 1 << 16 })
        );
    }
}

/// A header may claim any size: memory must not follow it.
#[test]
fn claims_without_bytes_are_corrupt() {
    // Raw snappy that says it holds 4 GiB - 1, then a literal of one byte.
    let snappy = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, b'a'];
    assert!(is_corrupt(&Compression::Snappy.decompress(&snappy, usize::MAX)));
    // A zstd frame of one segment that says it holds 2^40 bytes: its window would be as large.
    let mut zstd = hex("28b52ffde0");
    zstd.extend_from_slice(&(1_u64 << 40).to_le_bytes());
    assert!(is_corrupt(&Compression::Zstd.decompress(&zstd, usize::MAX)));
}

#[test]
fn what_is_cut_off_is_corrupt_wherever_the_cut_is() {
    for codec in [Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        // Zeros at the end, which a cut could leave as an lz4 end mark.
        let packed = codec.compress(&[text(200), vec![0; 40]].concat()).unwrap();
        for len in 1..packed.len() {
            assert!(is_corrupt(&codec.decompress(&packed[..len], 1 << 20)), "{codec} {len}");
        }
    }
}

#[test]
fn snappy_is_read_raw_and_framed() {
    let plain = text(100_000);
    let raw = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    assert_eq!(Compression::Snappy.decompress(&raw, 100_000).as_deref(), Ok(&plain[..]));
    let framed = Compression::Snappy.compress(&plain).unwrap();
    assert!(framed.starts_with(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"));
    // snappy-java reads streams that follow each other.
    let twice = [&framed[..], &framed[..]].concat();
    assert_eq!(Compression::Snappy.decompress(&twice, 200_000), Ok(plain.repeat(2)));
    assert!(is_corrupt(
        &Compression::Snappy.decompress(&framed[..framed.len() - 1], 100_000)
    ));
    assert!(is_corrupt(&Compression::Snappy.decompress(&framed[..12], 100_000)));
}

#[test]
fn snappy_frames_may_not_lie_about_their_length() {
    let mut framed = Compression::Snappy.compress(b"abc").unwrap();
    framed[16..20].copy_from_slice(&(-1_i32).to_be_bytes());
    assert!(is_corrupt(&Compression::Snappy.decompress(&framed, 100)));
    framed[16..20].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(is_corrupt(&Compression::Snappy.decompress(&framed, 100)));
}

/// What Kafka's decoder refuses in a v2 batch is refused here; and nothing may hide behind a frame.
#[test]
fn lz4_takes_what_kafka_takes() {
    let frame = Compression::Lz4
        .compress(b"some bytes, some bytes, some bytes")
        .unwrap();
    assert_eq!(
        frame[..6],
        hex("04224d186040"),
        "64 KiB blocks, independent, no checksums: as the Java client's"
    );
    let spoilt = |at: usize, byte: u8| {
        let mut frame = frame.clone();
        frame[at] = byte;
        Compression::Lz4.decompress(&frame, 100)
    };
    assert!(is_corrupt(&spoilt(6, 0x1a)), "the header checksum of message format v0");
    assert!(is_corrupt(&spoilt(4, 0x40)), "blocks that depend on each other");
    assert!(is_corrupt(&spoilt(0, 0x02)), "another frame format");
    let legacy = hex("02214c1805000000506162636465");
    assert!(is_corrupt(&Compression::Lz4.decompress(&legacy, 100)));
    let behind = [&frame[..], b"more"].concat();
    assert!(is_corrupt(&Compression::Lz4.decompress(&behind, 100)));
    let twice = [&frame[..], &frame[..]].concat();
    assert!(is_corrupt(&Compression::Lz4.decompress(&twice, 100)));
}

#[test]
fn gzip_members_may_follow_each_other() {
    let member = Compression::Gzip.compress(b"twice ").unwrap();
    assert_eq!(
        Compression::Gzip.decompress(&member.repeat(2), 100).as_deref(),
        Ok(&b"twice twice "[..])
    );
}

#[test]
fn names_and_numbers_are_kafkas() {
    let names = Compression::ALL.map(Compression::name);
    assert_eq!(names, ["none", "gzip", "snappy", "lz4", "zstd"]);
    for codec in Compression::ALL {
        assert_eq!(Compression::from_id(codec.id()), Some(codec));
        assert_eq!(Compression::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Compression::from_id(5), None);
}

proptest! {
    #[test]
    fn damaged_data_never_panics(
        codec in crate::testing::any_codec(),
        len in 1..2_000_usize,
        hurt in crate::testing::any_damage(),
    ) {
        let packed = codec.compress(&text(len)).unwrap();
        if let Ok(out) = codec.decompress(&crate::testing::damage(&packed, &hurt), 4_096) {
            prop_assert!(out.len() <= 4_096);
        }
    }
}
