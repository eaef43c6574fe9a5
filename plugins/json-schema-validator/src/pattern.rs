//! Regular expressions.

mod class;
mod ecma;

use regex_lite::{Regex, RegexBuilder};
use std::fmt;

/// How much memory a compiled expression may take.
const SIZE_MAX: usize = 1 << 20;

/// A regular expression, which may match anywhere in a text.
///
/// It takes time in proportion to the text, whatever the expression; look-around and back-references,
/// which can't be had at that price, are refused when the schema is compiled.
pub struct Pattern {
    /// As it was written.
    text: String,
    regex: Regex,
}

impl Pattern {
    pub fn compile(text: &str) -> Result<Self, String> {
        let regex = ecma::translate(text).and_then(|regex| {
            let regex = RegexBuilder::new(&regex).size_limit(SIZE_MAX).build();
            regex.map_err(|error| format!("is no regular expression: {error}"))
        });
        Ok(Pattern {
            text: text.to_owned(),
            regex: regex.map_err(|why| format!("`{text}` {why}"))?,
        })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
