//! A transform's answer: a list of edits. No byte means that nothing changes.
//!
//! The answer is copied out of the guest once; keys, values and header operations are slices of that copy.

use std::ops::Range;

use bytes::Bytes;

use super::{Findings, Reader, bad, place, refusal};
use crate::chunk::Chunk;
use crate::fault::Fault;
use crate::hook::Hook;
use crate::outcome::{Edit, Edited, Edits, HeaderOps, Replacement, header_op};

pub(super) const DROP: u8 = 0;
const REFUSE: u8 = 1;
pub(super) const EDIT: u8 = 2;

const KEY: u8 = 1;
const VALUE: u8 = 2;
const HEADERS: u8 = 4;

impl Findings for Edits {
    const HOOK: Hook = Hook::Transform;

    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, _: i32) -> Result<u32, Fault> {
        if answer.is_empty() {
            return Ok(0);
        }
        let mark = self.list.len();
        let mut refusals = 0;
        let entry = |kind: u8, answer: &Bytes, reader: &mut Reader<'_>| match kind {
            DROP => Ok(Edited::Drop),
            REFUSE => {
                refusals += 1;
                let (code, reason) = refusal(reader)?;
                Ok(Edited::Refused { code, reason })
            }
            EDIT => Ok(Edited::Edit(edit(answer, reader)?)),
            kind => Err(bad(format!("an edit of kind {kind}"))),
        };
        decode(&Bytes::copy_from_slice(answer), chunk, &mut self.list, entry)
            .inspect_err(|_| self.list.truncate(mark))?;
        Ok(refusals)
    }

    fn fault(&mut self, places: Range<u32>, fault: &Fault) {
        self.list
            .extend(places.map(|index| (index, Edited::Fault(fault.clone()))));
    }

    fn mark(&self) -> usize {
        self.list.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.list.truncate(mark);
    }
}

/// Reads a list of edits. `entry` reads what is behind an entry's kind.
pub(super) fn decode<T>(
    answer: &Bytes,
    chunk: &Chunk<'_>,
    out: &mut Vec<(u32, T)>,
    mut entry: impl FnMut(u8, &Bytes, &mut Reader<'_>) -> Result<T, Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(answer);
    let (edits, mut last) = (reader.u32()?, None);
    // An edit has at least five bytes and a record at most one, so a count that lies reserves little.
    out.reserve((edits as usize).min(reader.left() / 5).min(chunk.count as usize));
    for _ in 0..edits {
        let index = place(&mut reader, &mut last, chunk)?;
        let kind = reader.u8()?;
        out.push((index, entry(kind, answer, &mut reader)?));
    }
    reader.finish()
}

pub(super) fn edit(answer: &Bytes, reader: &mut Reader<'_>) -> Result<Edit, Fault> {
    let what = reader.u8()?;
    if what & !(KEY | VALUE | HEADERS) != 0 {
        return Err(bad(format!("an edit of the parts {what:#b}")));
    }
    Ok(Edit {
        key: replacement(answer, reader, what & KEY != 0)?,
        value: replacement(answer, reader, what & VALUE != 0)?,
        headers: if what & HEADERS != 0 {
            headers(answer, reader)?
        } else {
            HeaderOps::default()
        },
    })
}

fn replacement(answer: &Bytes, reader: &mut Reader<'_>, there: bool) -> Result<Replacement, Fault> {
    if !there {
        return Ok(None);
    }
    let bytes = reader.nullable()?;
    let end = reader.at();
    Ok(Some(bytes.map(|bytes| answer.slice(end - bytes.len()..end))))
}

fn headers(answer: &Bytes, reader: &mut Reader<'_>) -> Result<HeaderOps, Fault> {
    let count = reader.u16()?;
    let start = reader.at();
    for _ in 0..count {
        let op = reader.u8()?;
        let len = usize::from(reader.u16()?);
        let key = reader.bytes(len)?;
        match op {
            header_op::REMOVE => continue,
            header_op::APPEND | header_op::SET => drop(reader.nullable()?),
            op => return Err(bad(format!("a header operation {op}"))),
        }
        // What clients sent may have any bytes for a key, and can be removed; what is added is text.
        if std::str::from_utf8(key).is_err() {
            return Err(bad("a header's key is not UTF-8"));
        }
    }
    Ok(HeaderOps::checked(answer.slice(start..reader.at()), count))
}
