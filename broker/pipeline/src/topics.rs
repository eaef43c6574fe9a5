//! Topics as the produce path sees them: settings and loaded hooks, swapped whole when the metadata changes.

mod blind;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use corvid_metadata::config::Configs;
use corvid_metadata::policy::{Binding, TopicBindings};
use corvid_metadata::{Image, TopicId, TopicImage, TopicSettings};
use corvid_plugin_host::Plugin;
use corvid_replication::NodeConfigs;

use crate::assemble::DeadLetterTopic;
use crate::compacted;
use crate::decided::{Decided, TopicNotes};
use crate::plan::{BoundHook, BoundPolicy, TopicPlan, fits_partitioner, fits_policy, fits_produce};
use crate::plugins::{BoundKey, PluginError, PluginKey, Plugins};
use crate::produce::ProduceTopic;
use crate::room::Room;
use crate::routes;
use crate::shadow::{Shadow, Shadows};
use crate::tables;
use crate::trial::Trial;
use crate::view::{TopicViews, Views};

/// Every topic of the metadata. A topic that is not here yet is not produced to.
pub struct Topics {
    configs: NodeConfigs,
    plugins: Arc<Plugins>,
    /// For batches that are open: each topic has its share, and the views of all have one.
    room: Room,
    shadows: Shadows,
    views: Views,
    decided: Arc<Decided>,
    by_id: ArcSwap<BTreeMap<TopicId, Arc<ProduceTopic>>>,
}

impl Topics {
    /// No topics yet.
    ///
    /// Of what views have shown, `view_cache_bytes` are kept.
    pub fn new(
        configs: NodeConfigs,
        plugins: Arc<Plugins>,
        decided: Arc<Decided>,
        view_cache_bytes: usize,
    ) -> Arc<Self> {
        let room = Room::default();
        Arc::new(Self {
            configs,
            plugins,
            views: Views::new(room.for_another(), view_cache_bytes),
            room,
            shadows: Shadows::default(),
            decided,
            by_id: ArcSwap::default(),
        })
    }

    /// A topic, ready to be produced to.
    pub fn get(&self, id: TopicId) -> Option<Arc<ProduceTopic>> {
        self.by_id.load().get(&id).cloned()
    }

    /// Every topic.
    pub fn all(&self) -> Arc<BTreeMap<TopicId, Arc<ProduceTopic>>> {
        self.by_id.load_full()
    }

    /// Which generations decided on which offsets.
    pub fn decided(&self) -> &Arc<Decided> {
        &self.decided
    }

    /// The plugins that topics bind.
    pub fn plugins(&self) -> &Arc<Plugins> {
        &self.plugins
    }

    /// What the views of all topics share.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Takes over `image`. Requests under way finish with what they began with.
    ///
    /// A topic whose plugins do not load keeps the hooks that it has, if it has some: the change was checked
    /// before it was committed, so this is a fault of this node, and it is logged.
    pub async fn reconcile(&self, image: &Image) {
        let before = self.by_id.load_full();
        if before.is_empty() {
            self.decided.begin(image).await;
        }
        let mut now = BTreeMap::new();
        for topic in image.topics() {
            let old = before.get(&topic.id);
            now.insert(topic.id, self.topic(image, topic, old).await);
        }
        let bound = |topics: &BTreeMap<TopicId, Arc<ProduceTopic>>| {
            let views = |topic: &ProduceTopic| {
                topic
                    .views
                    .iter()
                    .flat_map(|views| views.keys().cloned())
                    .collect::<Vec<_>>()
            };
            let keys = topics
                .values()
                .flat_map(|topic| topic.keys.iter().flat_map(BoundKey::all).cloned().chain(views(topic)));
            keys.collect::<BTreeSet<_>>()
        };
        let has_views = |topic: &Arc<ProduceTopic>| !topic.settings.bindings.fetch.is_empty();
        self.views.set_bound(now.values().any(has_views));
        let changed = before.is_empty() || bound(&now) != bound(&before);
        self.plugins.tables().reconcile(image);
        self.by_id.store(Arc::new(now));
        drop(before);
        let tried = |name: &str, generation| {
            image
                .candidate(name)
                .is_some_and(|candidate| candidate.plugin.generation == generation)
        };
        self.shadows.keep(tried);
        self.plugins.forget_unused();
        if changed {
            self.plugins.prune_cache().await;
        }
    }

