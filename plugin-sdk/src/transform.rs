//! The hook that changes records before they are written.

use crate::answer::List;
use crate::config::Config;
use crate::input::{Input, Topic};
use crate::record::Record;
use crate::refusal::Verdict;

/// Changes, drops or refuses each record of a topic, before it is written.
///
/// ```
/// use corvid_plugin_sdk::{Config, Edit, Record, Topic, Transform, Verdict, export};
///
/// /// Stamps every record, and drops comments.
/// pub struct Stamp {
///     seen: u64,
/// }
///
/// impl Transform for Stamp {
///     fn new(_config: &Config<'_>) -> Result<Self, String> {
///         Ok(Stamp { seen: 0 })
///     }
///
///     fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
///         let value = record.value().ok_or("tombstones are not allowed here")?;
///         if value.starts_with(b"#") {
///             edit.drop_record();
///             return Ok(());
///         }
///         self.seen += 1;
///         edit.set_header("stamp", self.seen.to_string());
///         Ok(())
///     }
/// }
///
/// export!(transform = Stamp);
///
/// // In its unit tests:
/// use corvid_plugin_sdk::testing::{Call, RecordBuilder, Transformed};
///
/// let records = ["# a comment", "a line"].map(|line| RecordBuilder::new().value(line));
/// let results = Call::new(records).transform::<Stamp>("{}").unwrap();
/// let stamped = RecordBuilder::new().value("a line").header("stamp", "1");
/// assert_eq!(results, [Transformed::Dropped, Transformed::Record(stamped)]);
/// ```
pub trait Transform: Sized {
    /// Makes the plugin from its configuration, once for every instance of it. An error's text is
    /// shown to whoever binds the plugin, and the plugin is not bound.
    fn new(config: &Config<'_>) -> Result<Self, String>;

    /// Says what is to change about this record, or why it is refused. A refused record is not
    /// changed, whatever was said about it.
    fn transform(&mut self, record: &Record<'_>, topic: &Topic<'_>, edit: &mut Edit) -> Verdict;
}

/// What is to change about a record, before it is written or as it is read: at first, nothing. Its buffers serve for every record, so an
/// edit allocates nothing.
#[derive(Debug)]
pub struct Edit {
    dropped: bool,
    key: Option<Field>,
    key_bytes: Vec<u8>,
    value: Option<Field>,
    value_bytes: Vec<u8>,
    header_ops: u16,
    header_bytes: Vec<u8>,
}

/// What a key or a value becomes.
#[derive(Clone, Copy, Debug)]
enum Field {
    Null,
    /// What lies in the buffer beside it.
    Bytes,
}

impl Edit {
    pub(crate) const NOTHING: Edit = Edit {
        dropped: false,
        key: None,
        key_bytes: Vec::new(),
        value: None,
        value_bytes: Vec::new(),
        header_ops: 0,
        header_bytes: Vec::new(),
    };

    /// Leaves the record out. Its offset stays empty, and the producer is told that all is well.
    pub fn drop_record(&mut self) {
        self.dropped = true;
    }

    /// In a view: hides the record from this reader. Its offset stays empty.
    pub fn hide_record(&mut self) {
        self.dropped = true;
    }

    /// Gives the record this key.
    pub fn set_key(&mut self, key: impl AsRef<[u8]>) {
        self.key = Some(Field::Bytes);
        refill(&mut self.key_bytes, key.as_ref());
    }

    /// Takes the record's key away.
    pub fn set_key_null(&mut self) {
        self.key = Some(Field::Null);
    }

    /// Gives the record this value.
    pub fn set_value(&mut self, value: impl AsRef<[u8]>) {
        self.value = Some(Field::Bytes);
        refill(&mut self.value_bytes, value.as_ref());
    }

    /// Makes the record a tombstone: its value is null, which is not the same as empty.
    pub fn make_tombstone(&mut self) {
        self.value = Some(Field::Null);
    }

    /// Adds a header behind all others, also if there are headers of this key.
    pub fn add_header(&mut self, key: &str, value: impl AsRef<[u8]>) {
        self.header_op(header_op::APPEND, key, Some(value.as_ref()));
    }

