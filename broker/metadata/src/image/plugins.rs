//! Plugins in the image: put, tried, promoted, abandoned, removed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Conflict, Image};
use crate::ids::Digest;
use crate::plugin::{Candidate, Ended, Lineage, Rollout};
use crate::record::PluginRecord;

impl Image {
    /// What there is of a plugin beside its active generation; nothing, if it never had another.
    pub fn lineage(&self, name: &str) -> Option<&Lineage> {
        self.lineages.get(name)
    }

    /// The generation of a plugin that is tried.
    pub fn candidate(&self, name: &str) -> Option<&Candidate> {
        self.lineage(name)?.candidate.as_ref()
    }

    /// The modules of every generation that is active, that is tried, or that may be rolled back to.
    pub fn modules_named(&self) -> BTreeSet<Digest> {
        let active = self.plugins().map(|(_, plugin)| plugin);
        let tried = self.lineages.values().filter_map(|lineage| lineage.candidate.as_ref());
        let past = self.lineages.values().flat_map(|lineage| &lineage.past);
        let all = active
            .chain(tried.map(|candidate| &candidate.plugin))
            .chain(past.map(|past| &past.plugin));
        all.map(|plugin| plugin.module).collect()
    }

    /// The number of a plugin's next generation.
    pub fn next_generation(&self, name: &str) -> u64 {
        self.newest_generation(name) + 1
    }

    fn newest_generation(&self, name: &str) -> u64 {
        let active = self.plugin(name).map_or(0, |plugin| plugin.generation);
        self.lineage(name).map_or(active, |lineage| lineage.newest.max(active))
    }

    pub(super) fn put_plugin(&mut self, name: &str, plugin: &PluginRecord) -> Result<(), Conflict> {
        self.check_generation(name, plugin)?;
        let before = Arc::make_mut(&mut self.plugins).insert(name.to_owned(), Arc::new(plugin.clone()));
        let lineage = self.lineage_mut(name);
        lineage.newest = plugin.generation;
        lineage.abandon();
        if let Some(before) = before {
            lineage.remember(before, Ended::Replaced);
        }
        Ok(())
    }

    pub(super) fn try_plugin(&mut self, name: &str, plugin: &PluginRecord, rollout: &Rollout) -> Result<(), Conflict> {
        if self.plugin(name).is_none() {
            return Err(Conflict::NoSuchPlugin(name.to_owned()));
        }
        self.check_generation(name, plugin)?;
        let lineage = self.lineage_mut(name);
        lineage.newest = plugin.generation;
        lineage.abandon();
        lineage.candidate = Some(Candidate {
            plugin: Arc::new(plugin.clone()),
            rollout: rollout.clone(),
        });
        Ok(())
    }

    pub(super) fn promote_plugin(&mut self, name: &str, generation: u64) -> Result<(), Conflict> {
        let plugin = self.take_candidate(name, generation)?;
        let before = Arc::make_mut(&mut self.plugins).insert(name.to_owned(), plugin);
        if let Some(before) = before {
            self.lineage_mut(name).remember(before, Ended::Replaced);
        }
        Ok(())
    }

    pub(super) fn abandon_plugin(&mut self, name: &str, generation: u64) -> Result<(), Conflict> {
        let plugin = self.take_candidate(name, generation)?;
        self.lineage_mut(name).remember(plugin, Ended::Abandoned);
        Ok(())
    }

    pub(super) fn remove_plugin(&mut self, name: &str) -> Result<(), Conflict> {
        Arc::make_mut(&mut self.lineages).remove(name);
        match Arc::make_mut(&mut self.plugins).remove(name) {
            Some(_) => Ok(()),
            None => Err(Conflict::NoSuchPlugin(name.to_owned())),
        }
    }

    fn check_generation(&self, name: &str, plugin: &PluginRecord) -> Result<(), Conflict> {
        let have = self.newest_generation(name);
        if plugin.generation > have {
            return Ok(());
        }
        Err(Conflict::StaleGeneration {
            plugin: name.to_owned(),
            have,
            given: plugin.generation,
        })
    }

    fn take_candidate(&mut self, name: &str, generation: u64) -> Result<Arc<PluginRecord>, Conflict> {
        let is = |candidate: &Candidate| candidate.plugin.generation == generation;
        if !self.candidate(name).is_some_and(is) {
            return Err(Conflict::NoSuchCandidate {
                plugin: name.to_owned(),
                generation,
            });
        }
        let candidate = self.lineage_mut(name).candidate.take();
        Ok(candidate.expect("it was just looked at").plugin)
    }

    fn lineage_mut(&mut self, name: &str) -> &mut Lineage {
        Arc::make_mut(&mut self.lineages).entry(name.to_owned()).or_default()
    }
}
