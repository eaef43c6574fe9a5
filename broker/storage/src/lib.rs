//! A partition's log on disk.

mod append;
mod config;
mod directory;
mod error;
mod log;
mod names;
mod read;

pub use append::{Append, AppendKind, Appended};
pub use config::{Cleanup, Durability, LogConfig, LogDirectoryConfig, TimestampType};
pub use directory::LogDirectory;
pub use error::{AppendError, ChangeError, OpenError, ReadError};
pub use log::{Compacted, DeletedSegment, Log, LogListener, ProducerInfo, Reason};
pub use read::{Entries, EntryAt, Slices, Which};
