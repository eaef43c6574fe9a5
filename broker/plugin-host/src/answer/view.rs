//! A view's answer: a list of edits, as a transform's, but that nothing is refused.

use std::ops::Range;

use bytes::Bytes;

use super::transform::{DROP, EDIT, decode, edit};
use super::{Findings, Reader, bad};
use crate::chunk::Chunk;
use crate::fault::Fault;
use crate::hook::Hook;
use crate::outcome::{Viewed, Views};

impl Findings for Views {
    const HOOK: Hook = Hook::View;

    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, _: i32) -> Result<u32, Fault> {
        if answer.is_empty() {
            return Ok(0);
        }
        let mark = self.list.len();
        let entry = |kind: u8, answer: &Bytes, reader: &mut Reader<'_>| match kind {
            DROP => Ok(Viewed::Hidden),
            EDIT => Ok(Viewed::Edit(edit(answer, reader)?)),
            kind => Err(bad(format!("an edit of kind {kind} in a view"))),
        };
        decode(&Bytes::copy_from_slice(answer), chunk, &mut self.list, entry)
            .inspect_err(|_| self.list.truncate(mark))?;
        Ok(0)
    }

    fn fault(&mut self, places: Range<u32>, fault: &Fault) {
        self.list
            .extend(places.map(|index| (index, Viewed::Fault(fault.clone()))));
    }

    fn mark(&self) -> usize {
        self.list.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.list.truncate(mark);
    }
}
