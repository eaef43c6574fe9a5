//! Generations: given once, tried, promoted, taken back.

use std::collections::BTreeSet;

use super::tests::{after, put};
use super::{Conflict, Image};
use crate::ids::Digest;
use crate::plugin::{Ended, HISTORY_MAX, Rollout};
use crate::record::{PluginRecord, Record};

pub(super) fn tried(name: &str, generation: u64) -> Record {
    Record::TryPlugin {
        name: name.into(),
        plugin: record(generation, None),
        rollout: Rollout::Canary([1].into()),
    }
}

fn record(generation: u64, restores: Option<u64>) -> PluginRecord {
    let Record::PutPlugin { mut plugin, .. } = put("p", generation) else {
        unreachable!("that is what it makes")
    };
    plugin.deployment.restores = restores;
    plugin
}

fn promote(generation: u64) -> Record {
    Record::PromotePlugin {
        name: "p".into(),
        generation,
    }
}

fn restoring(generation: u64, restores: u64) -> Record {
    Record::PutPlugin {
        name: "p".into(),
        plugin: record(generation, Some(restores)),
    }
}

fn past(image: &Image) -> Vec<(u64, Ended)> {
    let past = &image.lineage("p").unwrap().past;
    past.iter().map(|past| (past.plugin.generation, past.ended)).collect()
}

#[test]
fn a_candidate_keeps_its_number_when_it_is_promoted() {
    let image = after(&[put("p", 1), tried("p", 2), promote(2)]);
    assert_eq!(image.plugin("p").unwrap().generation, 2);
    assert_eq!(image.candidate("p"), None);
    assert_eq!(past(&image), [(1, Ended::Replaced)]);
    assert_eq!(image.next_generation("p"), 3);
}

/// The bug: two changes at once both win, or a number means two things.
#[test]
fn a_number_is_given_once() {
    let image = after(&[put("p", 1), tried("p", 2)]);
    for stale in [put("p", 2), tried("p", 2), tried("p", 1)] {
        let error = image.apply(std::slice::from_ref(&stale)).unwrap_err();
        assert!(
            matches!(error, Conflict::StaleGeneration { have: 2, .. }),
            "{stale:?}: {error}"
        );
    }
    let error = image.apply(&[promote(1)]).unwrap_err();
    assert!(matches!(error, Conflict::NoSuchCandidate { generation: 1, .. }));
    let abandon = Record::AbandonPlugin {
        name: "p".into(),
        generation: 2,
    };
    let image = image.apply(&[abandon]).unwrap();
    assert_eq!(past(&image), [(2, Ended::Abandoned)]);
    assert_eq!(image.next_generation("p"), 3, "2 was given, and is not given again");
    assert!(
        after(&[]).apply(&[tried("p", 1)]).is_err(),
        "there is nothing to try it beside"
    );
}

/// The bug: a second rollback brings back what the first one took away.
#[test]
fn rollbacks_in_a_row_go_further_back() {
    let before = |image: &Image| {
        let active = image.plugin("p").unwrap();
        let before = image.lineage("p").unwrap().before(active);
        before.map(|plugin| plugin.generation)
    };
    let image = after(&[put("p", 1), put("p", 2), put("p", 3)]);
    assert_eq!(before(&image), Some(2));
    let image = image.apply(&[restoring(4, 2)]).unwrap();
    assert_eq!(before(&image), Some(1));
    let image = image.apply(&[restoring(5, 1)]).unwrap();
    assert_eq!(before(&image), None);
    let image = image.apply(&[put("p", 6), tried("p", 7), put("p", 8)]).unwrap();
    assert_eq!(
        before(&image),
        Some(6),
        "a candidate that was given up was never active"
    );
}

#[test]
fn the_history_is_bounded_and_survives_a_snapshot() {
    let many: Vec<Record> = (1..30)
        .map(|generation| put("p", generation))
        .chain([tried("p", 30)])
        .collect();
    let image = after(&many);
    let remembered = past(&image);
    assert_eq!((remembered.len(), remembered[0].0), (HISTORY_MAX, 19));
    let restored = Image::from_snapshot(&image.to_snapshot()).unwrap();
    assert_eq!(restored, image);
    let removed = image.apply(&[Record::RemovePlugin { name: "p".into() }]).unwrap();
    assert_eq!(removed.lineage("p"), None);
}

/// The bug: a module goes that a restart, a promotion or a rollback needs.
#[test]
fn the_modules_of_all_that_is_active_tried_or_past_are_named() {
    let module = |number: u64| Digest([number as u8; 32]);
    let with_module = |change: Record, number: u64| match change {
        Record::PutPlugin { name, mut plugin } => {
            plugin.module = module(number);
            Record::PutPlugin { name, plugin }
        }
        Record::TryPlugin {
            name,
            mut plugin,
            rollout,
        } => {
            plugin.module = module(number);
            Record::TryPlugin { name, plugin, rollout }
        }
        other => other,
    };
    let many = HISTORY_MAX as u64 + 3;
    let mut records: Vec<Record> = (1..=many).map(|number| with_module(put("p", number), number)).collect();
    records.push(with_module(tried("p", many + 1), many + 1));
    let image = after(&records);
    let expected: BTreeSet<Digest> = (3..=many + 1).map(module).collect();
    assert_eq!(image.modules_named(), expected);
    let removed = image.apply(&[Record::RemovePlugin { name: "p".into() }]).unwrap();
    assert_eq!(removed.modules_named(), BTreeSet::new());
}
