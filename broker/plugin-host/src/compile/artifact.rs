//! Compiled code with a label: of which module, by which compiler, for which processor.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// What a sealed artifact starts with; the number is the format's version.
const MAGIC: &[u8; 8] = b"CORVIDW1";
/// Magic, the module's digest, the engine's fingerprint, the length of the code, the seal.
const HEADER: usize = 8 + 32 + 32 + 8 + 32;

/// What code an engine wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    module: [u8; 32],
    /// Of wasmtime's version, its settings and the processor's features.
    engine: [u8; 32],
}

/// Why bytes are not the wanted artifact.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it is shorter than it says, or longer")]
    Length,
    #[error("it is not of this format")]
    Format,
    #[error("it is of another module, or of another release or machine")]
    Label,
    #[error("its checksum is wrong")]
    Seal,
    #[error("the engine refuses it: {0}")]
    Engine(String),
}

/// How the name of an artifact ends.
pub(super) const ENDING: &str = ".cwasm";

impl Label {
    pub(super) fn new(module: [u8; 32], engine: &Engine) -> Self {
        let mut fingerprint = Fingerprint(Sha256::new());
        env!("CARGO_PKG_VERSION").hash(&mut fingerprint);
        engine.precompile_compatibility_hash().hash(&mut fingerprint);
        Self {
            module,
            engine: fingerprint.0.finalize().into(),
        }
    }

    /// The artifact's name as a file.
    pub(super) fn file_name(&self) -> String {
        format!("{}{}", Hex(&self.module), self.ending())
    }

    /// What the names of all artifacts of this engine end with.
    pub(super) fn ending(&self) -> String {
        format!("-{}{ENDING}", Hex(&self.engine[..8]))
    }

    /// `code` with its label and a checksum over all of it.
    pub(super) fn seal(&self, code: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEADER + code.len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&self.module);
        sealed.extend_from_slice(&self.engine);
        sealed.extend_from_slice(&(code.len() as u64).to_le_bytes());
        let seal = seal(&sealed, code);
        sealed.extend_from_slice(&seal);
        sealed.extend_from_slice(code);
        sealed
    }

    /// The code in `sealed`, if it is what this label says, whole and unchanged.
    pub(super) fn open<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], Broken> {
        let (header, code) = sealed.split_at_checked(HEADER).ok_or(Broken::Length)?;
        let (signed, found) = header.split_at(HEADER - 32);
        let expected = self.seal(&[]);
        if signed[..8] != expected[..8] {
            return Err(Broken::Format);
        }
        if signed[8..72] != expected[8..72] {
            return Err(Broken::Label);
        }
        if signed[72..] != (code.len() as u64).to_le_bytes() {
            return Err(Broken::Length);
        }
        if found != seal(signed, code) {
            return Err(Broken::Seal);
        }
        Ok(code)
    }
}

fn seal(header: &[u8], code: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(header).chain_update(code).finalize().into()
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hashes what implements `Hash` with SHA-256: the same in every release of the standard library.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the fingerprint is taken as a whole")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label() -> Label {
        Label {
            module: [1; 32],
            engine: [2; 32],
        }
    }

    #[test]
    fn what_is_sealed_opens() {
        assert_eq!(label().open(&label().seal(b"code")).expect("sealed"), b"code");
    }

    /// The bug: code of another module or machine is run because a file was renamed.
    #[test]
    fn another_label_does_not_open() {
        let sealed = label().seal(b"code");
        for other in [
            Label {
                module: [3; 32],
                ..label()
            },
            Label {
                engine: [3; 32],
                ..label()
            },
        ] {
            assert!(matches!(other.open(&sealed), Err(Broken::Label)));
        }
    }

    proptest! {
        /// The bug: a file with a flipped bit, a torn or an overlong one is run as machine code.
        #[test]
        fn nothing_but_the_sealed_bytes_opens(at in 0usize..120, bit in 0u8..8, cut in 0usize..120) {
            let sealed = label().seal(&[7; 8]);
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            prop_assert!(label().open(&flipped).is_err());
            prop_assert!(label().open(&sealed[..cut]).is_err());
            prop_assert!(label().open(&[&sealed[..], b"x"].concat()).is_err());
        }
    }
}
