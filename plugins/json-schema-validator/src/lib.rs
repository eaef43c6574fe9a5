//! Refuses records whose value does not meet a JSON Schema (draft 2020-12).
//!
//! `compile` reads the schema once, when the plugin is made; `schema` is what it makes of it; `evaluate` asks
//! each value. It is a validator of our own because the well-kept libraries, made for servers, weigh 1.4 MB and
//! more as modules; this one is a fifth of that and reads values in place. `tests/keywords.rs` holds what each
//! keyword must accept and refuse.

mod compile;
mod evaluate;
mod pattern;
mod schema;
mod uri;

use compile::Documents;
use corvid_plugin_sdk::json::Kind;
use corvid_plugin_sdk::{Config, Json, Record, Refusal, Topic, Validator, Verdict, export};
use schema::Schema;

/// The codes of refusals.
pub mod code {
    /// The value is not JSON.
    pub const NOT_JSON: u16 = 1;
    /// The value is JSON that does not meet the schema.
    pub const NOT_VALID: u16 = 2;
    /// The record is a tombstone.
    pub const TOMBSTONE: u16 = 3;
}

/// The plugin.
#[derive(Debug)]
pub struct JsonSchemaValidator {
    schema: Schema,
    refuses_tombstones: bool,
}

impl Validator for JsonSchemaValidator {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["schema", "schemas", "tombstones"])?;
        let refuses_tombstones = match config.string("tombstones")?.as_deref() {
            None | Some("accept") => false,
            Some("refuse") => true,
            Some(_) => return Err("`tombstones` must be \"accept\" or \"refuse\"".to_owned()),
        };
        let schema = text("schema", config.get("schema").ok_or("`schema` is missing")?)?;
        let mut others = Vec::new();
        for (uri, value) in config.get("schemas").iter().flat_map(Json::members) {
            others.push((uri.to_string(), text("schemas", value)?));
        }
        let mut documents = Documents::new(Json::lazy(schema.as_bytes()));
        for (uri, text) in &others {
            documents.add(uri, Json::lazy(text.as_bytes()));
        }
        let schema = compile::compile(documents).map_err(|error| format!("`schema`: {error}"))?;
        Ok(JsonSchemaValidator {
            schema,
            refuses_tombstones,
        })
    }

    fn validate(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Verdict {
        if record.is_tombstone() {
            return match self.refuses_tombstones {
                true => Err(Refusal::new(
                    code::TOMBSTONE,
                    "a tombstone has no value to meet the schema",
                )),
                false => Ok(()),
            };
        }
        let value = record
            .json()
            .map_err(|error| Refusal::new(code::NOT_JSON, error.to_string()))?;
        if evaluate::meets(&self.schema, value) {
            return Ok(());
        }
        Err(Refusal::new(
            code::NOT_VALID,
            evaluate::explain(&self.schema, value).join("; "),
        ))
    }
}

export!(validator = JsonSchemaValidator);

/// A schema's text. It may be written as a string, too: TOML knows no `null`, and a schema often comes from elsewhere.
fn text(key: &str, schema: Json<'_>) -> Result<String, String> {
    if schema.kind() != Some(Kind::String) {
        return Ok(schema.text().to_owned());
    }
    let text = schema.as_str().map(|text| text.to_string()).unwrap_or_default();
    Json::parse(text.as_bytes()).map_err(|error| format!("`{key}` is {error}"))?;
    Ok(text)
}
