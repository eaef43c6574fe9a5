//! One batch through a reader's views.

use bytes::Bytes;
use corvid_metadata::policy::OnFault;
use corvid_plugin_host::{HookInput, Viewed, Views as Answered};
use corvid_record::{Batch, Offset};
use corvid_replication::PartitionId;

use super::cache::CacheKey;
use super::{ReaderView, Views};
use crate::edit;
use crate::fates::{Fate, Fates};
use crate::left::Left;
use crate::section::{Offsets, Section};
use crate::shadow::{Answers, Beside, Look};

/// What a reader sees of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The batch in place of the stored one; `None` if that is shown as it is.
    pub instead: Option<Bytes>,
    /// The offset of the last record that is shown; `None` if none is.
    pub last: Option<Offset>,
}

impl Shown {
    /// All of it, as it is stored.
    pub(super) fn as_stored(batch: &Batch<'_>) -> Self {
        Self {
            instead: None,
            last: Some(batch.last_offset()),
        }
    }
}

impl Views {
    /// What the reader sees of `batch`, whose bytes are `whole`. An error is why nothing may be shown of it.
    pub(super) async fn show(
        &self,
        view: &ReaderView,
        partition: PartitionId,
        whole: &Bytes,
        batch: &Batch<'_>,
    ) -> Result<Shown, String> {
        if batch.attributes().control {
            // Not a client's records, and no plugin's business.
            return Ok(Shown::as_stored(batch));
        }
        let key = CacheKey {
            partition,
            base: batch.base_offset(),
            crc: batch.crc(),
            view: view.key.clone(),
        };
        if let Some(shown) = self.cache.lock().get(&key) {
            self.figures.kept();
            return Ok(shown);
        }
        self.figures.asked();
        let (shown, passed) = self.ask(view, partition, whole, batch).await?;
        // What a fault let pass may be shown better the next time.
        if !passed {
            self.cache.lock().put(key, shown.clone());
        }
        Ok(shown)
    }

    /// Asks the plugins; tells, too, whether something went on only because of `on_fault = "pass"`.
    async fn ask(
        &self,
        view: &ReaderView,
        partition: PartitionId,
        whole: &Bytes,
        batch: &Batch<'_>,
    ) -> Result<(Shown, bool), String> {
        let open = match self.room.open(whole, batch, Offsets::Sparse).await {
            Ok(open) => open,
            Err(_) if view.chain.iter().all(|bound| bound.on_fault == OnFault::Pass) => {
                return Ok((Shown::as_stored(batch), true));
            }
            Err(error) => {
                return Err(format!(
                    "the batch at {} cannot be opened: {error}",
                    batch.base_offset()
                ));
            }
        };
        let section = &open.section;
        let mut run = Run {
            base: batch.base_offset(),
            section,
            fates: Fates::all_stay(section.count()),
            passed: false,
        };
        run.through(view, partition.index.0).await?;
        let last = (0..section.count() as u32)
            .rev()
            .find(|place| *run.fates.of(*place) == Fate::Stay)
            .map(|place| batch.base_offset() + i64::from(section.record(place).offset_delta));
        let instead = match last {
            Some(_) if !run.fates.untouched() => {
                let built = edit::remainder(*batch, section, &run.fates, batch.compression());
                Some(built.map_err(|error| error.to_string())?)
            }
            _ => None,
        };
        Ok((Shown { instead, last }, run.passed))
    }
}

struct Run<'a> {
    /// The batch's first offset.
    base: Offset,
    section: &'a Section,
    fates: Fates,
    passed: bool,
}

impl Run<'_> {
    /// What a shadow is to see.
    fn look(&self, beside: &Beside<'_>, input: &HookInput<'_>, left: &Left, views: &Answered) -> Look {
        let delta = |index| self.section.record(left.place(index)).offset_delta as u32;
        let deltas: Vec<u32> = (0..left.count).map(delta).collect();
        beside.look(input, &left.records, Some(&deltas), Answers::View(views.clone()))
    }

    async fn through(&mut self, view: &ReaderView, partition: i32) -> Result<(), String> {
        for bound in &view.chain {
            let left = Left::of(self.section, &self.fates).map_err(|error| error.to_string())?;
            if left.count == 0 {
                return Ok(());
            }
            let input = HookInput {
                topic: &view.topic,
                partition,
                partitions: view.partitions,
                base_timestamp: self.section.base_timestamp(),
                records: &left.records,
                count: left.count,
                failures: &[],
                viewer: Some(view.key.viewer()),
                moment: None,
            };
            let views = bound.plugin.view(input).await;
            if let Some(beside) = bound.beside() {
                self.look(&beside, &input, &left, &views).hand_over(Some(self.base.0));
            }
            for (index, viewed) in views.list {
                let place = left.place(index);
                match viewed {
                    Viewed::Hidden => self.fates.decide(place, Fate::Drop),
                    Viewed::Edit(change) => edit::apply(self.section, &mut self.fates, place, change),
                    Viewed::Fault(_) if bound.on_fault == OnFault::Pass => {
                        edit::mark_passed(self.section, &mut self.fates, place, bound.plugin.name());
                        self.passed = true;
                    }
                    Viewed::Fault(fault) => return Err(format!("{}: {fault}", bound.plugin.name())),
                }
            }
        }
        Ok(())
    }
}
