//! What leaves later or elsewhere: outbox entries are read where they were written and appended where they
//! belong, exactly once, whatever crashes.
//!
//! A produce has one effect: an append to the partition that the client named. What a plugin sends elsewhere is
//! part of that append, as an *outbox entry* right before the batch (`corvid_record::hidden`). A courier for each
//! source partition replays committed entries at their targets; each batch it appends there carries a *link
//! stamp*, so the target's own log says how far it has taken each source.
//!
//! # Invariants
//!
//! - Nothing leaves before it is committed at its source, and on its source's disk: what has left is never taken back there.
//! - Records and the link's position are one batch, under one checksum.
//! - An append at a target is a compare-and-set on the link's (epoch, offset).
//! - An entry counts only if its mate follows it immediately, in the same leader epoch, and matches by ids and
//!   checksum; a torn write is passed over.
//! - An acknowledgement waits for the targets of its own batch, and for no other: a target that takes nothing falls
//!   behind, and the others go on.
//!
//! # What survives a restart
//!
//! Positions lie in the targets' logs, and nothing else has to survive: a courier could always begin at the source's
//! log start and skip what the targets have. A *hint*, `outbox-delivered-checkpoint` in the data directory, saves it
//! that: below the hint, whatever the entries sent is on the disks of its targets (not only appended, not only
//! committed: after a power cut it is still there), or was for a target that was deleted.
//!
//! | | written | if it is lost or old |
//! |---|---|---|
//! | an entry and its mate | in the produce's one append | the produce did not happen |
//! | a link's position | in the batch that it is about | the entry is delivered again, with its batch |
//! | the hint | at most a second after something was delivered, and at a clean stop, after the logs are flushed | entries are read again, and skipped |
//!
//! A hint may be old, never ahead. It is taken only if it fits the log that is there: the topic id, and the leader epoch
//! that has the offset. A log that was cut, or a topic that was made again, begins at its start.
//!
//! # Sources that are gone
//!
//! A position outlives its source only as long as something of that could still come: source ids are never given twice, so a target
//! forgets one that the metadata has no partition for, when this node has no courier of it left. The next checkpoint in the target's log leaves it out;
//! until then, a start may bring it back, and it is forgotten again.
//!
//! # Held until later
//!
//! A record that is to come later is part of an entry, too: its target is its own partition, and it has a due time and a name, the offset
//! that it takes. A *keeper* for each source partition knows what is held (`holds`, a pure state), and releases it when it is due: one batch,
//! stamped with the name that it ends. So what is held is what the log says, less what the log says was released; nothing else is kept.
//!
//! - Nothing is released before its hold is committed, before it is due, or twice.
//! - The log is not deleted from the oldest hold on. One that would keep it for long is held again at the log's end, by the entry that
//!   ends the old one.
//! - `held-checkpoint`, beside the logs, spares a start the reading of the logs; it may be old or lost, and is never ahead of them.
//!
//! The `pipeline` waits on a partition's [`Delivered`](corvid_replication::Delivered); `admin` reads the counters.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests may use the machine"
    )
)]

mod counters;
mod courier;
mod delivery;
mod entry_reader;
mod hints;
mod holds;
mod keeper;
mod keepers;
mod link_batch;
mod targets;

pub use counters::Counters;
pub use delivery::Delivery;
pub use keeper::{HeldError, HeldRecord};
pub use keepers::Keepers;
pub use targets::elsewhere_of;
