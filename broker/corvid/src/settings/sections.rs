//! What a node reads at its start: `[node]`, `[listeners]`, `[admin]`, `[log]`.

use std::path::PathBuf;

use super::address::Address;
use super::key::Section;
use super::problem::Problem;
use super::reader::{Entry, Notes, Table};

/// `[node]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSection {
    /// `node.id`.
    pub id: i32,
    /// Where everything is kept.
    pub data: PathBuf,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Threads that serve; `None`: as many as there are cores.
    pub threads: Option<usize>,
}

impl Default for NodeSection {
    fn default() -> Self {
        Self {
            id: 1,
            data: PathBuf::from("corvid-data"),
            rack: None,
            threads: None,
        }
    }
}

impl NodeSection {
    pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> Self {
        table.only(&Section::Node.names(), notes);
        let standard = Self::default();
        let id = table
            .get("id")
            .and_then(|entry| entry.integer(0, i64::from(i32::MAX), notes));
        let threads = table.get("threads").and_then(|entry| entry.integer(1, 1024, notes));
        Self {
            id: id.map_or(standard.id, |id| id as i32),
            data: filled(table.get("data"), notes).map_or(standard.data, PathBuf::from),
            rack: filled(table.get("rack"), notes),
            threads: threads.map(|threads| threads as usize),
        }
    }
}

/// `[listeners]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listeners {
    /// Where Kafka clients connect.
    pub kafka: Address,
    /// Where they are told to.
    pub advertise: Option<Address>,
    /// Whether other machines may connect without authentication.
    pub insecure: bool,
}

impl Default for Listeners {
    fn default() -> Self {
        Self {
            kafka: local(9092),
            advertise: None,
            insecure: false,
        }
    }
}

/// What stands in the way of a Kafka listener, and what to do.
const OPEN: (&str, &str) = (
    "other machines can reach this listener, and there is no authentication yet",
    "set `insecure = true` in [listeners] (or --insecure) if the network keeps strangers out",
);
const NOWHERE: (&str, &str) = (
    "clients cannot connect to this address",
    "say where they find this node: `advertise = \"HOST:PORT\"` in [listeners], or --advertise HOST:PORT",
);

impl Listeners {
    pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> Self {
        table.only(&Section::Listeners.names(), notes);
        let standard = Self::default();
        let kafka = table.get("kafka").and_then(|entry| address(&entry, notes));
        let advertised = table.get("advertise");
        let listeners = Self {
            kafka: kafka.unwrap_or(standard.kafka),
            advertise: advertised.as_ref().and_then(|entry| address(entry, notes)),
            insecure: table
                .get("insecure")
                .and_then(|entry| entry.boolean(notes))
                .unwrap_or(standard.insecure),
        };
        let about = |wrong_advertised| match wrong_advertised {
            true => advertised.clone().or_else(|| table.get("kafka")),
            false => table.get("kafka"),
        };
        for (wrong_advertised, (message, hint)) in listeners.objections() {
            if let Some(entry) = about(wrong_advertised) {
                notes.wrong(Problem::new(entry.span, message).hint(hint));
            }
        }
        if let (Some(warning), Some(entry)) = (listeners.warning(), advertised) {
            notes.odd(Problem::new(entry.span, warning));
        }
        listeners
    }

    /// Why these listeners cannot be served, and what to do about it: whether it is about the advertised address.
    fn objections(&self) -> Vec<(bool, (&'static str, &'static str))> {
        let mut objections = Vec::new();
        if !self.kafka.is_loopback() && !self.insecure {
            objections.push((false, OPEN));
        }
        if self.advertised().is_unspecified() {
            objections.push((true, NOWHERE));
        }
        objections
    }

    /// Checks what flags have made of the listeners.
    pub fn check(&self) -> Result<(), String> {
        match self.objections().first() {
            None => Ok(()),
            Some((about_advertised, (message, hint))) => {
                let address = if *about_advertised {
                    self.advertised()
                } else {
                    &self.kafka
                };
                Err(format!("{address}: {message}; {hint}"))
            }
        }
    }

    /// Where clients are told to connect.
    pub fn advertised(&self) -> &Address {
        self.advertise.as_ref().unwrap_or(&self.kafka)
    }

