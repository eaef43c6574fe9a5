//! Reads the values of keywords, and says what each should have been.

use super::SchemaError;
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use std::collections::BTreeSet;

pub fn string(value: Json<'_>) -> Result<String, SchemaError> {
    let string = value.as_str().ok_or_else(|| SchemaError::new("must be a string"))?;
    Ok(string.to_string())
}

pub fn strings(value: Json<'_>) -> Result<Vec<String>, SchemaError> {
    array(value)?
        .enumerate()
        .map(|(index, item)| string(item).map_err(|error| error.within(index)))
        .collect()
}

pub fn number(value: Json<'_>) -> Result<String, SchemaError> {
    let number = value.as_number().ok_or_else(|| SchemaError::new("must be a number"))?;
    Ok(number.text().to_owned())
}

pub fn count(value: Json<'_>) -> Result<u64, SchemaError> {
    let count = value.as_i64().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| SchemaError::new("must be a whole number, and not negative"))
}

pub fn boolean(value: Json<'_>) -> Result<bool, SchemaError> {
    value.as_bool().ok_or_else(|| SchemaError::new("must be true or false"))
}

pub fn array(value: Json<'_>) -> Result<impl Iterator<Item = Json<'_>>, SchemaError> {
    if value.kind() == Some(Kind::Array) {
        Ok(value.items())
    } else {
        Err(SchemaError::new("must be an array"))
    }
}

/// The members of an object. Of two with one name, nobody knows which is meant.
pub fn object(value: Json<'_>) -> Result<Vec<(String, Json<'_>)>, SchemaError> {
    if value.kind() != Some(Kind::Object) {
        return Err(SchemaError::new("must be an object"));
    }
    let members: Vec<_> = value.members().map(|(name, value)| (name.to_string(), value)).collect();
    let mut names = BTreeSet::new();
    match members.iter().find(|(name, _)| !names.insert(name.as_str())) {
        Some((name, _)) => Err(SchemaError::new("is there twice").within(name)),
        None => Ok(members),
    }
}
