//! `cargo xtask tidy`: the house rules that a compiler does not know.
//!
//! What may break a rule stands in `tidy.toml` beside this crate, each with its reason.

mod exceptions;
mod layers;
mod lengths;
mod pages;
mod source;
mod words;

use anyhow::bail;

use exceptions::Exceptions;
use source::SourceFile;

/// A place that breaks a rule.
pub struct Finding {
    /// Where, from the top of the repository.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Checks everything; prints what it finds.
pub fn run() -> anyhow::Result<()> {
    let exceptions = Exceptions::load()?;
    let sources = source::all()?;
    let mut findings = layers::check()?;
    findings.extend(lengths::check(&sources, &exceptions));
    findings.extend(words::check(&sources, &exceptions));
    findings.extend(docs(&sources));
    findings.extend(pages::check()?);
    findings.extend(exceptions.unused(&sources));
    for finding in &findings {
        println!("{}: {}", finding.place, finding.message);
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing to say", sources.len());
            Ok(())
        }
        count => bail!("tidy found {count} places that break a rule"),
    }
}

/// Every crate says what it is. (That every public item does is rustc's `missing_docs`, which is denied.)
fn docs(sources: &[SourceFile]) -> Vec<Finding> {
    let crates = sources
        .iter()
        .filter(|file| file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs"));
    crates
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| Finding {
            place: file.path.clone(),
            message: "a crate begins with `//!`: what it is, its invariants, who calls it".to_owned(),
        })
        .collect()
}
