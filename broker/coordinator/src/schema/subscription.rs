//! The one thing that a coordinator reads of a consumer's opaque metadata: which topics it subscribes to.

use std::collections::BTreeSet;

use super::reader::{Reader, SchemaError};

/// The protocol type of consumers, whose metadata begins with a version and the subscribed topics.
pub(crate) const CONSUMER: &str = "consumer";

/// The topics of a consumer's subscription: a prefix that all versions of it share.
pub(crate) fn topics(metadata: &[u8]) -> Result<BTreeSet<String>, SchemaError> {
    let mut reader = Reader::new(metadata);
    reader.i16()?;
    let count = reader.count()?;
    (0..count).map(|_| reader.string()).collect()
}
