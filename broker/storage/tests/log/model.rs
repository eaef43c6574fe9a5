//! Random histories against a plain list: append, roll, read, cut, delete, restart, kill.

use corvid_env::clock::wall_clock;
use corvid_record::Offset;
use corvid_storage::{Log, LogConfig, Reason, Which};
use proptest::prelude::*;

use crate::support::*;

#[derive(Debug, Clone)]
enum Step {
    Plain { count: i32 },
    Produced { id: i64, again: bool },
    Pair { count: i32, emptied: bool },
    Linked { source: u32 },
    Truncate { back: i64 },
    DeleteRecords { part: i64 },
    Retain,
    Restart,
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..6).prop_map(|count| Step::Plain { count }),
        4 => (1..4i64, any::<bool>()).prop_map(|(id, again)| Step::Produced { id, again }),
        4 => (1..4, any::<bool>()).prop_map(|(count, emptied)| Step::Pair { count, emptied }),
        3 => (1..3u32).prop_map(|source| Step::Linked { source }),
        1 => (0..12i64).prop_map(|back| Step::Truncate { back }),
        1 => (0..100i64).prop_map(|part| Step::DeleteRecords { part }),
        1 => Just(Step::Retain),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..60)
}

/// A batch as the model knows it.
#[derive(Debug, Clone)]
struct Known {
    base: i64,
    end: i64,
    visible: bool,
    /// Its producer and base sequence.
    producer: Option<(i64, i32)>,
    link: Option<(u32, i64)>,
}

#[derive(Debug, Default)]
struct Model {
    batches: Vec<Known>,
    visible_start: i64,
}

impl Model {
    fn end(&self) -> i64 {
        self.batches.last().map_or(0, |batch| batch.end)
    }

    fn push(&mut self, base: i64, count: i32) -> &mut Known {
        // What lies between is the links' positions at the beginning of a segment.
        assert!(base >= self.end());
        if base > self.end() {
            let (at, end) = (self.end(), base);
            self.batches.push(Known {
                base: at,
                end,
                visible: false,
                producer: None,
                link: None,
            });
        }
        self.batches.push(Known {
            base,
            end: base + i64::from(count),
            visible: true,
            producer: None,
            link: None,
        });
        self.batches.last_mut().unwrap()
    }

    fn next_sequence(&self, id: i64) -> i32 {
        let last = self.batches.iter().rev().find_map(|batch| {
            batch
                .producer
                .filter(|producer| producer.0 == id)
                .map(|(_, base)| (batch, base))
        });
        last.map_or(0, |(batch, base)| base + (batch.end - batch.base) as i32)
    }

    fn link(&self, source: u32) -> Option<i64> {
        self.batches
            .iter()
            .rev()
            .find_map(|batch| batch.link.filter(|link| link.0 == source))
            .map(|link| link.1)
    }

    fn cut(&mut self, to: i64) {
        self.batches.retain(|batch| batch.end <= to);
        self.visible_start = self.visible_start.min(self.visible_end());
    }

    /// What is told is just behind a visible batch: nothing that is visible lies in between.
    fn delete_records(&mut self, to: i64) {
        let mut below = self
            .batches
            .iter()
            .rev()
            .skip_while(|batch| batch.base >= to)
            .peekable();
        let told = match below.peek() {
            Some(last) if last.visible => to,
            _ => below.find(|batch| batch.visible).map_or(0, |batch| batch.end),
        };
        self.visible_start = self.visible_start.max(told);
    }

    fn visible_end(&self) -> i64 {
        self.batches
            .iter()
            .rev()
            .find(|batch| batch.visible)
            .map_or(0, |batch| batch.end)
            .max(0)
    }
}

struct Run {
    world: Option<World>,
    model: Model,
    /// What retention was told to be committed: nothing below is ever cut.
    committed: i64,
}

fn config() -> LogConfig {
    small_segments(900)
}

impl Run {
    fn log(&self) -> std::sync::Arc<Log> {
        self.world.as_ref().unwrap().log_with(config())
    }

