//! Records with something that not everybody may see.

/// How many digits of it some masks leave.
pub const KEPT: usize = 2;

/// A record's value: JSON, with the number of a card.
pub fn value(stream: u32, number: u64) -> Vec<u8> {
    text(&digits(stream, number), number)
}

/// Whether this is how viewers may see it.
pub fn is_masked(seen: &[u8], stream: u32, number: u64) -> bool {
    let digits = digits(stream, number);
    let last = &digits[digits.len() - KEPT..];
    [text("***", number), text(&format!("***{last}"), number)].contains(&seen.to_vec())
}

fn digits(stream: u32, number: u64) -> String {
    format!("4{stream:03}{number:012}")
}

fn text(card: &str, number: u64) -> Vec<u8> {
    format!(r#"{{"card":"{card}","number":{number}}}"#).into()
}
