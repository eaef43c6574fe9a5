//! What becomes of a value.

use std::fmt::Write;

use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use sha2::{Digest, Sha256};

/// What stands for what is not to be seen.
const STARS: &str = "***";
/// The bytes of a pseudonym: two hex digits each.
const PSEUDONYM_BYTES: usize = 8;
/// The block of SHA-256, which HMAC pads its secret to.
const BLOCK: usize = 64;

/// What becomes of a value.
#[derive(Clone)]
pub enum Action {
    /// It is taken out.
    Remove,
    /// Stars, and the last few characters.
    Mask {
        /// How many.
        keep_last: usize,
    },
    /// A pseudonym: the two halves of an HMAC, begun.
    Hash {
        /// With the inner padding.
        inner: Box<Sha256>,
        /// With the outer padding.
        outer: Box<Sha256>,
    },
}

impl Action {
    /// Pseudonyms of this secret.
    pub fn hash(secret: &str) -> Self {
        let mut block = [0; BLOCK];
        if secret.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(secret));
        } else {
            block[..secret.len()].copy_from_slice(secret.as_bytes());
        }
        let begun = |padding: u8| Box::new(Sha256::new_with_prefix(block.map(|byte| byte ^ padding)));
        Action::Hash {
            inner: begun(0x36),
            outer: begun(0x5c),
        }
    }

    /// Writes what stands for the value. What is removed where something has to stand is null.
    pub fn write(&self, value: Json<'_>, out: &mut String) {
        if value.is_null() {
            out.push_str("null");
            return;
        }
        match self {
            Action::Remove => out.push_str("null"),
            Action::Mask { keep_last } => mask(value, *keep_last, out),
            Action::Hash { inner, outer } => {
                let mut inner = inner.clone();
                match value.as_str() {
                    Some(string) => inner.update(string.to_string()),
                    None => inner.update(value.text()),
                }
                let mut outer = outer.clone();
                outer.update(inner.finalize());
                let hash = outer.finalize();
                out.push('"');
                for byte in &hash[..PSEUDONYM_BYTES] {
                    let _ = write!(out, "{byte:02x}");
                }
                out.push('"');
            }
        }
    }
}

fn mask(value: Json<'_>, keep_last: usize, out: &mut String) {
    let text = match value.kind() {
        Some(Kind::String) => value.as_str().map(|string| string.to_string()),
        Some(Kind::Number) => Some(value.text().to_owned()),
        _ => None,
    };
    let text = text.unwrap_or_default();
    let kept = keep_last.min(text.chars().count() / 2);
    out.push('"');
    out.push_str(STARS);
    let at = text.chars().count() - kept;
    text.chars().skip(at).for_each(|char| escape(char, out));
    out.push('"');
}

fn escape(char: char, out: &mut String) {
    match char {
        '"' | '\\' => out.extend(['\\', char]),
        '\0'..='\u{1f}' => drop(write!(out, "\\u{:04x}", char as u32)),
        _ => out.push(char),
    }
}