    /// Makes this the only header of its key, behind all others.
    pub fn set_header(&mut self, key: &str, value: impl AsRef<[u8]>) {
        self.header_op(header_op::SET, key, Some(value.as_ref()));
    }

    /// Takes all headers of this key away.
    pub fn remove_header(&mut self, key: &str) {
        self.header_op(header_op::REMOVE, key, None);
    }

    fn header_op(&mut self, op: u8, key: &str, value: Option<&[u8]>) {
        let Ok(key_len) = u16::try_from(key.len()) else {
            panic!("the key of a header has at most 65535 bytes")
        };
        assert!(
            self.header_ops < u16::MAX,
            "an edit has at most 65535 changes of headers"
        );
        self.header_ops += 1;
        self.header_bytes.push(op);
        self.header_bytes.extend_from_slice(&key_len.to_le_bytes());
        self.header_bytes.extend_from_slice(key.as_bytes());
        if let Some(value) = value {
            write_sized(&mut self.header_bytes, value);
        }
    }

    pub(crate) fn reset(&mut self) {
        self.dropped = false;
        self.key = None;
        self.value = None;
        self.header_ops = 0;
        self.header_bytes.clear();
    }

    fn changes(&self) -> u8 {
        let bit = |changed: bool, bit: u8| if changed { bit } else { 0 };
        bit(self.key.is_some(), what::KEY)
            | bit(self.value.is_some(), what::VALUE)
            | bit(self.header_ops > 0, what::HEADERS)
    }

    fn write(&self, changes: u8, answer: &mut Vec<u8>) {
        answer.extend_from_slice(&[kind::EDIT, changes]);
        write_field(answer, self.key, &self.key_bytes);
        write_field(answer, self.value, &self.value_bytes);
        if self.header_ops > 0 {
            answer.extend_from_slice(&self.header_ops.to_le_bytes());
            answer.extend_from_slice(&self.header_bytes);
        }
    }
}

/// Writes what an edit comes to into a list of them: nothing, if it changes nothing.
pub(crate) fn list(edits: &mut List<'_>, index: usize, edit: &Edit) {
    if edit.dropped {
        edits.entry(index).push(kind::DROP);
        return;
    }
    match edit.changes() {
        0 => {}
        changes => edit.write(changes, edits.entry(index)),
    }
}

/// Runs the hook over a call's records, and writes the answer: nothing, or the edits.
pub(crate) fn answer<T: Transform>(plugin: &mut T, edit: &mut Edit, input: &Input<'_>, answer: &mut Vec<u8>) {
    let mut edits = List::new(answer, input.len);
    let last = input.records.len().saturating_sub(1);
    for (index, record) in input.records.clone().enumerate() {
        edit.reset();
        match plugin.transform(&record, &input.topic, edit) {
            Err(refusal) => {
                edits.entry(index).push(kind::REFUSE);
                edits.refuse(&refusal, last - index);
            }
            Ok(()) => list(&mut edits, index, edit),
        }
    }
}

/// What an entry of the answer does to its record.
pub(crate) mod kind {
    pub(crate) const DROP: u8 = 0;
    pub(crate) const REFUSE: u8 = 1;
    pub(crate) const EDIT: u8 = 2;
}

/// What an edit changes, as bits.
pub(crate) mod what {
    pub(crate) const KEY: u8 = 1;
    pub(crate) const VALUE: u8 = 2;
    pub(crate) const HEADERS: u8 = 4;
}

/// What happens to the headers.
pub(crate) mod header_op {
    pub(crate) const APPEND: u8 = 0;
    pub(crate) const REMOVE: u8 = 1;
    pub(crate) const SET: u8 = 2;
}

fn refill(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(bytes);
}

fn write_field(answer: &mut Vec<u8>, field: Option<Field>, bytes: &[u8]) {
    match field {
        None => {}
        Some(Field::Null) => answer.extend_from_slice(&(-1_i32).to_le_bytes()),
        Some(Field::Bytes) => write_sized(answer, bytes),
    }
}

fn write_sized(answer: &mut Vec<u8>, bytes: &[u8]) {
    answer.extend_from_slice(&(bytes.len() as i32).to_le_bytes());
    answer.extend_from_slice(bytes);
}
