//! From a schema's text to its compiled form. Happens once, when the plugin is made.

mod assertions;
mod circles;
mod documents;
mod error;
mod keywords;
mod unknown;
mod values;

pub use documents::Documents;
pub use error::SchemaError;

use crate::schema::{DynamicAnchor, Node, NodeId, ResourceId, Schema};
use corvid_plugin_sdk::Json;
use std::collections::{BTreeMap, BTreeSet};

/// Compiles the schema that the documents were made with.
pub fn compile(documents: Documents<'_>) -> Result<Schema, SchemaError> {
    documents.check()?;
    let (root, resource) = documents.root();
    let mut compiler = Compiler {
        documents,
        nodes: Vec::new(),
        places: BTreeMap::new(),
        referred: Vec::new(),
        references: BTreeMap::new(),
        dynamic_names: BTreeSet::new(),
        dynamic_anchors: Vec::new(),
    };
    let root = compiler.schema(root, resource)?;
    compiler.dynamic_anchors();
    compiler.all_that_is_referred_to()?;
    circles::check(&compiler.nodes, &compiler.references)?;
    Ok(Schema {
        root,
        nodes: compiler.nodes,
        dynamic_anchors: compiler.dynamic_anchors,
    })
}

struct Compiler<'a> {
    documents: Documents<'a>,
    nodes: Vec<Node>,
    /// The node of every schema that has been met, by where its text stands.
    places: BTreeMap<Place, NodeId>,
    /// Those that have a node, and are still to be compiled.
    referred: Vec<Referred<'a>>,
    /// How something refers to them.
    references: BTreeMap<NodeId, String>,
    /// The names that some `$dynamicRef` has asked for.
    dynamic_names: BTreeSet<String>,
    dynamic_anchors: Vec<DynamicAnchor>,
}

/// A schema that something refers to. They wait for their turn: a chain of references, each followed at once, would take
/// as much stack as it is long.
struct Referred<'a> {
    id: NodeId,
    schema: Json<'a>,
    resource: ResourceId,
}

/// Where a value stands in its document's text: its address there tells it from every other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(usize);

impl Place {
    fn of(value: Json<'_>) -> Self {
        Place(value.text().as_ptr().addr())
    }
}

impl<'a> Compiler<'a> {
    /// Compiles a schema that is met while reading this resource. Schemas may refer to each other
    /// in circles: each is compiled once.
    fn schema(&mut self, schema: Json<'a>, resource: ResourceId) -> Result<NodeId, SchemaError> {
        match self.places.get(&Place::of(schema)) {
            Some(known) => Ok(*known),
            None => {
                let id = self.new_node(schema);
                self.fill(id, schema, resource)?;
                Ok(id)
            }
        }
    }

    fn new_node(&mut self, schema: Json<'a>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.places.insert(Place::of(schema), id);
        self.nodes.push(Node::default());
        id
    }

    fn fill(&mut self, id: NodeId, schema: Json<'a>, resource: ResourceId) -> Result<(), SchemaError> {
        let resource = self.documents.resource_of(schema).unwrap_or(resource);
        let node = self.node(schema, resource)?;
        self.nodes[id.0 as usize] = node;
        Ok(())
    }

    /// What `reference` refers to, when `resource` is where it stands.
    fn reference(&mut self, reference: &str, resource: ResourceId) -> Result<NodeId, SchemaError> {
        let (schema, resource) = self.documents.resolve(reference, resource).map_err(SchemaError::new)?;
        Ok(self.refer(reference, schema, resource))
    }

    fn refer(&mut self, reference: &str, schema: Json<'a>, resource: ResourceId) -> NodeId {
        let known = self.places.get(&Place::of(schema)).copied();
        let id = known.unwrap_or_else(|| {
            let id = self.new_node(schema);
            self.referred.push(Referred { id, schema, resource });
            id
        });
        self.references.entry(id).or_insert_with(|| reference.to_owned());
        id
    }

    fn all_that_is_referred_to(&mut self) -> Result<(), SchemaError> {
        while !self.referred.is_empty() {
            while let Some(Referred { id, schema, resource }) = self.referred.pop() {
                let filled = self.fill(id, schema, resource);
                filled.map_err(|error| error.behind(&self.references[&id]))?;
            }
            self.dynamic_anchors();
        }
        Ok(())
    }

    /// Notes the `$dynamicAnchor`s that some `$dynamicRef` asks for: only the way to one tells which of them is meant.
    /// No way leads through a resource that nothing refers to, so that what is wrong there does no harm.
    fn dynamic_anchors(&mut self) {
        let reached: BTreeSet<ResourceId> = self.nodes.iter().filter_map(|node| node.resource).collect();
        for name in self.dynamic_names.clone() {
            for (resource, schema) in self.documents.dynamic_anchors(&name) {
                let is_known = |known: &DynamicAnchor| known.resource == resource && known.name == name;
                if reached.contains(&resource) && !self.dynamic_anchors.iter().any(is_known) {
                    let node = self.refer(&format!("#{name}"), schema, resource);
                    self.dynamic_anchors.push(DynamicAnchor {
                        resource,
                        name: name.clone(),
                        node,
                    });
                }
            }
        }
    }
}
