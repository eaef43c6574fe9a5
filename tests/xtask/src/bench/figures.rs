//! What is read off a measurement.

use super::trial::Measured;

/// A number that two brokers are compared by; less is better.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// For people, with its unit.
    pub name: &'static str,
    /// Takes it from what was measured.
    pub of: fn(&Measured) -> f64,
    /// The most that it may be of Kafka's.
    pub limit: Option<f64>,
}

const GB: f64 = 1e9;

/// What a producer costs.
pub const PRODUCED: Figure = Figure::new("produced: CPU-s/GB", |m| m.produce_cpu / m.bytes as f64 * GB);
/// What a consumer costs.
pub const CONSUMED: Figure = Figure::new("consumed: CPU-s/GB", |m| m.consume_cpu / m.consume_bytes as f64 * GB);
/// How long a producer takes.
pub const TIME: Figure = Figure::new("produced: s/GB", |m| m.produce_seconds / m.bytes as f64 * GB);
/// From when a record was to be sent to when a consumer has it.
pub const MEDIAN: Figure = Figure::new("end to end: p50 ms", |m| m.p50);
/// The same, for the slowest.
pub const TAIL: Figure = Figure::new("end to end: p99.9 ms", |m| m.p999);
/// What all that cost.
pub const SPENT: Figure = Figure::new("end to end: CPU-s", |m| m.produce_cpu);

impl Figure {
    const fn new(name: &'static str, of: fn(&Measured) -> f64) -> Self {
        Self { name, of, limit: None }
    }

    /// With the most that it may be of Kafka's.
    pub const fn limit(self, limit: f64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }
}
