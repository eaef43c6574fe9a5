//! A validator's answer: the failing records. No byte means that all are accepted.

use std::ops::Range;

use super::{Findings, Reader, place, refusal};
use crate::chunk::Chunk;
use crate::fault::Fault;
use crate::hook::Hook;
use crate::outcome::{Failing, Verdict};

impl Findings for Vec<Failing> {
    const HOOK: Hook = Hook::Validate;

    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, _: i32) -> Result<u32, Fault> {
        if answer.is_empty() {
            return Ok(0);
        }
        let mark = self.len();
        decode(answer, chunk, self).inspect_err(|_| self.truncate(mark))
    }

    fn fault(&mut self, places: Range<u32>, fault: &Fault) {
        self.extend(places.map(|index| Failing {
            index,
            verdict: Verdict::Fault(fault.clone()),
        }));
    }

    fn mark(&self) -> usize {
        self.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.truncate(mark);
    }
}

fn decode(answer: &[u8], chunk: &Chunk<'_>, out: &mut Vec<Failing>) -> Result<u32, Fault> {
    let mut reader = Reader::new(answer);
    let failures = reader.u32()?;
    let mut last = None;
    for _ in 0..failures {
        let index = place(&mut reader, &mut last, chunk)?;
        let (code, reason) = refusal(&mut reader)?;
        out.push(Failing {
            index,
            verdict: Verdict::Refused { code, reason },
        });
    }
    reader.finish()?;
    Ok(failures)
}
