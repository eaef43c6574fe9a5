//! A policy's answer: what it decides otherwise than the topic's own settings. No byte means: nothing.

use std::ops::Range;

use super::{Findings, Reader, bad, place, refusal};
use crate::chunk::Chunk;
use crate::fault::Fault;
use crate::hook::Hook;
use crate::outcome::{DELAY_MAX_MS, Decision, Decisions};

const RETRY: u8 = 0;
const DEAD_LETTER: u8 = 1;
const DROP: u8 = 2;
const REFUSE: u8 = 3;

/// The longest name that a topic may have.
const TOPIC_MAX: usize = 249;

impl Findings for Decisions {
    const HOOK: Hook = Hook::Policy;

    fn take(&mut self, answer: &[u8], chunk: &Chunk<'_>, _: i32) -> Result<u32, Fault> {
        if answer.is_empty() {
            return Ok(0);
        }
        let mark = self.list.len();
        decode(answer, chunk, &mut self.list).inspect_err(|_| self.list.truncate(mark))
    }

    fn fault(&mut self, places: Range<u32>, fault: &Fault) {
        self.list
            .extend(places.map(|index| (index, Decision::Fault(fault.clone()))));
    }

    fn mark(&self) -> usize {
        self.list.len()
    }

    fn rewind(&mut self, mark: usize) {
        self.list.truncate(mark);
    }
}

fn decode(answer: &[u8], chunk: &Chunk<'_>, out: &mut Vec<(u32, Decision)>) -> Result<u32, Fault> {
    let mut reader = Reader::new(answer);
    let (decisions, mut refusals, mut last) = (reader.u32()?, 0, None);
    for _ in 0..decisions {
        let index = place(&mut reader, &mut last, chunk)?;
        let decision = match reader.u8()? {
            RETRY => Decision::RetryAfter(delay(&mut reader)?),
            DEAD_LETTER => Decision::DeadLetter(topic(&mut reader)?),
            DROP => Decision::Drop,
            REFUSE => {
                refusals += 1;
                let (code, reason) = refusal(&mut reader)?;
                Decision::Refused { code, reason }
            }
            kind => return Err(bad(format!("a decision of kind {kind}"))),
        };
        out.push((index, decision));
    }
    reader.finish()?;
    Ok(refusals)
}

fn delay(reader: &mut Reader<'_>) -> Result<u64, Fault> {
    let delay = reader.i64()?;
    match u64::try_from(delay) {
        Ok(delay) if delay <= DELAY_MAX_MS => Ok(delay),
        _ => Err(bad(format!("a delay of {delay} ms; there is 0 to {DELAY_MAX_MS}"))),
    }
}

fn topic(reader: &mut Reader<'_>) -> Result<Option<String>, Fault> {
    let len = usize::from(reader.u16()?);
    let bytes = reader.bytes(len)?;
    if len > TOPIC_MAX {
        return Err(bad(format!("a topic's name of {len} bytes")));
    }
    let name = std::str::from_utf8(bytes).map_err(|_| bad("a topic's name is not UTF-8"))?;
    Ok((len > 0).then(|| name.to_owned()))
}
