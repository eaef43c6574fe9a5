//! Classes of characters: `[a-z\s]`.

use super::ecma::{Escape, Reader};

/// What `\s` is in ECMA-262: its white space and its ends of lines.
pub const SPACES: &str =
    r"\x{9}-\x{d}\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// Everything else.
const NO_SPACES: &str = r"\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}";

/// A member of a class.
enum Member {
    Char(char),
    /// Several, which can't be an end of a range.
    Several(String),
}

/// A class whose bracket has been read, translated.
pub fn read(reader: &mut Reader<'_>) -> Result<String, String> {
    let negated = reader.rest.next_if_eq(&'^').is_some();
    let mut class = String::from(if negated { "[^" } else { "[" });
    let mut is_empty = true;
    while let Some(member) = member(reader)? {
        is_empty = false;
        let mut ahead = reader.rest.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|char| char != ']');
        match member {
            _ if is_range => {
                reader.rest.next();
                class.push_str(&range(&member, self::member(reader)?)?);
            }
            Member::Char(char) => class.push_str(&literal(char)),
            Member::Several(text) => class.push_str(&text),
        }
    }
    match (is_empty, negated) {
        (true, true) => Ok(r"[\x{0}-\x{10ffff}]".to_owned()),
        (true, false) => Err("has a `[]`, which nothing matches".to_owned()),
        (false, _) => Ok(class + "]"),
    }
}

/// The next one; `None` at the closing bracket.
fn member(reader: &mut Reader<'_>) -> Result<Option<Member>, String> {
    let Some(char) = reader.rest.next() else {
        return Err("has a `[` without its `]`".to_owned());
    };
    Ok(match char {
        ']' => None,
        '\\' if reader.rest.next_if_eq(&'b').is_some() => Some(Member::Char('\x08')),
        '\\' => Some(match reader.escape()? {
            Escape::Char(char) => Member::Char(char),
            Escape::Space { negated } => Member::Several(if negated { NO_SPACES } else { SPACES }.to_owned()),
            Escape::Alike(class) => Member::Several(format!("\\{class}")),
        }),
        char => Some(Member::Char(char)),
    })
}

fn range(from: &Member, to: Option<Member>) -> Result<String, String> {
    match (from, to) {
        (Member::Char(from), Some(Member::Char(to))) if *from <= to => {
            Ok(format!("{}-{}", literal(*from), literal(to)))
        }
        _ => Err("has a range in a class that does not go from one character up to another".to_owned()),
    }
}

/// A character that stands for itself.
pub fn literal(char: char) -> String {
    match char.is_alphanumeric() {
        true => char.to_string(),
        false => format!(r"\x{{{:x}}}", u32::from(char)),
    }
}
