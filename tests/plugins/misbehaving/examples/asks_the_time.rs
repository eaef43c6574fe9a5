//! A partitioner that asks for the time and for random numbers: it can be loaded, and is refused
//! when it is bound as a partitioner.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export, now_ms, random};

struct AsksTheTime;

impl Partitioner for AsksTheTime {
    fn new(_config: &Config<'_>) -> Result<Self, String> {
        Ok(AsksTheTime)
    }

    fn partition(&mut self, _record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let number = now_ms().cast_unsigned().wrapping_add(random());
        Route::To((number % topic.partitions as u64) as i32)
    }
}

export!(partitioner = AsksTheTime);
