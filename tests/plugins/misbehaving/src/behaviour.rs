//! What goes wrong within a hook.

use corvid_plugin_sdk::{
    Config, Edit, Partitioner, Record, Refusal, Route, Table, Topic, Transform, Validator, Verdict, View, Viewer,
};
use corvid_plugin_sdk::{Decision, Failure, Policy};
use corvid_plugin_sdk::{Level, log, metric_add};
use std::hint::black_box;
use std::time::Duration;

/// What it does. The names are those of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // README.md says it of each.
pub enum Behaviour {
    Behave,
    Loop,
    Spin,
    Eat,
    Recurse,
    Panic,
    Refuse,
    RefuseListed,
    Drop,
    Mark,
    LogFlood,
    MetricFlood,
    Modulo,
    CoinFlip,
    GarbagePointer,
    GarbageLength,
    GarbageShort,
    GarbageLeftover,
    GarbageRange,
    GarbageOrder,
    GarbageUtf8,
    TooLarge,
    InitRefuse,
    InitPanic,
    InitLoop,
    InitEat,
    InitGarbage,
}

impl Behaviour {
    const ALL: [(&str, Behaviour); 27] = [
        ("behave", Behaviour::Behave),
        ("loop", Behaviour::Loop),
        ("spin", Behaviour::Spin),
        ("eat", Behaviour::Eat),
        ("recurse", Behaviour::Recurse),
        ("panic", Behaviour::Panic),
        ("refuse", Behaviour::Refuse),
        ("refuse-listed", Behaviour::RefuseListed),
        ("drop", Behaviour::Drop),
        ("mark", Behaviour::Mark),
        ("log-flood", Behaviour::LogFlood),
        ("metric-flood", Behaviour::MetricFlood),
        ("modulo", Behaviour::Modulo),
        ("coin-flip", Behaviour::CoinFlip),
        ("garbage-pointer", Behaviour::GarbagePointer),
        ("garbage-length", Behaviour::GarbageLength),
        ("garbage-short", Behaviour::GarbageShort),
        ("garbage-leftover", Behaviour::GarbageLeftover),
        ("garbage-range", Behaviour::GarbageRange),
        ("garbage-order", Behaviour::GarbageOrder),
        ("garbage-utf8", Behaviour::GarbageUtf8),
        ("too-large", Behaviour::TooLarge),
        ("init-refuse", Behaviour::InitRefuse),
        ("init-panic", Behaviour::InitPanic),
        ("init-loop", Behaviour::InitLoop),
        ("init-eat", Behaviour::InitEat),
        ("init-garbage", Behaviour::InitGarbage),
    ];

    fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, behaviour)| behaviour)
            .ok_or_else(|| format!("`{name}` is no behaviour"))
    }
}

/// The plugin.
#[derive(Debug)]
pub struct Misbehaving {
    /// What it does.
    pub behaviour: Behaviour,
    /// On records of which value.
    on: String,
    spin: u64,
    /// The keys whose records it refuses, with the reasons.
    listed: Option<Table>,
    /// What the coin flip remembers.
    state: u64,
    /// How many records there have been in the present call.
    pub records: u32,
    /// Whether one of them provoked it.
    pub provoked: bool,
}

impl Misbehaving {
    /// Reads the configuration. Some behaviours begin here.
    pub fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["behaviour", "on", "spin", "seed"])?;
        let name = config.string("behaviour")?;
        let behaviour = Behaviour::named(name.as_deref().unwrap_or("behave"))?;
        match behaviour {
            Behaviour::InitRefuse => return Err("this configuration is refused".to_owned()),
            Behaviour::InitPanic => panic!("this configuration is bad"),
            Behaviour::InitLoop => for_ever(),
            Behaviour::InitEat => eat(),
            _ => {}
        }
        Ok(Misbehaving {
            behaviour,
            on: config.string("on")?.unwrap_or_else(|| "bad".to_owned()),
            listed: match behaviour {
                Behaviour::RefuseListed => Some(Table::open("listed")?),
                _ => None,
            },
            spin: config.integer("spin")?.unwrap_or(100_000).cast_unsigned(),
            state: config.integer("seed")?.unwrap_or(1).cast_unsigned(),
            records: 0,
            provoked: false,
        })
    }

    /// Forgets the last call.
    pub fn begin_call(&mut self) {
        self.records = 0;
        self.provoked = false;
    }

    /// Does what it does, if this is a record that provokes it.
    fn meet(&mut self, record: &Record<'_>) -> bool {
        let provoked = self.on == "*" || record.value() == Some(self.on.as_bytes());
        self.records += 1;
        self.provoked |= provoked;
        if provoked {
            match self.behaviour {
                Behaviour::Loop => for_ever(),
                Behaviour::Spin => spin(self.spin),
                Behaviour::Eat => eat(),
                Behaviour::Recurse => recurse(0),
                Behaviour::Panic => panic!("this record is bad"),
                Behaviour::LogFlood => (0..10_000).for_each(|line| log(Level::Info, &format!("line {line}"))),
                Behaviour::MetricFlood => (0..1_000).for_each(|name| metric_add(&format!("name_{name}"), 1.0)),
                _ => {}
            }
        }
        provoked
    }

    fn coin(&mut self, sides: i32) -> i32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as i32 % sides
    }
}

