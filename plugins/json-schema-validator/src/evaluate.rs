//! Asks a value whether it meets a schema.
//!
//! It is asked twice at most. The first time stops at the first failure and notes nothing, so that a
//! record that is fine allocates nothing; the second one, for a record that isn't, says what is wrong, and where.

mod array;
mod canonical;
mod marks;
mod memory;
mod object;
mod path;
mod scalar;
mod unique;

use crate::schema::{InPlace, Node, NodeId, ResourceId, Schema, Types};
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use marks::Marks;
use memory::Memory;
use path::Path;
use std::fmt;

/// How many schemas deep a value may lead: each level takes some of the plugin's stack.
const DEPTH_MAX: u32 = 256;

/// How many failures are told of one value.
const FAILURES_MAX: usize = 3;

/// Whether this value, which has been checked to be JSON, meets the schema.
pub fn meets(schema: &Schema, value: Json<'_>) -> bool {
    Evaluation::new(schema, false).root(value).is_ok()
}

/// What is wrong with a value that doesn't.
pub fn explain(schema: &Schema, value: Json<'_>) -> Vec<String> {
    let mut evaluation = Evaluation::new(schema, true);
    // Stopped or not, the failures are noted.
    let _ = evaluation.root(value);
    evaluation.failures
}

struct Evaluation<'s> {
    schema: &'s Schema,
    depth: u32,
    /// Given up: what is asked is not known, neither that it holds nor that it doesn't, and the value is refused.
    given_up: bool,
    explain: bool,
    failures: Vec<String>,
    memory: Memory,
}

/// The value has failed, and nothing more is wanted of it.
struct Stop;

/// A value, how it was come to, and by way of which resources.
#[derive(Clone, Copy)]
struct At<'a> {
    value: Json<'a>,
    path: &'a Path<'a>,
    scope: &'a Scope<'a>,
}

/// The resources that evaluation has gone through, the innermost first.
struct Scope<'a> {
    resource: Option<ResourceId>,
    outer: Option<&'a Scope<'a>>,
}

impl<'s> Evaluation<'s> {
    fn new(schema: &'s Schema, explain: bool) -> Self {
        Evaluation {
            schema,
            depth: 0,
            given_up: false,
            explain,
            failures: Vec::new(),
            memory: Memory::of(schema),
        }
    }

    fn root(&mut self, value: Json<'_>) -> Result<(), Stop> {
        let scope = Scope {
            resource: None,
            outer: None,
        };
        self.check(
            self.schema.root,
            At {
                value,
                path: &Path::Root,
                scope: &scope,
            },
            None,
        )
    }

    /// Asks one schema, unless it is known what it says. `marks`, if somebody wants to know, is told which members or
    /// items have been looked at; what it holds after a failure means nothing.
    fn check(&mut self, id: NodeId, at: At<'_>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        let question = self.memory.question(id, at.value);
        match question.and_then(|question| self.memory.answer(question)) {
            // Who explains wants the reasons, too; who marks, the marks.
            Some(false) if !self.explain => return Err(Stop),
            Some(true) if marks.is_none() => return Ok(()),
            _ => {}
        }
        let failures = self.failures.len();
        let result = self.ask(id, at, marks);
        if let (Some(question), false) = (question, self.given_up) {
            self.memory
                .keep(question, result.is_ok() && failures == self.failures.len());
        }
        result
    }

