//! A change in one line, as `apply --dry-run` shows it.

use std::fmt;

use super::{Change, Drift, LeftTopic, Why};

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::CreateTopic(topic) => {
                write!(f, "+ topic {}", topic.name)?;
                if let Some(partitions) = topic.partitions {
                    write!(f, ", {partitions} partition{}", if partitions == 1 { "" } else { "s" })?;
                }
                let configs = topic.configs.iter().enumerate();
                configs.into_iter().try_for_each(|(index, (key, value))| {
                    write!(f, "{}{key} = {value}", if index == 0 { ": " } else { ", " })
                })
            }
            Change::AddPartitions(growth) => {
                write!(
                    f,
                    "~ topic {}: {} -> {} partitions",
                    growth.topic, growth.from, growth.to
                )
            }
            Change::SetConfig {
                topic,
                key,
                from,
                to,
                why,
            } => {
                let from = from.as_deref().unwrap_or("default");
                let to = to.as_deref().unwrap_or("default");
                write!(f, "~ topic {topic}: {key} = {from} -> {to}{why}")
            }
            Change::AddPlugin { plugin, module } => write!(f, "+ plugin {plugin} (sha256:{}…)", &module.hex()[..12]),
            Change::ChangePlugin {
                plugin,
                what,
                generation,
            } => {
                write!(f, "~ plugin {plugin}: {} (generation {generation})", what.join(", "))
            }
            Change::RemovePlugin { plugin } => write!(f, "- plugin {plugin}"),
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drift {
            plugin,
            what,
            generation,
            how,
        } = self;
        write!(
            f,
            "plugin {plugin}: generation {generation} ({}) differs from the file in {}, and stays, since the file has not changed; \
             write it into the file, or take it back with `corvid plugin rollback {plugin}`",
            how.as_str(),
            what.join(" and "),
        )
    }
}

impl fmt::Display for LeftTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftTopic { topic, keys } = self;
        let unset: Vec<String> = keys.iter().map(|key| format!("--unset {key}")).collect();
        write!(
            f,
            "topic {topic}: the file has it no more, and it stays as it is; `corvid topic alter {topic} {}` takes back what the file had set",
            unset.join(" ")
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::File => "",
            Why::Drift => " (changed elsewhere since)",
            Why::Gone => " (no longer in the file)",
        })
    }
}
