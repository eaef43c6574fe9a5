//! Modules that were built with every released SDK, as they are: plugin-sdk/released.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use corvid_record::{Batch, BatchBuilder, Compression, RecordParts};

use super::support::{host, section, spec};
use crate::{Edited, HookInput, LoadSpec, Plugin, Route, Verdict};

fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/released");
    let entries = std::fs::read_dir(folder).expect("the folder of releases");
    let folders = entries.map(|entry| entry.expect("an entry").path());
    folders.filter(|path| path.is_dir()).collect()
}

async fn load(release: &Path, module: &str, config: &str) -> Arc<Plugin> {
    let path = release.join(module);
    let wasm = std::fs::read(&path).expect("a module of each kind").into();
    let spec = LoadSpec {
        config: config.to_owned(),
        ..spec(&wasm)
    };
    let loaded = host().load(spec).await;
    loaded.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The bug this is for: an ABI that changes under plugins nobody builds again.
#[tokio::test]
async fn every_release_still_works() {
    let releases = releases();
    assert!(!releases.is_empty());
    for release in &releases {
        let object = r#"{"schema": {"type": "object"}}"#;
        let amounts = r#"{"field": "amount", "threshold": 10}"#;
        partitions(&*load(release, "letter_range_partitioner.wasm", "{}").await).await;
        validates(&*load(release, "json_schema_validator.wasm", object).await).await;
        transforms(&*load(release, "threshold_alert.wasm", amounts).await).await;
    }
}

async fn partitions(plugin: &Plugin) {
    let mut builder = BatchBuilder::new(Compression::None);
    for (at, key) in ["Ada", "Zoe", "7"].iter().enumerate() {
        builder.push(&RecordParts {
            offset_delta: at as i32,
            key: Some(key.as_bytes()),
            ..RecordParts::default()
        });
    }
    let batch = builder.finish(None).expect("a small batch");
    let batch = Batch::parse(&batch).expect("it was just built");
    let input = HookInput {
        topic: "t",
        partition: 0,
        partitions: 3,
        base_timestamp: 0,
        records: batch.section(),
        count: batch.record_count(),
        failures: &[],
        viewer: None,
        moment: None,
    };
    let routes: Result<Vec<_>, _> = plugin.partition(input).await.into_iter().collect();
    assert_eq!(routes.expect("no fault"), [Route::To(0), Route::To(1), Route::Keep]);
}

async fn validates(plugin: &Plugin) {
    let failing = plugin.validate(section(&[b"{}", b"7"]).input()).await;
    let [failing] = &failing[..] else { panic!("{failing:?}") };
    assert!(
        failing.index == 1 && matches!(failing.verdict, Verdict::Refused { .. }),
        "{failing:?}"
    );
}

async fn transforms(plugin: &Plugin) {
    let edits = plugin
        .transform(section(&[br#"{"amount": 9}"#, br#"{"amount": 10}"#]).input())
        .await;
    assert!(matches!(edits.list[..], [(1, Edited::Edit(_))]), "{edits:?}");
}
