//! The checker is trusted because it has caught bugs: each test plants one in the broker, by a fail-point whose
//! action is `skip`, and sees that the checker finds it; the last plants none, and it finds nothing.
//!
//! | planted | where | what the checker sees |
//! |---|---|---|
//! | `link.dedupe`, `link.check` | the courier doesn't look whether a target has an entry, and the target doesn't compare before it sets | records there more than once, after each restart |
//! | `link.mate` | the courier takes an entry whose batch was never written for one that counts | records of a torn write beside those of its retry, which decided otherwise |
//! | `release.stamp` | what is held is released without the stamp that says so | records there more than once, after each restart |
//! | `hold.carry` | what is held where the log is to be deleted is ended there, and not held again | records lost |
//! | `redrive.known` | a redrive doesn't look at what has left before | letters redriven twice |
//! | `hold.retention` | the log is deleted whatever is held there | records lost |

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // A harness, outside of the broker: it uses the machine.

use std::path::Path;

use crash::checker::Violation;
use crash::report::Report;
use crash::run::{Options, run};
use crash::schedule::Fault;

async fn rounds(rounds: u32, seed: u64, faults: &[Fault], plant: Option<&str>) -> anyhow::Result<Report> {
    let options = Options {
        rounds,
        seed,
        node: Path::new(env!("CARGO_BIN_EXE_crash-node")).to_owned(),
        plant: plant.map(str::to_owned),
        faults: faults.to_vec(),
        talk: false,
    };
    let dir = tempfile::tempdir()?;
    run(&options, dir.path()).await
}

fn count(report: &Report, kind: fn(&Violation) -> bool) -> usize {
    report.violations.iter().filter(|violation| kind(violation)).count()
}

#[tokio::test]
async fn a_courier_that_delivers_twice_is_caught() {
    let plant = "link.dedupe=skip,link.check=skip";
    let report = rounds(2, 1, &[Fault::Kill], Some(plant)).await.expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Doubled(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn a_courier_that_takes_torn_entries_is_caught() {
    let report = rounds(3, 1, &[Fault::AfterEntry], Some("link.mate=skip"))
        .await
        .expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Doubled(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn a_release_that_leaves_no_mark_is_caught() {
    let report = rounds(2, 1, &[Fault::AfterRelease], Some("release.stamp=skip"))
        .await
        .expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Doubled(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn what_is_forgotten_when_it_is_carried_on_is_missed() {
    let report = rounds(2, 1, &[Fault::AfterCarry], Some("hold.carry=skip"))
        .await
        .expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Lost(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn what_goes_with_its_segment_is_missed() {
    let report = rounds(2, 1, &[Fault::Roll], Some("hold.retention=skip"))
        .await
        .expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Lost(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn letters_that_leave_twice_are_caught() {
    let faults = [Fault::AfterRedrive, Fault::BeforeLink];
    let report = rounds(5, 1, &faults, Some("redrive.known=skip"))
        .await
        .expect("a result");
    assert!(
        count(&report, |violation| matches!(violation, Violation::Redriven(_))) > 0,
        "{report}"
    );
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_planted() {
    let report = rounds(2, 1, &[Fault::CutPair, Fault::AfterRelease], None)
        .await
        .expect("a result");
    assert_eq!(report.violations, [], "{report}");
}
