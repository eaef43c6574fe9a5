//! Batches of real clients, in every codec, read to the byte; `fixtures/README.md` says what is in
//! them and who made them.

use std::path::Path;

use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts, Records, Timestamp, rebuild};

const CLIENTS: [&str; 2] = ["java", "librdkafka"];

#[expect(clippy::disallowed_methods, reason = "fixtures are files of the repository")]
fn fixture(client: &str, codec: Compression) -> Vec<u8> {
    let name = format!("tests/fixtures/{client}-{codec}.bin");
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a fixture")
}

fn section(bytes: &[u8]) -> Vec<u8> {
    let batch = Batch::parse(bytes).expect("a sound batch");
    batch.records_section(1 << 16).expect("a sound section").into_owned()
}

/// Record `i` of every fixture, pushed to a builder.
fn push(builder: &mut BatchBuilder, i: usize) {
    let key = format!("key-{i}").into_bytes();
    let key = [None, Some(&b""[..])].get(i % 5).copied().unwrap_or(Some(&key));
    let value = format!("value-{i}-{}", "abc".repeat(3 * i)).into_bytes();
    let value = [None, Some(&b""[..])].get(i % 7).copied().unwrap_or(Some(&value));
    let headers: [Header<'_>; 3] = [(b"h", Some(b"1")), (b"g", None), (b"h", Some(b""))];
    let headers = if i.is_multiple_of(4) { &headers[..] } else { &[] };
    let timestamp = Timestamp(1_700_000_000_000 + 10 * i as i64);
    builder.push(&RecordParts {
        offset_delta: i as i32,
        timestamp,
        key,
        value,
        headers,
    });
}

#[test]
fn every_client_and_codec_is_read() {
    let mut builder = BatchBuilder::new(Compression::None);
    for i in 0..40 {
        push(&mut builder, i);
    }
    let wanted = section(&builder.finish(None).unwrap());
    for client in CLIENTS {
        for codec in Compression::ALL {
            let bytes = fixture(client, codec);
            let batch = Batch::parse(&bytes).unwrap();
            batch.verify_crc().unwrap();
            batch.check_from_client().unwrap();
            assert_eq!((batch.compression(), batch.size()), (codec, bytes.len()), "{client}");
            assert_eq!(batch.max_timestamp(), Timestamp(1_700_000_000_390));
            assert_eq!(section(&bytes), wanted, "{client} {codec}");
        }
    }
}

/// What a hook leaves alone comes out as the client wrote it, also when it is compressed anew.
#[test]
fn what_is_kept_of_a_clients_batch_is_byte_for_byte_the_clients() {
    for client in CLIENTS {
        for codec in Compression::ALL {
            let bytes = fixture(client, codec);
            let original = Batch::parse(&bytes).unwrap();
            let section = section(&bytes);
            let records: Vec<_> = Records::new(&section, 40).map(Result::unwrap).collect();
            let whole = rebuild(original, records.iter().copied()).unwrap();
            let whole = Batch::parse(&whole).unwrap();
            assert_eq!(whole.records_section(1 << 16).unwrap(), section);
            assert_eq!(whole.attributes(), original.attributes());
            if codec == Compression::None {
                assert_eq!(whole.bytes(), original.bytes());
            }
        }
    }
}
