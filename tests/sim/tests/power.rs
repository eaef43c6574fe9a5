//! What a power cut takes and what it leaves: the disk model, tried from above.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::pending;
use std::io::IoSlice;
use std::rc::Rc;
use std::time::Duration;

use corvid_env::fs::{Dir, File};
use corvid_env::{clock, task};
use corvid_sim::{Outcome, Survival, World, seeds};

/// Runs `life` on a host until it has nothing more to do, cuts the power, and shows the disk to `look`.
fn after_a_power_cut<F, Fut, R>(world: &mut World, life: F, look: impl FnOnce(Dir) -> R) -> R
where
    F: Fn(Dir) -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let life = Rc::new(life);
    world.host("node", move || {
        let life = Rc::clone(&life);
        async move {
            life(Dir::create_all("/data")?).await;
            pending().await
        }
    });
    world.run_for(Duration::from_millis(500));
    world.power_cut("node");
    world.on_host("node", || look(Dir::open("/data").unwrap()))
}

fn forgetful_world() -> World {
    let mut world = World::new(corvid_sim::seed());
    world.set_survival(Survival::Nothing);
    world
}

fn append(file: &File, bytes: &[u8]) {
    let end = file.len().unwrap();
    file.write_all_at(end, &mut [IoSlice::new(bytes)]).unwrap();
}

fn names(dir: &Dir) -> Vec<String> {
    dir.list().unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn bytes_that_were_not_synced_are_lost() {
    let mut world = forgetful_world();
    let life = |dir: Dir| async move {
        let file = dir.create("log").unwrap();
        dir.sync().unwrap();
        append(&file, b"kept");
        file.sync_data().await.unwrap();
        append(&file, b", lost");
        assert_eq!(dir.read("log", 100).unwrap(), b"kept, lost");
    };
    let left = after_a_power_cut(&mut world, life, |dir| dir.read("log", 100).unwrap());
    assert_eq!(left, b"kept");
}

/// A synced file without a name is lost: the bug of a missing fsync of the directory.
#[test]
fn names_that_were_not_synced_are_lost_with_all_their_bytes() {
    let mut world = forgetful_world();
    let life = |dir: Dir| async move {
        let kept = dir.create("kept").unwrap();
        append(&kept, b"1");
        dir.create("removed").unwrap();
        dir.sync().unwrap();
        let lost = dir.create("lost").unwrap();
        append(&lost, b"2");
        lost.sync_data().await.unwrap();
        kept.sync_data().await.unwrap();
        dir.remove("removed").unwrap();
        dir.rename("kept", "renamed").unwrap();
        assert_eq!(names(&dir), ["lost", "renamed"]);
        assert_eq!(dir.read("renamed", 1).unwrap(), b"1");
    };
    let left = after_a_power_cut(&mut world, life, |dir| (names(&dir), dir.read("kept", 1).unwrap()));
    assert_eq!(left, (vec!["kept".to_owned(), "removed".to_owned()], b"1".to_vec()));
}

/// The bug of taking the end of the log for flushed when the sync returns, and not when it began.
#[test]
fn a_sync_covers_what_was_written_before_it_began() {
    let mut world = forgetful_world();
    let life = |dir: Dir| async move {
        let file = dir.create("log").unwrap();
        dir.sync().unwrap();
        append(&file, b"before");
        let syncing = file.clone();
        let sync = task::spawn("sync", async move { syncing.sync_data().await });
        tokio::task::yield_now().await;
        append(&file, b", during");
        sync.await.unwrap().unwrap();
    };
    let left = after_a_power_cut(&mut world, life, |dir| dir.read("log", 100).unwrap());
    assert_eq!(left, b"before");
}

/// After a failed fsync the next one says nothing about the lost pages.
#[test]
fn a_failed_sync_loses_its_pages_whatever_later_ones_say() {
    let mut world = forgetful_world();
    world.arm("node/fs.sync_data=error@1");
    let life = |dir: Dir| async move {
        let file = dir.create("log").unwrap();
        dir.sync().unwrap();
        append(&file, b"lost");
        assert!(file.sync_data().await.is_err());
        assert_eq!(dir.read("log", 4).unwrap(), b"lost");
        append(&file, b"kept");
        file.sync_data().await.unwrap();
    };
    let left = after_a_power_cut(&mut world, life, |dir| dir.read("log", 100).unwrap());
    assert_eq!(left, b"\0\0\0\0kept");
}

#[test]
fn an_atomic_write_is_the_old_bytes_or_the_new_ones_at_every_moment() {
    for seed in seeds(200) {
        let mut world = World::new(seed);
        world.arm(&format!(
            "fs.{}=kill@{}",
            ["write", "rename", "sync_dir"][(seed % 3) as usize],
            seed / 3 % 5 + 1
        ));
        let life = |dir: Dir| async move {
            for version in 0..10_u8 {
                if dir.write_atomic("meta", &[version; 2_000]).await.is_err() {
                    return;
                }
            }
        };
        let left = after_a_power_cut(&mut world, life, |dir| {
            dir.exists("meta").then(|| dir.read("meta", 9_999))
        });
        if let Some(left) = left {
            let left = left.unwrap();
            assert_eq!(left, [left[0]; 2_000], "seed {seed}");
        }
    }
}

/// Sectors are lost one by one, a later one may survive an earlier one, and none of it touches what was synced.
#[test]
fn unsynced_writes_may_survive_in_part() {
    let mut shapes = BTreeSet::new();
    for seed in seeds(200) {
        let mut world = World::new(seed);
        let life = |dir: Dir| async move {
            let file = dir.create("log").unwrap();
            dir.sync().unwrap();
            append(&file, &[1; 300]);
            file.sync_data().await.unwrap();
            append(&file, &[2; 1_748]);
        };
        let left = after_a_power_cut(&mut world, life, |dir| dir.read("log", 2_048).unwrap());
        assert_eq!(left[..300], [1; 300]);
        let sector = |sector: &[u8]| {
            assert!(
                sector.iter().all(|byte| *byte == sector[0]),
                "seed {seed}: half a sector"
            );
            sector[0]
        };
        let shape: Vec<u8> = left[300..]
            .chunks(212)
            .take(1)
            .chain(left.chunks(512).skip(1))
            .map(sector)
            .collect();
        shapes.insert(shape);
    }
    let has = |pattern: fn(&[u8]) -> bool| shapes.iter().any(|shape| pattern(shape));
    assert!(has(<[u8]>::is_empty) && has(|shape| shape == [2; 4]), "{shapes:?}");
    assert!(has(|shape| shape.windows(2).any(|pair| pair == [2, 0])), "{shapes:?}");
    assert!(has(|shape| shape.windows(2).any(|pair| pair == [0, 2])), "{shapes:?}");
}

/// The bug of writing behind a cut that is not durable: the new front may meet the old rest.
#[test]
fn what_was_cut_may_be_back_unless_the_cut_was_synced() {
    for (synced, expected) in [(true, false), (false, true)] {
        let mut came_back = false;
        for seed in seeds(200) {
            let mut world = World::new(seed);
            let life = move |dir: Dir| async move {
                let file = dir.create("log").unwrap();
                dir.sync().unwrap();
                append(&file, &[1; 2_048]);
                file.sync_data().await.unwrap();
                file.truncate(512).unwrap();
                if synced {
                    file.sync_data_blocking().unwrap();
                }
                append(&file, &[2; 1_024]);
            };
            let left = after_a_power_cut(&mut world, life, |dir| dir.read("log", 2_048).unwrap());
            let new = left.iter().position(|byte| *byte == 2);
            came_back |= new.is_some_and(|new| left[new..].contains(&1));
        }
        assert_eq!(came_back, expected);
    }
}

/// A renamed, then removed file goes on for whoever has it open, as a fetch of a deleted segment needs.
#[test]
fn an_open_file_outlives_its_name() {
    let mut world = forgetful_world();
    let life = |dir: Dir| async move {
        let file = dir.subdir("topic-0").unwrap().create("segment").unwrap();
        append(&file, b"abc");
        dir.rename("topic-0", "topic-0.delete").unwrap();
        assert_eq!(names(&dir.subdir("topic-0.delete").unwrap()), ["segment"]);
        dir.remove_dir_all("topic-0.delete").unwrap();
        let fresh = dir.subdir("topic-0").unwrap().create("segment").unwrap();
        assert_eq!((file.len().unwrap(), fresh.len().unwrap()), (3, 0));
        file.read_exact_at(0, &mut [0; 3]).unwrap();
    };
    after_a_power_cut(&mut world, life, |_| ());
}

#[test]
fn a_killed_process_loses_nothing_and_a_lock_ends_with_its_holder() {
    let mut world = forgetful_world();
    let lives = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&lives);
    world.host("node", move || {
        let seen = Rc::clone(&seen);
        async move {
            let dir = Dir::create_all("/data")?;
            let _lock = dir.lock()?;
            assert!(dir.lock().is_err());
            seen.borrow_mut().push(names(&dir).len());
            dir.create(&format!("life-{}", seen.borrow().len()))?;
            pending::<Outcome>().await
        }
    });
    world.run_for(Duration::from_millis(10));
    world.kill("node");
    world.restart("node");
    world.run_for(Duration::from_millis(10));
    world.power_cut("node");
    world.restart("node");
    world.run_for(Duration::from_millis(10));
    assert_eq!(*lives.borrow(), [0, 1, 0]);
}

