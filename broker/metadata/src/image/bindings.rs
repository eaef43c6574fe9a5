//! What a topic's policy and the deployed plugins owe each other.

use super::{Conflict, Image, TopicImage};
use crate::config::validate_bindings;
use crate::policy::TopicBindings;

impl Image {
    /// Every plugin that the topic binds is deployed, and it may have a partitioner if it has one.
    /// Configs that this release can't read bind nothing here: they are an error where they are used.
    pub(super) fn check_bindings(&self, topic: &TopicImage) -> Result<(), Conflict> {
        let Ok(bindings) = TopicBindings::from_configs(&topic.name, &topic.configs) else {
            return Ok(());
        };
        for binding in bindings.everywhere() {
            if !self.plugins.contains_key(&binding.plugin) {
                return Err(Conflict::UnknownPlugin {
                    topic: topic.name.clone(),
                    plugin: binding.plugin.clone(),
                });
            }
        }
        match validate_bindings(&topic.name, &topic.configs, &bindings) {
            Some(reason) => Err(Conflict::PartitionerRefused(reason)),
            None => Ok(()),
        }
    }

    /// The topics that bind this plugin, by name.
    pub fn topics_binding<'a>(&'a self, plugin: &'a str) -> impl Iterator<Item = &'a str> {
        self.topics().filter_map(move |topic| {
            let bindings = TopicBindings::from_configs(&topic.name, &topic.configs).ok()?;
            bindings
                .everywhere()
                .any(|binding| binding.plugin == plugin)
                .then_some(topic.name.as_str())
        })
    }

    /// Who looks things up in this topic: another topic, and the plugin that it binds.
    pub fn looked_up_by(&self, table: &str) -> Option<(&str, String)> {
        self.topics().filter(|topic| topic.name != table).find_map(|topic| {
            let bindings = TopicBindings::from_configs(&topic.name, &topic.configs).ok()?;
            let binding = bindings
                .everywhere()
                .find(|binding| binding.tables.values().any(|name| name == table))?;
            Some((topic.name.as_str(), binding.plugin.clone()))
        })
    }
}
