//! `tests/clients/scenarios.toml`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::shell::root;

/// The clients, in the order in which they are shown.
pub const CLIENTS: &[&str] = &["kafkajs", "python", "go", "java", "tools"];

/// Applications that know nothing of Corvid. They have scenarios of their own.
pub const APPLICATIONS: &[&str] = &["spring", "connect"];

const FILE: &str = "tests/clients/scenarios.toml";

/// Something that clients must be able to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What `--scenario` takes.
    pub name: String,
    /// What it does, for people.
    #[serde(rename = "about")]
    _about: String,
    /// Who does it.
    pub clients: Vec<String>,
    /// What it wants of whoever runs it, for people.
    #[serde(rename = "needs")]
    _needs: Option<String>,
    /// Who can't, and why.
    #[serde(default)]
    na: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Scenario>,
}

impl Scenario {
    /// All of them.
    pub fn load() -> anyhow::Result<Vec<Self>> {
        let text = fs::read_to_string(root().join(FILE)).context(FILE)?;
        let file: File = toml::from_str(&text).context(FILE)?;
        file.scenario.iter().try_for_each(Self::check)?;
        Ok(file.scenario)
    }

    /// Why this client can't do it.
    pub fn limitation(&self, client: &str) -> Option<&str> {
        self.na.get(client).map(String::as_str)
    }

    /// Whether it is an application's own, not one that every client does.
    pub fn is_applications(&self) -> bool {
        self.clients.iter().any(|name| APPLICATIONS.contains(&name.as_str()))
    }

    /// Every client does it, or has a reason not to; or it is one application's.
    fn check(&self) -> anyhow::Result<()> {
        if self.is_applications() {
            ensure!(
                self.clients.len() == 1 && self.na.is_empty(),
                "{FILE}: {}: an application's scenario has it as its only client",
                self.name
            );
            return Ok(());
        }
        for client in CLIENTS {
            let does = self.clients.iter().any(|name| name == client);
            let explained = self.na.get(*client).is_some_and(|reason| !reason.is_empty());
            ensure!(
                does != explained,
                "{FILE}: {}: {client} stands in one of `clients` and `na`, with a reason",
                self.name
            );
        }
        let named = self.clients.iter().chain(self.na.keys());
        let unknown: Vec<_> = named.filter(|name| !CLIENTS.contains(&name.as_str())).collect();
        ensure!(unknown.is_empty(), "{FILE}: {}: unknown clients {unknown:?}", self.name);
        Ok(())
    }
}