    async fn step(&mut self, step: &Step) {
        let log = self.log();
        match *step {
            Step::Plain { count } => {
                let appended = append(&log, plain(count, 0)).unwrap();
                self.model.push(appended.base_offset.0, count);
            }
            Step::Produced { id, again } => self.produce(&log, id, again),
            Step::Pair { count, emptied } => self.append_pair(&log, count, emptied),
            Step::Linked { source: number } => {
                let before = self
                    .model
                    .link(number)
                    .map_or(position(-1, 0), |offset| position(0, offset));
                let next = before.offset.0 + 3;
                let appended = append_linked(&log, source(number), before, position(0, next)).unwrap();
                self.model.push(appended.base_offset.0, 2).link = Some((number, next));
            }
            Step::Truncate { back } => self.truncate(&log, back).await,
            Step::DeleteRecords { part } => {
                let to = self.model.end() * part / 100;
                log.advance_start(Offset(to), Reason::DeleteRecords).unwrap();
                self.model.delete_records(to);
            }
            Step::Retain => {
                self.committed = log.end().0;
                log.retain(wall_clock(), log.end()).unwrap();
            }
            Step::Restart => {
                drop(log);
                let world = self.world.take().unwrap().restart().await;
                self.world = Some(world);
            }
            Step::Kill => {
                // A moved start is durable soon, not at once: what is checked afterwards had the time.
                self.world.as_ref().unwrap().directory.sync().await.unwrap();
                drop(log);
                let world = self.world.take().unwrap().after_kill().await;
                self.world = Some(world);
            }
        }
    }

    fn produce(&mut self, log: &Log, id: i64, again: bool) {
        let mut of_it = self.model.batches.iter().rev();
        let known = of_it
            .find(|batch| batch.producer.is_some_and(|producer| producer.0 == id))
            .cloned();
        if let Some(known) = known.filter(|_| again) {
            let (_, base) = known.producer.unwrap();
            let appended = append(log, produced(id, 0, base, (known.end - known.base) as i32)).unwrap();
            assert!(appended.duplicate);
            assert_eq!((appended.base_offset.0, appended.end.0), (known.base, known.end));
            return;
        }
        let next = self.model.next_sequence(id);
        let appended = append(log, produced(id, 0, next, 2)).unwrap();
        assert!(!appended.duplicate);
        self.model.push(appended.base_offset.0, 2).producer = Some((id, next));
    }

    fn append_pair(&mut self, log: &Log, count: i32, without_records: bool) {
        let mate = if without_records {
            emptied(count)
        } else {
            plain(count, 0)
        };
        let appended = append_pair(log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
        self.model.push(appended.base_offset.0 - 1, 1).visible = false;
        self.model.push(appended.base_offset.0, count).visible = !without_records;
    }

    async fn truncate(&mut self, log: &Log, back: i64) {
        let to = (log.end().0 - back).max(self.committed);
        log.truncate(Offset(to)).await.unwrap();
        self.model.cut(to);
        // A checkpoint at the cut is no batch that the model knows of.
        let (known, end) = (self.model.end(), log.end().0);
        assert!(end >= known && end <= to);
        if end > known {
            self.model.batches.push(Known {
                base: known,
                end,
                visible: false,
                producer: None,
                link: None,
            });
        }
    }

    fn check(&self) {
        let (log, model) = (self.log(), &self.model);
        assert_eq!(log.end().0, model.end());
        assert_eq!(log.visible_end(log.end()).0, model.visible_end());
        assert_eq!(log.visible_start(log.end()).0, model.visible_start);
        let start = log.visible_start(log.end()).0;
        let expected: Vec<_> = model
            .batches
            .iter()
            .filter(|batch| batch.visible && batch.end > start)
            .map(|batch| batch.base)
            .collect();
        assert_eq!(bases(&log, Which::Visible), expected);
        for number in 1..3 {
            assert_eq!(
                log.link(source(number)).map(|position| position.offset.0),
                model.link(number)
            );
        }
    }
}

/// A few dozen take seconds, for they sync; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default().cases
    } else {
        24
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
    #[test]
    fn the_log_is_what_a_list_would_be(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run { world: Some(World::new().await), model: Model::default(), committed: 0 };
            for step in &steps {
                run.step(step).await;
                run.check();
            }
        });
    }
}
