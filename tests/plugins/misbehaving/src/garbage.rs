//! Answers that the SDK would never give.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))] // Only a module answers a host.

use crate::behaviour::Behaviour;

/// The hooks, as far as their answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A number for each record.
    Partition,
    /// Failures: index, code, reason.
    Validate,
    /// Edits: index, kind, what.
    Transform,
    /// The same, without refusals.
    View,
    /// Decisions: index, kind, what.
    Policy,
}

/// Where the garbage is, as the host is to be told.
#[derive(Debug, PartialEq, Eq)]
pub enum Garbage {
    /// Bytes that are really there.
    Bytes(Vec<u8>),
    /// At an address, of a length, that may both lie.
    Raw { ptr: u32, len: u32 },
}

impl Garbage {
    /// What this behaviour answers in this hook, for so many records in an input of this length. `None`: it answers
    /// as the SDK does.
    pub fn of(behaviour: Behaviour, hook: Hook, records: u32, input_len: usize) -> Option<Garbage> {
        let bytes = match behaviour {
            Behaviour::GarbagePointer => {
                return Some(Garbage::Raw {
                    ptr: 0xffff_0000,
                    len: 8,
                });
            }
            Behaviour::GarbageLength => {
                return Some(Garbage::Raw {
                    ptr: 16,
                    len: 0xffff_0000,
                });
            }
            Behaviour::GarbageShort => vec![1, 0, 0],
            Behaviour::GarbageLeftover => [well_formed(hook, records, b"fine"), vec![0]].concat(),
            Behaviour::GarbageRange => out_of_range(hook, records),
            Behaviour::GarbageOrder => out_of_order(hook)?,
            Behaviour::GarbageUtf8 => not_utf8(hook)?,
            Behaviour::TooLarge => too_large(hook, records, 2 * input_len + 64 * 1024 + 1),
            _ => return None,
        };
        Some(Garbage::Bytes(bytes))
    }
}

/// A proper answer: each record to partition 0, or the first one refused.
fn well_formed(hook: Hook, records: u32, reason: &[u8]) -> Vec<u8> {
    match hook {
        Hook::Partition => vec![0; records as usize * 4],
        Hook::Validate | Hook::Transform | Hook::View | Hook::Policy => {
            [1_u32.to_le_bytes().to_vec(), refusal(hook, 0, reason)].concat()
        }
    }
}

fn refusal(hook: Hook, index: u32, reason: &[u8]) -> Vec<u8> {
    let mut entry = index.to_le_bytes().to_vec();
    match hook {
        Hook::View => {
            // A view refuses nothing: it hides.
            entry.push(0);
            return entry;
        }
        Hook::Transform => entry.push(1),
        Hook::Policy => entry.push(3),
        Hook::Partition | Hook::Validate => {}
    }
    entry.extend_from_slice(&7_u16.to_le_bytes());
    entry.extend_from_slice(&(reason.len() as u16).to_le_bytes());
    entry.extend_from_slice(reason);
    entry
}

fn out_of_range(hook: Hook, records: u32) -> Vec<u8> {
    match hook {
        Hook::Partition => i32::MAX.to_le_bytes().repeat(records as usize),
        Hook::Validate | Hook::Transform | Hook::View | Hook::Policy => {
            [1_u32.to_le_bytes().to_vec(), refusal(hook, records, b"")].concat()
        }
    }
}

/// The first record twice. A partitioner's answer has no order.
fn out_of_order(hook: Hook) -> Option<Vec<u8>> {
    let twice = || [2_u32.to_le_bytes().to_vec(), refusal(hook, 0, b"").repeat(2)].concat();
    (hook != Hook::Partition).then(twice)
}

/// A partitioner's answer has no text, and a view's need not have any.
fn not_utf8(hook: Hook) -> Option<Vec<u8>> {
    matches!(hook, Hook::Validate | Hook::Transform | Hook::Policy).then(|| well_formed(hook, 1, &[0xff, 0xfe]))
}

/// One record's new value, of so many bytes, or reasons until there are enough.
fn too_large(hook: Hook, records: u32, len: usize) -> Vec<u8> {
    match hook {
        Hook::Partition => vec![0; len.next_multiple_of(4)],
        Hook::Transform | Hook::View => {
            let mut answer = [1_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat();
            answer.extend_from_slice(&[2, 2]);
            answer.extend_from_slice(&(len as i32).to_le_bytes());
            answer.resize(answer.len() + len, b'x');
            answer
        }
        Hook::Validate | Hook::Policy => {
            // As many failures as there are records is all that is well-formed; each as long as can be.
            let mut answer = records.to_le_bytes().to_vec();
            let reason = vec![b'x'; usize::from(u16::MAX)];
            (0..records).for_each(|index| answer.extend_from_slice(&refusal(hook, index, &reason)));
            answer.resize(answer.len().max(len), 0);
            answer
        }
    }
}
