//! How many requests of each API have come in, and how long they have taken.

use std::sync::atomic::{AtomicU64, Ordering};

use corvid_env::clock::{self, Instant};
use corvid_wire::versions;

/// Bounds of the buckets that times are counted in, in microseconds; beyond the last there is one more.
const BOUNDS_US: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// Counts since the node started, for metrics.
#[derive(Debug)]
pub struct RequestMeters {
    /// In the order of `versions::APIS`.
    meters: Vec<Meter>,
}

/// One API's.
#[derive(Debug, Default)]
struct Meter {
    came: AtomicU64,
    /// Those answered, by bucket.
    times: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

/// How long the requests of an API have taken.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTimes {
    /// Kafka's name of the API.
    pub api: &'static str,
    /// The upper bound of each bucket in milliseconds, the last of which has none, and how many requests are in it alone.
    pub buckets: Vec<(f64, u64)>,
    /// Of all of them, in milliseconds.
    pub sum_ms: f64,
}

/// A request that has come in, and is not answered yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// Its place in `versions::APIS`.
    place: usize,
    at: Instant,
}

impl Default for RequestMeters {
    fn default() -> Self {
        Self {
            meters: versions::APIS.iter().map(|_| Meter::default()).collect(),
        }
    }
}

impl RequestMeters {
    /// A request was read off its socket.
    pub(crate) fn start(&self, api_key: i16) -> Started {
        let place = versions::APIS.partition_point(|api| api.key < api_key);
        if let Some(meter) = self.meters.get(place) {
            meter.came.fetch_add(1, Ordering::Relaxed);
        }
        Started {
            place,
            at: clock::now(),
        }
    }

    /// Its answer was written; or, where there is none, it was handled.
    pub(crate) fn finish(&self, started: Started) {
        let took = u64::try_from(started.at.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.took(started.place, took);
    }

    fn took(&self, place: usize, took: u64) {
        if let Some(meter) = self.meters.get(place) {
            let bucket = BOUNDS_US.partition_point(|bound| *bound < took);
            meter.times[bucket].fetch_add(1, Ordering::Relaxed);
            meter.sum_us.fetch_add(took, Ordering::Relaxed);
        }
    }

    /// How many requests of each API that is served have come in, by Kafka's name.
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.meters.iter().map(|meter| meter.came.load(Ordering::Relaxed));
        versions::APIS.iter().map(|api| api.name).zip(counts).collect()
    }

    /// How long they took, from the last byte of the request to the last byte of its answer: of the APIs that somebody
    /// has used.
    pub fn times(&self) -> Vec<RequestTimes> {
        let apis = versions::APIS.iter().zip(&self.meters);
        apis.map(|(api, meter)| meter.times(api.name))
            .filter(|times| times.buckets.iter().any(|(_, count)| *count > 0))
            .collect()
    }
}

impl Meter {
    fn times(&self, api: &'static str) -> RequestTimes {
        let bounds = BOUNDS_US.iter().map(|us| millis(*us)).chain([f64::INFINITY]);
        let counts = self.times.iter().map(|count| count.load(Ordering::Relaxed));
        RequestTimes {
            api,
            buckets: bounds.zip(counts).collect(),
            sum_ms: millis(self.sum_us.load(Ordering::Relaxed)),
        }
    }
}

fn millis(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_one_bucket_of_its_api() {
        let meters = RequestMeters::default();
        for took_us in [0, 100, 101, 11_000_000] {
            let started = meters.start(3);
            meters.took(started.place, took_us);
        }
        meters.start(0);
        assert_eq!(meters.all()[..2], [("Produce", 1), ("Fetch", 0)]);
        let times = meters.times();
        assert_eq!(times.len(), 1, "the Produce is not answered yet");
        assert_eq!(times[0].api, "Metadata");
        let filled: Vec<_> = times[0].buckets.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [&(0.1, 2), &(0.25, 1), &(f64::INFINITY, 1)]);
        assert!((times[0].sum_ms - 11_000.201).abs() < 1e-6, "{}", times[0].sum_ms);
    }
}
