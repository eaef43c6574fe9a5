//! A plugin's configuration.

use crate::json::{Json, Path};

/// The configuration of a plugin: what `config` says in the TOML of its binding, as a JSON object.
///
/// ```
/// use corvid_plugin_sdk::Config;
///
/// let config = Config::parse(r#"{"field": "customer.id", "buckets": 8}"#).unwrap();
/// config.only(&["field", "buckets"]).unwrap();
/// assert_eq!(config.string("field").unwrap().as_deref(), Some("customer.id"));
/// assert_eq!(config.integer("buckets"), Ok(Some(8)));
/// assert_eq!(config.integer("field"), Err("`field` must be a whole number".to_owned()));
/// assert_eq!(config.string("missing"), Ok(None));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    object: Json<'a>,
}

impl<'a> Config<'a> {
    /// Reads a configuration. No text at all is an empty one.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let text = if text.trim_ascii().is_empty() { "{}" } else { text };
        let object = Json::parse(text.as_bytes()).map_err(|error| format!("the configuration is {error}"))?;
        if object.kind() != Some(crate::json::Kind::Object) {
            return Err("the configuration must be an object".to_owned());
        }
        Ok(Config { object })
    }

    /// All of it.
    pub fn json(&self) -> Json<'a> {
        self.object
    }

    /// The value of a key, whatever it is. A `null` is there.
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        self.object.get(key)
    }

    /// Refuses keys that the plugin doesn't know: a mistyped key should not be passed over.
    pub fn only(&self, keys: &[&str]) -> Result<(), String> {
        let unknown = self
            .object
            .members()
            .find(|(key, _)| !keys.iter().any(|known| key == known));
        let Some((key, _)) = unknown else { return Ok(()) };
        if keys.is_empty() {
            return Err(format!("`{key}` is not a key; there are none"));
        }
        let mut error = format!("`{key}` is not a key; there are:");
        for (index, known) in keys.iter().enumerate() {
            error.push_str(if index == 0 { " " } else { ", " });
            error.push_str(known);
        }
        Err(error)
    }

    /// A string.
    pub fn string(&self, key: &str) -> Result<Option<String>, String> {
        self.typed(key, "a string", |value| value.as_str().map(|string| string.to_string()))
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Result<Option<i64>, String> {
        self.typed(key, "a whole number", |value| value.as_i64())
    }

    /// A number.
    pub fn number(&self, key: &str) -> Result<Option<f64>, String> {
        self.typed(key, "a number", |value| value.as_f64())
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, String> {
        self.typed(key, "true or false", |value| value.as_bool())
    }

    /// The [path](Path) to a value, written as a string.
    pub fn path(&self, key: &str) -> Result<Option<Path>, String> {
        let path = self.string(key)?.map(|text| Path::parse(&text)).transpose();
        path.map_err(|error| format!("`{key}`: {error}"))
    }

    fn typed<T>(&self, key: &str, what: &str, read: impl FnOnce(Json<'a>) -> Option<T>) -> Result<Option<T>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| format!("`{key}` must be {what}")),
        }
    }
}
