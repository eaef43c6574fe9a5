//! Regular expressions.

use regex_lite::{Regex, RegexBuilder};
use std::fmt;

/// How much memory a compiled expression may take.
const SIZE_MAX: usize = 1 << 20;

/// A regular expression, which may match anywhere in a text.
///
/// It takes time in proportion to the text, whatever the expression; look-around and back-references,
/// which can't be had at that price, are refused when the schema is compiled.
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    pub fn compile(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text).size_limit(SIZE_MAX).build();
        Ok(Pattern {
            regex: regex.map_err(|error| format!("`{text}`: {error}"))?,
        })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.regex.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.regex.as_str())
    }
}
