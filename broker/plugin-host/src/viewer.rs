//! Who reads, as a view is told: fields of its own in the header of a call.

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer<'a> {
    /// The authenticated principal, as Kafka writes it.
    pub principal: &'a str,
    /// The client id of the request.
    pub client_id: Option<&'a str>,
    /// The consumer group, where that is known.
    pub group: Option<&'a str>,
}

/// The longest text that has room: lengths are i16. What a request brings is never longer.
const TEXT_MAX: usize = i16::MAX as usize;

impl<'a> Viewer<'a> {
    /// How many bytes [`Viewer::write`] writes.
    pub(crate) fn len(&self) -> usize {
        self.texts().map(|text| 2 + text.map_or(0, str::len)).iter().sum()
    }

    /// Writes the fields, and gives what is left of `memory`.
    pub(crate) fn write<'m>(&self, mut memory: &'m mut [u8]) -> &'m mut [u8] {
        for text in self.texts() {
            let (len, rest) = memory.split_at_mut(2);
            len.copy_from_slice(&text.map_or(-1, |text| text.len() as i16).to_le_bytes());
            let (bytes, rest) = rest.split_at_mut(text.map_or(0, str::len));
            bytes.copy_from_slice(text.unwrap_or_default().as_bytes());
            memory = rest;
        }
        memory
    }

    fn texts(&self) -> [Option<&'a str>; 3] {
        let short = |text: &'a str| &text[..text.floor_char_boundary(TEXT_MAX)];
        [
            Some(short(self.principal)),
            self.client_id.map(short),
            self.group.map(short),
        ]
    }
}

/// A viewer that outlives who was asked.
#[derive(Debug, Clone)]
pub struct OwnedViewer {
    principal: String,
    client_id: Option<String>,
    group: Option<String>,
}

impl From<Viewer<'_>> for OwnedViewer {
    fn from(viewer: Viewer<'_>) -> Self {
        Self {
            principal: viewer.principal.to_owned(),
            client_id: viewer.client_id.map(ToOwned::to_owned),
            group: viewer.group.map(ToOwned::to_owned),
        }
    }
}

impl OwnedViewer {
    /// The viewer.
    pub fn borrow(&self) -> Viewer<'_> {
        Viewer {
            principal: &self.principal,
            client_id: self.client_id.as_deref(),
            group: self.group.as_deref(),
        }
    }
}
