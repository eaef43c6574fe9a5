//! The hook that says what a reader sees of records.

use crate::answer::List;
use crate::config::Config;
use crate::input::{Input, Topic};
use crate::reader::Reader;
use crate::record::Record;
use crate::transform::{self, Edit};

/// Changes or hides each record of a topic for one who reads it. What is stored stays as it is, and
/// readers to whom the view isn't bound get that.
///
/// What it says may be kept and shown again: nothing but the record, the topic, the viewer and the
/// configuration should decide. A view that asks for the time or for random numbers is refused when
/// it is loaded. It cannot refuse a record; [`Edit::hide_record`] leaves one out.
///
/// ```
/// use corvid_plugin_sdk::{Config, Edit, Record, Topic, View, Viewer, export};
///
/// /// Nobody but the auditors sees who sent a record, and drafts are not shown at all.
/// pub struct Anonymous;
///
/// impl View for Anonymous {
///     fn new(_config: &Config<'_>) -> Result<Self, String> {
///         Ok(Anonymous)
///     }
///
///     fn view(&mut self, record: &Record<'_>, _topic: &Topic<'_>, viewer: &Viewer<'_>, edit: &mut Edit) {
///         if record.header("draft").is_some() {
///             edit.hide_record();
///         } else if viewer.client_id != Some("audit") && record.header("sender").is_some() {
///             edit.remove_header("sender");
///         }
///     }
/// }
///
/// export!(view = Anonymous);
///
/// // In its unit tests:
/// use corvid_plugin_sdk::testing::{Call, RecordBuilder, Shown};
///
/// let plain = RecordBuilder::new().value("5 EUR");
/// let records = [plain.clone().header("sender", "Ada"), plain.clone().header("draft", "")];
/// let shown = Call::new(records).client_id("report").view::<Anonymous>("{}").unwrap();
/// assert_eq!(shown, [Shown::Record(plain), Shown::Hidden]);
/// ```
pub trait View: Sized {
    /// Makes the plugin from its configuration, once for every instance of it. An error's text is
    /// shown to whoever binds the plugin, and the plugin is not bound.
    fn new(config: &Config<'_>) -> Result<Self, String>;

    /// Says how this viewer is to see this record: as it is, if nothing is said.
    fn view(&mut self, record: &Record<'_>, topic: &Topic<'_>, viewer: &Viewer<'_>, edit: &mut Edit);
}

/// Who reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Viewer<'a> {
    /// The authenticated principal, as Kafka writes it; `User:ANONYMOUS` where nobody is asked.
    pub principal: &'a str,
    /// The `client.id` that the client calls itself by. Anybody can say anything here.
    pub client_id: Option<&'a str>,
    /// Its consumer group, where that is known: a Fetch does not name one.
    pub group: Option<&'a str>,
}

impl<'a> Viewer<'a> {
    /// Reads the fields that the header of a view's call has behind the topic.
    fn read(fields: &'a [u8]) -> Self {
        let mut reader = Reader::new(fields);
        let mut text = || {
            let len = i16::from_le_bytes(reader.array());
            let bytes = usize::try_from(len).ok().map(|len| reader.take(len))?;
            str::from_utf8(bytes).ok()
        };
        Viewer {
            principal: text().unwrap_or_default(),
            client_id: text(),
            group: text(),
        }
    }

    /// The fields as the host writes them.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        for text in [Some(self.principal), self.client_id, self.group] {
            let len = text.map_or(-1, |text| text.len() as i16);
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }
}

/// Runs the hook over a call's records, and writes the answer: nothing, or the edits.
pub(crate) fn answer<V: View>(plugin: &mut V, edit: &mut Edit, input: &Input<'_>, answer: &mut Vec<u8>) {
    let viewer = Viewer::read(input.extra);
    let mut edits = List::new(answer, input.len);
    for (index, record) in input.records.clone().enumerate() {
        edit.reset();
        plugin.view(&record, &input.topic, &viewer, edit);
        transform::list(&mut edits, index, edit);
    }
}
