//! What `hook_bench` measures: a small plugin of each kind, as an author would write it.
//! `native.rs` beside it runs the same code without a sandbox.

use corvid_plugin_sdk::{
    Config, Edit, Partitioner, Record, Refusal, Route, Topic, Transform, Validator, Verdict, export,
};

/// All three hooks.
pub struct Bench;

impl Partitioner for Bench {
    fn new(_: &Config<'_>) -> Result<Self, String> {
        Ok(Bench)
    }

    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let key = record.key().unwrap_or_default();
        let hash = key
            .iter()
            .fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
        Route::To((hash % topic.partitions as u32) as i32)
    }
}

impl Validator for Bench {
    fn new(_: &Config<'_>) -> Result<Self, String> {
        Ok(Bench)
    }

    fn validate(&mut self, record: &Record<'_>, _: &Topic<'_>) -> Verdict {
        match record.value() {
            Some(value) if !value.starts_with(b"#") => Ok(()),
            _ => Err(Refusal::new(1, "a comment")),
        }
    }
}

impl Transform for Bench {
    fn new(_: &Config<'_>) -> Result<Self, String> {
        Ok(Bench)
    }

    fn transform(&mut self, record: &Record<'_>, _: &Topic<'_>, edit: &mut Edit) -> Verdict {
        if record.value().is_some() {
            edit.add_header("stamp", "1");
        }
        Ok(())
    }
}

export!(partitioner = Bench, validator = Bench, transform = Bench);
