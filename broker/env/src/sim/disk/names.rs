//! Directories: names, as seen and as on the platter.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use super::file_node::FileNode;
use super::{Disk, Node, NodeId, ROOT};
use crate::fs::Entry;

/// A directory. `durable` with every change in `unsynced` applied is `names`.
#[derive(Default)]
pub(super) struct DirNode {
    pub(super) names: BTreeMap<String, NodeId>,
    pub(super) durable: BTreeMap<String, NodeId>,
    pub(super) unsynced: Vec<NameChange>,
}

/// What was done to a directory and is not on the platter.
#[derive(Clone)]
pub(super) enum NameChange {
    Link(String, NodeId),
    Unlink(String),
    Rename { from: String, to: String },
}

impl NameChange {
    pub(super) fn apply_to(&self, names: &mut BTreeMap<String, NodeId>) {
        match self {
            Self::Link(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Unlink(name) => drop(names.remove(name)),
            Self::Rename { from, to } => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

impl DirNode {
    fn change(&mut self, change: NameChange) {
        change.apply_to(&mut self.names);
        self.unsynced.push(change);
    }
}

impl Disk {
    pub(in crate::sim) fn exists(&self, path: &Path) -> bool {
        self.find(path).is_ok()
    }

    pub(in crate::sim) fn is_dir(&self, path: &Path) -> io::Result<bool> {
        let node = self.find(path)?;
        Ok(matches!(self.nodes.get(&node), Some(Node::Dir(_))))
    }

    pub(in crate::sim) fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let dir = self.dir(self.find(path)?)?;
        let entry = |(name, node): (&String, &NodeId)| {
            let (is_dir, len) = match self.nodes.get(node) {
                Some(Node::File(file)) => (false, file.len()),
                Some(Node::Dir(_)) | None => (true, 0),
            };
            Entry {
                name: name.clone(),
                is_dir,
                len,
            }
        };
        Ok(dir.names.iter().map(entry).collect())
    }

    pub(in crate::sim) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.link(path, Node::Dir(DirNode::default())).map(drop)
    }

    pub(in crate::sim) fn create_file(&mut self, path: &Path) -> io::Result<NodeId> {
        let file = FileNode {
            handles: 1,
            ..FileNode::default()
        };
        self.link(path, Node::File(file))
    }

    pub(in crate::sim) fn open_file(&mut self, path: &Path) -> io::Result<NodeId> {
        let node = self.find(path)?;
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => file.handles += 1,
            Some(Node::Dir(_)) | None => return Err(io::ErrorKind::IsADirectory.into()),
        }
        Ok(node)
    }

    /// Renames within one directory.
    pub(in crate::sim) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let moved = self.find(from)?;
        if let Ok(replaced) = self.find(to) {
            self.check_replaceable(moved, replaced)?;
        }
        let (dir, from) = self.parent(from)?;
        let (_, to) = self.parent(to)?;
        self.dir_mut(dir)?.change(NameChange::Rename { from, to });
        self.may_have_garbage = true;
        Ok(())
    }

    pub(in crate::sim) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        if self.is_dir(path)? {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.unlink(path)
    }

    pub(in crate::sim) fn remove_tree(&mut self, path: &Path) -> io::Result<()> {
        for entry in self.list(path)? {
            let inner = path.join(&entry.name);
            if entry.is_dir {
                self.remove_tree(&inner)?
            } else {
                self.unlink(&inner)?
            }
        }
        self.unlink(path)
    }

    pub(in crate::sim) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let node = self.find(path)?;
        let dir = self.dir_mut(node)?;
        dir.durable.clone_from(&dir.names);
        let changed = !std::mem::take(&mut dir.unsynced).is_empty();
        self.may_have_garbage |= changed;
        Ok(())
    }

    pub(super) fn dir(&self, node: NodeId) -> io::Result<&DirNode> {
        match self.nodes.get(&node) {
            Some(Node::Dir(dir)) => Ok(dir),
            Some(Node::File(_)) | None => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn dir_mut(&mut self, node: NodeId) -> io::Result<&mut DirNode> {
        match self.nodes.get_mut(&node) {
            Some(Node::Dir(dir)) => Ok(dir),
            Some(Node::File(_)) | None => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<NodeId> {
        let mut node = ROOT;
        for component in path.components() {
            // Every path counts from the root: a simulated host has no working directory.
            let Component::Normal(name) = component else { continue };
            let name = name.to_str().ok_or(io::ErrorKind::InvalidInput)?;
            node = *self.dir(node)?.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    fn parent(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let dir = self.find(path.parent().unwrap_or(Path::new("/")))?;
        let name = path.file_name().and_then(|name| name.to_str());
        Ok((dir, name.ok_or(io::ErrorKind::InvalidInput)?.to_owned()))
    }

    fn link(&mut self, path: &Path, node: Node) -> io::Result<NodeId> {
        let (dir, name) = self.parent(path)?;
        if self.dir(dir)?.names.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = NodeId(self.next_node);
        self.next_node += 1;
        self.nodes.insert(id, node);
        self.dir_mut(dir)?.change(NameChange::Link(name, id));
        Ok(id)
    }

    fn unlink(&mut self, path: &Path) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        self.dir_mut(dir)?.change(NameChange::Unlink(name));
        self.may_have_garbage = true;
        Ok(())
    }

    fn check_replaceable(&self, moved: NodeId, replaced: NodeId) -> io::Result<()> {
        match (self.nodes.get(&moved), self.nodes.get(&replaced)) {
            (Some(Node::Dir(_)), Some(Node::Dir(dir))) if !dir.names.is_empty() => {
                Err(io::ErrorKind::DirectoryNotEmpty.into())
            }
            (Some(Node::Dir(_)), Some(Node::File(_))) => Err(io::ErrorKind::NotADirectory.into()),
            (Some(Node::File(_)), Some(Node::Dir(_))) => Err(io::ErrorKind::IsADirectory.into()),
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }
}