    async fn topic(&self, image: &Image, topic: &TopicImage, old: Option<&Arc<ProduceTopic>>) -> Arc<ProduceTopic> {
        let settings = self.configs.topic(image, topic);
        let dead_letters = dead_letters(image, &settings.bindings);
        let keys = keys(image, &settings.bindings);
        let partitions = topic.partitions.len() as i32;
        if let (Some(old), Ok(keys)) = (old, &keys)
            && old.plan.is_ok()
            && old
                .views
                .as_ref()
                .is_ok_and(|views| views.is_of(image, &settings.bindings))
            && (old.partitions, &old.settings, &old.dead_letters) == (partitions, &settings, &dead_letters)
            && old.keys == *keys
        {
            return old.clone();
        }
        let plan = self.plan(image, topic, &settings, keys.as_ref()).await;
        let plan =
            plan.inspect_err(|reason| tracing::error!(topic = %topic.name, reason, "the topic takes no records"));
        let views = TopicViews::load(&self.plugins, &self.shadows, image, &settings.bindings).await;
        let views = views.inspect_err(
            |reason| tracing::error!(topic = %topic.name, reason, "the topic is not shown to those its views are for"),
        );
        Arc::new(ProduceTopic {
            notes: self.notes(topic, plan.as_ref().ok(), old),
            name: topic.name.as_str().into(),
            partitions,
            settings,
            plan,
            dead_letters,
            keys: keys.unwrap_or_default(),
            views,
            retry_meter: old.map(|old| old.retry_meter.clone()).unwrap_or_default(),
            room: old.map_or_else(|| self.room.for_another(), |old| old.room.clone()),
        })
    }

    /// Topics that never bound a plugin have no notes, and pay nothing for them.
    fn notes(
        &self,
        topic: &TopicImage,
        plan: Option<&TopicPlan>,
        old: Option<&Arc<ProduceTopic>>,
    ) -> Option<TopicNotes> {
        let before = old.and_then(|old| old.notes.as_ref());
        let Some(plan) = plan else {
            // Nothing is appended now, but what was begun may be under way still.
            return before.map(|before| TopicNotes::new(self.decided.clone(), Vec::new(), Some(before)));
        };
        if plan.is_empty() && before.is_none() && !self.decided.knows(topic.id) {
            return None;
        }
        let deciders = topic.numbered().map(|(index, _)| plan.deciders(index.0)).collect();
        Some(TopicNotes::new(self.decided.clone(), deciders, before))
    }

    async fn plan(
        &self,
        image: &Image,
        topic: &TopicImage,
        settings: &TopicSettings,
        keys: Result<&Vec<BoundKey>, &PluginError>,
    ) -> Result<TopicPlan, String> {
        let bindings = &settings.bindings;
        let keys = keys.map_err(ToString::to_string)?;
        not_its_own_dead_letters(topic, bindings)?;
        letters_stay(&self.configs, image, bindings)?;
        has_a_table(bindings)?;
        if let Some(missing) = routes::missing(image, topic, settings) {
            return Err(missing);
        }
        tables::check(&self.configs, image, bindings)?;
        let mut hooks = Vec::with_capacity(keys.len());
        let all = keys;
        let mut keys = keys.iter();
        for (binding, key) in bindings.all().zip(keys.by_ref()) {
            let plugin = self
                .plugins
                .load(&key.active)
                .await
                .map_err(|error| error.to_string())?;
            hooks.push(BoundHook {
                plugin,
                on_refused: bindings.on_refused_of(binding),
                on_fault: bindings.on_fault_of(binding),
                trial: self.trial(&topic.name, key, fits(bindings, binding)).await,
            });
        }
        let partitioner = bindings.partitioner.is_some().then(|| hooks.pop()).flatten();
        let policy = match keys.next() {
            Some(key) => {
                let plugin = self.plugins.load(&key.active).await;
                Some(BoundPolicy {
                    plugin: plugin.map_err(|error| error.to_string())?,
                    trial: self.trial(&topic.name, key, fits_policy).await,
                })
            }
            None => None,
        };
        let mut plan = TopicPlan::new(hooks, partitioner, policy)?;
        plan.tables = self.plugins.tables_of(all.iter().flat_map(BoundKey::all));
        Ok(plan)
    }

