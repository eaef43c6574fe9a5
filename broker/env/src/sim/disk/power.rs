//! What a power cut leaves, and what nobody can reach any more.

use std::collections::BTreeSet;

use super::file_node::{Change, FileNode};
use super::kept::{Kept, SECTOR_BYTES, longest};
use super::names::DirNode;
use super::{Disk, Node, NodeId, ROOT, Survival};
use crate::random::below;

impl Disk {
    /// Forgets what was not synced, but for what `survival` grants; every handle is closed and every lock open.
    pub(in crate::sim) fn power_cut(&mut self, survival: Survival) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File(file) => file.power_cut(survival),
                Node::Dir(dir) => dir.power_cut(survival),
            }
        }
        self.locks.clear();
        self.collect();
    }

    /// Drops the nodes that have no name, neither seen nor on the platter, and that nobody has open.
    pub(super) fn collect(&mut self) {
        let mut reached = BTreeSet::new();
        let mut to_visit = vec![ROOT];
        while let Some(node) = to_visit.pop() {
            if let Some(Node::Dir(dir)) = self.nodes.get(&node)
                && reached.insert(node)
            {
                to_visit.extend(dir.names.values().chain(dir.durable.values()));
                // A name may be on its way: linked, renamed over and not synced, it still can come back.
                to_visit.extend(dir.unsynced_links());
            }
            reached.insert(node);
        }
        self.nodes.retain(|id, node| reached.contains(id) || node.is_open());
        self.may_have_garbage = self.nodes.len() > reached.len();
    }
}

impl Node {
    fn is_open(&self) -> bool {
        match self {
            Self::File(file) => file.handles > 0,
            Self::Dir(_) => false,
        }
    }
}

impl FileNode {
    fn power_cut(&mut self, survival: Survival) {
        let unsynced = std::mem::take(&mut self.unsynced);
        let changes: Vec<Change> = unsynced.into_iter().map(|(_, change)| change).collect();
        if survival == Survival::Random {
            let sectors = 1 + self.content.len().max(longest(&changes)) as u64 / SECTOR_BYTES;
            let kept = Kept::draw(changes.len(), sectors as usize);
            kept.apply(&changes, &mut self.durable);
        }
        self.content.clone_from(&self.durable);
        self.handles = 0;
    }
}

impl DirNode {
    fn power_cut(&mut self, survival: Survival) {
        let kept = match survival {
            Survival::Nothing => 0,
            Survival::Random => below(self.unsynced.len() as u64 + 1) as usize,
        };
        for change in self.unsynced.drain(..).take(kept) {
            change.apply_to(&mut self.durable);
        }
        self.names.clone_from(&self.durable);
    }

    fn unsynced_links(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.unsynced.iter().filter_map(|change| match change {
            super::names::NameChange::Link(_, node) => Some(*node),
            super::names::NameChange::Unlink(_) | super::names::NameChange::Rename { .. } => None,
        })
    }
}
