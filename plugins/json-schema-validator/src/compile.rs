//! From a schema's text to its compiled form. Happens once, when the plugin is made.

mod assertions;
mod documents;
mod error;
mod keywords;
mod values;

pub use documents::Documents;
pub use error::SchemaError;

use crate::schema::{DynamicAnchor, Node, NodeId, ResourceId, Schema};
use corvid_plugin_sdk::Json;
use std::collections::BTreeMap;

/// Compiles the schema that the documents were made with.
pub fn compile(documents: Documents<'_>) -> Result<Schema, SchemaError> {
    let (root, resource) = documents.root();
    let mut compiler = Compiler {
        documents,
        nodes: Vec::new(),
        places: BTreeMap::new(),
        dynamic_names: Vec::new(),
        dynamic_anchors: Vec::new(),
    };
    let root = compiler.schema(root, resource)?;
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
    /// The names that some `$dynamicRef` has asked for.
    dynamic_names: Vec<String>,
    dynamic_anchors: Vec<DynamicAnchor>,
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
        if let Some(known) = self.places.get(&Place::of(schema)) {
            return Ok(*known);
        }
        let id = NodeId(self.nodes.len() as u32);
        self.places.insert(Place::of(schema), id);
        self.nodes.push(Node::default());
        let resource = self.documents.resource_of(schema).unwrap_or(resource);
        let node = self.node(schema, resource)?;
        self.nodes[id.0 as usize] = node;
        Ok(id)
    }

    /// What `reference` refers to, when `resource` is where it stands.
    fn reference(&mut self, reference: &str, resource: ResourceId) -> Result<NodeId, SchemaError> {
        let (target, resource) = self.documents.resolve(reference, resource).map_err(SchemaError::new)?;
        self.schema(target, resource).map_err(|error| error.behind(reference))
    }

    /// Compiles every resource's `$dynamicAnchor` of this name: only the way to a `$dynamicRef` tells which of them
    /// is meant.
    fn dynamic_anchors(&mut self, name: &str) -> Result<(), SchemaError> {
        if self.dynamic_names.iter().any(|known| known == name) {
            return Ok(());
        }
        self.dynamic_names.push(name.to_owned());
        for (resource, schema) in self.documents.dynamic_anchors(name) {
            let node = self.schema(schema, resource)?;
            self.dynamic_anchors.push(DynamicAnchor {
                resource,
                name: name.to_owned(),
                node,
            });
        }
        Ok(())
    }
}
