//! Families of samples, gathered first and encoded then.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// What a scrape shows, in the order in which it was first named.
#[derive(Debug, Default)]
pub(super) struct Families {
    families: Vec<Family>,
}

#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    labels: Labels,
    value: Value,
}

/// Names and values.
pub(super) type Labels = Vec<(&'static str, String)>;

/// A number as it is, or many in buckets.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Whole(i64),
    Fraction(f64),
    Buckets { buckets: Vec<(f64, u64)>, sum: f64 },
}

macro_rules! whole {
    ($($type:ty),+) => { $(impl From<$type> for Value {
        fn from(number: $type) -> Self {
            Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
        }
    })+ };
}

whole!(i32, i64, u32, u64, usize);

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Whole(i64::from(flag))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Fraction(number)
    }
}

impl Families {
    /// Something that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: Labels, value: impl Into<Value>) {
        self.add(name, help, MetricType::Gauge, labels, value.into());
    }

    /// Something that only goes up. `_total` is added to the name.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: Labels, value: impl Into<Value>) {
        self.add(name, help, MetricType::Counter, labels, value.into());
    }

    /// Something that is measured again and again: the upper bound of each bucket, how often it was met, and the sum.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: Labels,
        buckets: Vec<(f64, u64)>,
        sum: f64,
    ) {
        self.add(
            name,
            help,
            MetricType::Histogram,
            labels,
            Value::Buckets { buckets, sum },
        );
    }

    fn add(&mut self, name: &'static str, help: &'static str, kind: MetricType, labels: Labels, value: Value) {
        let sample = Sample { labels, value };
        // Those of one family mostly come in a row, or after the same few others.
        match self.families.iter_mut().rev().find(|family| family.name == name) {
            Some(family) => family.samples.push(sample),
            None => self.families.push(Family {
                name,
                help,
                kind,
                samples: vec![sample],
            }),
        }
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        for family in &self.families {
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            for sample in &family.samples {
                match sample.labels.is_empty() {
                    true => sample.value.encode(&mut metric, family.kind)?,
                    false => sample
                        .value
                        .encode(&mut metric.encode_family(&sample.labels)?, family.kind)?,
                }
            }
        }
        Ok(())
    }
}

impl Value {
    fn encode(&self, metric: &mut MetricEncoder<'_>, kind: MetricType) -> Result<(), std::fmt::Error> {
        match (kind, self) {
            (_, Self::Buckets { buckets, sum }) => {
                let count = buckets.iter().map(|(_, count)| count).sum();
                metric.encode_histogram::<NoLabelSet>(*sum, count, buckets, None)
            }
            (MetricType::Counter, Self::Whole(value)) => {
                metric.encode_counter::<NoLabelSet, _, f64>(&value.unsigned_abs(), None)
            }
            (MetricType::Counter, Self::Fraction(value)) => metric.encode_counter::<NoLabelSet, _, f64>(value, None),
            (_, Self::Whole(value)) => metric.encode_gauge(value),
            (_, Self::Fraction(value)) => metric.encode_gauge(value),
        }
    }
}

/// A label.
pub(super) fn label(name: &'static str, value: impl ToString) -> (&'static str, String) {
    (name, value.to_string())
}
