//! Modules made to hurt: each is refused with words that say why, or runs within its limits; and the host serves on.

use std::fmt::Write as _;

use bytes::Bytes;

use super::support::{BAD, GOOD, guest, host, section, spec, validator, wasm};
use crate::{Failing, Fault, FaultKind, LoadError, Verdict};

const ACCEPT: &str = r#"(func (export "corvid_validate") (param i32 i32) (result i64) i64.const 0)"#;

/// Loads the module on a host, and sees that another plugin of that host is none the worse for it.
async fn beside_a_good_one(hostile: &Bytes) -> Result<Vec<Failing>, LoadError> {
    let host = host();
    let good = host
        .load(spec(&validator("unreachable")))
        .await
        .expect("a guest that loads");
    let answer = match host.load(spec(hostile)).await {
        Ok(plugin) => Ok(plugin.validate(section(&[GOOD, BAD]).input()).await),
        Err(error) => Err(error),
    };
    assert_eq!(good.validate(section(&[GOOD, GOOD]).input()).await, []);
    let again = host.load(spec(&validator("(drop (i32.const 1)) unreachable"))).await;
    assert_eq!(
        again
            .expect("a guest that loads")
            .validate(section(&[GOOD]).input())
            .await,
        []
    );
    answer
}

/// The module is refused, with these words.
async fn refused(hostile: &Bytes, words: &str) {
    let error = beside_a_good_one(hostile)
        .await
        .expect_err("a guest that hurts")
        .to_string();
    assert!(error.contains(words), "{error}");
    assert!(error.len() <= 2 * Fault::DETAIL_MAX, "{} bytes", error.len());
}

/// The bug: limits hold for hooks, and not for what runs before them.
#[tokio::test]
async fn what_runs_at_init_has_limits_too() {
    let init = |body: &str| {
        let init = format!(r#"(func (export "corvid_init") (param i32 i32) (result i64) {body})"#);
        guest(&format!("{init} {ACCEPT}"))
    };
    let eat = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    refused(&init(eat), "memory").await;
    refused(&init("(loop $ever (br $ever)) unreachable"), "deadline").await;
    refused(&init("unreachable"), "trap").await;
    let deep = format!(
        "(func $deep (call $deep)) {}",
        ACCEPT.replace("i64.const 0", "(call $deep) i64.const 0")
    );
    refused(&guest(&deep), "stack").await;
    // An answer far outside, and one that is nearly all of 32 bits.
    for answer in [-1_i64, (1024 << 32) | 0xffff_ffff, (0xffff_fff0 << 32) | 0xff] {
        refused(&init(&format!("(i64.const {answer})")), "outside memory").await;
    }
}

/// The bug: a plugin's objection of 60 KiB is an error message of 60 KiB.
#[tokio::test]
async fn a_long_objection_is_cut() {
    let talks = r#"(func (export "corvid_init") (param i32 i32) (result i64)
      (memory.fill (i32.const 1024) (i32.const 120) (i32.const 60000))
      (call $answer (i32.const 1024) (i32.const 60000)))"#;
    refused(&guest(&format!("{talks} {ACCEPT}")), "xxx").await;
}

