//! What is wrong with a schema, and where.

use std::fmt;

/// Why a schema can't be used.
#[derive(Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// A JSON pointer into the schema.
    pointer: String,
    what: String,
}

impl SchemaError {
    pub fn new(what: impl Into<String>) -> Self {
        SchemaError {
            pointer: String::new(),
            what: what.into(),
        }
    }

    /// The same, seen from one level further up: it is within this keyword, member or item.
    pub fn within(mut self, step: impl fmt::Display) -> Self {
        let step = step.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{step}{}", self.pointer);
        self
    }

    /// The same, seen from a reference to where it is.
    pub fn behind(self, reference: &str) -> Self {
        SchemaError::new(format!("(at {reference}) {self}"))
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.what)
        } else {
            write!(f, "{}: {}", self.pointer, self.what)
        }
    }
}
