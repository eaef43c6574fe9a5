//! Reading a plugin's answers. They come from code that nobody vouches for: every count, length, place and
//! text is checked, and what does not fit to the last byte is a fault, never half an answer.

use std::ops::Range;

use crate::chunk::Chunk;
use crate::fault::{Fault, FaultKind};
use crate::hook::Hook;

mod partition;
mod policy;
mod reader;
mod transform;
mod validate;
mod view;

#[cfg(test)]
mod tests;

use reader::Reader;

/// What a hook found out about a batch so far.
pub(crate) trait Findings: Default + Send + 'static {
    /// The hook that answers this.
    const HOOK: Hook;

    /// Takes the answer to `chunk` in, and tells how many records the plugin refused.
    /// All or nothing: where it errs, nothing was taken.
    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, partitions: i32) -> Result<u32, Fault>;

    /// Notes that the records at `places` have no answer but `fault`.
    fn fault(&mut self, places: Range<u32>, fault: &Fault);

    /// How much there is: what `rewind` goes back to.
    fn mark(&self) -> usize;

    /// Forgets what came after `mark`.
    fn rewind(&mut self, mark: usize);
}

/// The fault of an answer that is not what the ABI allows.
pub(crate) fn bad(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::BadAnswer, what)
}

/// A refusal's code and reason, as all answers that refuse have it.
fn refusal(reader: &mut Reader<'_>) -> Result<(u16, String), Fault> {
    let code = reader.u16()?;
    let len = usize::from(reader.u16()?);
    let reason = std::str::from_utf8(reader.bytes(len)?).map_err(|_| bad("a reason is not UTF-8"))?;
    Ok((code, reason.to_owned()))
}

/// The next place of a list that has to ascend: it must be behind `last` and in the chunk.
fn place(reader: &mut Reader<'_>, last: &mut Option<u32>, chunk: &Chunk<'_>) -> Result<u32, Fault> {
    let index = reader.u32()?;
    if index >= chunk.count {
        return Err(bad(format!("index {index}, but there are {} records", chunk.count)));
    }
    if last.is_some_and(|last| index <= last) {
        return Err(bad(format!("index {index} does not ascend")));
    }
    *last = Some(index);
    Ok(chunk.first + index)
}
