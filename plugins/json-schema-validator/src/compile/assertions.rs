//! The keywords that make demands of a value.

use super::SchemaError;
use super::keywords::{array_rules, object_rules};
use super::values::{array, boolean, count, number, object, string, strings};
use crate::pattern::Pattern;
use crate::schema::{Bound, Node, Range, Types};
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;

/// How many digits a `multipleOf` may have, so that a remainder by it can be had in 128 bits.
const MULTIPLE_DIGITS_MAX: usize = 36;

pub(super) fn read(node: &mut Node, keyword: &str, value: Json<'_>) -> Result<(), SchemaError> {
    match keyword {
        "type" => node.types = Some(types(value)?),
        "const" => node.one_of_values.push(vec![value.text().to_owned()]),
        "enum" => node
            .one_of_values
            .push(array(value)?.map(|value| value.text().to_owned()).collect()),
        "minimum" => bound(node, Bound::AtLeast, value)?,
        "exclusiveMinimum" => bound(node, Bound::Above, value)?,
        "maximum" => bound(node, Bound::AtMost, value)?,
        "exclusiveMaximum" => bound(node, Bound::Below, value)?,
        "multipleOf" if !is_positive(value) => return Err(SchemaError::new("must be a number above 0")),
        "multipleOf" if digits(value) > MULTIPLE_DIGITS_MAX => {
            return Err(SchemaError::new(format!(
                "must have at most {MULTIPLE_DIGITS_MAX} digits"
            )));
        }
        "multipleOf" => bound(node, Bound::MultipleOf, value)?,
        "minLength" => node.string.length.min = count(value)?,
        "maxLength" => node.string.length.max = Some(count(value)?),
        "pattern" => node.string.pattern = Some(Pattern::compile(&string(value)?).map_err(SchemaError::new)?),
        "minItems" => array_rules(node).length.min = count(value)?,
        "maxItems" => array_rules(node).length.max = Some(count(value)?),
        "uniqueItems" => array_rules(node).unique = boolean(value)?,
        "minContains" => contained(node).min = count(value)?,
        "maxContains" => contained(node).max = Some(count(value)?),
        "minProperties" => object_rules(node).size.min = count(value)?,
        "maxProperties" => object_rules(node).size.max = Some(count(value)?),
        "required" => {
            for name in strings(value)? {
                object_rules(node).property(&name).required = true;
            }
        }
        "dependentRequired" => {
            for (name, required) in object(value)? {
                let required = strings(required).map_err(|error| error.within(&name))?;
                object_rules(node).dependent_required.push((name, required));
            }
        }
        _ => {}
    }
    Ok(())
}

fn types(value: Json<'_>) -> Result<Types, SchemaError> {
    let names = if value.kind() == Some(Kind::String) {
        vec![string(value)?]
    } else {
        strings(value)?
    };
    if names.is_empty() {
        return Err(SchemaError::new("must name a type"));
    }
    let mut types = Types::default();
    for name in names {
        if !types.add(&name) {
            return Err(SchemaError::new(format!("`{name}` is no type")));
        }
    }
    Ok(types)
}

fn bound(node: &mut Node, bound: Bound, value: Json<'_>) -> Result<(), SchemaError> {
    node.number.bounds.push((bound, number(value)?));
    Ok(())
}

fn contained(node: &mut Node) -> &mut Range {
    array_rules(node).contained.get_or_insert(Range { min: 1, max: None })
}

fn is_positive(value: Json<'_>) -> bool {
    value.as_number() > Json::lazy(b"0").as_number()
}

/// How many digits a number has from the first to the last that isn't 0.
fn digits(number: Json<'_>) -> usize {
    let text = number.text().split(['e', 'E']).next().unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}
