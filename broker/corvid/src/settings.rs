//! The settings of a node: its TOML file, read strictly.
//!
//! What the file does not know is an error that says where it stands and what was probably meant; a value that is
//! wrong is one that says what would be right. All that is wrong is told at once. [`Settings::parse`] is pure;
//! [`Settings::load`] reads the file, [`application`](Settings::application) the modules that it names.
//!
//! | | |
//! |---|---|
//! | `key`, `table` | every key, with its meaning: messages, `config print` and `config/corvid.toml` come from it |
//! | `reader`, `problem` | values with their places; what is said of a wrong one |
//! | `sections`, `broker` | what a node reads at its start |
//! | `plugins`, `script`, `topics`, `binding`, `looked_up` | desired state, for `apply` |
//! | `print` | settings as TOML |

mod address;
mod application;
mod binding;
mod broker;
mod hints;
mod key;
mod looked_up;
mod plugins;
mod print;
mod problem;
mod reader;
mod retry;
mod script;
mod sections;
mod table;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use corvid_env::fs::Dir;
use corvid_metadata::config::Configs;
use corvid_metadata::desired::DesiredTopic;
use toml::de::DeTable;

pub use address::Address;
pub use application::{ApplicationError, Named, Unreadable, digest_of, read_file, script_text};
pub use plugins::{ModuleSource, PluginEntry};
pub use print::{effective, keys, reference};
pub use problem::{Problem, Refused, Source};
pub use script::{ScriptSource, problem_in, split_place};
pub use sections::{Admin, Listeners, Log, LogFormat, NodeSection};

use problem::did_you_mean;
use reader::{Notes, Table};

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Everything that a file says, with the defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `[node]`
    pub node: NodeSection,
    /// `[listeners]`
    pub listeners: Listeners,
    /// `[admin]`
    pub admin: Admin,
    /// `[log]`
    pub log: Log,
    /// `[broker]`: broker configs under Kafka's names.
    pub broker: Configs,
    /// `[plugins.*]`
    pub plugins: BTreeMap<String, PluginEntry>,
    /// `[topics.*]`
    pub topics: BTreeMap<String, DesiredTopic>,
    /// What is odd, but no error: shown as the file is read.
    pub warnings: Vec<String>,
}

const SECTIONS: &[&str] = &["node", "listeners", "admin", "log", "broker", "plugins", "topics"];

impl Settings {
    /// Reads a file's text.
    pub fn parse(source: &Source<'_>) -> Result<Self, Refused> {
        let document = DeTable::parse(source.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Refused::new(vec![Problem::new(span, error.message())], source)
        })?;
        let mut notes = Notes::default();
        let settings = Self::read(&Table::root(document.get_ref()), &mut notes);
        if !notes.problems.is_empty() {
            return Err(Refused::new(notes.problems, source));
        }
        Ok(Self {
            warnings: notes
                .warnings
                .iter()
                .map(|warning| warning.show("warning", source))
                .collect(),
            ..settings
        })
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, Refused> {
        let text =
            read_text(path).map_err(|error| Refused::unread(format!("{} cannot be read: {error}", path.display())))?;
        Self::parse(&Source {
            name: &path.display().to_string(),
            text: &text,
        })
    }

    fn read(root: &Table<'_>, notes: &mut Notes) -> Self {
        root.only(SECTIONS, notes);
        let mut section = |name: &str| root.get(name).and_then(|entry| entry.table(notes));
        let (node, listeners, admin, log) = (section("node"), section("listeners"), section("admin"), section("log"));
        let (broker, plugins, topics) = (section("broker"), section("plugins"), section("topics"));
        let mut settings = Self {
            node: node.map(|table| NodeSection::read(&table, notes)).unwrap_or_default(),
            listeners: listeners
                .map(|table| Listeners::read(&table, notes))
                .unwrap_or_default(),
            admin: admin.map(|table| Admin::read(&table, notes)).unwrap_or_default(),
            log: log.map(|table| Log::read(&table, notes)).unwrap_or_default(),
            broker: broker.map(|table| broker::read(&table, notes)).unwrap_or_default(),
            plugins: plugins
                .as_ref()
                .map(|table| plugins::read(table, notes))
                .unwrap_or_default(),
            topics: topics
                .as_ref()
                .map(|table| topics::read(table, notes))
                .unwrap_or_default(),
            warnings: Vec::new(),
        };
        settings.take_scripts(notes);
        if let Some(topics) = topics {
            topics::warn_of_unknown_plugins(&topics, &settings.plugins, notes);
            looked_up::check(&topics, &settings.topics, notes);
        }
        settings
    }
}

impl Settings {
    /// Takes the plugins over that bindings have written out.
    fn take_scripts(&mut self, notes: &mut Notes) {
        for (name, (key_span, plugin)) in std::mem::take(&mut notes.scripts) {
            match self.plugins.entry(name) {
                Entry::Vacant(vacant) => drop(vacant.insert(plugin)),
                Entry::Occupied(taken) => {
                    let name = taken.key();
                    let message =
                        format!("this script would be the plugin `{name}`, and there is a [plugins.\"{name}\"]");
                    notes.wrong(Problem::new(key_span, message).hint("give that one another name"));
                }
            }
        }
    }
}

/// The text of a file of settings.
pub fn read_text(path: &Path) -> std::io::Result<String> {
    let bytes = read_file(path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The directory of a file, and its name in it.
fn split(path: &Path) -> std::io::Result<(Dir, &str)> {
    let invalid = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not the name of a file");
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(invalid)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    Ok((Dir::open(parent)?, name))
}