    /// The candidate of a binding. One that cannot be had here decides nothing: the active generation does, as before.
    async fn trial(&self, topic: &str, key: &BoundKey, fits: Fits) -> Option<Trial> {
        let (key, rollout) = key.trial.as_ref()?;
        match self.candidate(key, fits).await {
            Ok(plugin) => {
                let shadow = || self.shadows.get(&key.name, key.generation);
                Some(Trial::new(plugin, rollout, shadow))
            }
            Err(reason) => {
                tracing::error!(
                    topic,
                    plugin = key.name,
                    generation = key.generation,
                    reason,
                    "not tried here"
                );
                None
            }
        }
    }

    /// A candidate that could take its active generation's place.
    async fn candidate(&self, key: &PluginKey, fits: Fits) -> Result<Arc<Plugin>, String> {
        let plugin = self.plugins.load(key).await.map_err(|error| error.to_string())?;
        fits(&plugin).map(|()| plugin)
    }

    /// What the shadow of a generation has found, if it is tried so and bound.
    pub fn shadow(&self, plugin: &str, generation: u64) -> Option<Arc<Shadow>> {
        self.shadows.find(plugin, generation)
    }

    /// Whether every topic of `image`, which is not committed yet, would have its hooks: what does not load or
    /// fails its self-test is refused here, and what runs stays.
    pub async fn check(&self, image: &Image) -> Result<(), String> {
        for (name, record) in image.plugins() {
            let known = Plugins::key_of_record(name, record);
            self.plugins.load(&known).await.map_err(|error| error.to_string())?;
            if let Some(candidate) = image.candidate(name) {
                let tried = Plugins::key_of_record(name, &candidate.plugin);
                self.plugins.load(&tried).await.map_err(|error| error.to_string())?;
            }
        }
        for topic in image.topics() {
            let bindings = self.configs.topic(image, topic).bindings;
            let first = not_its_own_dead_letters(topic, &bindings)
                .and_then(|()| tables::check(&self.configs, image, &bindings));
            let checked = match first {
                Ok(()) => self.check_bindings(image, &bindings).await,
                Err(error) => Err(error),
            };
            let about = |error| format!("topic {}: {error}", topic.name);
            checked.map_err(about)?;
            self.check_held(image, topic).map_err(about)?;
            let of_retry = bindings.retry.as_ref().and_then(|retry| retry.policy.as_ref());
            let policies = bindings.policy.iter().chain(of_retry);
            let places = bindings.all().map(|binding| (binding, fits(&bindings, binding)));
            for (binding, fits) in places.chain(policies.map(|binding| (binding, fits_policy as Fits))) {
                if let Some((key, _)) = Plugins::trial_key(image, binding) {
                    self.candidate(&key, fits).await.map_err(about)?;
                }
            }
            let candidates = TopicViews::check_candidates(&self.plugins, image, &bindings).await;
            candidates.map_err(about)?;
        }
        Ok(())
    }

    /// Whether a topic could have these configs, with the plugins and topics of `image`: what they bind can be had, and what others
    /// look up in it stays a table. Values that aren't understood are refused elsewhere.
    pub async fn check_configs(&self, image: &Image, topic: &str, configs: &Configs) -> Result<(), String> {
        if let Ok(bindings) = TopicBindings::from_configs(topic, configs) {
            tables::check(&self.configs, image, &bindings)?;
            self.check_bindings(image, &bindings).await?;
        }
        let Some(before) = image.topic(topic) else {
            return Ok(());
        };
        tables::check_source(&self.configs, image, before, configs)?;
        let after = TopicImage {
            configs: configs.clone(),
            ..(**before).clone()
        };
        self.check_held(image, &after)
    }

    /// As the topic will be in `image`, against how it is.
    fn check_held(&self, image: &Image, after: &TopicImage) -> Result<(), String> {
        let Some(before) = self.get(after.id) else {
            return Ok(());
        };
        let settings = self.configs.topic(image, after);
        let replicas = self.plugins.tables().replicas();
        compacted::check_held(replicas, after.id, &before.settings, &settings, before.partitions)
    }

    async fn check_bindings(&self, image: &Image, bindings: &TopicBindings) -> Result<(), String> {
        let checked = self.try_bindings(image, bindings).await;
        if checked.is_err() {
            // What was loaded to be tried, and will not be bound.
            self.plugins.forget_unused();
        }
        checked
    }

