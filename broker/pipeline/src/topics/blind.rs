//! Where a shadow would have nothing to compare: told when it is deployed, not found out after a week of zeros.

use corvid_metadata::policy::{Binding, OnFault, OnRefused, TopicBindings};
use corvid_metadata::{Image, TopicImage};
use corvid_plugin_host::{Hook, HookSet};

use super::Topics;
use crate::plugins::Plugins;

/// A place of a topic, and the hooks that are asked there.
type Place<'a> = (&'static str, &'a Binding, &'static [Hook]);

impl Topics {
    /// The places where the candidate of `name` sees nothing as a shadow, and why: a sentence each.
    pub async fn blind_spots(&self, image: &Image, name: &str) -> Vec<String> {
        let mut told = Vec::new();
        for topic in image.topics() {
            let bindings = self.configs.topic(image, topic).bindings;
            for (place, binding, hooks) in places(&bindings).filter(|(_, binding, _)| binding.plugin == name) {
                told.extend(match place {
                    "policy" if !leaves_to_policy(&bindings) => Some(format!(
                        "topic {} leaves nothing to its policy (no `on_refused` or `on_fault` is \"policy\"): the shadow has nothing \
                         to compare there",
                        topic.name
                    )),
                    "retry.policy" if !has_retry_topic(image, topic) => Some(format!(
                        "topic {} has no retry topic yet: the shadow has nothing to compare there until a consumer group has one",
                        topic.name
                    )),
                    _ => self.nothing_common(image, &topic.name, place, binding, hooks).await,
                });
            }
        }
        told
    }

    /// What is not there is told of elsewhere.
    async fn nothing_common(
        &self,
        image: &Image,
        topic: &str,
        place: &str,
        binding: &Binding,
        hooks: &[Hook],
    ) -> Option<String> {
        let (candidate, _) = Plugins::trial_key(image, binding)?;
        let active = self.plugins.load(&Plugins::key(image, binding).ok()?).await.ok()?;
        let candidate = self.plugins.load(&candidate).await.ok()?;
        let both = |hook: &&Hook| active.hooks().has(**hook) && candidate.hooks().has(**hook);
        if hooks.iter().any(|hook| both(&hook)) {
            return None;
        }
        let has = |hooks: HookSet| hooks.iter().map(Hook::name).collect::<Vec<_>>().join(", ");
        Some(format!(
            "topic {topic} binds it as {place}, where generation {} has {} and generation {} has {}: the shadow has nothing to \
             compare there",
            active.generation(),
            has(active.hooks()),
            candidate.generation(),
            has(candidate.hooks()),
        ))
    }
}

/// Every place; what a retry topic has of its source is the source's.
fn places(bindings: &TopicBindings) -> impl Iterator<Item = Place<'_>> {
    let of_retry = bindings.retry.as_ref().filter(|_| bindings.retry_of.is_none());
    let of_retry = of_retry.and_then(|retry| retry.policy.as_ref());
    let produce = at("produce", &bindings.produce, &[Hook::Validate, Hook::Transform]);
    let partitioner = at("partitioner", &bindings.partitioner, &[Hook::Partition]);
    let fetch = at("fetch", &bindings.fetch, &[Hook::View]);
    let policy = at("policy", &bindings.policy, &[Hook::Policy]);
    let of_retry = at("retry.policy", of_retry, &[Hook::Policy]);
    produce.chain(partitioner).chain(fetch).chain(policy).chain(of_retry)
}

fn at<'a>(
    place: &'static str,
    bindings: impl IntoIterator<Item = &'a Binding>,
    hooks: &'static [Hook],
) -> impl Iterator<Item = Place<'a>> {
    bindings.into_iter().map(move |binding| (place, binding, hooks))
}

fn leaves_to_policy(bindings: &TopicBindings) -> bool {
    bindings.all().any(|binding| {
        bindings.on_refused_of(binding) == OnRefused::Policy || bindings.on_fault_of(binding) == OnFault::Policy
    })
}

fn has_retry_topic(image: &Image, source: &TopicImage) -> bool {
    let of = |topic: &TopicImage| {
        let bindings = TopicBindings::from_configs(&topic.name, &topic.configs).ok()?;
        Some(bindings.retry_of?.source == source.name)
    };
    image.topics().any(|topic| of(topic) == Some(true))
}