    fn ask(&mut self, id: NodeId, at: At<'_>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        if self.depth == DEPTH_MAX {
            return self.give_up(at);
        }
        self.depth += 1;
        let node = &self.schema.nodes[id.0 as usize];
        let scope = Scope {
            resource: node.resource,
            outer: Some(at.scope),
        };
        let is_new = node.resource != at.scope.resource;
        let result = self.node(
            node,
            At {
                scope: if is_new { &scope } else { at.scope },
                ..at
            },
            marks,
        );
        self.depth -= 1;
        result
    }

    /// Whoever asks now must not take it for a no: `not` would be content with that.
    fn give_up(&mut self, at: At<'_>) -> Result<(), Stop> {
        self.given_up = true;
        self.failures.push(format!("{}: leads too deep", at.path));
        Err(Stop)
    }

    fn node(&mut self, node: &Node, at: At<'_>, marks: Option<&mut Marks>) -> Result<(), Stop> {
        if node.never {
            return self.failed(at, format_args!("is not allowed"));
        }
        if node.unevaluated_items.is_none() && node.unevaluated_properties.is_none() {
            return self.keywords(node, at, marks);
        }
        // These look at what this schema's own keywords have looked at, and at nothing else.
        let failures = self.failures.len();
        let mut own = Marks::default();
        self.keywords(node, at, Some(&mut own))?;
        if failures == self.failures.len() {
            self.unevaluated(node, at, &mut own)?;
        }
        if let Some(marks) = marks {
            marks.merge(&own);
        }
        Ok(())
    }

    fn keywords(&mut self, node: &Node, at: At<'_>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        let kind = at.value.kind().unwrap_or(Kind::Null);
        self.types(node, kind, at)?;
        self.values(node, at)?;
        match kind {
            Kind::Number => self.number(&node.number, at)?,
            Kind::String => self.string(&node.string, at)?,
            Kind::Array => self.array(node.array.as_deref(), at, marks.as_deref_mut())?,
            Kind::Object => self.object(node.object.as_deref(), at, marks.as_deref_mut())?,
            Kind::Null | Kind::Bool => {}
        }
        node.in_place
            .iter()
            .try_for_each(|keyword| self.in_place(keyword, at, marks.as_deref_mut()))
    }

    fn types(&mut self, node: &Node, kind: Kind, at: At<'_>) -> Result<(), Stop> {
        let Some(types) = node.types else { return Ok(()) };
        let of = match kind {
            Kind::Null => Types::NULL,
            Kind::Bool => Types::BOOLEAN,
            Kind::Number if at.value.as_number().is_some_and(|number| number.is_integer()) => Types::INTEGER,
            Kind::Number => Types::NUMBER,
            Kind::String => Types::STRING,
            Kind::Array => Types::ARRAY,
            Kind::Object => Types::OBJECT,
        };
        if types.admit(of) {
            return Ok(());
        }
        self.failed(
            at,
            format_args!("must be {}, is {}", types.names(), scalar::brief(at.value)),
        )
    }

    fn in_place(&mut self, keyword: &InPlace, at: At<'_>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        match keyword {
            InPlace::Ref(schema) => self.check(*schema, at, marks),
            InPlace::DynamicRef { name, otherwise } => {
                self.check(self.dynamic(name, at).unwrap_or(*otherwise), at, marks)
            }
            InPlace::AllOf(schemas) => schemas
                .iter()
                .try_for_each(|schema| self.check(*schema, at, marks.as_deref_mut())),
            InPlace::AnyOf(schemas) => self.any_of(schemas, at, marks),
            InPlace::OneOf(schemas) => self.one_of(schemas, at, marks),
            InPlace::Not(schema) => {
                if self.holds(*schema, at, None)? {
                    return self.failed(at, format_args!("is what `not` excludes"));
                }
                Ok(())
            }
            InPlace::If {
                condition,
                then,
                otherwise,
            } => {
                let branch = if self.holds(*condition, at, marks.as_deref_mut())? {
                    then
                } else {
                    otherwise
                };
                branch.map_or(Ok(()), |branch| self.check(branch, at, marks))
            }
            InPlace::Dependent { name, schema } => match at.value.get(name) {
                Some(_) => self.check(*schema, at, marks),
                None => Ok(()),
            },
        }
    }

    fn any_of(&mut self, schemas: &[NodeId], at: At<'_>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        let mut any = false;
        for schema in schemas {
            any |= self.holds(*schema, at, marks.as_deref_mut())?;
            if any && marks.is_none() {
                break;
            }
        }
        if any {
            Ok(())
        } else {
            self.failed(at, format_args!("matches none of the schemas of `anyOf`"))
        }
    }

    fn one_of(&mut self, schemas: &[NodeId], at: At<'_>, mut marks: Option<&mut Marks>) -> Result<(), Stop> {
        let mut holding = 0;
        for schema in schemas {
            holding += usize::from(self.holds(*schema, at, marks.as_deref_mut())?);
        }
        match holding {
            1 => Ok(()),
            0 => self.failed(at, format_args!("matches none of the schemas of `oneOf`")),
            many => self.failed(at, format_args!("matches {many} of the schemas of `oneOf`, not one")),
        }
    }

    /// Whether the value meets this schema, when that it doesn't is no failure. If it does, the marks count.
    fn holds(&mut self, schema: NodeId, at: At<'_>, marks: Option<&mut Marks>) -> Result<bool, Stop> {
        let explain = std::mem::replace(&mut self.explain, false);
        let mut own = marks.is_some().then(Marks::default);
        let holds = self.check(schema, at, own.as_mut()).is_ok();
        self.explain = explain;
        if self.given_up {
            return Err(Stop);
        }
        if let (true, Some(marks), Some(own)) = (holds, marks, own) {
            marks.merge(&own);
        }
        Ok(holds)
    }

    /// What a `$dynamicRef` to this name means here: what the outermost resource has that has it.
    fn dynamic(&self, name: &str, at: At<'_>) -> Option<NodeId> {
        let mut found = None;
        let mut scope = Some(at.scope);
        while let Some(Scope { resource, outer }) = scope {
            let anchors = self.schema.dynamic_anchors.iter();
            let mut anchors = anchors.filter(|anchor| Some(anchor.resource) == *resource && anchor.name == name);
            found = anchors.next().map(|anchor| anchor.node).or(found);
            scope = *outer;
        }
        found
    }

    /// Notes a failure. It stops everything, unless more of them are wanted.
    fn failed(&mut self, at: At<'_>, what: fmt::Arguments<'_>) -> Result<(), Stop> {
        if !self.explain {
            return Err(Stop);
        }
        self.failures.push(format!("{}: {what}", at.path));
        if self.failures.len() < FAILURES_MAX {
            Ok(())
        } else {
            Err(Stop)
        }
    }
}
