//! For a plugin's native unit tests: records to give it, and its answers in a form to compare.
//!
//! Everything passes through the same bytes as in the broker: records are encoded, the hook reads
//! them in place and writes its answer, and that is decoded and checked as the host does. An
//! answer that the host would take for a fault makes the test panic, and says why.

mod answers;
mod call;
mod failed;
pub mod host;
mod record;

pub use answers::{Shown, Transformed};
pub use call::Call;
pub use failed::Failed;
pub use record::RecordBuilder;