    async fn try_bindings(&self, image: &Image, bindings: &TopicBindings) -> Result<(), String> {
        let mut hooks = Vec::new();
        for binding in bindings.all() {
            hooks.push(BoundHook {
                plugin: self.tried(image, binding).await?,
                on_refused: bindings.on_refused_of(binding),
                on_fault: bindings.on_fault_of(binding),
                trial: None,
            });
        }
        let partitioner = bindings.partitioner.is_some().then(|| hooks.pop()).flatten();
        let policy = match &bindings.policy {
            Some(binding) => Some(self.tried_policy(image, binding).await?),
            None => None,
        };
        TopicPlan::new(hooks, partitioner, policy)?;
        // Bound at the source, and called in its retry topics.
        let of_retry = bindings.retry.as_ref().and_then(|retry| retry.policy.as_ref());
        if let Some(binding) = of_retry {
            TopicPlan::new(Vec::new(), None, Some(self.tried_policy(image, binding).await?))?;
        }
        TopicViews::check(&self.plugins, image, bindings).await
    }

    async fn tried_policy(&self, image: &Image, binding: &Binding) -> Result<BoundPolicy, String> {
        let plugin = self.tried(image, binding).await?;
        Ok(BoundPolicy { plugin, trial: None })
    }

    /// The plugin of a binding that is not in effect yet.
    async fn tried(&self, image: &Image, binding: &Binding) -> Result<Arc<Plugin>, String> {
        let key = Plugins::key(image, binding).map_err(|error| error.to_string())?;
        self.plugins.load(&key).await.map_err(|error| error.to_string())
    }
}

/// Refuses a dead-letter topic that is compacted: a letter would take the place of an earlier one with its key.
fn letters_stay(configs: &NodeConfigs, image: &Image, bindings: &TopicBindings) -> Result<(), String> {
    if !bindings.dead_letters() {
        return Ok(());
    }
    let mut topics = bindings.dead_letter.topics().filter_map(|name| image.topic(name));
    match topics.find(|topic| configs.topic(image, topic).cleanup_policy.compacts()) {
        Some(topic) => Err(format!(
            "its dead-letter topic {} is compacted (cleanup.policy), and letters with one key would replace each other",
            topic.name
        )),
        None => Ok(()),
    }
}

/// Refuses a topic whose letters would go to itself: one entry could have two parts for one partition, and the link's
/// position, which is one for the whole entry, would be past the second when the first is there.
fn not_its_own_dead_letters(topic: &TopicImage, bindings: &TopicBindings) -> Result<(), String> {
    if bindings.dead_letters() && bindings.dead_letter.topics().any(|name| name == topic.name) {
        return Err("a topic cannot be its own dead-letter topic".to_owned());
    }
    Ok(())
}

/// A retry topic whose source is gone, or has no retry table any more, could only guess.
fn has_a_table(bindings: &TopicBindings) -> Result<(), String> {
    match &bindings.retry_of {
        Some(of) if bindings.retry.is_none() => Err(format!(
            "it is the retry topic of \"{}\", which is not there or has no retry table",
            of.source
        )),
        _ => Ok(()),
    }
}

/// The plugins that the topic's own plan takes, in the order in which they are asked: the policy comes last. Of a retry topic
/// that is its source's, which the source itself never asks.
fn keys(image: &Image, bindings: &TopicBindings) -> Result<Vec<BoundKey>, PluginError> {
    let of_retry = bindings.retry.as_ref().filter(|_| bindings.retry_of.is_some());
    let policy = match of_retry {
        Some(retry) => &retry.policy,
        None => &bindings.policy,
    };
    let key = |binding| {
        Ok(BoundKey {
            active: Plugins::key(image, binding)?,
            trial: Plugins::trial_key(image, binding),
        })
    };
    bindings.all().chain(policy).map(key).collect()
}

/// Whether a plugin has the hook of its place.
type Fits = fn(&Plugin) -> Result<(), String>;

/// What this binding of a produce wants.
fn fits(bindings: &TopicBindings, binding: &Binding) -> Fits {
    let partitioner = bindings.partitioner.as_ref();
    if partitioner.is_some_and(|partitioner| std::ptr::eq(partitioner, binding)) {
        fits_partitioner
    } else {
        fits_produce
    }
}

/// The usual one first, then those that a policy may choose, in their order. While one is missing, so is the plan.
fn dead_letters(image: &Image, bindings: &TopicBindings) -> Vec<DeadLetterTopic> {
    if !bindings.dead_letters() {
        return Vec::new();
    }
    let topics = bindings.dead_letter.topics().map(|name| {
        let topic = image.topic(name)?;
        Some(DeadLetterTopic {
            id: topic.id,
            partitions: topic.partitions.len() as i32,
            headers: bindings.dead_letter.headers,
        })
    });
    topics.collect::<Option<_>>().unwrap_or_default()
}
