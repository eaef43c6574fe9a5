//! From a resource's configs and some changes to its configs afterwards. Pure.

use std::collections::{BTreeMap, BTreeSet};

use corvid_metadata::config::{ConfigError, ConfigKey, ConfigType, Configs, keys};
use corvid_metadata::policy::Binding;

use super::{AlterConfigsError, Change, Op};

/// How a resource's keys are found.
type Find = fn(&str) -> Option<&'static ConfigKey>;

/// The configs after these changes.
pub(super) fn edited(present: &Configs, changes: &[Change], find: Find) -> Result<Configs, AlterConfigsError> {
    let mut configs = present.clone();
    let mut seen = BTreeSet::new();
    for change in changes {
        if !seen.insert(&change.key) {
            return Err(AlterConfigsError::Twice(change.key.clone()));
        }
        match &change.op {
            Op::Set(value) => {
                configs.insert(change.key.clone(), value.clone());
            }
            Op::Delete => {
                configs.remove(&change.key);
            }
            Op::Append(words) => {
                let value = list(&configs, &change.key, find, |list| append(&change.key, list, words))?;
                configs.insert(change.key.clone(), value);
            }
            Op::Subtract(words) => {
                let value = list(&configs, &change.key, find, |list| subtract(&change.key, list, words))?;
                configs.insert(change.key.clone(), value);
            }
        }
    }
    Ok(configs)
}

/// The keys whose values differ, with the values that they are to have.
pub(super) fn differences(present: &Configs, wanted: &Configs) -> BTreeMap<String, Option<String>> {
    let set = wanted.iter().filter(|(key, value)| present.get(*key) != Some(value));
    let gone = present.keys().filter(|key| !wanted.contains_key(*key));
    let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
    set.chain(gone.map(|key| (key.clone(), None))).collect()
}

/// A new value must be legal. A config that goes back to its default needs no check: even one
/// that this release does not know may go.
pub(super) fn check(
    key: &str,
    value: Option<&str>,
    validate: impl Fn(&str, &str) -> Result<(), ConfigError>,
    find: Find,
) -> Result<(), AlterConfigsError> {
    match value {
        Some(value) => Ok(validate(key, value)?),
        None if find(key).is_some_and(ConfigKey::read_only) => {
            Err(ConfigError::ReadOnly { key: key.to_owned() }.into())
        }
        None => Ok(()),
    }
}

/// A list's value, set or by default, after a change of it.
fn list(
    configs: &Configs,
    key: &str,
    find: Find,
    change: impl Fn(&str) -> Result<String, ConfigError>,
) -> Result<String, AlterConfigsError> {
    let entry = find(key).filter(|entry| entry.config_type == ConfigType::List);
    let entry = entry.ok_or_else(|| AlterConfigsError::NotAList(key.to_owned()))?;
    let present = configs
        .get(key)
        .map(String::as_str)
        .or(entry.default)
        .unwrap_or_default();
    Ok(change(present)?)
}

fn append(key: &str, list: &str, added: &str) -> Result<String, ConfigError> {
    if is_chain(key) {
        let mut chain = bindings(key, list)?;
        let added = bindings(key, added)?;
        chain.extend(added);
        return Ok(Binding::list_to_config(&chain));
    }
    let mut list = words(list);
    for word in words(added) {
        if !list.contains(&word) {
            list.push(word);
        }
    }
    Ok(list.join(","))
}

fn subtract(key: &str, list: &str, removed: &str) -> Result<String, ConfigError> {
    if is_chain(key) {
        let removed = bindings(key, removed)?;
        let mut chain = bindings(key, list)?;
        chain.retain(|binding| !removed.iter().any(|other| other.plugin == binding.plugin));
        return Ok(Binding::list_to_config(&chain));
    }
    let removed = words(removed);
    let left: Vec<_> = words(list).into_iter().filter(|word| !removed.contains(word)).collect();
    Ok(left.join(","))
}

/// Whether the list is one of bindings.
fn is_chain(key: &str) -> bool {
    matches!(key, keys::PRODUCE | keys::FETCH)
}

fn words(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

fn bindings(key: &str, value: &str) -> Result<Vec<Binding>, ConfigError> {
    let read = if key == keys::FETCH {
        Binding::parse_views(value)
    } else {
        Binding::parse_list(value)
    };
    read.map_err(|error| ConfigError::Invalid {
        key: key.to_owned(),
        value: value.chars().take(100).collect(),
        reason: error.to_string(),
    })
}
