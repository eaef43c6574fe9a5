//! Checks a whole text, without recursion.

use super::number;
use std::fmt;

/// How deeply arrays and objects may be nested in a text that is checked.
pub const DEPTH_MAX: u32 = 128;

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    what: &'static str,
    at: usize,
}

impl JsonError {
    /// Where it stopped being JSON, in bytes from the beginning.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON: {} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for JsonError {}

pub(super) fn check(text: &[u8]) -> Result<(), JsonError> {
    if let Err(error) = str::from_utf8(text) {
        return Err(JsonError {
            what: "not UTF-8",
            at: error.valid_up_to(),
        });
    }
    let mut checker = Checker {
        text,
        at: 0,
        depth: 0,
        objects: 0,
    };
    loop {
        if checker.value()? == Next::Inside {
            continue;
        }
        if checker.after_value()? == Next::End {
            return Ok(());
        }
    }
}

/// What comes next in the text.
#[derive(PartialEq, Eq)]
enum Next {
    /// The first value of an array or object that has been opened.
    Inside,
    /// What follows a value.
    After,
    /// Another value of the same array or object.
    Value,
    /// Nothing: all of the text has been read.
    End,
}

struct Checker<'a> {
    text: &'a [u8],
    at: usize,
    /// How many arrays and objects are open.
    depth: u32,
    /// Which of them are objects: a bit each, the innermost the lowest.
    objects: u128,
}

impl Checker<'_> {
    fn value(&mut self) -> Result<Next, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => return self.open(b'}'),
            Some(b'[') => return self.open(b']'),
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => match number::prefix_len(&self.text[self.at..]) {
                0 => return self.fail("a malformed number"),
                len => self.at += len,
            },
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            Some(_) => return self.fail("no value"),
            None => return self.fail("the end, where a value is missing,"),
        }
        Ok(Next::After)
    }

    fn open(&mut self, closing: u8) -> Result<Next, JsonError> {
        if self.depth == DEPTH_MAX {
            return self.fail("nested too deeply");
        }
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(closing == b'}');
        self.skip_space();
        if self.peek() == Some(closing) {
            self.close();
            return Ok(Next::After);
        }
        if closing == b'}' {
            self.name()?;
        }
        Ok(Next::Inside)
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn after_value(&mut self) -> Result<Next, JsonError> {
        loop {
            self.skip_space();
            let in_object = self.objects & 1 == 1;
            match self.peek() {
                None if self.depth == 0 => return Ok(Next::End),
                Some(_) if self.depth == 0 => return self.fail("something behind the value"),
                Some(b',') => {
                    self.at += 1;
                    if in_object {
                        self.skip_space();
                        self.name()?;
                    }
                    return Ok(Next::Value);
                }
                Some(b'}') if in_object => self.close(),
                Some(b']') if !in_object => self.close(),
                Some(_) => return self.fail("neither a comma nor the closing bracket"),
                None => return self.fail("the end, where a bracket is missing,"),
            }
        }
    }

    /// The name of a member, and its colon.
    fn name(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return self.fail("no name of a member");
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return self.fail("no colon");
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return self.fail("a control character in a string"),
                Some(_) => self.at += 1,
                None => return self.fail("the end, where a quote is missing,"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let len = match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match self.text.get(self.at + 2..self.at + 6) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => 6,
                _ => return self.fail("a malformed escape"),
            },
            _ => return self.fail("an unknown escape"),
        };
        self.at += len;
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonError> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("no value");
        }
        self.at += word.len();
        Ok(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, JsonError> {
        Err(JsonError { what, at: self.at })
    }
}
