//! One call of a hook.

use super::answers::{self, Shown, Transformed};
use super::failed::Failed;
use super::record::RecordBuilder;
use crate::answer::answer_max;
use crate::config::Config;
use crate::input::Input;
use crate::transform::Edit;
use crate::{Partitioner, Route, Transform, Validator, Verdict, View, Viewer, partitioner, transform, validator, view};

/// A call: records, and where they are bound for. At first, to partition 0 of the 4 of a topic `topic`.
#[derive(Clone, Debug)]
pub struct Call {
    records: Vec<RecordBuilder>,
    topic: String,
    partitions: i32,
    chosen: i32,
    failures: Vec<Failed>,
    client_id: Option<String>,
}

impl Call {
    /// A call with these records.
    pub fn new(records: impl IntoIterator<Item = RecordBuilder>) -> Self {
        Call {
            records: records.into_iter().collect(),
            topic: "topic".to_owned(),
            partitions: 4,
            chosen: 0,
            failures: Vec::new(),
            client_id: None,
        }
    }

    /// For the topic of this name.
    #[must_use]
    pub fn topic(mut self, name: &str) -> Self {
        name.clone_into(&mut self.topic);
        self
    }

    /// For a topic of so many partitions.
    #[must_use]
    pub fn partitions(mut self, partitions: i32) -> Self {
        self.partitions = partitions;
        self
    }

    /// For the partition that the client chose.
    #[must_use]
    pub fn chosen(mut self, partition: i32) -> Self {
        self.chosen = partition;
        self
    }

    /// For a policy: with records that all failed like this.
    #[must_use]
    pub fn failed(self, failure: Failed) -> Self {
        self.failures([failure])
    }

    /// For a policy: with records that failed like these, one after the other; the last one stands for all that follow.
    #[must_use]
    pub fn failures(mut self, failures: impl IntoIterator<Item = Failed>) -> Self {
        self.failures = failures.into_iter().collect();
        self
    }

    /// Read by a client of this id; at first, by one that names none. For views.
    #[must_use]
    pub fn client_id(mut self, id: &str) -> Self {
        self.client_id = Some(id.to_owned());
        self
    }

    /// Where a new partitioner of this configuration sends the records, or why it can't be made.
    pub fn partition<P: Partitioner>(&self, config: &str) -> Result<Vec<Route>, String> {
        Ok(self.partition_with(&mut P::new(&Config::parse(config)?)?))
    }

    /// Where this partitioner sends the records.
    pub fn partition_with<P: Partitioner>(&self, plugin: &mut P) -> Vec<Route> {
        let answer = run(&self.encode(), |input, answer| {
            partitioner::answer(plugin, input, answer);
        });
        answers::routes(&answer, self.records.len(), self.partitions)
    }

    /// What a new validator of this configuration says of each record, or why it can't be made.
    pub fn validate<V: Validator>(&self, config: &str) -> Result<Vec<Verdict>, String> {
        Ok(self.validate_with(&mut V::new(&Config::parse(config)?)?))
    }

    /// What this validator says of each record.
    pub fn validate_with<V: Validator>(&self, plugin: &mut V) -> Vec<Verdict> {
        let answer = run(&self.encode(), |input, answer| validator::answer(plugin, input, answer));
        answers::verdicts(&answer, self.records.len())
    }

    /// What a new transform of this configuration makes of each record, or why it can't be made.
    pub fn transform<T: Transform>(&self, config: &str) -> Result<Vec<Transformed>, String> {
        Ok(self.transform_with(&mut T::new(&Config::parse(config)?)?))
    }

    /// What this transform makes of each record.
    pub fn transform_with<T: Transform>(&self, plugin: &mut T) -> Vec<Transformed> {
        let mut edit = Edit::NOTHING;
        let answer = run(&self.encode(), |input, answer| {
            transform::answer(plugin, &mut edit, input, answer);
        });
        answers::transformed(&answer, &self.records)
    }

    /// What a new view of this configuration shows of each record, or why it can't be made.
    pub fn view<V: View>(&self, config: &str) -> Result<Vec<Shown>, String> {
        Ok(self.view_with(&mut V::new(&Config::parse(config)?)?))
    }

    /// What this view shows of each record.
    pub fn view_with<V: View>(&self, plugin: &mut V) -> Vec<Shown> {
        let mut edit = Edit::NOTHING;
        let answer = run(&self.encode_view(), |input, answer| {
            view::answer(plugin, &mut edit, input, answer);
        });
        answers::shown(&answer, &self.records)
    }

    /// The input of a produce hook's call, byte for byte as the host writes it.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(|_| {})
    }

    /// The input of a view's call, byte for byte as the host writes it.
    pub fn encode_view(&self) -> Vec<u8> {
        let viewer = Viewer {
            principal: "User:ANONYMOUS",
            client_id: self.client_id.as_deref(),
            group: None,
        };
        self.encode_with(|bytes| viewer.write(bytes))
    }

    fn encode_with(&self, extra: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&0_u32.to_le_bytes());
        bytes.extend_from_slice(&(self.records.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.chosen.to_le_bytes());
        bytes.extend_from_slice(&self.partitions.to_le_bytes());
        bytes.extend_from_slice(&0_i64.to_le_bytes());
        bytes.extend_from_slice(&(self.topic.len() as u16).to_le_bytes());
        bytes.extend_from_slice(self.topic.as_bytes());
        extra(&mut bytes);
        let header_len = bytes.len() as u32;
        bytes[..4].copy_from_slice(&header_len.to_le_bytes());
        for (offset_delta, record) in self.records.iter().enumerate() {
            record.write(offset_delta, &mut bytes);
        }
        bytes
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// How the record at this index failed.
    pub(super) fn failure(&self, index: usize) -> Failed {
        let failure = self.failures.get(index).or(self.failures.last());
        failure.cloned().unwrap_or_default()
    }

    /// Runs a hook that is told more than the records: what `extra` writes, behind the header's other fields.
    pub(super) fn run_with(
        &self,
        extra: impl FnOnce(&mut Vec<u8>),
        hook: impl FnOnce(&Input<'_>, &mut Vec<u8>),
    ) -> Vec<u8> {
        run(&self.encode_with(extra), hook)
    }
}

fn run(input: &[u8], hook: impl FnOnce(&Input<'_>, &mut Vec<u8>)) -> Vec<u8> {
    let mut answer = Vec::new();
    hook(&Input::read(input), &mut answer);
    let max = answer_max(input.len());
    assert!(
        answer.len() <= max,
        "an answer of {} bytes is too large: at most {max} for this input",
        answer.len()
    );
    answer
}
