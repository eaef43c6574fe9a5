//! The words that schemas are written in: a field is a kind, a name, and the versions it is in.

/// The two messages of an API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    /// The fields of its requests.
    pub request: &'static [Field],
    /// The fields of its responses.
    pub response: &'static [Field],
}

/// One field of a message, over all its versions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Kafka's name, for errors.
    pub name: &'static str,
    /// What is on the wire.
    pub kind: Kind,
    /// The first version that has the field.
    pub since: i16,
    /// The last version that has the field.
    pub until: i16,
    /// The first version in which it may be null.
    pub nullable_since: i16,
    /// The tag, if the field travels among the tagged ones.
    pub tag: Option<u32>,
}

/// What a field is on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// This many bytes, whatever they are.
    Fixed(usize),
    /// A length and UTF-8.
    String,
    /// A length and bytes: also what Kafka calls records.
    Bytes,
    /// One structure, as a tagged field.
    Struct(&'static [Field]),
    /// A count and structures, each of which may take so many bytes once decoded.
    Structs(&'static [Field], usize),
    /// A count and elements of this many bytes.
    Fixeds(usize),
    /// A count and strings.
    Strings,
}

impl Field {
    /// Whether the field is there, tagged or not, in this version.
    pub const fn is_in(&self, version: i16) -> bool {
        self.since <= version && version <= self.until
    }

    /// Whether the field may be null in this version.
    pub const fn is_nullable(&self, version: i16) -> bool {
        version >= self.nullable_since
    }

    /// The field is there from this version on.
    pub const fn since(mut self, version: i16) -> Field {
        self.since = version;
        self
    }

    /// The field is there up to this version.
    pub const fn until(mut self, version: i16) -> Field {
        self.until = version;
        self
    }

    /// The field may be null.
    pub const fn nullable(self) -> Field {
        self.nullable_since(0)
    }

    /// The field may be null from this version on.
    pub const fn nullable_since(mut self, version: i16) -> Field {
        self.nullable_since = version;
        self
    }

    /// The field travels among the tagged ones.
    pub const fn tagged(mut self, tag: u32) -> Field {
        self.tag = Some(tag);
        self
    }
}

/// Declares a word for each kind without content of its own.
macro_rules! words {
    ($($word:ident => $kind:expr;)*) => {
        $(
            #[doc = concat!("A field of the kind `", stringify!($word), "`.")]
            pub(crate) const fn $word(name: &'static str) -> Field {
                field(name, $kind)
            }
        )*
    };
}

words! {
    boolean => Kind::Fixed(1);
    int8 => Kind::Fixed(1);
    int16 => Kind::Fixed(2);
    int32 => Kind::Fixed(4);
    int64 => Kind::Fixed(8);
    uuid => Kind::Fixed(16);
    string => Kind::String;
    bytes => Kind::Bytes;
    records => Kind::Bytes;
    int32s => Kind::Fixeds(4);
    strings => Kind::Strings;
}

/// One structure.
pub(crate) const fn structure(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Struct(fields))
}

/// An array of structures.
pub(crate) const fn structs(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Kind::Structs(fields, decoded_bytes(fields)))
}

/// What the protocol crate's type for a structure takes, at most: it has the fields of all versions,
/// texts and bytes are slices of the message, and what arrays hold is counted where they are read.
const fn decoded_bytes(fields: &[Field]) -> usize {
    const MAP_OF_TAGGED_FIELDS: usize = 24;
    let mut bytes = MAP_OF_TAGGED_FIELDS;
    let mut at = 0;
    while at < fields.len() {
        bytes += match fields[at].kind {
            Kind::Fixed(size) => size,
            Kind::String | Kind::Bytes => 32,
            Kind::Struct(fields) => decoded_bytes(fields),
            Kind::Structs(..) | Kind::Fixeds(_) | Kind::Strings => 24,
        };
        at += 1;
    }
    bytes.next_multiple_of(8)
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        since: 0,
        until: i16::MAX,
        nullable_since: i16::MAX,
        tag: None,
    }
}
