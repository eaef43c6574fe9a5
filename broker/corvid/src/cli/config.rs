//! `corvid config`.

mod modules;
mod scripts;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use corvid::settings::{Named, Settings, effective, keys, reference};
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
                check(&settings, &file)?;
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

/// Everything that is wrong with what the file names.
fn check(settings: &Settings, file: &Path) -> Done {
    let named = Named::of(file);
    let unreadable = settings.application(&named).err();
    let mut problems = unreadable.map_or_else(Vec::new, |unreadable| unreadable.told());
    problems.extend(scripts::problems(settings, &named, file)?);
    let of_modules = modules::problems(settings, &named)?;
    let any_module = !of_modules.is_empty();
    problems.extend(of_modules);
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::wrong(problems.join("\nerror: "));
    Err(match any_module {
        true => failure.hint("`corvid plugin check` tries a module by itself"),
        false => failure,
    })
}

fn as_json(text: &str) -> Result<serde_json::Value, Failure> {
    toml::from_str(text).map_err(|error| Failure::failed(error.to_string()))
}
