//! From a regular expression as the draft has it (ECMA-262, with the flag `u`) to the same as `regex-lite` reads it.
//!
//! Most of the two is the same. What isn't is spelled out (`\s`, `.`, `\cX`, `\uXXXX`), and what ECMA-262 does not have is
//! refused: `(?i)`, `\A`, `[[:alpha:]]` and the like would mean something else to whoever else reads the schema.

use super::class::{self, SPACES};
use std::iter::Peekable;
use std::str::Chars;

/// An expression that is being read.
pub struct Reader<'a> {
    pub(super) rest: Peekable<Chars<'a>>,
    written: String,
    /// Whether there is something that a quantifier can be about.
    can_be_repeated: bool,
}

/// What an escape stands for.
pub enum Escape {
    Char(char),
    /// `\s`, or `\S` if it is negated.
    Space {
        negated: bool,
    },
    /// `\d`, `\D`, `\w` or `\W`, which `regex-lite` has alike.
    Alike(char),
}

/// The expression, translated.
pub fn translate(expression: &str) -> Result<String, String> {
    let mut reader = Reader {
        rest: expression.chars().peekable(),
        written: String::new(),
        can_be_repeated: false,
    };
    while let Some(char) = reader.rest.next() {
        reader.one(char)?;
    }
    Ok(reader.written)
}

impl Reader<'_> {
    fn one(&mut self, char: char) -> Result<(), String> {
        match char {
            '\\' => self.escape_outside(),
            '[' => {
                let class = class::read(self)?;
                self.atom(&class)
            }
            '(' => self.open(),
            '.' => self.atom(r"[^\n\r\x{2028}\x{2029}]"),
            ')' => self.atom(")"),
            '*' | '+' | '?' => self.repeated(&char.to_string()),
            '{' => self.counted(),
            '|' | '^' | '$' => {
                self.written.push(char);
                self.can_be_repeated = false;
                Ok(())
            }
            char => {
                let literal = class::literal(char);
                self.atom(&literal)
            }
        }
    }

    fn atom(&mut self, text: &str) -> Result<(), String> {
        self.written.push_str(text);
        self.can_be_repeated = true;
        Ok(())
    }

    fn escape_outside(&mut self) -> Result<(), String> {
        if let Some(border) = self.rest.next_if(|char| matches!(char, 'b' | 'B')) {
            self.written.push('\\');
            self.written.push(border);
            self.can_be_repeated = false;
            return Ok(());
        }
        let text = match self.escape()? {
            Escape::Char(char) => class::literal(char),
            Escape::Space { negated: false } => format!("[{SPACES}]"),
            Escape::Space { negated: true } => format!("[^{SPACES}]"),
            Escape::Alike(class) => format!("\\{class}"),
        };
        self.atom(&text)
    }

    /// What stands behind a backslash, in a class or not.
    pub(super) fn escape(&mut self) -> Result<Escape, String> {
        let Some(char) = self.rest.next() else {
            return Err("ends in a backslash".to_owned());
        };
        Ok(match char {
            'd' | 'D' | 'w' | 'W' => Escape::Alike(char),
            's' | 'S' => Escape::Space { negated: char == 'S' },
            't' => Escape::Char('\t'),
            'n' => Escape::Char('\n'),
            'v' => Escape::Char('\x0b'),
            'f' => Escape::Char('\x0c'),
            'r' => Escape::Char('\r'),
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => Escape::Char('\0'),
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Escape::Char(char::from(letter as u8 % 32)),
                _ => return Err(r"`\c` needs a letter".to_owned()),
            },
            'x' => Escape::Char(self.digits(2)?),
            'u' => Escape::Char(self.unicode()?),
            'p' | 'P' => return Err(r"has `\p{…}`, which is not to be had: write the characters in a class".to_owned()),
            'k' | '1'..='9' => return Err("has a back-reference, which is not to be had in linear time".to_owned()),
            char if char.is_ascii_punctuation() || char == ' ' => Escape::Char(char),
            char => return Err(format!(r"has `\{char}`, which ECMA-262 does not")),
        })
    }

    fn unicode(&mut self) -> Result<char, String> {
        if self.rest.next_if_eq(&'{').is_some() {
            let digits: String = std::iter::from_fn(|| self.rest.next_if(char::is_ascii_hexdigit)).collect();
            let char = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            let closed = self.rest.next_if_eq(&'}').is_some();
            return char
                .filter(|_| closed)
                .ok_or_else(|| r"has a `\u{…}` that is no character".to_owned());
        }
        let first = self.number(4)?;
        if let 0xd800..0xdc00 = first {
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('\\') && ahead.next() == Some('u') {
                self.rest = ahead;
                let second = self.number(4)?;
                if let 0xdc00..0xe000 = second {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    return char::from_u32(code).ok_or_else(String::new);
                }
            }
        }
        char::from_u32(first).ok_or_else(|| r"has half of a surrogate pair, which no text has".to_owned())
    }

    fn digits(&mut self, count: usize) -> Result<char, String> {
        let number = self.number(count)?;
        char::from_u32(number).ok_or_else(|| "has a number that is no character".to_owned())
    }

    fn number(&mut self, count: usize) -> Result<u32, String> {
        (0..count).try_fold(0, |number, _| {
            let digit = self.rest.next().and_then(|char| char.to_digit(16));
            let digit = digit.ok_or_else(|| format!("has an escape without its {count} hexadecimal digits"))?;
            Ok(number * 16 + digit)
        })
    }

    /// A group: `(`, `(?:` or `(?<name>`.
    fn open(&mut self) -> Result<(), String> {
        self.written.push('(');
        self.can_be_repeated = false;
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        let mut ahead = self.rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some(':'), _) => {}
            (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => {
                return Err("has a look-around, which is not to be had in linear time".to_owned());
            }
            (Some('<'), _) => {}
            _ => return Err("has a `(?` that ECMA-262 does not".to_owned()),
        }
        self.written.push('?');
        let head = |char: &char| !matches!(char, ':' | '>');
        while let Some(char) = self.rest.next_if(head) {
            self.written.push(char);
        }
        self.written.extend(self.rest.next());
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`.
    fn counted(&mut self) -> Result<(), String> {
        let mut range = String::from("{");
        range.extend(std::iter::from_fn(|| {
            self.rest.next_if(|char| char.is_ascii_digit() || *char == ',')
        }));
        let closed = self.rest.next_if_eq(&'}').is_some();
        let digits_first = range[1..].starts_with(|char: char| char.is_ascii_digit());
        if !closed || !digits_first || range.matches(',').count() > 1 {
            return Err(r"has a `{` that opens no count: write `\{` for the character".to_owned());
        }
        range.push('}');
        self.repeated(&range)
    }

    fn repeated(&mut self, quantifier: &str) -> Result<(), String> {
        if !self.can_be_repeated {
            return Err(format!("has `{quantifier}` behind nothing that can be repeated"));
        }
        self.written.push_str(quantifier);
        self.written.extend(self.rest.next_if_eq(&'?'));
        self.can_be_repeated = false;
        Ok(())
    }
}
