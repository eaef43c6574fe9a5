//! The shadows of a node: one for each generation that is tried so, whatever binds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Shadow;

/// Shadows by plugin and generation.
#[derive(Default)]
pub(crate) struct Shadows(Mutex<BTreeMap<(String, u64), Arc<Shadow>>>);

impl Shadows {
    /// The shadow of this generation, new if it is the first time that it is asked for.
    pub fn get(&self, plugin: &str, generation: u64) -> Arc<Shadow> {
        let mut shadows = self.0.lock();
        let shadow = shadows
            .entry((plugin.to_owned(), generation))
            .or_insert_with(|| Shadow::new(plugin, generation));
        shadow.clone()
    }

    /// The shadow of this generation, if there is one.
    pub fn find(&self, plugin: &str, generation: u64) -> Option<Arc<Shadow>> {
        self.0.lock().get(&(plugin.to_owned(), generation)).cloned()
    }

    /// Forgets those that are not tried any more.
    pub fn keep(&self, tried: impl Fn(&str, u64) -> bool) {
        self.0
            .lock()
            .retain(|(plugin, generation), _| tried(plugin, *generation));
    }
}
