//! The broker configs of Kafka 4.3.1 for things that Corvid does not have: shown with Kafka's default, so that tools which
//! look for a key find it, and never changed.
//!
//! The table is text, a line for each key: name, type, default, meaning. It is taken apart when somebody first asks for all
//! keys, or for one of these.

use std::sync::LazyLock;

use super::{ConfigKey, ConfigType};

static TABLE: LazyLock<Vec<ConfigKey>> = LazyLock::new(|| include_str!("broker_absent.txt").lines().map(key).collect());

pub(super) fn table() -> &'static [ConfigKey] {
    &TABLE
}

fn key(line: &'static str) -> ConfigKey {
    let mut fields = line.split('|');
    let mut next = || fields.next().expect("a line of the table has four fields");
    let (name, config_type, default, doc) = (next(), config_type(next()), next(), next());
    let key = ConfigKey::new(name, config_type, default, doc).absent();
    if default == "null" { key.null() } else { key }
}

fn config_type(name: &str) -> ConfigType {
    match name {
        "boolean" => ConfigType::Boolean,
        "string" => ConfigType::String,
        "int" => ConfigType::Int,
        "short" => ConfigType::Short,
        "long" => ConfigType::Long,
        "double" => ConfigType::Double,
        "list" => ConfigType::List,
        "class" => ConfigType::Class,
        "password" => ConfigType::Password,
        unknown => unreachable!("the table has a type {unknown}"),
    }
}