#[test]
fn a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let mut world = forgetful_world();
    let life = |dir: Dir| async move {
        corvid_env::sim::set_disk_capacity("node", 1_000);
        let file = dir.create("log").unwrap();
        append(&file, &[0; 900]);
        assert_eq!(dir.available_bytes().unwrap(), 100);
        let error = file.write_all_at(900, &mut [IoSlice::new(&[0; 101])]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        file.truncate(800).unwrap();
        append(&file, &[0; 200]);
    };
    after_a_power_cut(&mut world, life, |_| ());
}

/// A dead host does nothing more, even in the very millisecond of its death.
#[test]
fn a_host_that_kills_itself_at_a_fail_point_comes_back_without_what_followed() {
    let mut world = forgetful_world();
    world.restart_after(Duration::from_millis(20));
    world.arm("node/test.point=kill@1");
    let lives = Rc::new(RefCell::new(0));
    let count = Rc::clone(&lives);
    world.host("node", move || {
        *count.borrow_mut() += 1;
        async move {
            let dir = Dir::create_all("/data")?;
            assert!(!dir.exists("after"));
            if corvid_env::fault::hit("test.point").is_some() {
                assert!(dir.create("after").is_err());
            }
            pending::<Outcome>().await
        }
    });
    world.client("client", async {
        clock::sleep(Duration::from_millis(100)).await;
        Ok(())
    });
    world.run();
    assert_eq!(*lives.borrow(), 2);
}
