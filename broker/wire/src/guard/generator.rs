//! Makes messages out of the schema, for tests: of the guard here, and of a whole node elsewhere.

use std::ops::Range;

use super::field::{Field, Kind};
use crate::versions::Api;

/// A message that was made, and what is to be known about it.
pub struct Generated {
    /// The message, without a header.
    pub bytes: Vec<u8>,
    /// Where its counts and lengths stand.
    pub marks: Vec<Mark>,
    /// Where its numbers stand, and what is called so: booleans and ids, too.
    pub numbers: Vec<(&'static str, Range<usize>)>,
    /// Whether a tagged field of the schema is in it.
    pub has_known_tags: bool,
}

/// What a message is to look like.
pub enum Plan<'a> {
    /// Whatever the choices say.
    Random(Choices<'a>),
    /// Arrays of `count` minimal elements at this depth, of one above it and of none below, and
    /// this many unknown tagged fields everywhere.
    Dense {
        /// How far below the top the many elements are.
        depth: usize,
        /// How many.
        count: usize,
        /// Unknown tagged fields of each structure.
        tags: usize,
    },
}

/// A sequence of choices, the smallest ones once it has run out: so that proptest can shrink it.
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// One choice for each byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn below(&mut self, bound: u8) -> usize {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        usize::from(first % bound)
    }
}

/// Where a count or a length stands.
#[derive(Debug)]
pub struct Mark {
    /// The field whose count or length it is.
    pub field: &'static str,
    at: usize,
    width: Width,
}

#[derive(Debug, Clone, Copy)]
enum Width {
    Varint(usize),
    Two,
    Four,
}

impl Mark {
    /// The bytes that it takes.
    pub fn range(&self) -> Range<usize> {
        let length = match self.width {
            Width::Varint(length) => length,
            Width::Two => 2,
            Width::Four => 4,
        };
        self.at..self.at + length
    }

    /// Values that nothing in a message of this size can have.
    pub fn absurd_values(&self, request_bytes: usize) -> Vec<Vec<u8>> {
        let beyond = request_bytes as u32 + 2;
        match self.width {
            Width::Varint(_) => {
                let values = [0xffff_ffff_u32, 0x8000_0000, 0x7fff_ffff, beyond];
                let too_wide = vec![0xff, 0xff, 0xff, 0xff, 0x7f];
                values.iter().map(|&value| varint(value)).chain([too_wide]).collect()
            }
            Width::Two => [-2_i16, i16::MIN, i16::MAX]
                .map(|value| value.to_be_bytes().to_vec())
                .to_vec(),
            Width::Four => [-2, i32::MIN, i32::MAX, beyond as i32]
                .map(|value: i32| value.to_be_bytes().to_vec())
                .to_vec(),
        }
    }
}

/// Makes the body of a request of this API and version.
pub fn request(api: &Api, version: i16, plan: Plan<'_>) -> Generated {
    generate(api.messages.request, version, api.is_flexible(version), plan)
}

/// Makes a message of these fields.
pub(crate) fn generate(fields: &[Field], version: i16, flexible: bool, plan: Plan<'_>) -> Generated {
    let made = Generated {
        bytes: Vec::new(),
        marks: Vec::new(),
        numbers: Vec::new(),
        has_known_tags: false,
    };
    let mut generator = Generator {
        made,
        version,
        flexible,
        plan,
        depth: 0,
    };
    generator.structure(fields);
    generator.made
}

struct Generator<'a> {
    made: Generated,
    version: i16,
    flexible: bool,
    plan: Plan<'a>,
    depth: usize,
}

