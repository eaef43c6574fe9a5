//! `corvid apply`: a file's topics and plugins.

use std::path::PathBuf;

use corvid::settings::{Named, Settings};
use corvid_admin::Application;
use corvid_admin::model::{ApplicationBody, ModuleBody, OutcomeBody};

use super::node::Node;
use super::output::count;
use super::{Done, Failure, Output};

/// `corvid apply FILE`
#[derive(clap::Args)]
pub struct Args {
    /// The settings file: its [topics.*] and [plugins.*] are applied
    file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Remember the file's keys under this name, not under its path: for a file that is applied from several places
    #[arg(long = "as", value_name = "NAME")]
    owner: Option<String>,
    #[command(flatten)]
    node: Node,
}

/// Applies, or shows what would change.
pub fn run(args: &Args, output: Output) -> Done {
    let settings = load(&args.file)?;
    let mut named = Named::of(&args.file);
    named.name = args.owner.clone().unwrap_or(named.name);
    let application = settings
        .application(&named)
        .map_err(|error| Failure::wrong(error.to_string()))?;
    let outcome = send(&args.node, &application, args.dry_run)?;
    output.show(&outcome, show);
    Ok(())
}

/// Reads a file, and shows what is odd about it.
pub fn load(file: &std::path::Path) -> Result<Settings, Failure> {
    let settings = Settings::load(file).map_err(|refused| Failure::wrong(refused.to_string()))?;
    settings.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    Ok(settings)
}

/// Modules first, then what names them.
fn send(node: &Node, application: &Application, dry_run: bool) -> Result<OutcomeBody, Failure> {
    for (digest, bytes) in &application.modules {
        let path = format!("/v1/modules/{digest}");
        if node.find::<ModuleBody>(&path)?.is_none() {
            node.put::<ModuleBody>(&path, bytes)?;
        }
    }
    node.post(
        &format!("/v1/apply?dry_run={dry_run}"),
        &ApplicationBody::from(&application.desired),
    )
}

fn show(outcome: &OutcomeBody) -> String {
    let mut lines: Vec<String> = outcome.changes.iter().map(|change| change.text.clone()).collect();
    let changes = count(outcome.changes.len() as u64, "change");
    lines.push(match (outcome.changes.is_empty(), outcome.dry_run) {
        (true, _) if outcome.warnings.is_empty() => "nothing to change: all is as the file wants it".to_owned(),
        (true, _) => "nothing to change".to_owned(),
        (false, true) => format!("{changes}, not made: this is a dry run"),
        (false, false) => format!("{changes} made, and in effect"),
    });
    lines.extend(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n")
}
