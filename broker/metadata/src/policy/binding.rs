//! One plugin at one place of a topic.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{OnFault, OnRefused, Readers, ReadersError};
use crate::limits::{MAX_BINDINGS, MAX_TABLES};
use crate::topic_name::{self, TopicNameError};
use crate::units;

/// A plugin's name, or a table with what differs from the topic's and the plugin's own settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The name of a plugin of the image.
    pub plugin: String,
    /// Instead of the plugin's own configuration.
    pub config: Option<Value>,
    /// Instead of the topic's `corvid.on.refused`.
    pub on_refused: Option<OnRefused>,
    /// Instead of the topic's `corvid.on.fault`.
    pub on_fault: Option<OnFault>,
    /// Over the plugin's own limits.
    pub limits: PluginLimits,
    /// In `fetch`: who sees the topic through it.
    pub readers: Readers,
    /// The topics that it may look things up in, by the names that the plugin knows them by.
    pub tables: BTreeMap<String, String>,
}

/// The longest name of a table.
const TABLE_NAME_BYTES_MAX: usize = 64;

/// What a call may take. What is `None` is decided a level below: binding, plugin, host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginLimits {
    /// CPU time of one call, in milliseconds; written `deadline = "20ms"`.
    #[serde(
        rename = "deadline",
        default,
        with = "units::serde_duration_ms",
        skip_serializing_if = "Option::is_none"
    )]
    pub deadline_ms: Option<u64>,
    /// The ceiling of an instance's memory, in bytes; written `memory = "16MiB"`.
    #[serde(
        rename = "memory",
        default,
        with = "units::serde_bytes",
        skip_serializing_if = "Option::is_none"
    )]
    pub memory_bytes: Option<u64>,
}

impl PluginLimits {
    /// These limits, and `below` where they say nothing.
    #[must_use]
    pub fn or(self, below: PluginLimits) -> PluginLimits {
        PluginLimits {
            deadline_ms: self.deadline_ms.or(below.deadline_ms),
            memory_bytes: self.memory_bytes.or(below.memory_bytes),
        }
    }
}

/// The longest CPU time of a call: a connection waits meanwhile, and a core is busy.
pub const DEADLINE_MAX_MS: u64 = 10_000;
/// The most memory of an instance: there are several of each binding.
pub const MEMORY_MAX_BYTES: u64 = 1 << 30;
/// One page: nothing smaller can be had.
pub const MEMORY_MIN_BYTES: u64 = 64 << 10;

/// Limits that no plugin can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Nothing, or far too long.
    #[error("a deadline of {0} ms: a call may take 1 ms to {max} s of CPU time", max = DEADLINE_MAX_MS / 1000)]
    Deadline(u64),
    /// Nothing, or more than there can be.
    #[error("{0} bytes of memory: an instance may have 64KiB to 1GiB")]
    Memory(u64),
}

impl PluginLimits {
    /// Whether they are within what any plugin may take. What the metadata has is not looked at again.
    pub fn check(self) -> Result<(), LimitsError> {
        if let Some(ms) = self.deadline_ms.filter(|ms| !(1..=DEADLINE_MAX_MS).contains(ms)) {
            return Err(LimitsError::Deadline(ms));
        }
        let memory = MEMORY_MIN_BYTES..=MEMORY_MAX_BYTES;
        match self.memory_bytes.filter(|bytes| !memory.contains(bytes)) {
            Some(bytes) => Err(LimitsError::Memory(bytes)),
            None => Ok(()),
        }
    }
}

