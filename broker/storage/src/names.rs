//! Every name and magic number that is ours to find on a disk.

/// In a log directory: a sync failed here; what the disk holds is unknown. Kept until a person removes it.
pub const POISONED: &str = "sync-failed";
