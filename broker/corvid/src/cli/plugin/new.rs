//! `corvid plugin new`: a project from the template of a hook, with the SDK beside it, or a script. Nothing is downloaded.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use corvid::embedded::{self, Files};
use corvid_env::fs::Dir;
use serde_json::json;

use super::super::{Done, Failure, Output};

/// `corvid plugin new NAME`
#[derive(clap::Args)]
pub struct Args {
    /// The plugin's name, such as by-region
    #[arg(value_parser = name)]
    name: String,
    /// What it does: decide where records go, accept or refuse them, change them, show them otherwise, or decide what becomes of those that failed
    #[arg(long, value_enum)]
    hook: Hook,
    /// A script in Rhai, which needs no toolchain, instead of a crate in Rust
    #[arg(long)]
    script: bool,
    /// Where the project goes; by default a folder of its name, here
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Hook {
    Partitioner,
    Validator,
    Transform,
    Policy,
    View,
}

impl Hook {
    fn name(self) -> &'static str {
        match self {
            Hook::Partitioner => "partitioner",
            Hook::Validator => "validator",
            Hook::Transform => "transform",
            Hook::Policy => "policy",
            Hook::View => "view",
        }
    }

    /// The configuration that its template asks for: without one it would not start.
    fn config(self) -> &'static str {
        match self {
            Hook::Partitioner => r#"{"field": "region"}"#,
            Hook::Validator => r#"{"max": 10000}"#,
            Hook::Transform => r#"{"field": "region", "header": "region"}"#,
            Hook::Policy => r#"{"passing": "timed out"}"#,
            Hook::View => r#"{"field": "region"}"#,
        }
    }
}

/// What a package of cargo cannot be called, or what would hide a crate that the project needs.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "corvid-plugin-sdk",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "sdk",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "target",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Writes the project.
pub fn run(args: &Args, output: Output) -> Done {
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let failed = |error: io::Error| Failure::failed(format!("{}: {error}", folder.display()));
    let project = Dir::create_all(&folder).map_err(failed)?;
    if !project.list().map_err(failed)?.is_empty() {
        return Err(Failure::wrong(format!("{} is not empty", folder.display())).hint("choose another --path"));
    }
    let shown = folder.display().to_string();
    let made = if args.script {
        write_script(&project, args).map_err(failed)?;
        format!(
            "a {hook} in Rhai\n\n  cd {shown}\n  corvid plugin test {name}.rhai --records records.jsonl\n  corvid config check \
             {name}.toml\n  corvid apply {name}.toml",
            hook = args.hook.name(),
            name = args.name,
        )
    } else {
        let template = embedded::template(args.hook.name()).expect("every hook has a template");
        write(&project, template, |text| text.replace("{{name}}", &args.name)).map_err(failed)?;
        let sdk = project.subdir("sdk").map_err(failed)?;
        write(&sdk, embedded::sdk(), str::to_owned).map_err(failed)?;
        format!(
            "a {}\n\n  cd {shown}\n  cargo test\n  corvid plugin build\n  corvid plugin check --config '{}'",
            args.hook.name(),
            args.hook.config(),
        )
    };
    output.show(
        &json!({ "plugin": args.name, "hook": args.hook.name(), "script": args.script, "folder": shown }),
        |_| format!("wrote {shown}: {made}"),
    );
    Ok(())
}

/// The script, a file of settings that binds it, and records with what it says of them.
fn write_script(project: &Dir, args: &Args) -> io::Result<()> {
    let files = embedded::template("script").expect("every hook has a script");
    let of_hook = files.iter().filter_map(|(path, text)| {
        let kind = path.strip_prefix(args.hook.name())?.strip_prefix('.')?;
        Some((kind, text.replace("{{name}}", &args.name)))
    });
    for (kind, text) in of_hook {
        let name = match kind {
            "jsonl" | "jsonl.expected" => format!("records.{kind}"),
            _ => format!("{}.{kind}", args.name),
        };
        put(project, &name, &text)?;
    }
    Ok(())
}

fn write(folder: &Dir, files: Files, fill: impl Fn(&str) -> String) -> io::Result<()> {
    for (path, text) in files {
        let path = Path::new(path);
        let mut into = folder.clone();
        for part in path.parent().into_iter().flat_map(Path::components) {
            into = into.subdir(&part.as_os_str().to_string_lossy())?;
        }
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        put(&into, &file_name, &fill(text))?;
    }
    Ok(())
}

fn put(folder: &Dir, name: &str, text: &str) -> io::Result<()> {
    folder
        .create(name)?
        .write_all_at(0, &mut [IoSlice::new(text.as_bytes())])
}

fn name(text: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins || text.len() > 64 || !text.bytes().all(legal) {
        return Err("a plugin's name begins with a letter, and has small letters, digits and dashes".to_owned());
    }
    if RESERVED.contains(&text.replace('_', "-").as_str()) {
        return Err("this name means something to Rust or to cargo; choose another".to_owned());
    }
    Ok(text.to_owned())
}
