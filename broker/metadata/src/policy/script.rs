//! Scripts: plugins whose module is the first-party interpreter, and whose text lies in their configuration.
//!
//! So a script is deployed, bound, counted and rolled back as every plugin is.

use serde_json::{Value, json};

use super::PluginLimits;
use crate::record::PluginRecord;

/// The first-party plugin that runs scripts.
pub const SCRIPT_PLUGIN: &str = "script";

/// What a call may take that names no limits: an interpreter is some thirty times slower than what is compiled, and a call may
/// bring thousands of records.
pub const SCRIPT_LIMITS: PluginLimits = PluginLimits {
    deadline_ms: Some(250),
    memory_bytes: Some(32 << 20),
};

/// The longest script, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 64 << 10;

/// The configuration of the plugin that runs this script: `config` is what the script sees under that name.
pub fn script_config(script: &str, config: &Value) -> Value {
    json!({ "script": script, "config": config })
}

impl PluginRecord {
    /// The text of the script, if that is what the plugin is.
    pub fn script(&self) -> Option<&str> {
        let is_script = self.builtin.as_deref() == Some(SCRIPT_PLUGIN);
        is_script.then(|| self.config.get("script")?.as_str()).flatten()
    }

    /// The configuration under a binding that has one of its own: of a script, the script stays.
    pub fn config_with(&self, own: Option<&Value>) -> Value {
        match (own, self.script()) {
            (None, _) => self.config.clone(),
            (Some(own), None) => own.clone(),
            (Some(own), Some(script)) => script_config(script, own),
        }
    }

    /// The limits under a binding that has some of its own.
    pub fn limits_with(&self, own: PluginLimits) -> PluginLimits {
        let limits = own.or(self.limits);
        match self.script() {
            Some(_) => limits.or(SCRIPT_LIMITS),
            None => limits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;

    fn plugin(builtin: Option<&str>, config: Value) -> PluginRecord {
        PluginRecord {
            module: Digest([0; 32]),
            builtin: builtin.map(str::to_owned),
            config,
            limits: PluginLimits::default(),
            generation: 1,
            deployment: crate::plugin::Deployment::default(),
        }
    }

    /// The bug: a binding that configures a script takes the script away.
    #[test]
    fn a_binding_configures_the_script_and_does_not_replace_it() {
        let script = plugin(
            Some("script"),
            script_config("fn validate(record) {}", &json!({ "most": 1 })),
        );
        assert_eq!(script.config_with(None), script.config);
        let bound = script.config_with(Some(&json!({ "most": 2 })));
        assert_eq!(
            bound,
            json!({ "script": "fn validate(record) {}", "config": { "most": 2 } })
        );
        let other = plugin(Some("threshold-alert"), json!({ "script": "no script" }));
        assert_eq!(other.config_with(Some(&json!({}))), json!({}));
        assert_eq!(
            (script.script(), other.script()),
            (Some("fn validate(record) {}"), None)
        );
    }

    #[test]
    fn a_script_has_more_time_unless_somebody_says() {
        let script = plugin(Some("script"), script_config("", &Value::Null));
        assert_eq!(script.limits_with(PluginLimits::default()), SCRIPT_LIMITS);
        let own = PluginLimits {
            deadline_ms: Some(1),
            memory_bytes: None,
        };
        let expected = PluginLimits {
            deadline_ms: Some(1),
            ..SCRIPT_LIMITS
        };
        assert_eq!(script.limits_with(own), expected);
        assert_eq!(plugin(None, Value::Null).limits_with(own), own);
    }
}
