//! The guest's hooks without a guest: the very same code, compiled natively, reads the same input with the SDK's reader and
//! writes the same answer. What a plugin costs more is the sandbox: wasm for native code, the copy into the guest, the
//! checks of its answer.

use corvid_plugin_host::HookInput;
use corvid_plugin_sdk::guest::native;

use crate::guest::Bench;

/// An input as the host writes it.
pub fn encode(input: &HookInput<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend_from_slice(&0_u32.to_le_bytes());
    bytes.extend_from_slice(&input.count.to_le_bytes());
    bytes.extend_from_slice(&input.partition.to_le_bytes());
    bytes.extend_from_slice(&input.partitions.to_le_bytes());
    bytes.extend_from_slice(&input.base_timestamp.to_le_bytes());
    bytes.extend_from_slice(&(input.topic.len() as u16).to_le_bytes());
    bytes.extend_from_slice(input.topic.as_bytes());
    let header_len = bytes.len() as u32;
    bytes[..4].copy_from_slice(&header_len.to_le_bytes());
    bytes.extend_from_slice(input.records);
    bytes
}

/// An input as the host writes it, and room for the answer: both are there before the clock runs.
pub struct Native {
    input: Vec<u8>,
    answer: Vec<u8>,
}

impl Native {
    /// What a guest would be given for `input`, in one call.
    pub fn new(input: &HookInput<'_>) -> Self {
        Self {
            input: encode(input),
            answer: Vec::new(),
        }
    }

    /// Calls a hook; its answer, as a guest would write it.
    pub fn call(&mut self, hook: &str) -> &[u8] {
        let Self { input, answer } = self;
        answer.clear();
        match hook {
            "partition" => native::partition(&mut Bench, input, answer),
            "validate" => native::validate(&mut Bench, input, answer),
            _ => native::transform(&mut Bench, input, answer),
        }
        answer
    }

    /// The partitions that the partitioner answers.
    pub fn routes(&mut self) -> Vec<i32> {
        let numbers = self.call("partition").chunks_exact(4);
        numbers
            .map(|number| i32::from_le_bytes([number[0], number[1], number[2], number[3]]))
            .collect()
    }

    /// How many entries the answer of a validator or a transform has.
    pub fn entries(&mut self, hook: &str) -> usize {
        let answer = self.call(hook);
        answer
            .first_chunk()
            .map_or(0, |count| u32::from_le_bytes(*count) as usize)
    }
}
