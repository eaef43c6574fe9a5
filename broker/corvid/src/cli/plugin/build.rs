//! `corvid plugin build`.

use std::io::IoSlice;
use std::path::PathBuf;

use corvid::settings::read_file;
use corvid_env::fs::Dir;
use corvid_pipeline::{MODULE_BYTES_MAX, digest_of};
use serde_json::json;

use super::super::output::size as size_text;
use super::super::{Done, Failure, Output};
use super::project::Project;

/// `corvid plugin build [FOLDER]`
#[derive(clap::Args)]
pub struct Args {
    /// The project's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Builds the module, and puts it beside the manifest.
pub fn run(args: &Args, output: Output) -> Done {
    let project = Project::open(&args.folder)?;
    let built = project.compile()?;
    let bytes = read_file(&built, MODULE_BYTES_MAX)
        .map_err(|error| Failure::failed(format!("{}: {error}", built.display())))?;
    let module = project.module();
    put(&args.folder, &format!("{}.wasm", project.name), &bytes)?;
    let (shown, size, digest) = (module.display().to_string(), bytes.len(), digest_of(&bytes).to_string());
    output.show(
        &json!({ "plugin": project.name, "module": shown, "bytes": size, "digest": digest }),
        |_| format!("built {shown}, {}, {digest}", size_text(size as u64)),
    );
    Ok(())
}

fn put(folder: &std::path::Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let folder = Dir::open(folder)?;
        let partial = format!("{name}.part");
        if folder.exists(&partial) {
            folder.remove(&partial)?;
        }
        folder.create(&partial)?.write_all_at(0, &mut [IoSlice::new(bytes)])?;
        // In one step: a node that reads it meanwhile sees the old one or the new one.
        folder.rename(&partial, name)
    };
    write().map_err(|error| Failure::failed(format!("{name} cannot be written: {error}")))
}
