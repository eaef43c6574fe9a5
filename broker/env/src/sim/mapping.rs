//! A mapping is a copy.

use std::ops::Deref;

pub(crate) struct Mapping {
    pub(super) bytes: Vec<u8>,
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