impl Generator<'_> {
    fn structure(&mut self, fields: &[Field]) {
        for field in fields {
            if field.tag.is_none() && field.is_in(self.version) {
                self.field(field);
            }
        }
        if self.flexible {
            self.tagged_fields(fields);
        }
    }

    fn field(&mut self, field: &Field) {
        let null = field.is_nullable(self.version) && self.choose(3) == 2;
        match field.kind {
            Kind::Fixed(size) => self.fixed(field, size),
            Kind::String => self.string(field, null),
            Kind::Bytes => {
                let length = self.choose(40);
                self.length(field.name, (!null).then_some(length), Width::Four);
                self.made.bytes.extend(vec![7; if null { 0 } else { length }]);
            }
            Kind::Struct(fields) => self.structure(fields),
            Kind::Structs(fields, _) => self.array(field, null, |this| this.structure(fields)),
            Kind::Fixeds(size) => self.array(field, null, |this| this.fixed(field, size)),
            Kind::Strings => self.array(field, null, |this| this.string(field, false)),
        }
    }

    /// Booleans are the only fields of one byte, besides small integers that have the value 1 too.
    fn fixed(&mut self, field: &Field, size: usize) {
        let low = self.choose(2) as u8;
        let at = self.made.bytes.len();
        self.made.numbers.push((field.name, at..at + size));
        self.made.bytes.extend(vec![0; size - 1]);
        self.made.bytes.push(low);
    }

    fn string(&mut self, field: &Field, null: bool) {
        let text = ["", "a", "topic", "zwölf"][self.choose(4)];
        self.length(field.name, (!null).then_some(text.len()), Width::Two);
        if !null {
            self.made.bytes.extend(text.as_bytes());
        }
    }

    fn array(&mut self, field: &Field, null: bool, mut element: impl FnMut(&mut Self)) {
        let count = match &mut self.plan {
            Plan::Random(choices) => choices.below(4),
            Plan::Dense { depth, .. } if self.depth < *depth => 1,
            Plan::Dense { depth, count, .. } if self.depth == *depth => *count,
            Plan::Dense { .. } => 0,
        };
        self.length(field.name, (!null).then_some(count), Width::Four);
        self.depth += 1;
        for _ in 0..if null { 0 } else { count } {
            element(self);
        }
        self.depth -= 1;
    }

    fn tagged_fields(&mut self, fields: &[Field]) {
        let unknown = match &mut self.plan {
            Plan::Random(choices) => usize::from(choices.below(5) == 4),
            Plan::Dense { tags, .. } => *tags,
        };
        let version = self.version;
        let mut known: Vec<_> = fields
            .iter()
            .filter(|field| field.tag.is_some() && field.is_in(version))
            .collect();
        known.retain(|_| self.choose(3) == 2);
        self.length("tagged fields", Some(known.len() + unknown), Width::Varint(0));
        for field in known {
            self.made.has_known_tags = true;
            self.tagged_field(field);
        }
        for tag in 0..unknown {
            self.made.bytes.extend(varint(90 + tag as u32));
            self.length("an unknown tagged field", Some(1), Width::Varint(0));
            self.made.bytes.push(b'x');
        }
    }

    /// The content is made first, because its size goes before it.
    fn tagged_field(&mut self, field: &Field) {
        let at = self.made.bytes.len();
        let (marks, numbers) = (self.made.marks.len(), self.made.numbers.len());
        self.field(field);
        let content = self.made.bytes.split_off(at);
        // They move behind the size.
        self.made.marks.truncate(marks);
        self.made.numbers.truncate(numbers);
        self.made.bytes.extend(varint(field.tag.expect("it is tagged")));
        self.length(field.name, Some(content.len()), Width::Varint(0));
        self.made.bytes.extend(content);
    }

    /// Writes a length or none for null, and marks where.
    fn length(&mut self, field: &'static str, length: Option<usize>, fixed: Width) {
        let at = self.made.bytes.len();
        let value = length.map_or(-1, |length| length as i64);
        let compact = self.flexible && !matches!(fixed, Width::Varint(_));
        let bytes = match fixed {
            Width::Varint(_) => varint(value as u32),
            Width::Two | Width::Four if compact => varint((value + 1) as u32),
            Width::Two => (value as i16).to_be_bytes().to_vec(),
            Width::Four => (value as i32).to_be_bytes().to_vec(),
        };
        let width = if compact || matches!(fixed, Width::Varint(_)) {
            Width::Varint(bytes.len())
        } else {
            fixed
        };
        self.made.marks.push(Mark { field, at, width });
        self.made.bytes.extend(bytes);
    }

    fn choose(&mut self, bound: u8) -> usize {
        match &mut self.plan {
            Plan::Random(choices) => choices.below(bound),
            Plan::Dense { .. } => 0,
        }
    }
}

fn varint(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
