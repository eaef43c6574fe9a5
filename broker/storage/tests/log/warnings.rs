//! What an operator is warned of, and what not.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use corvid_storage::LogConfig;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::support::*;

/// Keeps the warnings of one thread.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn of(act: impl FnOnce()) -> Vec<String> {
        let warnings = Self::default();
        tracing::subscriber::with_default(warnings.clone(), act);
        let heard = warnings.0.lock().unwrap();
        heard.clone()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The bug: after a clean shutdown every new topic told of sidecars that say nothing of one, and an operator learned to look away.
#[tokio::test]
async fn a_new_log_warns_of_nothing_and_a_damaged_one_does() {
    let world = World::new().await;
    append(&world.log(), plain(2, 0)).unwrap();
    let world = world.restart().await;
    assert!(world.directory.was_clean());
    let of_a_new_one = Warnings::of(|| {
        world.directory.open_log("new-0", LogConfig::default()).unwrap();
    });
    assert_eq!(of_a_new_one, [] as [String; 0]);
    std::fs::remove_file(world.log_path().join("00000000000000000000.hidden")).unwrap();
    let of_a_damaged_one = Warnings::of(|| drop(world.log()));
    assert_eq!(of_a_damaged_one.len(), 1, "{of_a_damaged_one:?}");
    assert!(of_a_damaged_one[0].contains("recovering it"), "{of_a_damaged_one:?}");
}
