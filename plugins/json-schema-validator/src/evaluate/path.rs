//! How a value was come to.

use corvid_plugin_sdk::json::JsonStr;
use std::fmt::{self, Write};

/// A JSON pointer, as a chain from its last step to the root.
pub enum Path<'a> {
    Root,
    Member { of: &'a Path<'a>, name: JsonStr<'a> },
    Item { of: &'a Path<'a>, index: usize },
}

/// As a JSON pointer. That of the whole value is an empty text, which nobody would see.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self, Path::Root) {
            f.write_str("the value")
        } else {
            self.write(f)
        }
    }
}

impl Path<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member { of, name } => {
                of.write(f)?;
                f.write_char('/')?;
                name.chars().try_for_each(|char| match char {
                    '~' => f.write_str("~0"),
                    '/' => f.write_str("~1"),
                    char => f.write_char(char),
                })
            }
            Path::Item { of, index } => {
                of.write(f)?;
                write!(f, "/{index}")
            }
        }
    }
}
