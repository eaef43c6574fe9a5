//! The keywords that hold schemas.

use super::values::{array, object, string};
use super::{Compiler, SchemaError, unknown};
use crate::pattern::Pattern;
use crate::schema::{ArrayRules, InPlace, Node, NodeId, ObjectRules, ResourceId};
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;

impl<'a> Compiler<'a> {
    pub(super) fn node(&mut self, schema: Json<'a>, resource: ResourceId) -> Result<Node, SchemaError> {
        let mut node = Node {
            resource: Some(resource),
            never: schema.as_bool() == Some(false),
            ..Node::default()
        };
        match schema.kind() {
            Some(Kind::Bool) => return Ok(node),
            Some(Kind::Object) => {}
            _ => return Err(SchemaError::new("a schema is an object, true or false")),
        }
        let validates = self.documents.validates(resource).map_err(SchemaError::new)?;
        for (keyword, value) in object(schema)? {
            self.keyword(&mut node, &keyword, value, resource, validates)
                .map_err(|error| error.within(&keyword))?;
        }
        self.conditional(&mut node, schema, resource)?;
        Ok(node)
    }

    fn keyword(
        &mut self,
        node: &mut Node,
        keyword: &str,
        value: Json<'a>,
        resource: ResourceId,
        validates: bool,
    ) -> Result<(), SchemaError> {
        if let Some(objection) = unknown::objection(keyword) {
            return Err(SchemaError::new(objection));
        }
        self.documents.identity(keyword, value, resource)?;
        self.applicator(node, keyword, value, resource)?;
        if validates {
            super::assertions::read(node, keyword, value)?;
        }
        Ok(())
    }

    fn applicator(
        &mut self,
        node: &mut Node,
        keyword: &str,
        value: Json<'a>,
        resource: ResourceId,
    ) -> Result<(), SchemaError> {
        match keyword {
            "$ref" => node
                .in_place
                .push(InPlace::Ref(self.reference(&string(value)?, resource)?)),
            "$dynamicRef" => node.in_place.push(self.dynamic_reference(&string(value)?, resource)?),
            "allOf" => node.in_place.push(InPlace::AllOf(self.schemas(value, resource)?)),
            "anyOf" => node.in_place.push(InPlace::AnyOf(self.schemas(value, resource)?)),
            "oneOf" => node.in_place.push(InPlace::OneOf(self.schemas(value, resource)?)),
            "not" => node.in_place.push(InPlace::Not(self.schema(value, resource)?)),
            "dependentSchemas" => {
                for (name, schema) in self.members(value, resource)? {
                    node.in_place.push(InPlace::Dependent { name, schema });
                }
            }
            "prefixItems" => array_rules(node).prefix = self.schemas(value, resource)?,
            "items" if value.kind() == Some(Kind::Array) => {
                return Err(SchemaError::new(
                    "must be one schema; `prefixItems` has one for each item",
                ));
            }
            "items" => array_rules(node).items = Some(self.schema(value, resource)?),
            "contains" => array_rules(node).contains = Some(self.schema(value, resource)?),
            "unevaluatedItems" => node.unevaluated_items = Some(self.schema(value, resource)?),
            "properties" => {
                for (name, schema) in self.members(value, resource)? {
                    object_rules(node).property(&name).schema = Some(schema);
                }
            }
            "patternProperties" => {
                for (pattern, schema) in self.members(value, resource)? {
                    let pattern = Pattern::compile(&pattern).map_err(SchemaError::new)?;
                    object_rules(node).patterns.push((pattern, schema));
                }
            }
            "additionalProperties" => object_rules(node).additional = Some(self.schema(value, resource)?),
            "propertyNames" => object_rules(node).names = Some(self.schema(value, resource)?),
            "unevaluatedProperties" => node.unevaluated_properties = Some(self.schema(value, resource)?),
            _ => {}
        }
        Ok(())
    }

    /// `if`, `then` and `else` are one thing, in three keywords.
    fn conditional(&mut self, node: &mut Node, schema: Json<'a>, resource: ResourceId) -> Result<(), SchemaError> {
        let mut part = |keyword: &str| {
            let schema = schema.get(keyword).map(|part| self.schema(part, resource)).transpose();
            schema.map_err(|error| error.within(keyword))
        };
        if let Some(condition) = part("if")? {
            node.in_place.push(InPlace::If {
                condition,
                then: part("then")?,
                otherwise: part("else")?,
            });
        }
        Ok(())
    }

    /// It is dynamic only if it refers to a `$dynamicAnchor` to begin with.
    fn dynamic_reference(&mut self, reference: &str, resource: ResourceId) -> Result<InPlace, SchemaError> {
        let (_, found_in) = self.documents.resolve(reference, resource).map_err(SchemaError::new)?;
        let otherwise = self.reference(reference, resource)?;
        let name = reference.split_once('#').map_or("", |(_, fragment)| fragment);
        if !self.documents.has_dynamic_anchor(found_in, name) {
            return Ok(InPlace::Ref(otherwise));
        }
        self.dynamic_names.insert(name.to_owned());
        Ok(InPlace::DynamicRef {
            name: name.to_owned(),
            otherwise,
        })
    }

    fn schemas(&mut self, value: Json<'a>, resource: ResourceId) -> Result<Vec<NodeId>, SchemaError> {
        let items = array(value)?.enumerate();
        if value.at(0).is_none() {
            return Err(SchemaError::new("must hold a schema"));
        }
        items
            .map(|(index, schema)| self.schema(schema, resource).map_err(|error| error.within(index)))
            .collect()
    }

    fn members(&mut self, value: Json<'a>, resource: ResourceId) -> Result<Vec<(String, NodeId)>, SchemaError> {
        let members = object(value)?
            .into_iter()
            .map(|(name, schema)| match self.schema(schema, resource) {
                Ok(node) => Ok((name, node)),
                Err(error) => Err(error.within(name)),
            });
        members.collect()
    }
}

pub(super) fn array_rules(node: &mut Node) -> &mut ArrayRules {
    node.array.get_or_insert_default()
}

pub(super) fn object_rules(node: &mut Node) -> &mut ObjectRules {
    node.object.get_or_insert_default()
}
