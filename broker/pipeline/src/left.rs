//! What one hook after another gets to see of a batch.

use bytes::Bytes;
use corvid_record::BuildError;

use crate::edit;
use crate::fates::Fates;
use crate::section::Section;

/// What a hook is given: the records that are still there, and where each stands in the batch.
pub(crate) struct Left {
    /// Their bytes, as edited so far.
    pub records: Bytes,
    /// `None`: all of them, each at its own place.
    pub places: Option<Vec<u32>>,
    /// How many there are.
    pub count: u32,
}

impl Left {
    pub(crate) fn of(section: &Section, fates: &Fates) -> Result<Self, BuildError> {
        if fates.untouched() {
            return Ok(Self {
                records: section.bytes().clone(),
                places: None,
                count: section.count() as u32,
            });
        }
        let places: Vec<u32> = fates.staying().collect();
        Ok(Self {
            records: edit::render(section, fates, &places)?,
            count: places.len() as u32,
            places: Some(places),
        })
    }

    /// The place in the batch of the record at `index` here.
    pub(crate) fn place(&self, index: u32) -> u32 {
        self.places.as_ref().map_or(index, |places| places[index as usize])
    }
}