/// A config value that is no binding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// Not JSON, or not of the shape of a binding.
    #[error("{0}; expected a plugin's name or a table {{ plugin, config, tables, on_refused, on_fault, limits }}")]
    Shape(String),
    /// The empty name.
    #[error("a binding names no plugin")]
    NoName,
    /// A chain that runs one plugin in one configuration twice is a slip of the pen.
    #[error("plugin \"{0}\" is bound twice with the same configuration")]
    Twice(String),
    /// Something that is for views is said of another hook.
    #[error("plugin \"{0}\": clients, principals and groups are for the views of `fetch`")]
    NoView(String),
    /// Something is said of a view that a view hasn't got.
    #[error("plugin \"{plugin}\" of `fetch`: {reason}")]
    View {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Nobody, or nobody who can be known.
    #[error("plugin \"{plugin}\" of `fetch`: {error}")]
    Readers {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        #[source]
        error: ReadersError,
    },
    /// Tables where a record would be judged otherwise when it is judged again.
    #[error(
        "plugin \"{plugin}\" of `{place}`: a {what} has no tables, since they change, and it has to answer the same for the same \
         record; validators, transforms and policies have them"
    )]
    NoTables {
        /// The plugin.
        plugin: String,
        /// The key of the topic.
        place: &'static str,
        /// What is bound there.
        what: &'static str,
    },
    /// What plugins can't open.
    #[error(
        "plugin \"{plugin}\": \"{table}\" is no name of a table: it has 1 to {TABLE_NAME_BYTES_MAX} of a to z, A to Z, 0 to 9, \
         `.`, `_` and `-`"
    )]
    TableName {
        /// The plugin.
        plugin: String,
        /// The name.
        table: String,
    },
    /// What is no topic.
    #[error("plugin \"{plugin}\": table `{table}`: {error}")]
    TableTopic {
        /// The plugin.
        plugin: String,
        /// The table's name.
        table: String,
        /// What is wrong.
        #[source]
        error: TopicNameError,
    },
    /// More than a plugin may take, or nothing.
    #[error("plugin \"{plugin}\": {error}")]
    Limits {
        /// The plugin.
        plugin: String,
        /// What is wrong.
        #[source]
        error: LimitsError,
    },
    /// More than anyone needs: each is in memory.
    #[error("plugin \"{plugin}\" has {count} tables, the limit is {MAX_TABLES}")]
    TooManyTables {
        /// The plugin.
        plugin: String,
        /// How many.
        count: usize,
    },
    /// More than anyone needs: each costs on every produce.
    #[error("{count} plugins are bound, the limit is {limit}")]
    TooMany {
        /// How many were listed.
        count: usize,
        /// How many may be.
        limit: usize,
    },
}

impl Binding {
    /// A plugin with nothing of its own.
    pub fn named(plugin: impl Into<String>) -> Self {
        Binding {
            plugin: plugin.into(),
            config: None,
            on_refused: None,
            on_fault: None,
            limits: PluginLimits::default(),
            readers: Readers::default(),
            tables: BTreeMap::new(),
        }
    }

    /// Reads `corvid.partitioner`, as [`parse`](Self::parse) does.
    pub fn parse_partitioner(text: &str) -> Result<Self, BindingError> {
        let binding = Self::parse(text)?;
        binding.has_no_tables("partitioner", "partitioner")?;
        Ok(binding)
    }

    /// Reads `corvid.policy`: a bare name, a JSON string, or a JSON object.
    pub fn parse(text: &str) -> Result<Self, BindingError> {
        let text = text.trim();
        let binding = if text.starts_with(['{', '"']) {
            serde_json::from_str(text).map_err(|error| BindingError::Shape(error.to_string()))?
        } else {
            Binding::named(text)
        };
        if binding.plugin.is_empty() {
            Err(BindingError::NoName)
        } else {
            binding.check_produce()?;
            Ok(binding)
        }
    }

