//! How far a partition's outbox entries have got, link by link.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use corvid_record::Offset;
use parking_lot::Mutex;

use crate::marks::Marks;
use crate::offset_gate::{Closed, OffsetGate};
use crate::partition::{Partition, PartitionId};

/// Where the records of a batch went that did not stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// To these partitions; none: all of it stayed.
    To(Vec<PartitionId>),
    /// Nobody knows any more: wherever this partition's records go.
    Anywhere,
}

/// How far a partition's outbox entries have got.
///
/// Written by the partition's courier, which takes entries in the order of the log: past the *head*, an entry is
/// at its targets, or will never be. A target that takes nothing falls behind: the head goes on without it, and
/// it catches up later. So who waits for one target doesn't wait for another one's backlog.
///
/// Appended at a target is not yet committed there, and committed not yet flushed: who asks for these is told
/// of the progress of the targets themselves.
#[derive(Debug)]
pub struct Delivered {
    head: OffsetGate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    closed: bool,
    links: BTreeMap<PartitionId, Link>,
    committed: Marks<Weak<Partition>>,
    flushed: Marks<Weak<Partition>>,
}

/// One target.
#[derive(Debug, Default)]
struct Link {
    target: Weak<Partition>,
    /// Behind the last batch of ours there.
    end: Offset,
    /// How far it is, while it is behind the head.
    behind: Option<Arc<OffsetGate>>,
    /// It can't be opened, or its log has failed: what is for it comes later, and nobody waits for that.
    absent: bool,
}

impl Delivered {
    /// Nothing below `start` is to be delivered.
    pub(crate) fn new(start: Offset) -> Self {
        Self {
            head: OffsetGate::new(start),
            state: Mutex::new(State {
                closed: false,
                links: BTreeMap::new(),
                committed: Marks::new(start),
                flushed: Marks::new(start),
            }),
        }
    }

    /// Everything below `position` is known to be durable at its targets. Said before anything else is.
    pub fn begin_at(&self, position: Offset) {
        let mut state = self.state.lock();
        state.committed = Marks::new(position);
        state.flushed = Marks::new(position);
        drop(state);
        self.head.advance(position);
    }

    /// Something of ours is at `target`, up to `end` there.
    pub fn appended(&self, id: PartitionId, target: &Arc<Partition>, end: Offset) {
        let target = Arc::downgrade(target);
        let mut state = self.state.lock();
        state.committed.appended(id, &target, end);
        state.flushed.appended(id, &target, end);
        let link = state.links.entry(id).or_default();
        link.target = target;
        link.end = end;
        link.absent = false;
    }

