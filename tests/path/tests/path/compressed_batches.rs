//! What a partitioner leaves of a compressed batch, and what it moves, has the client's codec.

use std::fs;

use corvid_record::{Compression, batches, hidden};
use path_tests::batch::{compressed, record};
use path_tests::scene::Scene;

use crate::by_number;

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_is_kept_at_the_source_and_at_the_target() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for codec in codecs {
        scene
            .produce(
                "orders",
                0,
                compressed(codec, &[record("0", "stays"), record("1", "moves")]),
            )
            .await;
    }
    for partition in [0, 1] {
        let values: Vec<_> = scene
            .read("orders", partition)
            .await
            .into_iter()
            .map(|record| record.value.unwrap())
            .collect();
        assert_eq!(values, [["stays", "moves"][partition as usize]; 5]);
        let file = fs::read(scene.log_folder("orders", partition).join("00000000000000000000.log")).unwrap();
        let visible = batches(&file)
            .map(Result::unwrap)
            .filter(|batch| !hidden::is_hidden(batch));
        assert_eq!(
            visible.map(|batch| batch.compression()).collect::<Vec<_>>(),
            codecs,
            "partition {partition}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_names_a_codec_has_every_batch_in_it() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("compression.type", "zstd")]).await;
    for codec in [Compression::None, Compression::Gzip, Compression::Zstd] {
        scene
            .produce("orders", 0, compressed(codec, &[record("a", "1"), record("b", "2")]))
            .await;
    }
    assert_eq!(
        scene
            .keys("orders", 0)
            .await
            .iter()
            .map(|(_, offset)| *offset)
            .collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    let file = fs::read(scene.log_folder("orders", 0).join("00000000000000000000.log")).unwrap();
    assert!(
        batches(&file)
            .map(Result::unwrap)
            .all(|batch| batch.compression() == Compression::Zstd)
    );
}
