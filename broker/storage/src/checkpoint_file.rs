//! Kafka's checkpoint files: a version, a count, and as many lines.

use std::collections::BTreeMap;

use corvid_record::Offset;

use crate::names;

/// Why a checkpoint file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is of another version.
    #[error("it has version {0:?}")]
    Version(String),
    /// Lines are missing, or too many.
    #[error("it does not have as many lines as it says")]
    Count,
    /// A line is not what it should be.
    #[error("it has the line {0:?}")]
    Line(String),
}

/// The text of a file with these lines.
pub fn format(lines: impl ExactSizeIterator<Item = String>) -> String {
    let mut text = format!("{}\n{}\n", names::CHECKPOINT_VERSION, lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The lines of a file.
pub fn lines(text: &str) -> Result<Vec<&str>, CheckpointError> {
    let mut all = text.lines();
    match all.next() {
        Some(names::CHECKPOINT_VERSION) => {}
        other => return Err(CheckpointError::Version(other.unwrap_or_default().to_owned())),
    }
    let count = all
        .next()
        .and_then(|line| line.parse::<usize>().ok())
        .ok_or(CheckpointError::Count)?;
    let lines: Vec<_> = all.collect();
    if lines.len() == count && (count == 0 || text.ends_with('\n')) {
        Ok(lines)
    } else {
        Err(CheckpointError::Count)
    }
}

/// A checkpoint of one offset for each log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OffsetCheckpoint {
    offsets: BTreeMap<String, Offset>,
}

impl OffsetCheckpoint {
    /// The offset of a log.
    pub fn get(&self, log: &str) -> Option<Offset> {
        self.offsets.get(log).copied()
    }

    /// Sets or removes the offset of a log; says whether that changed anything.
    pub fn set(&mut self, log: &str, offset: Option<Offset>) -> bool {
        if self.get(log) == offset {
            return false;
        }
        match offset {
            Some(offset) => self.offsets.insert(log.to_owned(), offset),
            None => self.offsets.remove(log),
        };
        true
    }

    /// Forgets the logs that `keep` doesn't want; says whether there were any.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let before = self.offsets.len();
        self.offsets.retain(|log, _| keep(log));
        self.offsets.len() < before
    }

    /// The file's text.
    pub fn text(&self) -> String {
        format(self.offsets.iter().map(|(log, offset)| {
            let (topic, partition) = names::parse_log_name(log).expect("only logs are put in");
            format!("{topic} {partition} {offset}")
        }))
    }

    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut offsets = BTreeMap::new();
        for line in lines(text)? {
            let (log, offset) = parse_line(line).ok_or_else(|| CheckpointError::Line(line.to_owned()))?;
            offsets.insert(log, offset);
        }
        Ok(Self { offsets })
    }
}

fn parse_line(line: &str) -> Option<(String, Offset)> {
    let mut words = line.split(' ');
    let log = format!("{}-{}", words.next()?, words.next()?);
    let offset: i64 = words.next()?.parse().ok()?;
    let legal = words.next().is_none() && offset >= 0 && names::parse_log_name(&log).is_some();
    legal.then_some((log, Offset(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_in_kafkas_format() {
        let mut checkpoint = OffsetCheckpoint::default();
        assert!(checkpoint.set("orders-3", Some(Offset(17))));
        assert!(!checkpoint.set("orders-3", Some(Offset(17))));
        assert!(checkpoint.set("a-b-0", Some(Offset(0))));
        assert_eq!(checkpoint.text(), "0\n2\na-b 0 0\norders 3 17\n");
        assert_eq!(OffsetCheckpoint::parse(&checkpoint.text()), Ok(checkpoint));
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        for text in [
            "",
            "1\n0\n",
            "0\nx\n",
            "0\n2\norders 3 17\n",
            "0\n1\norders 3\n",
            "0\n1\norders 3 -1\n",
            "0\n1\n../x 3 1\n",
            "0\n1\norders 3 17",
        ] {
            assert!(OffsetCheckpoint::parse(text).is_err(), "{text:?}");
        }
    }
}
