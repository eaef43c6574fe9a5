//! `partition.metadata`: which topic a log's directory belongs to, as Kafka writes it.
//!
//! A topic can be deleted and created again by the same name while this node is down. The marker tells
//! the old topic's files from the new one's.

use std::io;

use corvid_env::fs::Dir;
use corvid_metadata::TopicId;

const FILE: &str = "partition.metadata";
/// Two short lines; anything longer is not ours.
const BYTES_MAX: u64 = 256;

/// The topic that `log` belongs to; `None` for a directory that isn't there, or was not marked yet.
pub(crate) fn read(root: &Dir, log: &str) -> io::Result<Option<TopicId>> {
    if !root.exists(log) {
        return Ok(None);
    }
    let dir = root.subdir(log)?;
    if !dir.exists(FILE) {
        return Ok(None);
    }
    let text = dir.read(FILE, BYTES_MAX)?;
    parse(&text).map(Some).ok_or_else(|| {
        let message = format!("{log}/{FILE} is not `version: 0` and `topic_id: …`");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// Marks the directory of `log`, unless it is marked already.
pub(crate) async fn write(root: &Dir, log: &str, topic: TopicId) -> io::Result<()> {
    let dir = root.subdir(log)?;
    if dir.exists(FILE) {
        return Ok(());
    }
    dir.write_atomic(FILE, format!("version: 0\ntopic_id: {topic}").as_bytes())
        .await
}

fn parse(text: &[u8]) -> Option<TopicId> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.lines();
    if lines.next()?.trim() != "version: 0" {
        return None;
    }
    lines.next()?.strip_prefix("topic_id:")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_marker_says_whose_log_it_is_and_rubbish_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let root = Dir::open(place.path()).unwrap();
        assert_eq!(read(&root, "t-0").unwrap(), None);
        let topic = TopicId([7; 16]);
        write(&root, "t-0", topic).await.unwrap();
        assert_eq!(read(&root, "t-0").unwrap(), Some(topic));
        root.subdir("t-1")
            .unwrap()
            .write_atomic(FILE, b"nonsense")
            .await
            .unwrap();
        assert!(read(&root, "t-1").is_err());
    }
}
