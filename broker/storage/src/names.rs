//! Every name and magic number that is ours to find on a disk, in one place.

use corvid_record::Offset;

// --- In a log directory ---

/// Kafka's: which cluster and node the directory belongs to.
pub(crate) const META_PROPERTIES: &str = "meta.properties";
/// Kafka's: the last shutdown was clean.
pub(crate) const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
/// Kafka's: the visible start of every log that has one.
pub(crate) const LOG_START_CHECKPOINT: &str = "log-start-offset-checkpoint";
/// Kafka's: up to where a compacted log is clean.
pub(crate) const CLEANER_CHECKPOINT: &str = "cleaner-offset-checkpoint";
/// Flushed position and start of each log.
pub(crate) const FLUSHED_CHECKPOINT: &str = "flushed-offset-checkpoint";
/// A sync failed here; what the disk holds is unknown. Kept until a person removes it.
pub(crate) const POISONED: &str = "sync-failed";
/// Blocks kept aside for what must still be written on a full disk.
pub(crate) const RESERVE: &str = "reserve";
/// Kafka's: a log that is being deleted is renamed to end so.
pub(crate) const DELETED_DIRECTORY: &str = "-delete";
/// What is being written, to be renamed: see `Dir::write_atomic`.
pub(crate) const UNFINISHED: &str = ".tmp";
/// The longest name of a file or directory.
pub(crate) const NAME_BYTES_MAX: usize = 255;
/// The longest topic name, as in Kafka.
const TOPIC_BYTES_MAX: usize = 249;

// --- In a log ---

/// Kafka's: where each leader epoch begins.
pub(crate) const LEADER_EPOCHS: &str = "leader-epoch-checkpoint";
/// Batches.
pub(crate) const LOG: &str = "log";
/// Offset to position.
pub(crate) const INDEX: &str = "index";
/// Timestamp to offset.
pub(crate) const TIME_INDEX: &str = "timeindex";
/// Hidden batches, and what else is to be known of a segment.
pub(crate) const HIDDEN: &str = "hidden";
/// Producers at an offset.
pub(crate) const SNAPSHOT: &str = "snapshot";
/// Kafka's: a segment that a compaction is writing.
pub(crate) const CLEANED: &str = "log.cleaned";
/// Kafka's: a segment that a compaction has finished, about to take the place of others.
pub(crate) const SWAP: &str = "log.swap";

// --- Magic numbers and versions ---

/// First bytes of a [`HIDDEN`] file.
pub(crate) const HIDDEN_MAGIC: u32 = u32::from_be_bytes(*b"CVhd");
/// Format version of a [`HIDDEN`] file.
pub(crate) const HIDDEN_VERSION: u16 = 2;
/// First bytes of [`FLUSHED_CHECKPOINT`], and of each slot in it.
pub(crate) const FLUSHED_MAGIC: u32 = u32::from_be_bytes(*b"CVfl");
/// Format version of [`FLUSHED_CHECKPOINT`].
pub(crate) const FLUSHED_VERSION: u16 = 1;
/// Kafka's version of a [`SNAPSHOT`].
pub(crate) const SNAPSHOT_VERSION: i16 = 1;
/// First bytes of our tail in a [`SNAPSHOT`].
pub(crate) const SNAPSHOT_TAIL_MAGIC: u32 = u32::from_be_bytes(*b"CVps");
/// Format version of our tail in a [`SNAPSHOT`].
pub(crate) const SNAPSHOT_TAIL_VERSION: u16 = 1;
/// Kafka's version of its checkpoint files.
pub(crate) const CHECKPOINT_VERSION: &str = "0";
/// Kafka's version of [`META_PROPERTIES`].
pub(crate) const META_PROPERTIES_VERSION: u32 = 1;

/// `<offset, 20 digits>.<suffix>`, as Kafka names a segment's files.
pub(crate) fn segment_file(base: Offset, suffix: &str) -> String {
    format!("{:020}.{suffix}", base.0)
}

/// The offset and the suffix of a segment's file.
pub(crate) fn parse_segment_file(name: &str) -> Option<(Offset, &str)> {
    let (digits, suffix) = name.split_once('.')?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let offset = digits.parse().ok().filter(|_| plain)?;
    Some((Offset(offset), suffix))
}

/// The topic and the partition of a log's name, if it is one.
pub(crate) fn parse_log_name(name: &str) -> Option<(&str, i32)> {
    let (topic, digits) = name.rsplit_once('-')?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let topic_is_legal = !topic.is_empty()
        && topic != "."
        && topic != ".."
        && topic.len() <= TOPIC_BYTES_MAX
        && topic.bytes().all(legal);
    let partition: i32 = digits.parse().ok()?;
    // Only one way of writing a number, or one log would have two names.
    (topic_is_legal && partition.to_string() == digits && partition >= 0).then_some((topic, partition))
}

/// What a log's directory is renamed to when it is deleted.
pub(crate) fn deleted_directory(name: &str, unique: u64) -> String {
    let suffix = format!(".{unique:016x}{DELETED_DIRECTORY}");
    let kept = name.len().min(NAME_BYTES_MAX - suffix.len());
    format!("{}{suffix}", &name[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_files_are_named_as_kafkas_are() {
        assert_eq!(segment_file(Offset(42), LOG), "00000000000000000042.log");
        assert_eq!(
            parse_segment_file("00000000000000000042.log.swap"),
            Some((Offset(42), "log.swap"))
        );
        for not_one in [
            "42.log",
            "leader-epoch-checkpoint",
            "+0000000000000000042.log",
            "99999999999999999999.log",
        ] {
            assert_eq!(parse_segment_file(not_one), None, "{not_one}");
        }
    }

    #[test]
    fn a_log_has_one_name() {
        assert_eq!(parse_log_name("orders-3"), Some(("orders", 3)));
        assert_eq!(parse_log_name("a-b.c_d-12"), Some(("a-b.c_d", 12)));
        for not_one in [
            "orders",
            "orders-",
            "orders-03",
            "orders--1x",
            "-1",
            "../x-1",
            "..-1",
            "a b-1",
            "orders-1.0f-delete",
        ] {
            assert_eq!(parse_log_name(not_one), None, "{not_one}");
        }
    }

    #[test]
    fn a_deleted_directory_has_a_legal_name_however_long_the_topic() {
        let name = format!("{}-0", "t".repeat(249));
        let deleted = deleted_directory(&name, 7);
        assert!(deleted.len() <= NAME_BYTES_MAX && deleted.ends_with(DELETED_DIRECTORY));
        assert_eq!(parse_log_name(&deleted), None);
    }
}
