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
        let steps = match text.strip_prefix('/') {
            Some(pointer) => split_pointer(pointer),
            None => split_dots(text),
        };
        match steps {
            Some(steps) => Ok(Path {
                text: text.to_owned(),
                steps,
            }),
            None => Err(format!("`{text}` is no path: write `a.b`, or `/a/b`")),
        }
    }

    /// Its steps: names of members, or indexes of items.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(String::as_str)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_dots(text: &str) -> Option<Vec<String>> {
    let steps: Vec<String> = text.split('.').map(str::to_owned).collect();
    steps.iter().all(|step| !step.is_empty()).then_some(steps)
}

fn split_pointer(pointer: &str) -> Option<Vec<String>> {
    let mut steps = vec![String::new()];
    let mut chars = pointer.chars();
    while let Some(char) = chars.next() {
        if char == '/' {
            steps.push(String::new());
            continue;
        }
        let char = match char {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            char => char,
        };
        steps.last_mut()?.push(char);
    }
    Some(steps)
}
