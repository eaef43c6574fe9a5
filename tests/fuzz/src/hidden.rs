//! Entries, checkpoints, stamps.

use bytes::Bytes;
use corvid_record::Batch;
use corvid_record::hidden::{
    Checkpoint, EntryBuilder, EntryView, Hold, LinkStamp, OffsetHeader, SubBatch, SubBatchView, kind, set_mate_crc,
};

/// Whatever parses as a hidden batch says the same when it is built again.
pub fn hidden_formats_hold(bytes: &[u8]) {
    let Ok(batch) = Batch::parse(bytes) else { return };
    let _ = kind(&batch);
    if let Ok(Some(stamp)) = LinkStamp::of(&batch) {
        assert_eq!(stamp.pack(), Ok(batch.producer()));
    }
    if let Ok(checkpoint) = Checkpoint::decode(&batch) {
        let built = checkpoint
            .encode(batch.max_timestamp())
            .expect("it was as small before");
        let built = Batch::parse(&built).expect("what was built parses");
        assert_eq!(Checkpoint::decode(&built), Ok(checkpoint));
    }
    if let Ok(entry) = EntryView::parse(batch) {
        entry_holds(&entry);
    }
}

fn entry_holds(entry: &EntryView<'_>) {
    assert_eq!(entry.held().count() > 0, entry.holds());
    assert_eq!(entry.armed_alone(), entry.mate().is_none());
    let Some(built) = build_again(entry) else { return };
    let again = EntryView::parse(Batch::parse(&built).expect("what was built parses")).expect("an entry");
    assert_eq!(again.batch().last_offset_delta(), entry.batch().last_offset_delta());
    assert!(again.deciders().eq(entry.deciders()) && again.cancels().eq(entry.cancels()));
    assert!(again.sub_batches().map(owned).eq(entry.sub_batches().map(owned)));
    told_of_its_mate(&built, entry);
}

/// The same entry, by its builder, but for its mate, which is the entry's own batch; `None` for
/// one with nothing in it, which is not built.
fn build_again(entry: &EntryView<'_>) -> Option<Bytes> {
    let timestamp = entry.batch().max_timestamp();
    let mut builder = match entry.mate() {
        Some(_) => EntryBuilder::for_mate(&entry.batch(), timestamp),
        None => EntryBuilder::armed_alone(timestamp),
    };
    builder = entry.deciders().fold(builder, EntryBuilder::decided_by);
    builder = entry.cancels().fold(builder, EntryBuilder::cancel);
    entry
        .sub_batches()
        .map(owned)
        .fold(builder, EntryBuilder::sub_batch)
        .finish()
        .ok()
}

/// A new checksum of the mate reaches the entry, and nothing else of it changes.
fn told_of_its_mate(built: &[u8], entry: &EntryView<'_>) {
    let mut told = built.to_vec();
    if set_mate_crc(&mut told, 7).is_err() {
        return assert!(entry.armed_alone());
    }
    let batch = Batch::parse(&told).expect("as before");
    batch.verify_crc().expect("renewed");
    let mate = EntryView::parse(batch).expect("as before").mate().expect("as before");
    assert_eq!((mate.crc, mate.producer), (7, entry.batch().producer()));
}

fn owned(view: SubBatchView<'_>) -> SubBatch {
    let hold = view.hold().map(|hold| Hold {
        due: hold.due,
        first_offset: hold.first_offset,
        attempts: hold.attempts,
        decision: hold.decision.to_vec(),
    });
    let headers = view.offset_headers();
    let headers = headers.iter().map(|header| OffsetHeader {
        key: header.key.to_vec(),
        encoding: header.encoding,
    });
    SubBatch {
        target: view.target(),
        hold,
        origins: view.origins().iter().collect(),
        offset_headers: headers.collect(),
        batch: Bytes::copy_from_slice(view.batch().bytes()),
    }
}
