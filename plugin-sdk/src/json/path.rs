//! Where a value is to be found.

use std::fmt;

/// The way to a value: `customer.name`, or, where names have dots in them, a JSON pointer:
/// `/customer/name`. In an array, a step is an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<String>,
}

impl Path {
    /// Reads a path. One that begins with a slash is a JSON pointer (RFC 6901: `~1` is a slash,
    /// `~0` a tilde). Reading is for the configuration: it allocates, finding does not.
    pub fn parse(text: &str) -> Result<Path, String> {
        let steps: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect(),
            None => text.split('.').map(str::to_owned).collect(),
        };
        if !text.starts_with('/') && steps.iter().any(String::is_empty) {
            return Err(format!("`{text}` is no path: write `a.b`, or `/a/b`"));
        }
        Ok(Path {
            text: text.to_owned(),
            steps,
        })
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(String::as_str)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
