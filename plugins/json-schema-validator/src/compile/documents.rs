//! The documents that a schema is made of, and what in them has a name.

use super::values::{object, string};
use super::{Place, SchemaError};
use crate::schema::ResourceId;
use crate::uri;
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use std::collections::BTreeMap;

/// The one dialect that is understood.
const DRAFT_2020_12: &str = "https://json-schema.org/draft/2020-12/schema";
const VALIDATION: &str = "https://json-schema.org/draft/2020-12/vocab/validation";

/// The vocabularies that it has, without one that says that `format` makes demands.
const VOCABULARIES: [&str; 7] = [
    "https://json-schema.org/draft/2020-12/vocab/applicator",
    "https://json-schema.org/draft/2020-12/vocab/content",
    "https://json-schema.org/draft/2020-12/vocab/core",
    "https://json-schema.org/draft/2020-12/vocab/format-annotation",
    "https://json-schema.org/draft/2020-12/vocab/meta-data",
    "https://json-schema.org/draft/2020-12/vocab/unevaluated",
    VALIDATION,
];

/// A schema and those it may refer to, by URI, anchor or pointer.
pub struct Documents<'a> {
    resources: Vec<Resource<'a>>,
    uris: BTreeMap<String, ResourceId>,
    /// Which resource each schema belongs to.
    places: BTreeMap<Place, ResourceId>,
    /// What two schemas are called, so that nobody knows which is meant.
    ambiguous: Option<String>,
}

struct Resource<'a> {
    uri: String,
    root: Json<'a>,
    anchors: BTreeMap<String, Json<'a>>,
    dynamic_anchors: BTreeMap<String, Json<'a>>,
    /// The `$schema`, its own or that of the resource around it.
    dialect: Option<String>,
}

/// How a keyword holds schemas.
enum Holds {
    One,
    Items,
    Members,
}

impl<'a> Documents<'a> {
    /// The schema itself.
    pub fn new(schema: Json<'a>) -> Self {
        let mut documents = Documents {
            resources: Vec::new(),
            uris: BTreeMap::new(),
            places: BTreeMap::new(),
            ambiguous: None,
        };
        documents.add("", schema);
        documents
    }

    /// Another schema, which can be referred to by this URI, or by its `$id`.
    pub fn add(&mut self, uri: &str, schema: Json<'a>) {
        let uri = uri.split('#').next().unwrap_or_default();
        let resource = self.add_resource(uri.to_owned(), schema, None);
        let own = own_uri(schema, uri);
        if own != uri {
            self.name(&own, resource);
            self.resources[resource.0 as usize].uri = own;
        }
        self.visit_keywords(schema, resource);
    }

    /// Whether every name is that of one schema.
    pub fn check(&self) -> Result<(), SchemaError> {
        let ambiguous = self.ambiguous.as_ref();
        ambiguous.map_or(Ok(()), |name| {
            Err(SchemaError::new(format!("{name} is the name of two schemas")))
        })
    }

    pub fn root(&self) -> (Json<'a>, ResourceId) {
        (self.resources[0].root, ResourceId(0))
    }

    pub fn resource_of(&self, schema: Json<'_>) -> Option<ResourceId> {
        self.places.get(&Place::of(schema)).copied()
    }

    /// Whether the keywords that make demands of a value count in this resource: its `$schema` may
    /// be without the vocabulary that they belong to.
    pub fn validates(&self, resource: ResourceId) -> Result<bool, String> {
        let dialect = self.dialect(resource);
        if dialect == DRAFT_2020_12 {
            return Ok(true);
        }
        let Some(known) = self.uris.get(dialect) else {
            return Err(format!("`$schema`: {dialect} is not understood; {DRAFT_2020_12} is"));
        };
        let Some(vocabulary) = self.resources[known.0 as usize].root.get("$vocabulary") else {
            return Ok(true);
        };
        let needed = vocabulary
            .members()
            .filter(|(_, needed)| needed.as_bool() != Some(false));
        match needed
            .map(|(uri, _)| uri.to_string())
            .find(|uri| !VOCABULARIES.contains(&uri.as_str()))
        {
            Some(uri) => Err(format!("`$schema`: {uri} is not known, which {dialect} asks for")),
            None => Ok(vocabulary.get(VALIDATION).is_some()),
        }
    }

    fn dialect(&self, resource: ResourceId) -> &str {
        let named = self.resources[resource.0 as usize].dialect.as_deref();
        named.unwrap_or(DRAFT_2020_12).trim_end_matches('#')
    }

