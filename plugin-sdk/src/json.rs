//! A small JSON reader: from a path to a value, in place.
//!
//! Nothing is allocated, nothing is copied, and no text makes it panic or recurse. A [`Json`] is a
//! view over text; [`Json::parse`] checks all of it first, [`Json::lazy`] nothing: there, what is
//! not JSON is found to be missing.
//!
//! ```
//! use corvid_plugin_sdk::json::{Json, Path};
//!
//! let order = br#"{"customer": {"name": "Zo\u00eb"}, "lines": [{"amount": 12.50}]}"#;
//! let order = Json::parse(order).unwrap();
//! let name = order.find(&Path::parse("customer.name").unwrap()).unwrap();
//! assert_eq!(name.as_str().unwrap(), "Zoë");
//! let amount = order.find(&Path::parse("/lines/0/amount").unwrap()).unwrap();
//! assert_eq!(amount.as_number().unwrap().text(), "12.50");
//! assert!(order.get("nothing").is_none());
//! ```

mod check;
mod equal;
mod number;
mod path;
mod scan;
mod string;
mod walk;

pub use check::{DEPTH_MAX, JsonError};
pub use number::Number;
pub use path::Path;
pub use string::{Chars, JsonStr};
pub use walk::{Items, Members};

use std::fmt;

/// A JSON value: a view over its text.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    /// Begins with the value, and may go on behind it.
    text: &'a [u8],
}

/// What kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'a> Json<'a> {
    /// One JSON text, checked from its first byte to its last: UTF-8, RFC 8259's grammar, nested no
    /// deeper than [`DEPTH_MAX`].
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        check::check(text)?;
        Ok(Json::lazy(text))
    }

    /// A JSON text that nobody has checked. Looking something up takes less time than checking all
    /// of it; where the text is not JSON, values are missing.
    pub fn lazy(text: &'a [u8]) -> Self {
        Json {
            text: scan::skip_space(text),
        }
    }

    /// What kind of value it is, going by its first character; `None` if that begins no value.
    pub fn kind(&self) -> Option<Kind> {
        match self.text.first()? {
            b'n' => Some(Kind::Null),
            b't' | b'f' => Some(Kind::Bool),
            b'-' | b'0'..=b'9' => Some(Kind::Number),
            b'"' => Some(Kind::String),
            b'[' => Some(Kind::Array),
            b'{' => Some(Kind::Object),
            _ => None,
        }
    }

    /// The member of this name, if this is an object that has it. If it has several, the last one,
    /// as nearly every other reader of JSON has it.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.members()
            .filter(|(member, _)| member == name)
            .last()
            .map(|(_, value)| value)
    }

    /// The item at this index, from 0, if this is an array that has it.
    pub fn at(&self, index: usize) -> Option<Json<'a>> {
        self.items().nth(index)
    }

    /// The value at the end of this path.
    pub fn find(&self, path: &Path) -> Option<Json<'a>> {
        path.steps().try_fold(*self, |value, step| match value.kind()? {
            Kind::Object => value.get(step),
            Kind::Array => value.at(step.parse().ok()?),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => None,
        })
    }

    /// The members of an object, in order; of anything else, none.
    pub fn members(&self) -> Members<'a> {
        Members::of(self.text)
    }

    /// The items of an array, in order; of anything else, none.
    pub fn items(&self) -> Items<'a> {
        Items::of(self.text)
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.scalar() == b"null"
    }

    /// The value of a `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<JsonStr<'a>> {
        scan::string(self.text).map(|(string, _)| string)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number<'a>> {
        Number::parse(self.scalar())
    }

    /// The number, if it is a whole one that fits; `1e2` and `100.0` are 100.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The number that is nearest among those of 64 bits.
    pub fn as_f64(&self) -> Option<f64> {
        Some(self.as_number()?.as_f64())
    }

    /// The value's own text. Empty if it is not JSON.
    pub fn text(&self) -> &'a str {
        let rest = scan::skip_value(self.text).map_or(self.text.len(), <[u8]>::len);
        str::from_utf8(&self.text[..self.text.len() - rest]).unwrap_or_default()
    }

    /// The text of a number, `true`, `false` or `null`.
    fn scalar(&self) -> &'a [u8] {
        scan::scalar(self.text)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests;
