//! Batches, records and codecs.

use corvid_record::{Batch, Compression, Record, Records, batches, rebuild};

use crate::LIMIT;

/// Every batch can be looked at, and what parses to its end is rebuilt to the same records.
pub fn batches_hold(bytes: &[u8]) {
    for batch in batches(bytes).map_while(Result::ok) {
        batch_holds(batch);
    }
}

fn batch_holds(batch: Batch<'_>) {
    let _ = batch.verify_crc();
    let _ = batch.check_from_client();
    assert!(batch.next_offset() > batch.base_offset());
    let Ok(section) = batch.records_section(LIMIT) else {
        return;
    };
    let mut records = Records::new(&section, batch.record_count());
    let read: Vec<Record<'_>> = records.by_ref().map_while(Result::ok).collect();
    for record in &read {
        assert_eq!(record.headers.iter().count(), record.headers.len());
        assert!(record.raw.ends_with(record.body()));
        let _ = batch.timestamp_of(record.timestamp_delta);
    }
    if records.finish().is_ok() {
        rebuilds(batch, &section, &read);
    }
}

/// Keeping all records gives the same section, unless their offsets are out of order.
fn rebuilds(batch: Batch<'_>, section: &[u8], records: &[Record<'_>]) {
    let Ok(rebuilt) = rebuild(batch, records.iter().copied()) else {
        return;
    };
    let rebuilt = Batch::parse(&rebuilt).expect("what was built parses");
    rebuilt.verify_crc().expect("what was built has its checksum");
    assert_eq!(rebuilt.records_section(LIMIT).expect("no larger than before"), section);
    assert_eq!(rebuilt.attributes(), batch.attributes());
    assert_eq!(
        (rebuilt.base_offset(), rebuilt.last_offset()),
        (batch.base_offset(), batch.last_offset())
    );
    assert_eq!(rebuilt.producer(), batch.producer());
}

/// No more comes out than the limit allows, and what comes out can be packed and unpacked.
pub fn decompression_holds(codec: Compression, data: &[u8], limit: usize) {
    let Ok(plain) = codec.decompress(data, limit) else {
        return;
    };
    assert!(plain.len() <= limit);
    let packed = codec.compress(&plain).expect("enough memory");
    assert_eq!(codec.decompress(&packed, plain.len()), Ok(plain));
}
