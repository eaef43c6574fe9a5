//! Asking a plugin about records, as a node would.

use bytes::Bytes;
use corvid_pipeline::{Answers, Said};
use corvid_plugin_host::{Failure as Failed, Hook, HookInput, Plugin, Viewer};
use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts, Timestamp};

use super::super::Failure;
use super::samples::{self, Sample};

/// Who reads, for a view.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Reader {
    /// For a view: what the client that reads calls itself
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// For a view: the consumer group that reads
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

impl Reader {
    /// As a view is told.
    pub fn viewer(&self) -> Viewer<'_> {
        Viewer {
            principal: "User:ANONYMOUS",
            client_id: self.client_id.as_deref(),
            group: self.group.as_deref(),
        }
    }
}

/// Where records are judged.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition that the client chose; for a view, the one that is read.
    pub partition: i32,
    /// How many it has.
    pub partitions: i32,
    /// Who reads.
    pub viewer: Viewer<'a>,
}

/// Records on their way into a plugin's hooks.
pub struct Asked<'a> {
    place: Place<'a>,
    batch: Bytes,
    failed: Vec<Failed<'a>>,
}

/// What a hook says of each record.
pub struct Judged {
    /// The hook.
    pub hook: Hook,
    /// In the order of the records.
    pub said: Vec<Said>,
}

impl<'a> Asked<'a> {
    /// The records as one batch.
    pub fn new(place: Place<'a>, samples: &'a [Sample]) -> Result<Self, Failure> {
        let failed = |sample: &'a Sample| Failed {
            stage: sample.failed.stage,
            attempt: sample.failed.attempt,
            attempts: sample.failed.attempts,
            first_at: sample.failed.first_at,
            last_at: sample.failed.last_at,
            topic: place.topic,
            partition: place.partition,
            code: &sample.failed.code,
            reason: &sample.failed.reason,
        };
        Ok(Self {
            place,
            batch: batch(samples)?,
            failed: samples.iter().map(failed).collect(),
        })
    }

    /// What a hook is given: a policy is told how each has failed, and a view who reads.
    pub fn input(&self, hook: Hook) -> HookInput<'_> {
        let batch = Batch::parse(&self.batch).expect("it was just built");
        let place = &self.place;
        let input = HookInput::of(place.topic, place.partition, place.partitions, &batch);
        match hook {
            Hook::Partition | Hook::Validate | Hook::Transform => input,
            Hook::Policy => HookInput {
                failures: &self.failed,
                ..input
            },
            Hook::View => HookInput {
                viewer: Some(place.viewer),
                ..input
            },
        }
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        self.failed.len()
    }

    /// What a hook says of each record.
    pub async fn judged(&self, plugin: &Plugin, hook: Hook) -> Judged {
        let answers = Answers::of(plugin, hook, self.input(hook)).await;
        let mut said = answers.said(self.place.partition);
        let of_all = (0..self.count() as u32).map(|index| said.remove(&index).unwrap_or(Said::nothing(hook)));
        Judged {
            hook,
            said: of_all.collect(),
        }
    }
}

/// A plugin's hooks, in the order in which a record comes to them.
pub fn hooks_of(plugin: &Plugin) -> impl Iterator<Item = Hook> {
    let order = [
        Hook::Validate,
        Hook::Transform,
        Hook::Partition,
        Hook::Policy,
        Hook::View,
    ];
    order.into_iter().filter(|hook| plugin.hooks().has(*hook))
}

/// What each of a plugin's hooks says of the records, each asked about all of them as they are.
pub async fn judge(plugin: &Plugin, place: Place<'_>, samples: &[Sample]) -> Result<Vec<Judged>, Failure> {
    let asked = Asked::new(place, samples)?;
    let mut judged = Vec::new();
    for hook in hooks_of(plugin) {
        judged.push(asked.judged(plugin, hook).await);
    }
    Ok(judged)
}

/// So many records of JSON, each of about so many bytes. All have timed out.
pub fn plain(count: usize, bytes: usize) -> Vec<Sample> {
    const REGIONS: [&str; 4] = ["eu", "us", "asia", "africa"];
    let sample = |index: usize| {
        let region = REGIONS[index % REGIONS.len()];
        let head = format!(
            "{{\"id\":{index},\"region\":\"{region}\",\"amount\":{}.5,\"note\":\"",
            index % 700
        );
        let note = "x".repeat(bytes.saturating_sub(head.len() + 2));
        Sample {
            key: Some(format!("key-{index}").into()),
            value: Some(format!("{head}{note}\"}}").into()),
            headers: Vec::new(),
            timestamp: samples::TIME + index as i64,
            failed: samples::Failed {
                attempt: 2,
                attempts: 5,
                code: "Timeout".to_owned(),
                reason: "timed out after 1000 ms".to_owned(),
                ..samples::Failed::default()
            },
        }
    };
    (0..count).map(sample).collect()
}

fn batch(samples: &[Sample]) -> Result<Bytes, Failure> {
    let mut builder = BatchBuilder::new(Compression::None);
    for (delta, sample) in (0..).zip(samples) {
        let headers: Vec<Header<'_>> = sample
            .headers
            .iter()
            .map(|(key, value)| (&key[..], value.as_deref()))
            .collect();
        builder.push(&RecordParts {
            offset_delta: delta,
            timestamp: Timestamp(sample.timestamp),
            key: sample.key.as_deref(),
            value: sample.value.as_deref(),
            headers: &headers,
        });
    }
    let made = builder.finish(None);
    made.map_err(|error| Failure::wrong(format!("the records make no batch: {error}")))
}
