//! What a plugin logs and counts.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use super::support::{BAD, GOOD, guest, host, section, spec};
use crate::{LoadSpec, Plugin};

/// Keeps all that plugins log. It listens to the whole process: whether a line is heard is remembered for all
/// threads, by the first one that says it.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

/// What the plugin of this name has logged.
fn lines_of(plugin: &str) -> Vec<String> {
    let of_plugin = |line: &&String| line.contains(&format!("plugin={plugin:?}"));
    listener()
        .0
        .lock()
        .expect("no panic")
        .iter()
        .filter(of_plugin)
        .cloned()
        .collect()
}

fn listener() -> &'static Listener {
    static LISTENER: OnceLock<Listener> = OnceLock::new();
    LISTENER.get_or_init(|| {
        let listener = Listener::default();
        tracing::subscriber::set_global_default(listener.clone()).expect("nobody else listens");
        listener
    })
}

async fn load(name: &str, wasm: &bytes::Bytes) -> Arc<Plugin> {
    listener();
    host()
        .load(LoadSpec {
            name: name.to_owned(),
            ..spec(wasm)
        })
        .await
        .expect("a guest that loads")
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a string takes all");
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "corvid::plugin" && *metadata.level() <= tracing::Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().expect("no panic").push(line.0.trim().to_owned());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Logs "hello" at `level`, `times` times a call, and counts itself.
fn talker(level: i32, times: i32) -> bytes::Bytes {
    saying("hello", level, times)
}

/// The same with another text of five bytes, as WebAssembly writes it.
fn saying(text: &str, level: i32, times: i32) -> bytes::Bytes {
    guest(&format!(
        r#"(import "corvid" "log" (func $log (param i32 i32 i32)))
        (import "corvid" "metric_add" (func $add (param i32 i32 f64)))
        (data (i32.const 16) "{text}")
        (func (export "corvid_validate") (param i32 i32) (result i64)
          (local $n i32)
          (loop $more
            (call $log (i32.const {level}) (i32.const 16) (i32.const 5))
            (call $add (i32.const 16) (i32.const 5) (f64.const 0.5))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $n) (i32.const {times}))))
          (i64.const 0))"#
    ))
}

/// The bug: a plugin that logs every record floods the broker's log; or nobody knows whose line it is.
#[tokio::test]
async fn lines_carry_the_plugins_name_and_are_limited() {
    let plugin = load("loud", &talker(1, 1000)).await;
    assert_eq!(plugin.validate(section(&[GOOD]).input()).await, []);
    let lines = lines_of("loud");
    assert!((50..100).contains(&lines.len()), "{} lines", lines.len());
    assert_eq!(lines[0], r#"WARN message=hello plugin="loud""#);
    // Two calls of the self-test, and ours.
    assert_eq!(plugin.stats().log_lines_dropped, 3000 - lines.len() as u64);
}

/// The bug: a plugin that logs a record's text writes lines that look like the broker's own.
#[tokio::test]
async fn a_line_break_makes_no_second_line() {
    let plugin = load("broken", &saying(r"ab\0acd", 1, 1)).await;
    assert_eq!(plugin.validate(section(&[GOOD]).input()).await, []);
    assert_eq!(lines_of("broken")[0], r#"WARN message=ab cd plugin="broken""#);
}

/// The bug: lines that nobody listens to use up the room of those that somebody does.
#[tokio::test]
async fn lines_that_nobody_hears_are_not_counted() {
    let plugin = load("muttering", &talker(3, 1000)).await;
    assert_eq!(plugin.validate(section(&[GOOD]).input()).await, []);
    assert_eq!(plugin.stats().log_lines_dropped, 0);
    assert_eq!(lines_of("muttering"), [""; 0]);
}

/// The bug: a plugin's counters are lost with the instance that counted.
#[tokio::test]
async fn counters_are_the_plugins_and_not_the_instances() {
    let plugin = load("counting", &talker(3, 2)).await;
    for value in [GOOD, BAD] {
        assert_eq!(plugin.validate(section(&[value]).input()).await, []);
    }
    // Two calls of the self-test and two of ours, each of them twice a half.
    assert_eq!(plugin.stats().counters, [("hello".to_owned(), 4.0)]);
}