    /// What will trouble clients of other machines.
    pub fn warning(&self) -> Option<String> {
        let advertised = self.advertised();
        (advertised.is_loopback() && !self.kafka.is_loopback()).then(|| {
            format!("clients on other machines will be told to connect to {advertised}, which is themselves; set `advertise`")
        })
    }
}

/// `[admin]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where the admin listener is.
    pub listen: Address,
    /// What callers must send.
    pub token: Option<String>,
    /// Names under which it may be reached.
    pub hosts: Vec<String>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: local(9099),
            token: None,
            hosts: Vec::new(),
        }
    }
}

/// Shorter ones can be guessed.
const TOKEN_CHARACTERS_MIN: usize = 16;

impl Admin {
    pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> Self {
        table.only(&Section::Admin.names(), notes);
        let listen = table.get("listen").and_then(|entry| address(&entry, notes));
        let token = table.get("token").and_then(|entry| token(&entry, notes));
        let hosts = table
            .get("hosts")
            .and_then(|entry| entry.array(notes))
            .unwrap_or_default();
        let admin = Self {
            listen: listen.unwrap_or(Self::default().listen),
            token,
            hosts: hosts
                .iter()
                .filter_map(|host| host.text(notes))
                .map(str::to_owned)
                .collect(),
        };
        if let (Err(message), Some(entry)) = (admin.check(), table.get("listen")) {
            notes.wrong(Problem::new(entry.span, message));
        }
        admin
    }

    /// Checks what flags have made of it.
    pub fn check(&self) -> Result<(), String> {
        if self.listen.is_loopback() || self.token.is_some() {
            return Ok(());
        }
        Err("other machines can reach the admin listener: set a `token` in [admin]".to_owned())
    }
}

fn token(entry: &Entry<'_>, notes: &mut Notes) -> Option<String> {
    let token = entry.text(notes)?;
    let legal = token.bytes().all(|byte| byte.is_ascii_graphic()) && token.len() >= TOKEN_CHARACTERS_MIN;
    if !legal {
        let message = format!("`token` expects {TOKEN_CHARACTERS_MIN} characters or more, without spaces");
        notes.wrong(Problem::new(entry.span.clone(), message).hint("for example the output of `openssl rand -hex 32`"));
    }
    legal.then(|| token.to_owned())
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// How much: a level, or directives by module.
    pub level: String,
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Readable,
    /// A JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Readable,
            level: "info".to_owned(),
        }
    }
}

impl Log {
    pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> Self {
        table.only(&Section::Log.names(), notes);
        let standard = Self::default();
        let format = table
            .get("format")
            .and_then(|entry| entry.word(&["readable", "json"], notes));
        let level = table.get("level").and_then(|entry| level(&entry, notes));
        Self {
            format: if format == Some("json") {
                LogFormat::Json
            } else {
                LogFormat::Readable
            },
            level: level.unwrap_or(standard.level),
        }
    }
}

fn level(entry: &Entry<'_>, notes: &mut Notes) -> Option<String> {
    let text = entry.text(notes)?;
    let words = ["error", "warn", "info", "debug", "trace", "off"];
    let directive = |part: &str| words.contains(&part.rsplit('=').next().unwrap_or("").trim());
    if text.split(',').all(directive) {
        return Some(text.to_owned());
    }
    let problem = Problem::new(
        entry.span.clone(),
        format!("`level` expects one of {}", words.join(", ")),
    );
    notes.wrong(problem.hint("by module: \"info,corvid_api=debug\""));
    None
}

fn address(entry: &Entry<'_>, notes: &mut Notes) -> Option<Address> {
    let address = Address::parse(entry.text(notes)?);
    if address.is_none() {
        notes.wrong(entry.wrong("HOST:PORT").hint("for example \"127.0.0.1:9092\""));
    }
    address
}

/// A text that is not empty.
fn filled(entry: Option<Entry<'_>>, notes: &mut Notes) -> Option<String> {
    let entry = entry?;
    let text = entry.text(notes)?;
    if text.is_empty() {
        notes.wrong(entry.wrong("a text that is not empty"));
        return None;
    }
    Some(text.to_owned())
}

fn local(port: u16) -> Address {
    Address {
        host: "127.0.0.1".to_owned(),
        port,
    }
}
