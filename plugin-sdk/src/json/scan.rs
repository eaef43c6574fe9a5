//! Finds where things end in text that may not be JSON at all.

use super::JsonStr;

/// The text from its first character on that is not white space.
#[inline]
pub(super) fn skip_space(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// The string that this text begins with, and the text behind it.
#[inline]
pub(super) fn string(text: &[u8]) -> Option<(JsonStr<'_>, &[u8])> {
    let (b'"', inside) = text.split_first()? else {
        return None;
    };
    let mut escaped = false;
    let mut at = 0;
    loop {
        at += plain_prefix(&inside[at..]);
        match inside.get(at)? {
            b'"' => return Some((JsonStr::new(&text[..at + 2], escaped), &inside[at + 1..])),
            b'\\' => {
                // Whatever follows does not end the string.
                escaped = true;
                at += 2;
                if at > inside.len() {
                    return None;
                }
            }
            _ => at += 1,
        }
    }
}

/// How many bytes at least there are, in steps of eight, before the first quote or backslash.
#[inline]
fn plain_prefix(text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    let plain = words.iter().take_while(|word| {
        let word = u64::from_le_bytes(**word);
        !(has_byte(word, b'"') | has_byte(word, b'\\'))
    });
    plain.count() * 8
}

/// Whether one of the word's eight bytes is this one.
#[inline]
fn has_byte(word: u64, byte: u8) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let differing = word ^ (ONES * u64::from(byte));
    differing.wrapping_sub(ONES) & !differing & (ONES * 0x80) != 0
}

/// The text of the number or the word that this text begins with.
#[inline]
pub(super) fn scalar(text: &[u8]) -> &[u8] {
    let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
    &text[..text.iter().position(ends).unwrap_or(text.len())]
}

/// The text behind the value that this text begins with. Within arrays and objects it counts
/// brackets and passes over strings, and looks at nothing else.
pub(super) fn skip_value(text: &[u8]) -> Option<&[u8]> {
    match text.first()? {
        b'"' => string(text).map(|(_, rest)| rest),
        b'{' | b'[' => skip_nested(text),
        _ => match scalar(text).len() {
            0 => None,
            len => Some(&text[len..]),
        },
    }
}

fn skip_nested(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut depth = 0_usize;
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(rest);
                }
            }
            b'"' => rest = after_string(rest)?,
            _ => {}
        }
    }
}

/// The text behind a string of which only the opening quote has been passed.
#[inline]
fn after_string(inside: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at += plain_prefix(inside.get(at..)?);
        match inside.get(at)? {
            b'"' => return Some(&inside[at + 1..]),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
