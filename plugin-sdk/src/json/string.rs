//! Strings, whose escapes are read as they are come across.

use super::Json;
use std::fmt::{self, Write};
use std::str;

/// A string of a JSON text.
#[derive(Clone, Copy)]
pub struct JsonStr<'a> {
    /// Between its quotes, which stand around it.
    raw: &'a [u8],
    quoted: &'a [u8],
    escaped: bool,
}

impl<'a> JsonStr<'a> {
    pub(super) fn new(quoted: &'a [u8], escaped: bool) -> Self {
        JsonStr {
            raw: &quoted[1..quoted.len() - 1],
            quoted,
            escaped,
        }
    }

    /// The string as a value: a member's name is none until this makes it one.
    pub fn as_json(&self) -> Json<'a> {
        Json { text: self.quoted }
    }

    /// The string itself, if it is written without escapes, as nearly all are.
    #[inline]
    pub fn plain(&self) -> Option<&'a str> {
        if self.escaped {
            None
        } else {
            str::from_utf8(self.raw).ok()
        }
    }

    /// The string itself; `scratch` is where it is put if it is written with escapes.
    pub fn read<'s>(&self, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        if let Some(plain) = self.plain() {
            return plain;
        }
        scratch.clear();
        scratch.extend(self.chars());
        scratch
    }

    /// Its characters. What stands for none (half of a surrogate pair, or a text that is not
    /// UTF-8) is read as U+FFFD.
    pub fn chars(&self) -> Chars<'a> {
        Chars {
            rest: str::from_utf8(self.raw).unwrap_or("\u{fffd}").chars(),
        }
    }
}

impl PartialEq<str> for JsonStr<'_> {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        if self.escaped {
            self.chars().eq(other.chars())
        } else {
            self.raw == other.as_bytes()
        }
    }
}

impl PartialEq<&str> for JsonStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq for JsonStr<'_> {
    fn eq(&self, other: &JsonStr<'_>) -> bool {
        if self.escaped || other.escaped {
            self.chars().eq(other.chars())
        } else {
            self.raw == other.raw
        }
    }
}

impl Eq for JsonStr<'_> {}

impl fmt::Display for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plain() {
            Some(plain) => f.write_str(plain),
            None => self.chars().try_for_each(|char| f.write_char(char)),
        }
    }
}

impl fmt::Debug for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The characters of a [`JsonStr`].
#[derive(Clone)]
pub struct Chars<'a> {
    rest: str::Chars<'a>,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => Some(self.escape()),
            char => Some(char),
        }
    }
}

impl Chars<'_> {
    fn escape(&mut self) -> char {
        match self.rest.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode(),
            Some(char) => char,
            None => char::REPLACEMENT_CHARACTER,
        }
    }

    /// Behind `\u`: one UTF-16 unit, or a pair of them.
    fn unicode(&mut self) -> char {
        let unit = self.hex4();
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut ahead = self.clone();
        if ahead.rest.next() == Some('\\') && ahead.rest.next() == Some('u') {
            let low = ahead.hex4();
            if (0xdc00..0xe000).contains(&low) {
                *self = ahead;
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::REPLACEMENT_CHARACTER
    }

    fn hex4(&mut self) -> u32 {
        self.rest
            .by_ref()
            .take(4)
            .fold(0, |unit, digit| unit << 4 | digit.to_digit(16).unwrap_or(0))
    }
}
