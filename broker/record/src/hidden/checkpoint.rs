//! The link checkpoint: every link's position, in one hidden batch.
//!
//! The leader writes one whenever a segment rolls, so that a replica that is rebuilt from the log
//! start knows the idle links, too, and does not take their entries twice.
//!
//! | field | |
//! |---|---|
//! | `i16` | format, 1 |
//! | `u32` | how many links; for each, by ascending source: |
//! | `u32` | source id |
//! | `i32` | leader epoch, −1 for none |
//! | `i64` | offset |

use std::collections::BTreeMap;

use bytes::Bytes;

use super::control::{self, LINK_CHECKPOINT};
use super::cursor::Cursor;
use crate::builder::BuildError;
use crate::hidden::{HiddenError, LinkPosition, SourceId};
use crate::{Batch, LeaderEpoch, Offset, Timestamp};

const FORMAT: i16 = 1;
const LINK_SIZE: usize = 16;

/// The positions of all links into a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Where each link stands, by its source.
    pub links: BTreeMap<SourceId, LinkPosition>,
}

impl Checkpoint {
    /// The batch that says so. It takes one offset; the leader places it.
    pub fn encode(&self, timestamp: Timestamp) -> Result<Bytes, BuildError> {
        let mut value = Vec::with_capacity(6 + self.links.len() * LINK_SIZE);
        value.extend_from_slice(&FORMAT.to_be_bytes());
        // Source ids have 31 bits, so the count has.
        value.extend_from_slice(&(self.links.len() as u32).to_be_bytes());
        for (source, position) in &self.links {
            value.extend_from_slice(&source.get().to_be_bytes());
            value.extend_from_slice(&position.epoch.0.to_be_bytes());
            value.extend_from_slice(&position.offset.0.to_be_bytes());
        }
        control::build(LINK_CHECKPOINT, &value, timestamp, 1)
    }

    /// What a checkpoint's batch says. Its CRC must have been verified.
    pub fn decode(batch: &Batch<'_>) -> Result<Self, HiddenError> {
        let mut value = Cursor::new(control::value(batch, LINK_CHECKPOINT)?);
        control::check_format(LINK_CHECKPOINT, value.i16("the format")?, FORMAT)?;
        let links = value.elements(LINK_SIZE, "the links")?;
        value.finish()?;
        let mut checkpoint = Self::default();
        for link in links.chunks_exact(LINK_SIZE) {
            checkpoint.add(&mut Cursor::new(link))?;
        }
        Ok(checkpoint)
    }

    fn add(&mut self, link: &mut Cursor<'_>) -> Result<(), HiddenError> {
        let source = SourceId::new(link.u32("a source id")?).ok_or(HiddenError::Invalid { what: "a source id" })?;
        let epoch = LeaderEpoch(link.i32("a leader epoch")?);
        let offset = Offset(link.i64("an offset")?);
        if epoch < LeaderEpoch::NONE || offset < Offset::ZERO {
            return Err(HiddenError::Invalid {
                what: "a link's position",
            });
        }
        let last = self.links.last_key_value();
        if last.is_some_and(|(last, _)| *last >= source) {
            return Err(HiddenError::Invalid {
                what: "the order of the links",
            });
        }
        self.links.insert(source, LinkPosition { epoch, offset });
        Ok(())
    }
}
