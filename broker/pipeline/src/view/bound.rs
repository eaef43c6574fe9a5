//! The views that a topic binds, loaded.

use std::sync::Arc;

use corvid_metadata::Image;
use corvid_metadata::policy::{OnFault, Readers, TopicBindings};
use corvid_plugin_host::{Hook, Plugin};

use super::{ReaderView, Sight, ViewKey, Who};
use crate::plan::misplaced;
use crate::plugins::{PluginKey, Plugins};
use crate::produce::ProduceTopic;

/// A topic's views, in the order in which they run.
#[derive(Default)]
pub(crate) struct TopicViews {
    bound: Vec<Arc<BoundView>>,
}

/// A view at its place.
pub(crate) struct BoundView {
    pub plugin: Arc<Plugin>,
    pub key: PluginKey,
    pub on_fault: OnFault,
    readers: Readers,
}

impl TopicViews {
    /// Loads what `bindings` name; what is loaded already is shared.
    pub(crate) async fn load(plugins: &Plugins, image: &Image, bindings: &TopicBindings) -> Result<Self, String> {
        let mut bound = Vec::with_capacity(bindings.fetch.len());
        for binding in &bindings.fetch {
            let key = Plugins::key(image, binding).map_err(|error| error.to_string())?;
            let plugin = plugins.load(&key).await.map_err(|error| error.to_string())?;
            if !plugin.hooks().view {
                return Err(misplaced(&plugin, "fetch", "a view", &[Hook::View]));
            }
            bound.push(Arc::new(BoundView {
                plugin,
                key,
                on_fault: TopicBindings::on_fault_of_view(binding),
                readers: binding.readers.clone(),
            }));
        }
        Ok(Self { bound })
    }

    /// What the views were loaded from.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &PluginKey> {
        self.bound.iter().map(|view| &view.key)
    }

    /// Whether `image` would load the same.
    pub(crate) fn is_of(&self, image: &Image, bindings: &TopicBindings) -> bool {
        let key = |binding| Plugins::key(image, binding).ok();
        self.bound.len() == bindings.fetch.len()
            && (self.keys().zip(&bindings.fetch)).all(|(have, binding)| key(binding).as_ref() == Some(have))
    }

    pub(super) fn sight(&self, topic: &ProduceTopic, who: &Who) -> Sight {
        let of_reader = self.bound.iter().filter(|view| view.readers.has(who.reader()));
        let chain: Vec<_> = of_reader.cloned().collect();
        if chain.is_empty() {
            return Sight::Plain;
        }
        let key = ViewKey {
            plugins: chain.iter().map(|view| view.key.clone()).collect(),
            principal: who.principal.clone(),
            client_id: who.client_id.clone(),
        };
        Sight::Through(Arc::new(ReaderView {
            topic: topic.name.clone(),
            partitions: topic.partitions,
            chain,
            key: Arc::new(key),
        }))
    }
}
