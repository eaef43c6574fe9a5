//! Schemas that lead back to themselves about the same value: what such a one says has no end.

use super::SchemaError;
use crate::schema::{Node, NodeId};
use std::collections::BTreeMap;

/// How many schemas may follow one another about one value. They take stack for every level of it.
const CHAIN_MAX: u32 = 64;

/// How far a node has been looked into.
#[derive(Clone, Copy)]
enum State {
    New,
    /// On the way that is being gone: whoever comes by again has gone in a circle.
    Open,
    /// So many schemas follow it.
    Done(u32),
}

/// Refuses circles and chains that are too long, by the reference that leads into them. What a `$dynamicRef` comes to mean
/// besides its own target is left to evaluation, which stops in the depth. Not recursive: a chain is as long as
/// somebody wrote it.
pub fn check(nodes: &[Node], references: &BTreeMap<NodeId, String>) -> Result<(), SchemaError> {
    let mut states = vec![State::New; nodes.len()];
    // What is being looked into, each on behalf of one before it.
    let mut way: Vec<NodeId> = (0..nodes.len()).map(|at| NodeId(at as u32)).collect();
    while let Some(id) = way.last().copied() {
        let following = nodes[id.0 as usize].about_the_same();
        match states[id.0 as usize] {
            State::New => {
                states[id.0 as usize] = State::Open;
                if following.iter().any(|next| is_open(&states, *next)) {
                    let reference = on_the_way(&way, &states, references);
                    let what = "leads back to itself about the same value, without end";
                    return Err(SchemaError::new(format!("`$ref`: {reference} {what}")));
                }
                way.extend(following);
            }
            State::Open => {
                let lengths = following.iter().map(|next| length(states[next.0 as usize]));
                let length = lengths.max().unwrap_or(0);
                if length > CHAIN_MAX {
                    let reference = on_the_way(&way, &states, references);
                    let what = format!("leads to more than {CHAIN_MAX} schemas in a chain about the same value");
                    return Err(SchemaError::new(format!("`$ref`: {reference} {what}")));
                }
                states[id.0 as usize] = State::Done(length);
                way.pop();
            }
            State::Done(_) => {
                way.pop();
            }
        }
    }
    Ok(())
}

fn is_open(states: &[State], id: NodeId) -> bool {
    matches!(states[id.0 as usize], State::Open)
}

/// The last reference of the way.
fn on_the_way<'r>(way: &[NodeId], states: &[State], references: &'r BTreeMap<NodeId, String>) -> &'r str {
    let mut open = way.iter().rev().filter(|id| is_open(states, **id));
    open.find_map(|id| references.get(id)).map_or("#", String::as_str)
}

fn length(state: State) -> u32 {
    match state {
        State::Done(length) => length + 1,
        State::New | State::Open => 0,
    }
}
