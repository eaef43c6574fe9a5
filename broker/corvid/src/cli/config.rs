//! `corvid config`.

mod modules;
mod scripts;

use std::path::PathBuf;

use clap::Subcommand;
use corvid::settings::{Named, effective, keys, reference};
use serde_json::json;

use super::output::{count, print};
use super::{Done, Failure, Output, apply};

/// `corvid config …`
#[derive(Subcommand)]
pub enum Command {
    /// Say what is wrong with a settings file
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print every key there is, or what a file comes to
    Print {
        /// The file; without one, the reference with every key, its meaning and its default
        file: Option<PathBuf>,
    },
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::Check { file } => {
                let settings = apply::load(&file)?;
                settings
                    .application(&Named::of(&file))
                    .map_err(|error| Failure::wrong(error.to_string()))?;
                scripts::check(&settings, &Named::of(&file), &file)?;
                modules::check(&settings, &Named::of(&file))?;
                let (topics, plugins) = (settings.topics.len(), settings.plugins.len());
                output.show(
                    &json!({ "topics": topics, "plugins": plugins, "warnings": settings.warnings }),
                    |_| {
                        format!(
                            "{}: fine, with {} and {}",
                            file.display(),
                            count(topics as u64, "topic"),
                            count(plugins as u64, "plugin")
                        )
                    },
                );
            }
            Command::Print { file: None } => output.show(&keys(), |_| reference()),
            Command::Print { file: Some(file) } => {
                let text = effective(&apply::load(&file)?);
                match output.is_json() {
                    true => output.show(&as_json(&text)?, ToString::to_string),
                    false => print(text.trim_end()),
                }
            }
        }
        Ok(())
    }
}

fn as_json(text: &str) -> Result<serde_json::Value, Failure> {
    toml::from_str(text).map_err(|error| Failure::failed(error.to_string()))
}
