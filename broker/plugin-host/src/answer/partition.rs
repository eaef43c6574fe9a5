//! A partitioner's answer: exactly one i32 a record.

use std::ops::Range;

use super::{Findings, bad};
use crate::chunk::Chunk;
use crate::fault::Fault;
use crate::hook::Hook;
use crate::outcome::{Outcome, Route};

/// Leaves the record in the partition that the client chose.
const KEEP: i32 = -1;

impl Findings for Vec<Outcome<Route>> {
    const HOOK: Hook = Hook::Partition;

    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, partitions: i32) -> Result<u32, Fault> {
        let (answers, rest) = answer.as_chunks::<4>();
        if answers.len() != chunk.count as usize || !rest.is_empty() {
            return Err(bad(format!(
                "{} bytes for {} records; a partitioner answers four a record",
                answer.len(),
                chunk.count
            )));
        }
        let outside = |to: &i32| *to != KEEP && !(0..partitions).contains(to);
        if let Some(to) = answers.iter().map(|to| i32::from_le_bytes(*to)).find(outside) {
            return Err(bad(format!("partition {to}, but the topic has {partitions}")));
        }
        self.extend(answers.iter().map(|to| match i32::from_le_bytes(*to) {
            KEEP => Ok(Route::Keep),
            to => Ok(Route::To(to)),
        }));
        Ok(0)
    }

    fn fault(&mut self, places: Range<u32>, fault: &Fault) {
        self.extend(places.map(|_| Err(Box::new(fault.clone()))));
    }

    fn mark(&self) -> usize {
        self.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.truncate(mark);
    }
}
