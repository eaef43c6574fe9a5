//! What the world outside was told, and what it finds.

use std::collections::BTreeMap;

/// What was reported flushed, kept outside the host that said so.
#[derive(Default)]
pub struct Ledger {
    /// Value by offset.
    flushed: BTreeMap<i64, Vec<u8>>,
    losses: Vec<String>,
    recoveries: u64,
}

impl Ledger {
    /// `value` was reported flushed at `offset`.
    pub fn acknowledge(&mut self, offset: i64, value: &[u8]) {
        if let Some(before) = self.flushed.insert(offset, value.to_vec())
            && before != value
        {
            self.losses
                .push(format!("offset {offset} was acknowledged twice, with different values"));
        }
    }

    /// Compares with what a recovered log has; its records are given in order.
    pub fn check(&mut self, found: &[(i64, Vec<u8>)]) {
        self.recoveries += 1;
        for (position, (offset, _)) in found.iter().enumerate() {
            if *offset != position as i64 {
                self.losses.push(format!(
                    "recovery {}: offset {offset} at position {position}",
                    self.recoveries
                ));
                return;
            }
        }
        for (offset, value) in &self.flushed {
            match found.get(*offset as usize) {
                None => self
                    .losses
                    .push(format!("recovery {}: offset {offset} is lost", self.recoveries)),
                Some((_, other)) if other != value => {
                    self.losses.push(format!(
                        "recovery {}: offset {offset} has another value",
                        self.recoveries
                    ));
                }
                Some(_) => continue,
            }
            return;
        }
    }

    /// Something else is wrong with a recovered log.
    pub fn complain(&mut self, what: &str) {
        self.losses.push(format!("recovery {}: {what}", self.recoveries));
    }

    /// What went wrong, in order.
    pub fn losses(&self) -> &[String] {
        &self.losses
    }

    /// How often the log was opened and looked through.
    pub fn recoveries(&self) -> u64 {
        self.recoveries
    }

    /// How many records were reported flushed.
    pub fn acknowledged(&self) -> usize {
        self.flushed.len()
    }
}
