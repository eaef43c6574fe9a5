use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::scan::Scanned;
use super::*;

/// A disk with a cache: what was synced survives a power cut, of the rest any bytes may.
#[derive(Clone, Default)]
struct Disk {
    state: Arc<Mutex<State>>,
    /// The bug put in on purpose: a sync that does nothing.
    skips_sync: bool,
}

#[derive(Default)]
struct State {
    cached: Vec<u8>,
    synced: Vec<u8>,
}

impl Disk {
    fn synced(&self) -> Vec<u8> {
        self.state.lock().unwrap().synced.clone()
    }

    /// What is on the platter after the power went out: `kept` bytes of what was not synced are there,
    /// the rest is missing, or zero where the file had been made longer.
    fn power_cut(&self, kept: usize, zeros: usize) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        let unsynced = state.cached.get(state.synced.len()..).unwrap_or_default();
        let kept = kept.min(unsynced.len());
        let zeros = zeros.min(unsynced.len() - kept);
        [&state.synced[..], &unsynced[..kept], &vec![0; zeros]].concat()
    }
}

impl Medium for Disk {
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let cached = &mut self.state.lock().unwrap().cached;
        cached.truncate(at as usize);
        cached.extend_from_slice(bytes);
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if !self.skips_sync {
            state.synced = state.cached.clone();
        }
        Ok(())
    }

    async fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        (state.cached, state.synced) = (bytes.to_vec(), bytes.to_vec());
        Ok(())
    }
}

fn texts(scanned: &Scanned) -> Vec<String> {
    scanned
        .payloads
        .iter()
        .map(|(_, payload)| String::from_utf8(payload.clone()).unwrap())
        .collect()
}

fn entry(n: usize) -> String {
    format!("{{\"entry\":{n}}}")
}

/// A log with `count` acknowledged entries, and one more whose write was cut off before its sync.
async fn written(disk: &Disk, count: usize) {
    let mut journal = Journal::found(disk.clone(), &[]).await.unwrap();
    for n in 0..count {
        journal.append(entry(n).as_bytes()).await.unwrap();
    }
    disk.write_at(journal.end, &frame(entry(count).as_bytes())).unwrap();
}