/// The bug: a module's names, of 100,000 bytes each, are the words of an error.
#[tokio::test]
async fn long_names_are_cut() {
    let name = "n".repeat(90_000);
    refused(
        &guest(&format!(r#"(import "{name}" "{name}" (func)) {ACCEPT}"#)),
        "nnn…",
    )
    .await;
    let other = format!(
        r#"(module (memory (export "memory") 1) (func (export "corvid_abi_{name}"))
          (func (export "corvid_alloc") (param i32) (result i32) i32.const 1024) {ACCEPT})"#
    );
    refused(&wasm(&other), "is of another release").await;
    let signature = format!(
        r#"(func (export "corvid_validate") (param {}) (result i64) i64.const 0)"#,
        "i32 ".repeat(900)
    );
    refused(&guest(&signature), "…").await;
}

/// The bug: tables take what memory may not.
#[tokio::test]
async fn tables_have_a_ceiling() {
    let large = format!("(table 10000000 funcref) {ACCEPT}");
    refused(&guest(&large), "table").await;
    let many: String = (0..5).map(|_| "(table 1 funcref)").collect();
    refused(&guest(&format!("{many} {ACCEPT}")), "table count").await;
    // One that grows is told that it can't have more, and goes on.
    let grows = ACCEPT.replace(
        "i64.const 0",
        "(if (i32.ne (table.grow (ref.null func) (i32.const 10000000)) (i32.const -1)) (then unreachable)) i64.const 0",
    );
    let failing = beside_a_good_one(&guest(&format!("(table 1 funcref) {grows}"))).await;
    assert_eq!(failing.expect("it asks politely"), []);
    // Elements for a table that doesn't have the room.
    let outside = format!("(table 1 funcref) (elem (i32.const 60000) $f) (func $f) {ACCEPT}");
    refused(&guest(&outside), "out of bounds").await;
    let data = format!(r#"(data (i32.const 1048570) "outside of memory") {ACCEPT}"#);
    refused(&guest(&data), "out of bounds").await;
}

/// The bug: a module with very many functions or exports, or one very large function, takes the broker's time or stack.
#[tokio::test]
async fn modules_of_very_much_are_compiled_or_refused() {
    const MANY: usize = 100_000;
    let mut exports = String::new();
    for at in 0..MANY {
        write!(exports, r#"(export "e{at}" (func $f))"#).expect("a string takes all");
    }
    let failing = beside_a_good_one(&guest(&format!("(func $f) {exports} {ACCEPT}"))).await;
    assert_eq!(failing.expect("names hurt nobody"), []);

    // The compiler of a debug build is slow; in production a child process compiles, under limits of its own.
    let functions = "(func)".repeat(MANY / 20);
    let failing = beside_a_good_one(&guest(&format!("{functions} {ACCEPT}"))).await;
    assert_eq!(failing.expect("empty functions hurt nobody"), []);

    let locals = format!("(func (local {}))", "i32 ".repeat(60_000));
    refused(&guest(&format!("{locals} {ACCEPT}")), "locals").await;
}

/// The bug: an answer that lies over its own input is taken apart by somebody who still reads the input.
#[tokio::test]
async fn an_answer_over_its_own_input_is_an_answer() {
    let over = r#"(func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
      (i32.store (local.get $ptr) (i32.const 1))
      (i64.store offset=4 (local.get $ptr) (i64.const 0))
      (call $answer (local.get $ptr) (i32.const 12)))"#;
    let failing = beside_a_good_one(&guest(over)).await.expect("a guest that loads");
    assert!(
        matches!(&failing[..], [Failing { index: 0, verdict: Verdict::Refused { code: 0, reason } }] if reason.is_empty()),
        "{failing:?}"
    );
    // All of the input, as the host wrote it: its first number is the length of a header, which is no number of entries.
    let echo = r#"(func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
      (call $answer (local.get $ptr) (local.get $len)))"#;
    refused(&guest(echo), "bad_answer").await;
}

/// The bug: whoever logs without end spends the broker's time, since lines that are dropped cost no CPU time of its own.
#[tokio::test]
async fn a_flood_of_lines_ends_at_the_deadline() {
    let flood = "(loop $ever (call $log (i32.const 0) (i32.const 0) (i32.const 65536)) (br $ever)) unreachable";
    let log = r#"(import "corvid" "log" (func $log (param i32 i32 i32)))"#;
    let text = format!("{log} {}", ACCEPT.replace("i64.const 0", flood));
    refused(&guest(&text), "deadline").await;
    // And one that does it for some records only.
    let on_bad = format!(
        r#"{log} (func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
          (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.add (local.get $ptr) (local.get $len)))
            (then {flood}))
          (i64.const 0))"#
    );
    let failing = beside_a_good_one(&guest(&on_bad)).await.expect("a guest that loads");
    assert!(
        matches!(&failing[..], [Failing { index: 1, verdict: Verdict::Fault(fault) }] if fault.kind == FaultKind::Deadline),
        "{failing:?}"
    );
}

/// The bug: what is not a plain module of the first standard is found out when it is called.
#[tokio::test]
async fn what_is_switched_off_is_refused_by_name() {
    let large = format!(
        r#"(module (memory (export "memory") i64 1)
          (func (export "corvid_abi_1") (result i32) i32.const 0)
          (func (export "corvid_alloc") (param i32) (result i32) i32.const 1024) {ACCEPT})"#
    );
    refused(&wasm(&large), "memory64").await;
    refused(&guest(&format!("(memory 1) {ACCEPT}")), "multi").await;
}
