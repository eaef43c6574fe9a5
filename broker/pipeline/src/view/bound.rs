//! The views that a topic binds, loaded.

use std::sync::Arc;

use corvid_metadata::policy::{Binding, OnFault, Readers, TopicBindings};
use corvid_metadata::{Image, Rollout};
use corvid_plugin_host::{Hook, Plugin};

use super::{ReaderView, Sight, ViewKey, Who};
use crate::plan::misplaced;
use crate::plugins::{PluginKey, Plugins};
use crate::produce::ProduceTopic;
use crate::shadow::{Beside, Shadows};
use crate::trial::Trial;

/// A topic's views, in the order in which they run.
#[derive(Default)]
pub(crate) struct TopicViews {
    places: Vec<Place>,
}

/// A view at its place: the active generation, and one that is tried.
struct Place {
    active: Arc<BoundView>,
    /// What is tried here, and how.
    trial: Option<(PluginKey, Rollout)>,
    /// The generation that is tried: a canary, which decides for some partitions, or what a shadow asks.
    candidate: Option<Arc<BoundView>>,
}

/// One generation of a view.
pub(crate) struct BoundView {
    pub plugin: Arc<Plugin>,
    pub key: Arc<PluginKey>,
    pub on_fault: OnFault,
    readers: Readers,
    /// The shadow beside it, if there is one.
    shadow: Option<Trial>,
}

impl BoundView {
    async fn load(plugins: &Plugins, key: &PluginKey, binding: &Binding) -> Result<Self, String> {
        let plugin = plugins.load(key).await.map_err(|error| error.to_string())?;
        if !plugin.hooks().view {
            return Err(misplaced(&plugin, "fetch", "a view", &[Hook::View]));
        }
        Ok(Self {
            plugin,
            key: Arc::new(key.clone()),
            on_fault: TopicBindings::on_fault_of_view(binding),
            readers: binding.readers.clone(),
            shadow: None,
        })
    }

    /// The shadow that wants to see what is shown.
    pub(super) fn beside(&self) -> Option<Beside<'_>> {
        self.shadow.as_ref()?.beside(Hook::View)
    }
}

impl Place {
    async fn load(plugins: &Plugins, shadows: &Shadows, image: &Image, binding: &Binding) -> Result<Self, String> {
        let key = Plugins::key(image, binding).map_err(|error| error.to_string())?;
        let mut active = BoundView::load(plugins, &key, binding).await?;
        let trial = Plugins::trial_key(image, binding);
        let candidate = match &trial {
            Some((key, _)) => BoundView::load(plugins, key, binding)
                .await
                .inspect_err(|reason| {
                    tracing::error!(plugin = key.name, generation = key.generation, reason, "not tried here");
                })
                .ok(),
            None => None,
        };
        if let (Some((key, Rollout::Shadow)), Some(candidate)) = (&trial, &candidate) {
            let shadow = || shadows.get(&key.name, key.generation);
            active.shadow = Some(Trial::new(candidate.plugin.clone(), &Rollout::Shadow, shadow));
        }
        Ok(Self {
            active: Arc::new(active),
            trial,
            candidate: candidate.map(Arc::new),
        })
    }

    fn at(&self, partition: i32) -> &Arc<BoundView> {
        match (&self.trial, &self.candidate) {
            (Some((_, Rollout::Canary(partitions))), Some(canary)) if partitions.contains(&partition) => canary,
            _ => &self.active,
        }
    }
}

impl TopicViews {
    /// Loads what `bindings` name; what is loaded already is shared. A candidate that cannot be had is not tried.
    pub(crate) async fn load(
        plugins: &Plugins,
        shadows: &Shadows,
        image: &Image,
        bindings: &TopicBindings,
    ) -> Result<Self, String> {
        let mut places = Vec::with_capacity(bindings.fetch.len());
        for binding in &bindings.fetch {
            places.push(Place::load(plugins, shadows, image, binding).await?);
        }
        Ok(Self { places })
    }

    /// Whether what `bindings` name could be had.
    pub(crate) async fn check(plugins: &Plugins, image: &Image, bindings: &TopicBindings) -> Result<(), String> {
        for binding in &bindings.fetch {
            let key = Plugins::key(image, binding).map_err(|error| error.to_string())?;
            BoundView::load(plugins, &key, binding).await?;
        }
        Ok(())
    }

    /// Whether the candidates of what `bindings` name could take the active generations' places.
    pub(crate) async fn check_candidates(
        plugins: &Plugins,
        image: &Image,
        bindings: &TopicBindings,
    ) -> Result<(), String> {
        for binding in &bindings.fetch {
            if let Some((key, _)) = Plugins::trial_key(image, binding) {
                BoundView::load(plugins, &key, binding).await?;
            }
        }
        Ok(())
    }

    /// What the views were loaded from.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &PluginKey> {
        self.places
            .iter()
            .flat_map(|place| [Some(&place.active), place.candidate.as_ref()])
            .flatten()
            .map(|view| &*view.key)
    }

    /// Whether `image` would load the same.
    pub(crate) fn is_of(&self, image: &Image, bindings: &TopicBindings) -> bool {
        let same = |(place, binding): (&Place, &Binding)| {
            Plugins::key(image, binding).is_ok_and(|key| key == *place.active.key)
                && Plugins::trial_key(image, binding) == place.trial
        };
        self.places.len() == bindings.fetch.len() && self.places.iter().zip(&bindings.fetch).all(same)
    }

    pub(super) fn sight(&self, topic: &ProduceTopic, partition: i32, who: &Who) -> Sight {
        let here = self.places.iter().map(|place| place.at(partition));
        let of_reader = here.filter(|view| view.readers.has(who.reader()));
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
