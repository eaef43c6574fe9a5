//! Directories and files.
//!
//! A [`Dir`] is a directory by its path; a [`File`] is an open file, shared by its clones and without a
//! position of its own. Every name given to a [`Dir`] is one plain component: a slash, `..` or an empty name is
//! refused, so that a name built from what a client sent can't leave its directory.
//!
//! What is durable: bytes and length of a file after [`File::sync_data`]; its name (created, renamed, removed)
//! after [`Dir::sync`] of its directory. In simulation everything else is lost at a power cut.
//!
//! Fail-points in here, for every file: `fs.write`, `fs.sync_data`, `fs.sync_dir`, `fs.rename` (see [`crate::fault`]).

mod dir;
mod file;

pub use dir::{Dir, DirLock, Entry, LockError};
pub use file::{File, FileRange, Mapping};
