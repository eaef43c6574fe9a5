//! What the tests share: guests, batches, and short ways to load and call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts};

use crate::meter::Metering;
use crate::{Compiler, HookInput, HostConfig, Limits, LoadError, LoadSpec, Plugin, PluginHost, Tables};

/// What every guest below needs. The input buffer lies at 64 KiB, answers from 1 KiB on; there is 1 MiB of memory.
const COMMON: &str = r#"
  (memory (export "memory") 16)
  (func (export "corvid_abi_1") (result i32) i32.const 0)
  (func (export "corvid_alloc") (param i32) (result i32) i32.const 65536)
  (global $next (mut i32) (i32.const 0))

  ;; The answer: these bytes of memory.
  (func $answer (param $ptr i32) (param $len i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
            (i64.extend_i32_u (local.get $len))))

  ;; Whether a record's bytes hold the byte 0xba.
  (func $is_bad (param $at i32) (param $end i32) (result i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0xba)) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more)))
    (i32.const 0))

  ;; Sets $next to the end of the record at $at, and answers where its body starts.
  (func $record (param $at i32) (result i32)
    (local $shift i32) (local $len i32) (local $byte i32)
    (loop $more
      (local.set $byte (i32.load8_u (local.get $at)))
      (local.set $len (i32.or (local.get $len)
        (i32.shl (i32.and (local.get $byte) (i32.const 127)) (local.get $shift))))
      (local.set $shift (i32.add (local.get $shift) (i32.const 7)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.ge_u (local.get $byte) (i32.const 128))))
    (global.set $next (i32.add (local.get $at) (i32.shr_u (local.get $len) (i32.const 1))))
    (local.get $at))
"#;

/// A module of `body` beside what every guest needs.
pub(super) fn guest(body: &str) -> Bytes {
    wasm(&format!("(module {body} {COMMON})"))
}

/// A validator that does `on_bad` for the first bad record of its input, and accepts all others.
pub(super) fn validator(on_bad: &str) -> Bytes {
    guest(&format!(
        r#"(func (export "corvid_validate") (param $ptr i32) (param $len i32) (result i64)
          (if (call $is_bad (i32.add (local.get $ptr) (i32.load (local.get $ptr)))
                            (i32.add (local.get $ptr) (local.get $len)))
            (then {on_bad}))
          (i64.const 0))"#
    ))
}

/// A module.
pub(super) fn wasm(text: &str) -> Bytes {
    wat::parse_str(text).expect("the test's own module").into()
}

pub(super) fn host_with(config: HostConfig, metering: Metering) -> Arc<PluginHost> {
    PluginHost::with_metering(config, metering).expect("wasmtime runs here")
}

pub(super) fn config() -> HostConfig {
    HostConfig {
        cache: None,
        compiler: Compiler::InProcess,
        workers: 2,
        defaults: Limits::default(),
    }
}

/// A host as it is in production, but for the compiler.
pub(super) fn host() -> Arc<PluginHost> {
    host_with(config(), Metering::Epochs)
}

pub(super) fn spec(wasm: &Bytes) -> LoadSpec {
    LoadSpec {
        name: "guest".to_owned(),
        wasm: wasm.clone(),
        config: "{}".to_owned(),
        limits: Limits {
            deadline: Duration::from_millis(20),
            memory_bytes: 2 << 20,
        },
        generation: 1,
        tables: Tables::Unbound,
    }
}

pub(super) async fn load(wasm: &Bytes) -> Arc<Plugin> {
    host().load(spec(wasm)).await.expect("a guest that loads")
}

/// Why the guest is not loaded.
pub(super) async fn refusal(wasm: &Bytes) -> LoadError {
    host().load(spec(wasm)).await.expect_err("a guest that is refused")
}

/// A value that guests take for a bad one.
pub(super) const BAD: &[u8] = b"\xba";
/// Any other.
pub(super) const GOOD: &[u8] = b"good";

/// A batch of these values.
pub(super) struct Section {
    batch: Bytes,
}

pub(super) fn section(values: &[&[u8]]) -> Section {
    let mut builder = BatchBuilder::new(Compression::None);
    for (at, value) in values.iter().enumerate() {
        builder.push(&RecordParts {
            offset_delta: at as i32,
            value: Some(value),
            ..RecordParts::default()
        });
    }
    Section {
        batch: builder.finish(None).expect("a small batch"),
    }
}

impl Section {
    pub(super) fn input(&self) -> HookInput<'_> {
        let batch = Batch::parse(&self.batch).expect("it was just built");
        HookInput {
            topic: "t",
            partition: 0,
            partitions: 3,
            base_timestamp: 0,
            records: batch.section(),
            count: batch.record_count(),
            failures: &[],
            viewer: None,
            moment: None,
        }
    }
}

/// `count` good values with bad ones at `bad`.
pub(super) fn mixed(count: usize, bad: &[usize]) -> Section {
    let values: Vec<&[u8]> = (0..count)
        .map(|at| if bad.contains(&at) { BAD } else { GOOD })
        .collect();
    section(&values)
}