    /// Reads `corvid.produce`: a JSON array of bindings, or names with commas between them, as
    /// people type lists into kafka-configs.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BindingError> {
        let bindings = Self::read_list(text)?;
        bindings.iter().try_for_each(Binding::check_produce)?;
        check_list(&bindings, |one, other| {
            one.plugin == other.plugin && one.config == other.config && one.tables == other.tables
        })?;
        Ok(bindings)
    }

    /// Reads `corvid.fetch`: a list as that of `corvid.produce`, of views.
    pub fn parse_views(text: &str) -> Result<Vec<Self>, BindingError> {
        let bindings = Self::read_list(text)?;
        bindings.iter().try_for_each(Binding::check_view)?;
        // The same view may be for one group of readers here and for another there.
        check_list(&bindings, |one, other| {
            one.plugin == other.plugin && one.config == other.config && one.readers == other.readers
        })?;
        Ok(bindings)
    }

    fn read_list(text: &str) -> Result<Vec<Self>, BindingError> {
        let text = text.trim();
        let bindings: Vec<Binding> = if text.starts_with('[') {
            serde_json::from_str(text).map_err(|error| BindingError::Shape(error.to_string()))?
        } else if text.starts_with('{') {
            vec![serde_json::from_str(text).map_err(|error| BindingError::Shape(error.to_string()))?]
        } else {
            text.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(Binding::named)
                .collect()
        };
        Ok(bindings)
    }

    /// Whether its limits are such as can be set. What is set already is not looked at again.
    pub(crate) fn check_limits(&self) -> Result<(), BindingError> {
        self.limits.check().map_err(|error| BindingError::Limits {
            plugin: self.plugin.clone(),
            error,
        })
    }

    fn check_produce(&self) -> Result<(), BindingError> {
        if !self.readers.is_everybody() {
            return Err(BindingError::NoView(self.plugin.clone()));
        }
        self.check_tables()
    }

    fn check_tables(&self) -> Result<(), BindingError> {
        let plugin = || self.plugin.clone();
        let count = self.tables.len();
        if count > MAX_TABLES {
            return Err(BindingError::TooManyTables {
                plugin: plugin(),
                count,
            });
        }
        for (table, topic) in &self.tables {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if !(1..=TABLE_NAME_BYTES_MAX).contains(&table.len()) || !table.bytes().all(legal) {
                let table = table.clone();
                return Err(BindingError::TableName {
                    plugin: plugin(),
                    table,
                });
            }
            topic_name::check(topic).map_err(|error| BindingError::TableTopic {
                plugin: plugin(),
                table: table.clone(),
                error,
            })?;
        }
        Ok(())
    }

    fn has_no_tables(&self, place: &'static str, what: &'static str) -> Result<(), BindingError> {
        if self.tables.is_empty() {
            return Ok(());
        }
        let plugin = self.plugin.clone();
        Err(BindingError::NoTables { plugin, place, what })
    }

    fn check_view(&self) -> Result<(), BindingError> {
        let plugin = self.plugin.clone();
        if self.on_refused.is_some() {
            let reason = "a view refuses nothing, so on_refused has no meaning here";
            return Err(BindingError::View { plugin, reason });
        }
        if self.on_fault == Some(OnFault::DeadLetter) {
            let reason =
                "on_fault = \"dead-letter\" has no meaning here, since nothing is written; there are refuse and pass";
            return Err(BindingError::View { plugin, reason });
        }
        self.has_no_tables("fetch", "view")?;
        let readers = self.readers.check();
        readers.map_err(|error| BindingError::Readers { plugin, error })
    }

    /// The value of a config: the bare name where that says it all.
    pub fn to_config(&self) -> String {
        if self.is_bare() && !self.plugin.starts_with(['{', '"']) {
            self.plugin.clone()
        } else {
            serde_json::to_string(self).expect("a binding is plain data")
        }
    }

    /// The value of `corvid.produce`.
    pub fn list_to_config(bindings: &[Binding]) -> String {
        serde_json::to_string(bindings).expect("a binding is plain data")
    }

    fn is_bare(&self) -> bool {
        self.config.is_none()
            && self.on_refused.is_none()
            && self.on_fault.is_none()
            && self.limits == PluginLimits::default()
            && self.readers.is_everybody()
            && self.tables.is_empty()
    }
}

fn check_list(bindings: &[Binding], twins: impl Fn(&Binding, &Binding) -> bool) -> Result<(), BindingError> {
    if bindings.len() > MAX_BINDINGS {
        return Err(BindingError::TooMany {
            count: bindings.len(),
            limit: MAX_BINDINGS,
        });
    }
    for (index, binding) in bindings.iter().enumerate() {
        if binding.plugin.is_empty() {
            return Err(BindingError::NoName);
        }
        if bindings[..index].iter().any(|other| twins(other, binding)) {
            return Err(BindingError::Twice(binding.plugin.clone()));
        }
    }
    Ok(())
}

/// The shape of the table, apart so that a bare name can stand for it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    plugin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_refused: Option<OnRefused>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_fault: Option<OnFault>,
    #[serde(default, skip_serializing_if = "is_default")]
    limits: PluginLimits,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clients: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    principals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tables: BTreeMap<String, String>,
}

fn is_default(limits: &PluginLimits) -> bool {
    *limits == PluginLimits::default()
}

impl Serialize for Binding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_bare() {
            return serializer.serialize_str(&self.plugin);
        }
        Table {
            plugin: self.plugin.clone(),
            config: self.config.clone(),
            on_refused: self.on_refused,
            on_fault: self.on_fault,
            limits: self.limits,
            clients: self.readers.clients.clone(),
            principals: self.readers.principals.clone(),
            groups: self.readers.groups.clone(),
            tables: self.tables.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Binding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By way of a value, and not `untagged`: so that an error says which field is wrong.
        let table: Table = match Value::deserialize(deserializer)? {
            Value::String(plugin) => return Ok(Binding::named(plugin)),
            value => serde_json::from_value(value).map_err(serde::de::Error::custom)?,
        };
        let Table {
            plugin,
            config,
            on_refused,
            on_fault,
            limits,
            clients,
            principals,
            groups,
            tables,
        } = table;
        Ok(Binding {
            plugin,
            config,
            on_refused,
            on_fault,
            limits,
            readers: Readers {
                clients,
                principals,
                groups,
            },
            tables,
        })
    }
}
