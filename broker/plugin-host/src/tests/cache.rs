//! Compiled modules on disk.

use std::fs;
use std::path::PathBuf;

use corvid_env::fs::Dir;

use super::support::{GOOD, config, guest, host_with, section, spec, validator};
use crate::HostConfig;
use crate::compile::UNUSED_MAX;
use crate::meter::Metering;

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    /// How many records of one a new host's plugin does not accept.
    async fn failing(&self, wasm: &bytes::Bytes) -> usize {
        let cache = Some(Dir::open(self.dir.path()).expect("it is there"));
        let host = host_with(HostConfig { cache, ..config() }, Metering::Epochs);
        let plugin = host.load(spec(wasm)).await.expect("a guest that loads");
        plugin.validate(section(&[GOOD]).input()).await.len()
    }

    /// The one file in the cache.
    fn file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.dir.path()).expect("a directory").collect::<Vec<_>>();
        assert_eq!(files.len(), 1);
        files.pop().expect("one file").expect("readable").path()
    }
}

/// A validator that refuses the first record of whatever comes.
fn refuser() -> bytes::Bytes {
    guest(
        r#"(func (export "corvid_validate") (param i32 i32) (result i64)
          (i32.store (i32.const 1024) (i32.const 1))
          (call $answer (i32.const 1024) (i32.const 12)))"#,
    )
}

/// The bug: a damaged cache file is run as machine code, or keeps the plugin from loading for good.
#[tokio::test]
async fn a_corrupted_file_is_compiled_again() {
    let (world, wasm) = (World::new(), validator("unreachable"));
    assert_eq!(world.failing(&wasm).await, 0);
    let whole = fs::read(world.file()).expect("readable");
    for damage in [0, 100, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[damage] ^= 0x40;
        fs::write(world.file(), &damaged).expect("writable");
        assert_eq!(world.failing(&wasm).await, 0);
        assert_eq!(
            fs::read(world.file()).expect("readable"),
            whole,
            "it was not compiled again"
        );
    }
    fs::write(world.file(), &whole[..whole.len() / 3]).expect("writable");
    assert_eq!(world.failing(&wasm).await, 0);
    fs::write(world.file(), b"").expect("writable");
    assert_eq!(world.failing(&wasm).await, 0);
}

/// The bug: the cache is written but never read. Code that was put into it by hand shows that it is.
#[tokio::test]
async fn a_sound_file_is_used() {
    let world = World::new();
    assert_eq!(world.failing(&validator("unreachable")).await, 0);
    let accepting = world.file();
    let other = World::new();
    assert_eq!(other.failing(&refuser()).await, 1);
    // The code of another module with this one's label, as only the broker itself can write it.
    let code = fs::read(other.file()).expect("readable")[112..].to_vec();
    let engine = crate::engine::engine(Metering::Epochs).expect("an engine");
    fs::write(
        &accepting,
        crate::compile::seal_for_test(&engine, &validator("unreachable"), &code),
    )
    .expect("writable");
    assert_eq!(world.failing(&validator("unreachable")).await, 1);
}

/// The bug: a file that was renamed runs another plugin under this one's name.
#[tokio::test]
async fn another_modules_file_is_not_used() {
    let (world, other) = (World::new(), World::new());
    assert_eq!(world.failing(&validator("unreachable")).await, 0);
    assert_eq!(other.failing(&refuser()).await, 1);
    fs::copy(other.file(), world.file()).expect("writable");
    assert_eq!(world.failing(&validator("unreachable")).await, 0);
}

/// The bug: a cache that can't be written keeps plugins from loading.
#[tokio::test]
async fn a_cache_that_is_gone_is_done_without() {
    let (world, wasm) = (World::new(), validator("unreachable"));
    let cache = Some(Dir::open(world.dir.path()).expect("it is there"));
    let host = host_with(HostConfig { cache, ..config() }, Metering::Epochs);
    fs::remove_dir_all(world.dir.path()).expect("removable");
    host.load(spec(&wasm)).await.expect("a guest that loads");
}

/// The bugs it is for: the cache grows with each module that was ever tried; or what is used is removed with it.
#[tokio::test]
async fn what_nobody_uses_is_removed_but_for_a_few() {
    let world = World::new();
    let cache = Some(Dir::open(world.dir.path()).expect("it is there"));
    let host = host_with(HostConfig { cache, ..config() }, Metering::Epochs);
    let files = || fs::read_dir(world.dir.path()).expect("a directory").count();
    let one = |at: usize| validator(&format!("(drop (i32.const {at})) unreachable"));
    let first = host.load(spec(&one(0))).await.expect("a guest that loads");
    let tried = UNUSED_MAX + 3;
    for at in 1..=tried {
        host.load(spec(&one(at))).await.expect("a guest that loads");
    }
    // Of another release, and of a write that was not finished.
    let other = format!("{}-{}.cwasm", "ab".repeat(32), "cd".repeat(8));
    for name in [&other, &format!("{other}.tmp")] {
        fs::write(world.dir.path().join(name), b"old").expect("writable");
    }
    assert_eq!(files(), tried + 3);
    host.prune_cache().await;
    assert_eq!(files(), UNUSED_MAX + 1);
    // What was used all along is there, and so is what was used last: damage it, and it is compiled again.
    drop(first);
    host.prune_cache().await;
    assert_eq!(files(), UNUSED_MAX);
    assert!(!world.dir.path().join(&other).exists());
}
