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
//! | `hold.cancel` | that a hold was cancelled is known in memory only | records there that were cancelled, after each restart |
//! | `retry.decide_again` | when a record comes back is decided again, whenever its entry is read | records there before the time that the entry says |
//! | `recovery.producers` | after a restart, nobody knows who has produced what | failures that were decided twice, since their producer tried again |
//! | `view.show` | a view that is not asked shows what is stored | fields that are not masked |
//! | `table.refill` | a table begins with what is written after a restart | records judged by a limit that their user didn't have |
//! | `table.current`, `table.follow` | a table isn't followed, and nobody waits until it has what was just acknowledged | the same |

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // A harness, outside of the broker: it uses the machine.

use std::path::Path;

use crash::checker::Violation;
use crash::report::Report;
use crash::run::{Options, run};
use crash::schedule::Fault;

/// How many runs a planted bug gets to show itself.
const SEEDS: u64 = 5;

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

/// Sees that the checker finds this in a run with these fail-points. A bug shows in nearly every run, but clients and
/// broker meet as they will: where it doesn't show, or makes a client give up before there is a result, the next seed has
/// its turn.
async fn is_caught(plant: &str, number: u32, faults: &[Fault], kind: fn(&Violation) -> bool) {
    let mut uncaught = Vec::new();
    for seed in 1..=SEEDS {
        match rounds(number, seed, faults, Some(plant)).await {
            Ok(report) if report.violations.iter().any(kind) => return,
            Ok(report) => uncaught.push(format!("seed {seed}: {report}")),
            Err(error) => uncaught.push(format!("seed {seed}: {error:#}")),
        }
    }
    panic!("{plant} is not caught\n{}", uncaught.join("\n"));
}

#[tokio::test]
async fn a_courier_that_delivers_twice_is_caught() {
    let doubled = |violation: &Violation| matches!(violation, Violation::Doubled(_));
    is_caught("link.dedupe=skip,link.check=skip", 2, &[Fault::Kill], doubled).await;
}

#[tokio::test]
async fn a_courier_that_takes_torn_entries_is_caught() {
    let doubled = |violation: &Violation| matches!(violation, Violation::Doubled(_));
    is_caught("link.mate=skip", 3, &[Fault::AfterEntry], doubled).await;
}

#[tokio::test]
async fn a_release_that_leaves_no_mark_is_caught() {
    let doubled = |violation: &Violation| matches!(violation, Violation::Doubled(_));
    is_caught("release.stamp=skip", 2, &[Fault::AfterRelease], doubled).await;
}

#[tokio::test]
async fn what_is_forgotten_when_it_is_carried_on_is_missed() {
    let lost = |violation: &Violation| matches!(violation, Violation::Lost(_));
    is_caught("hold.carry=skip", 2, &[Fault::AfterCarry], lost).await;
}

#[tokio::test]
async fn what_goes_with_its_segment_is_missed() {
    let lost = |violation: &Violation| matches!(violation, Violation::Lost(_));
    is_caught("hold.retention=skip", 2, &[Fault::Roll], lost).await;
}

#[tokio::test]
async fn letters_that_leave_twice_are_caught() {
    let redriven = |violation: &Violation| matches!(violation, Violation::Redriven(_));
    let faults = [Fault::AfterRedrive, Fault::BeforeLink];
    is_caught("redrive.known=skip", 5, &faults, redriven).await;
}

#[tokio::test]
async fn a_cancel_that_a_restart_forgets_is_caught() {
    let cancelled = |violation: &Violation| matches!(violation, Violation::Cancelled(_));
    is_caught("hold.cancel=skip", 3, &[Fault::AfterCancel], cancelled).await;
}

#[tokio::test]
async fn a_decision_that_is_taken_again_when_it_is_replayed_is_caught() {
    let early = |violation: &Violation| matches!(violation, Violation::Early(_));
    is_caught("retry.decide_again=skip", 2, &[Fault::AfterRetry], early).await;
}

#[tokio::test]
async fn a_decision_that_is_taken_again_when_a_producer_tries_again_is_caught() {
    let decided = |violation: &Violation| matches!(violation, Violation::Decided(_));
    is_caught("recovery.producers=skip", 3, &[Fault::AfterRetry], decided).await;
}

#[tokio::test]
async fn a_view_that_is_not_asked_is_caught() {
    let unmasked = |violation: &Violation| matches!(violation, Violation::Unmasked(_));
    is_caught("view.show=skip", 1, &[Fault::Kill], unmasked).await;
}

#[tokio::test]
async fn a_table_that_is_not_filled_again_is_caught() {
    let judged = |violation: &Violation| matches!(violation, Violation::Judged(_));
    is_caught("table.refill=skip", 3, &[Fault::Kill], judged).await;
}

#[tokio::test]
async fn a_table_that_stays_behind_is_caught() {
    let judged = |violation: &Violation| matches!(violation, Violation::Judged(_));
    is_caught("table.current=skip,table.follow=skip", 2, &[Fault::Kill], judged).await;
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_planted() {
    let faults = [Fault::CutPair, Fault::AfterRelease, Fault::AfterRetry];
    let report = rounds(3, 1, &faults, None).await.expect("a result");
    assert_eq!(report.violations, [], "{report}");
}