impl Partitioner for Misbehaving {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config)
    }

    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let provoked = self.meet(record);
        match self.behaviour {
            Behaviour::CoinFlip => Route::To(self.coin(topic.partitions)),
            Behaviour::Modulo => modulo(record, topic.partitions),
            Behaviour::GarbageRange if provoked => Route::To(topic.partitions),
            _ => Route::Keep,
        }
    }
}

impl Validator for Misbehaving {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config)
    }

    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        if let (Some(listed), Some(key)) = (&mut self.listed, record.key()) {
            let reason = listed.get(key);
            return reason.map_or(Ok(()), |reason| {
                Err(Refusal::new(8, String::from_utf8_lossy(reason).into_owned()))
            });
        }
        let refuses = self.meet(record)
            && match self.behaviour {
                Behaviour::Refuse => true,
                Behaviour::CoinFlip => self.coin(2) == 1,
                _ => false,
            };
        if refuses {
            Err(Refusal::new(7, "this record is bad"))
        } else {
            Ok(())
        }
    }
}

impl Transform for Misbehaving {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config)
    }

    fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        if self.meet(record) {
            match self.behaviour {
                Behaviour::Refuse => return Err(Refusal::new(7, "this record is bad")),
                Behaviour::Drop => edit.drop_record(),
                Behaviour::Mark => edit.add_header("misbehaving", "marked"),
                _ => {}
            }
        }
        Ok(())
    }
}

impl View for Misbehaving {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config)
    }

    fn view(&mut self, record: &Record<'_>, _topic: &Topic<'_>, viewer: &Viewer<'_>, edit: &mut Edit) {
        if self.meet(record) {
            match self.behaviour {
                Behaviour::Drop => edit.hide_record(),
                Behaviour::Mark => edit.add_header("misbehaving", viewer.client_id.unwrap_or("nobody")),
                _ => {}
            }
        }
    }
}

impl Policy for Misbehaving {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Misbehaving::new(config)
    }

    fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, _topic: &Topic<'_>) -> Decision {
        let provoked = self.meet(record);
        match self.behaviour {
            Behaviour::CoinFlip => match self.coin(8) {
                0 => Decision::DeadLetter,
                _ => Decision::RetryAfter(Duration::from_millis(self.coin(1000) as u64)),
            },
            Behaviour::Modulo => Decision::RetryAfter(Duration::from_millis(failure.attempt.into())),
            Behaviour::Refuse if provoked => Decision::Refuse(Refusal::new(7, failure.reason.to_owned())),
            Behaviour::Drop if provoked => Decision::Drop,
            Behaviour::Mark if provoked => Decision::DeadLetter,
            Behaviour::GarbageRange if provoked => Decision::RetryAfter(Duration::MAX),
            _ => Decision::AsConfigured,
        }
    }
}

fn modulo(record: &Record<'_>, partitions: i32) -> Route {
    let number = record
        .key()
        .and_then(|key| str::from_utf8(key).ok()?.parse::<u64>().ok());
    number.map_or(Route::Keep, |number| Route::To((number % partitions as u64) as i32))
}

fn for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn spin(turns: u64) {
    for turn in 0..turns {
        black_box(turn);
    }
}

fn eat() -> ! {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; 64 * 1024]));
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) {
    let mut frame = [depth; 64];
    black_box(&mut frame);
    recurse(depth + 1);
    black_box(&mut frame);
}