    /// Checks a keyword that says what a schema is, or what it is called.
    pub fn identity(&self, keyword: &str, value: Json<'_>, resource: ResourceId) -> Result<(), SchemaError> {
        match keyword {
            "$anchor" | "$comment" | "$dynamicAnchor" => string(value).map(|_| ()),
            "$id" if string(value)?.trim_end_matches('#').contains('#') => {
                Err(SchemaError::new("must have no fragment; `$anchor` names a part"))
            }
            "$schema" if string(value)?.trim_end_matches('#') != self.dialect(resource) => Err(SchemaError::new(
                "is another than that of the schema around it; a schema of another dialect has an `$id`",
            )),
            "$defs" | "definitions" => object(value).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What a reference within a resource refers to, and the resource which that is in.
    pub fn resolve(&mut self, reference: &str, from: ResourceId) -> Result<(Json<'a>, ResourceId), String> {
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = if uri.is_empty() { from } else { self.named(uri, from)? };
        let fragment = uri::decode(fragment);
        let Resource { root, anchors, .. } = &self.resources[resource.0 as usize];
        if fragment.is_empty() {
            return Ok((*root, resource));
        }
        let target = match fragment.strip_prefix('/') {
            Some(pointer) => self.follow(*root, resource, pointer),
            None => anchors.get(&fragment).map(|schema| (*schema, resource)),
        };
        target.ok_or_else(|| format!("{reference} refers to nothing"))
    }

    pub fn has_dynamic_anchor(&self, resource: ResourceId, name: &str) -> bool {
        self.resources[resource.0 as usize].dynamic_anchors.contains_key(name)
    }

    /// The `$dynamicAnchor` of this name in every resource that has it.
    pub fn dynamic_anchors(&self, name: &str) -> Vec<(ResourceId, Json<'a>)> {
        let ids = (0..).map(ResourceId);
        ids.zip(&self.resources)
            .filter_map(|(id, resource)| resource.dynamic_anchors.get(name).map(|schema| (id, *schema)))
            .collect()
    }

    fn named(&self, uri: &str, from: ResourceId) -> Result<ResourceId, String> {
        let uri = uri::resolve(&self.resources[from.0 as usize].uri, uri);
        self.uris
            .get(&uri)
            .copied()
            .ok_or_else(|| format!("{uri} is not here; put it into `schemas`"))
    }

    /// Follows a JSON pointer, which may lead out of a resource into one within it.
    fn follow(&mut self, root: Json<'a>, from: ResourceId, pointer: &str) -> Option<(Json<'a>, ResourceId)> {
        let (mut value, mut resource) = (root, from);
        for step in pointer.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            value = match value.kind()? {
                Kind::Object => value.get(&step)?,
                Kind::Array => value.at(step.parse().ok()?)?,
                Kind::Null | Kind::Bool | Kind::Number | Kind::String => return None,
            };
            resource = self.resource_of(value).unwrap_or(resource);
        }
        if self.resource_of(value).is_none() {
            // No keyword holds it, and yet it is used as a schema.
            self.visit(value, resource);
        }
        Some((value, self.resource_of(value)?))
    }

    /// Notes a schema, and all that are within it.
    fn visit(&mut self, schema: Json<'a>, around: ResourceId) {
        if self.places.contains_key(&Place::of(schema)) {
            return;
        }
        let resource = match schema.get("$id").and_then(|id| id.as_str()) {
            None => around,
            Some(_) => {
                let Resource { uri, dialect, .. } = &self.resources[around.0 as usize];
                let (uri, dialect) = (own_uri(schema, uri), dialect.clone());
                self.add_resource(uri, schema, dialect)
            }
        };
        self.visit_keywords(schema, resource);
    }

    fn visit_keywords(&mut self, schema: Json<'a>, resource: ResourceId) {
        self.places.insert(Place::of(schema), resource);
        for (keyword, value) in schema.members() {
            let keyword = keyword.to_string();
            match holds(&keyword) {
                Some(Holds::One) => self.visit(value, resource),
                Some(Holds::Items) => value.items().for_each(|schema| self.visit(schema, resource)),
                Some(Holds::Members) => value.members().for_each(|(_, schema)| self.visit(schema, resource)),
                None => self.note_anchor(&keyword, value, schema, resource),
            }
        }
    }

    fn note_anchor(&mut self, keyword: &str, value: Json<'a>, schema: Json<'a>, resource: ResourceId) {
        let resource = &mut self.resources[resource.0 as usize];
        let Some(name) = value.as_str().map(|name| name.to_string()) else {
            return;
        };
        let known = match keyword {
            "$anchor" => resource.anchors.insert(name.clone(), schema),
            "$dynamicAnchor" => {
                resource.dynamic_anchors.insert(name.clone(), schema);
                resource.anchors.insert(name.clone(), schema)
            }
            _ => return,
        };
        if known.is_some_and(|known| Place::of(known) != Place::of(schema)) {
            self.ambiguous = Some(format!("#{name}"));
        }
    }

    fn name(&mut self, uri: &str, resource: ResourceId) {
        let known = self.uris.insert(uri.to_owned(), resource);
        if known.is_some_and(|known| known != resource) {
            self.ambiguous = Some(uri.to_owned());
        }
    }

    fn add_resource(&mut self, uri: String, root: Json<'a>, dialect: Option<String>) -> ResourceId {
        let id = ResourceId(self.resources.len() as u32);
        let own = root
            .get("$schema")
            .and_then(|dialect| dialect.as_str())
            .map(|dialect| dialect.to_string());
        self.name(&uri, id);
        self.resources.push(Resource {
            uri,
            root,
            anchors: BTreeMap::new(),
            dynamic_anchors: BTreeMap::new(),
            dialect: own.or(dialect),
        });
        id
    }
}

/// The URI of a resource: its `$id`, as it reads where it stands.
fn own_uri(schema: Json<'_>, base: &str) -> String {
    let id = schema
        .get("$id")
        .and_then(|id| id.as_str())
        .map(|id| id.to_string())
        .unwrap_or_default();
    uri::resolve(base, id.trim_end_matches('#'))
}

fn holds(keyword: &str) -> Option<Holds> {
    match keyword {
        "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "items"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Some(Holds::One),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Some(Holds::Items),
        "$defs" | "definitions" | "dependentSchemas" | "patternProperties" | "properties" => Some(Holds::Members),
        _ => None,
    }
}
