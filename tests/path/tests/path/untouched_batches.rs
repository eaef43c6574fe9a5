//! A validator that accepts all leaves a batch byte for byte as the client sent it, but for its place.

use std::fs;

use corvid_record::{Compression, LeaderEpoch, Offset, batches, patch};
use path_tests::batch::{compressed, record};
use path_tests::scene::Scene;

use crate::on_bad;

/// The bug it is for: what was decompressed for a validator is compressed again, at the broker's cost and level.
#[tokio::test(flavor = "multi_thread")]
async fn a_zstd_batch_is_in_the_file_as_it_was_sent() {
    let scene = Scene::new().await;
    scene
        .topic("orders", 1, &[("corvid.produce", &on_bad("behave", "refuse"))])
        .await;
    let records = [
        record(
            "a",
            "a value that is long enough to be compressed, compressed, compressed",
        ),
        record("b", "bad"),
    ];
    let sent = compressed(Compression::Zstd, &records);
    let first = scene.produce("orders", 0, sent.clone()).await;
    let second = scene.produce("orders", 0, sent.clone()).await;
    assert_eq!((first, second), (0, 2));

    let folder = scene.log_folder("orders", 0);
    let scene = scene.restarted(|_| ()).await;
    let file = fs::read(folder.join("00000000000000000000.log")).unwrap();
    let stored: Vec<_> = batches(&file).map(Result::unwrap).collect();
    assert_eq!(stored.len(), 2);
    for (batch, offset) in stored.iter().zip([first, second]) {
        assert_eq!(batch.base_offset(), Offset(offset));
        assert_eq!(
            unplaced(batch.bytes()),
            unplaced(&sent),
            "other bytes than base offset and leader epoch differ"
        );
    }
    assert_eq!(scene.read("orders", 0).await.len(), 4);
}

fn unplaced(batch: &[u8]) -> Vec<u8> {
    let mut bytes = batch.to_vec();
    patch::place(Offset(0), LeaderEpoch(0), &mut bytes);
    bytes
}