/// The checker: after a power cut that keeps some of what was not synced, everything
/// acknowledged is there, in order, and nothing that was not written.
fn check_recovery(disk: &Disk, acknowledged: usize) -> Result<(), String> {
    for kept in 0..80 {
        for zeros in [0, 1, 9, 80] {
            let scanned = scan(&disk.power_cut(kept, zeros)).map_err(|damage| format!("{damage:?}"))?;
            let expected: Vec<_> = (0..=acknowledged).map(entry).collect();
            let found = texts(&scanned);
            if found.len() < acknowledged || found != expected[..found.len()] {
                return Err(format!("of {acknowledged} acknowledged entries {found:?} are there"));
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_power_cut_at_any_byte_leaves_what_was_acknowledged() {
    let disk = Disk::default();
    written(&disk, 5).await;
    assert_eq!(check_recovery(&disk, 5), Ok(()));
}

#[tokio::test]
async fn the_checker_sees_a_journal_that_skips_the_sync() {
    let disk = Disk {
        skips_sync: true,
        ..Disk::default()
    };
    written(&disk, 5).await;
    assert!(
        check_recovery(&disk, 5)
            .unwrap_err()
            .contains("of 5 acknowledged entries [] are there")
    );
}

#[tokio::test]
async fn a_kill_at_any_byte_leaves_a_prefix_that_can_be_appended_to() {
    let disk = Disk::default();
    written(&disk, 4).await;
    let whole = disk.synced();
    for cut in HEADER..=whole.len() {
        let scanned = scan(&whole[..cut]).unwrap();
        let payloads: Vec<_> = scanned.payloads.iter().map(|(_, payload)| payload.clone()).collect();
        let disk = Disk::default();
        let mut journal = Journal::found(disk.clone(), &payloads).await.unwrap();
        journal.append(b"\"next\"").await.unwrap();
        let mut expected: Vec<_> = (0..scanned.payloads.len()).map(entry).collect();
        expected.push("\"next\"".to_owned());
        assert_eq!(texts(&scan(&disk.synced()).unwrap()), expected, "cut at {cut}");
    }
}

#[tokio::test]
async fn damage_before_the_end_is_an_error_not_a_tail() {
    let disk = Disk::default();
    written(&disk, 3).await;
    let whole = disk.synced();
    let last = scan(&whole).unwrap().payloads[2].0 as usize;
    for at in HEADER..last {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        assert!(matches!(scan(&bytes), Err(Damage::Broken { .. })), "byte {at}");
    }
    // In the last frame it can't be told from a torn write, and is cut.
    let mut bytes = whole.clone();
    bytes[last + 9] ^= 1;
    let scanned = scan(&bytes).unwrap();
    assert_eq!((scanned.payloads.len(), scanned.torn), (2, true));
}

#[tokio::test]
async fn a_rewrite_takes_the_place_of_everything() {
    let disk = Disk::default();
    let mut journal = Journal::found(disk.clone(), &[]).await.unwrap();
    journal.append(b"1").await.unwrap();
    journal.rewrite(&[b"2".to_vec(), b"3".to_vec()]).await.unwrap();
    journal.append(b"4").await.unwrap();
    assert_eq!(texts(&scan(&disk.synced()).unwrap()), ["2", "3", "4"]);
}

/// The bug: records have filled the disk, the next change of the metadata finds no room, and the quorum's log has failed for good.
#[tokio::test]
async fn a_journal_has_blocks_for_what_comes_next() {
    use std::os::unix::fs::MetadataExt;

    let temporary = tempfile::tempdir().unwrap();
    let dir = corvid_env::fs::Dir::open(temporary.path()).unwrap();
    let blocks_of = |name: &str| std::fs::metadata(temporary.path().join(name)).unwrap().blocks() * 512;
    let probe = dir.create("probe").unwrap();
    probe.preallocate(0, 1 << 20).unwrap();
    let reserves = blocks_of("probe") >= 1 << 20;
    assert!(
        reserves,
        "{}: this file system has no fallocate",
        temporary.path().display()
    );
    let mut journal = Journal::found(JournalFile::new(dir), &[]).await.unwrap();
    assert!(blocks_of(NAME) >= medium::AHEAD_BYTES / 2);
    for _ in 0..3 {
        journal.append(&vec![b' '; 3 << 20]).await.unwrap();
        assert!(blocks_of(NAME) >= journal.end + medium::AHEAD_BYTES / 2);
    }
    assert_eq!(
        std::fs::metadata(temporary.path().join(NAME)).unwrap().len(),
        journal.end
    );
}

/// A disk whose syncs fail.
struct Failing;

impl Medium for Failing {
    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    async fn sync(&self) -> io::Result<()> {
        Err(io::Error::other("gone"))
    }
    async fn replace(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_failed_sync_is_not_tried_again() {
    let mut journal = Journal::found(Failing, &[]).await.unwrap();
    assert_eq!(journal.append(b"1").await.unwrap_err().to_string(), "gone");
    assert!(
        journal
            .append(b"1")
            .await
            .unwrap_err()
            .to_string()
            .contains("has failed before")
    );
    assert!(journal.rewrite(&[]).await.is_err());
}

#[test]
fn other_files_and_later_formats_are_told_apart() {
    assert_eq!(scan(b""), Err(Damage::NotALog));
    assert_eq!(scan(b"corvid quorum"), Err(Damage::NotALog));
    assert_eq!(
        scan(&[MAGIC, &9u32.to_be_bytes()].concat()),
        Err(Damage::UnknownFormat(9))
    );
    assert_eq!(scan(&[MAGIC, &0u32.to_be_bytes()].concat()), Err(Damage::NotALog));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, payloads in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let mut log = header();
        for payload in payloads.iter().filter(|payload| !payload.is_empty()) {
            log.extend_from_slice(&frame(payload));
        }
        log.extend_from_slice(&bytes);
        let _ = scan(&log);
        let _ = scan(&bytes);
    }
}
