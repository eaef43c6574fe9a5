//! A schema, compiled: what is asked of a value, by the kind of value it is asked of.

use crate::pattern::Pattern;
use std::fmt;

/// A schema within a [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// A schema resource: what has a URI of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceId(pub u32);

/// Everything that is reached from one schema.
#[derive(Debug)]
pub struct Schema {
    pub root: NodeId,
    pub nodes: Vec<Node>,
    /// Where each resource has its `$dynamicAnchor` of a name. Only those that some `$dynamicRef` asks for.
    pub dynamic_anchors: Vec<DynamicAnchor>,
}

#[derive(Debug)]
pub struct DynamicAnchor {
    pub resource: ResourceId,
    pub name: String,
    pub node: NodeId,
}

/// One schema. What it says nothing about is empty, and costs nothing.
#[derive(Debug, Default)]
pub struct Node {
    pub resource: Option<ResourceId>,
    /// The schema `false`.
    pub never: bool,
    pub types: Option<Types>,
    /// The JSON texts of `const`, and those of `enum`: of each, the value is one.
    pub one_of_values: Vec<Vec<String>>,
    pub number: NumberRules,
    pub string: StringRules,
    pub array: Option<Box<ArrayRules>>,
    pub object: Option<Box<ObjectRules>>,
    /// Other schemas that are asked about the same value.
    pub in_place: Vec<InPlace>,
    pub unevaluated_items: Option<NodeId>,
    pub unevaluated_properties: Option<NodeId>,
}

impl Node {
    /// The schemas that are asked about the same value, wherever the way here led through.
    pub fn about_the_same(&self) -> Vec<NodeId> {
        self.in_place.iter().flat_map(InPlace::schemas).collect()
    }
}

/// The `type` keyword.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types {
    bits: u8,
}

/// The names of the types, each at its bit.
const TYPES: [&str; 7] = ["null", "boolean", "number", "integer", "string", "array", "object"];

impl Types {
    pub const NULL: Types = Types { bits: 1 };
    pub const BOOLEAN: Types = Types { bits: 2 };
    pub const NUMBER: Types = Types { bits: 4 };
    /// An integer is a number, too.
    pub const INTEGER: Types = Types { bits: 4 | 8 };
    pub const STRING: Types = Types { bits: 16 };
    pub const ARRAY: Types = Types { bits: 32 };
    pub const OBJECT: Types = Types { bits: 64 };

    /// Adds the type of this name; false if there is none.
    pub fn add(&mut self, name: &str) -> bool {
        let bit = TYPES.iter().position(|known| *known == name);
        self.bits |= bit.map_or(0, |bit| 1 << bit);
        bit.is_some()
    }

    /// Whether a value of type `of` is of one of these.
    pub fn admit(self, of: Types) -> bool {
        self.bits & of.bits != 0
    }

    /// Their names, for people.
    pub fn names(self) -> String {
        let names: Vec<&str> = (0..7)
            .filter(|bit| self.bits >> bit & 1 == 1)
            .map(|bit| TYPES[bit])
            .collect();
        names.join(" or ")
    }
}

/// Numbers are kept as they were written: they are compared with all their digits.
#[derive(Debug, Default)]
pub struct NumberRules {
    pub bounds: Vec<(Bound, String)>,
}

/// What a number must be, beside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    AtLeast,
    Above,
    AtMost,
    Below,
    MultipleOf,
}

#[derive(Debug, Default)]
pub struct StringRules {
    pub length: Range,
    pub pattern: Option<Pattern>,
}

/// How many there may be of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub min: u64,
    pub max: Option<u64>,
}

impl Range {
    pub fn is_any(self) -> bool {
        self == Range::default()
    }

    pub fn holds(self, count: u64) -> bool {
        count >= self.min && self.max.is_none_or(|max| count <= max)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (min, None) => write!(f, "at least {min}"),
            (0, Some(max)) => write!(f, "at most {max}"),
            (min, Some(max)) if min == max => write!(f, "{min}"),
            (min, Some(max)) => write!(f, "{min} to {max}"),
        }
    }
}

#[derive(Debug, Default)]
pub struct ArrayRules {
    pub length: Range,
    pub unique: bool,
    /// The schemas of the first items.
    pub prefix: Vec<NodeId>,
    /// The schema of those behind them.
    pub items: Option<NodeId>,
    pub contains: Option<NodeId>,
    /// How many items `contains` is to find: at least one, unless it is said otherwise.
    pub contained: Option<Range>,
}

#[derive(Debug, Default)]
pub struct ObjectRules {
    pub size: Range,
    /// The properties that are known by name, in the order of their names.
    pub properties: Vec<Property>,
    pub patterns: Vec<(Pattern, NodeId)>,
    pub additional: Option<NodeId>,
    pub names: Option<NodeId>,
    pub dependent_required: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
pub struct Property {
    pub name: String,
    pub schema: Option<NodeId>,
    pub required: bool,
}

impl ObjectRules {
    /// Where the property of this name is, or where it would be.
    pub fn position(&self, name: &str) -> Result<usize, usize> {
        self.properties
            .binary_search_by(|property| property.name.as_str().cmp(name))
    }

    pub fn property(&mut self, name: &str) -> &mut Property {
        let at = self.position(name).unwrap_or_else(|at| {
            self.properties.insert(
                at,
                Property {
                    name: name.to_owned(),
                    schema: None,
                    required: false,
                },
            );
            at
        });
        &mut self.properties[at]
    }
}

/// Another schema, or several, about the same value.
#[derive(Debug)]
pub enum InPlace {
    Ref(NodeId),
    /// What the outermost resource on the way here has as `$dynamicAnchor` of this name.
    DynamicRef {
        name: String,
        otherwise: NodeId,
    },
    AllOf(Vec<NodeId>),
    AnyOf(Vec<NodeId>),
    OneOf(Vec<NodeId>),
    Not(NodeId),
    If {
        condition: NodeId,
        then: Option<NodeId>,
        otherwise: Option<NodeId>,
    },
    /// If the object has a property of this name.
    Dependent {
        name: String,
        schema: NodeId,
    },
}

impl InPlace {
    fn schemas(&self) -> Vec<NodeId> {
        match self {
            InPlace::Ref(schema) | InPlace::Not(schema) | InPlace::Dependent { schema, .. } => vec![*schema],
            InPlace::DynamicRef { otherwise, .. } => vec![*otherwise],
            InPlace::AllOf(schemas) | InPlace::AnyOf(schemas) | InPlace::OneOf(schemas) => schemas.clone(),
            InPlace::If {
                condition,
                then,
                otherwise,
            } => [Some(*condition), *then, *otherwise].into_iter().flatten().collect(),
        }
    }
}
