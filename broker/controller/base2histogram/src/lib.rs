//! What openraft needs of `base2histogram`, and no more: this crate takes its place (`[patch.crates-io]`).
//!
//! Openraft keeps statistics of itself that nobody here reads, and cannot be built without them. At the first use, the
//! crate of this name builds tables for sixteen scales, of which one is used: 26 MiB that stay, more than all the rest of
//! an idle node, and 20 ms of every start. It is to go when a release of it builds only what it uses.

use std::fmt;
use std::marker::PhantomData;

/// How many values had how many binary digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    counts: [u64; DIGITS_MAX + 1],
    metadata: PhantomData<T>,
}

/// Of a `u64`.
const DIGITS_MAX: usize = 64;

impl<T> Histogram<T> {
    /// Without values.
    pub fn new() -> Self {
        Self {
            counts: [0; DIGITS_MAX + 1],
            metadata: PhantomData,
        }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value several times.
    pub fn record_n(&mut self, value: u64, count: u64) {
        self.counts[digits(value)] += count;
    }

    /// How many values there were.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What is known of the values' distribution.
    pub fn percentile_stats(&self) -> PercentileStats {
        let at = |permille| self.at_least(permille);
        PercentileStats {
            samples: self.total(),
            p0_1: at(1),
            p1: at(10),
            p5: at(50),
            p10: at(100),
            p50: at(500),
            p90: at(900),
            p99: at(990),
            p99_9: at(999),
        }
    }

    /// The smallest value with as many digits as the one that so many in a thousand do not exceed; 0 without values.
    fn at_least(&self, permille: u64) -> u64 {
        let rank = (self.total() * permille).div_ceil(1000);
        let mut seen = 0;
        for (digits, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return if digits == 0 { 0 } else { 1 << (digits - 1) };
            }
        }
        0
    }
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn digits(value: u64) -> usize {
    DIGITS_MAX - value.leading_zeros() as usize
}

/// A few percentiles: `p50` is the median.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PercentileStats {
    pub samples: u64,
    pub p0_1: u64,
    pub p1: u64,
    pub p5: u64,
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[samples: {}, P50: {}, P99: {}]", self.samples, self.p50, self.p99)
    }
}

/// Several histograms for a person to look at: here, a line each.
#[derive(Debug, Clone, Default)]
pub struct AsciiChart {
    series: Vec<(String, PercentileStats)>,
}

impl AsciiChart {
    /// Without a histogram.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn add<T>(mut self, name: impl Into<String>, histogram: Histogram<T>) -> Self {
        self.series.push((name.into(), histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.series
            .iter()
            .try_for_each(|(name, stats)| writeln!(f, "{name} {stats}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_the_digits_of_the_values() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile_stats().p99, 0);
        for value in [0, 1, 5, 5, 5, 5, 5, 5, 900, u64::MAX] {
            histogram.record(value);
        }
        let stats = histogram.percentile_stats();
        assert_eq!(
            (stats.samples, stats.p10, stats.p50, stats.p90, stats.p99),
            (10, 0, 4, 512, 1 << 63)
        );
    }
}