    /// A target is not there for now. Nobody waits for it: its records are durable here, and come later.
    pub fn absent(&self, id: PartitionId) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let link = state.links.entry(id).or_default();
        link.absent = true;
        if let Some(gate) = &mut link.behind {
            let at = gate.get();
            // Those who wait look again.
            std::mem::replace(gate, Arc::new(OffsetGate::new(at))).close();
        }
    }

    /// A target takes nothing: the head goes on without it. It has taken everything below `at`.
    pub fn fell_behind(&self, id: PartitionId, at: Offset) {
        let mut state = self.state.lock();
        let gate = OffsetGate::new(at);
        if state.closed {
            gate.close();
        }
        state.links.entry(id).or_default().behind = Some(Arc::new(gate));
    }

    /// A target that was behind has taken everything below `to`.
    pub fn follows(&self, id: PartitionId, to: Offset) {
        let head = self.head.get();
        let mut state = self.state.lock();
        let Some(link) = state.links.get_mut(&id) else { return };
        let Some(gate) = &link.behind else { return };
        gate.advance(to);
        if to >= head {
            link.behind = None;
        }
        state.advance(head);
    }

    /// Everything below `head` is at its targets, but for those that are behind.
    pub fn advance(&self, head: Offset) {
        self.state.lock().advance(head);
        self.head.advance(head);
    }

    /// The offset below which the targets have everything, but for those that are behind.
    pub fn head(&self) -> Offset {
        self.head.get()
    }

    /// The targets that are behind the head; each has everything below its offset.
    pub fn behind(&self) -> BTreeMap<PartitionId, Offset> {
        let state = self.state.lock();
        let links = state.links.iter();
        links
            .filter_map(|(id, link)| Some((*id, link.behind.as_ref()?.get())))
            .collect()
    }

    /// Each of these targets has everything below this.
    pub fn taken_by(&self, targets: &[PartitionId]) -> Offset {
        let state = self.state.lock();
        let behind = targets.iter().filter_map(|id| state.links.get(id)?.behind.as_ref());
        behind.fold(self.head.get(), |least, gate| least.min(gate.get()))
    }

    /// Every target has committed everything below this.
    pub fn committed(&self) -> Offset {
        self.settle(
            |state| &mut state.committed,
            |target, end| target.high_watermark() >= end,
        )
    }

    /// Every target's disk has everything below this.
    pub fn flushed(&self) -> Offset {
        self.settle(|state| &mut state.flushed, |target, end| target.log().flushed() >= end)
    }

    /// Asks the targets to sync what they have of this partition's. Under `replicas` nobody else does, and it has to be kept here until then.
    pub fn request_flush(&self) {
        let state = self.state.lock();
        let targets = state
            .links
            .values()
            .filter_map(|link| Some((link.target.upgrade()?, link.end)));
        let behind: Vec<_> = targets.filter(|(target, end)| target.log().flushed() < *end).collect();
        drop(state);
        for (target, _) in behind {
            target.log().request_flush();
        }
    }

    fn settle(
        &self,
        marks: impl FnOnce(&mut State) -> &mut Marks<Weak<Partition>>,
        reached: impl Fn(&Partition, Offset) -> bool,
    ) -> Offset {
        // A partition that is let go was deleted; its records went with it.
        marks(&mut self.state.lock()).settle(|target, end| {
            target
                .upgrade()
                .is_none_or(|target| target.is_deleted() || reached(&target, end))
        })
    }

    /// Returns once each entry below `end` is committed at the targets asked for. A target that is deleted meanwhile
    /// is not waited for, nor is one that is absent.
    pub async fn reached(&self, end: Offset, elsewhere: &Elsewhere) -> Result<(), Closed> {
        if *elsewhere == Elsewhere::To(Vec::new()) {
            return Ok(());
        }
        self.head.reached(end).await?;
        let targets = match elsewhere {
            Elsewhere::To(targets) => targets.clone(),
            Elsewhere::Anywhere => self.state.lock().links.keys().copied().collect(),
        };
        for id in targets {
            while let Some(gate) = self.behind_gate(id) {
                match gate.reached(end).await {
                    Ok(()) => break,
                    Err(closed) if self.state.lock().closed => return Err(closed),
                    Err(Closed) => {}
                }
            }
            let link = self
                .state
                .lock()
                .links
                .get(&id)
                .filter(|link| !link.absent)
                .map(|link| (link.target.upgrade(), link.end));
            if let Some((Some(target), end)) = link {
                let committed = target.committed(end).await;
                // Its records went with it; but a target whose disk has failed has not what is waited for.
                if !target.is_deleted() {
                    committed?;
                }
            }
        }
        Ok(())
    }

    /// Tells when a target that is behind has caught up.
    fn behind_gate(&self, id: PartitionId) -> Option<Arc<OffsetGate>> {
        let state = self.state.lock();
        let link = state.links.get(&id).filter(|link| !link.absent)?;
        link.behind.clone()
    }

    /// Ends every wait.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.head.close();
        for gate in state.links.values().filter_map(|link| link.behind.as_ref()) {
            gate.close();
        }
    }
}

impl State {
    fn advance(&mut self, head: Offset) {
        let position = self.taken(head);
        self.committed.advance(position);
        self.flushed.advance(position);
    }

    fn taken(&self, head: Offset) -> Offset {
        let behind = self.links.values().filter_map(|link| link.behind.as_ref());
        behind.fold(head, |least, gate| least.min(gate.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corvid_metadata::{PartitionIndex, TopicId};

    fn target() -> PartitionId {
        PartitionId {
            topic: TopicId([1; 16]),
            index: PartitionIndex(0),
        }
    }

    /// The bug it is for: who waits for a full disk that then fails waits for ever.
    #[tokio::test]
    async fn nobody_waits_for_a_target_that_goes_away() {
        let delivered = Arc::new(Delivered::new(Offset(3)));
        delivered.fell_behind(target(), Offset(5));
        delivered.advance(Offset(9));
        let wait = tokio::spawn({
            let delivered = delivered.clone();
            async move { delivered.reached(Offset(9), &Elsewhere::To(vec![target()])).await }
        });
        tokio::task::yield_now().await;
        assert!(!wait.is_finished());
        delivered.absent(target());
        assert_eq!(wait.await.unwrap(), Ok(()));
        assert_eq!(delivered.behind(), BTreeMap::from([(target(), Offset(5))]));
    }

    /// The bug it is for: a courier that takes over doesn't know who was behind, and who waits for that one waits for ever.
    #[tokio::test]
    async fn who_was_behind_is_known_to_the_next_courier() {
        let delivered = Delivered::new(Offset(3));
        delivered.fell_behind(target(), Offset(5));
        delivered.advance(Offset(9));
        assert_eq!(delivered.head(), Offset(9));
        assert_eq!(delivered.behind(), BTreeMap::from([(target(), Offset(5))]));
        delivered.follows(target(), Offset(9));
        assert_eq!(delivered.behind(), BTreeMap::new());
        let elsewhere = Elsewhere::To(vec![target()]);
        delivered.reached(Offset(9), &elsewhere).await.unwrap();
    }
}
