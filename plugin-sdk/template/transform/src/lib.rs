//! Copies a field of the JSON value into a header, where a consumer can filter without parsing.

use corvid_plugin_sdk::{Config, Edit, Record, Topic, Transform, Verdict, export, json::Path};

pub struct Plugin {
    field: Path,
    header: String,
    scratch: String,
}

impl Transform for Plugin {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["field", "header"])?;
        let field = config.path("field")?.ok_or("`field` is missing")?;
        let header = config.string("header")?.unwrap_or_else(|| field.to_string());
        Ok(Plugin { field, header, scratch: String::new() })
    }

    fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        let value = record.json().ok().and_then(|value| value.find(&self.field)?.as_str());
        if let Some(value) = value {
            edit.set_header(&self.header, value.read(&mut self.scratch));
        }
        Ok(())
    }
}

export!(transform = Plugin);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder, Transformed};

    #[test]
    fn the_field_becomes_a_header() {
        let order = RecordBuilder::new().value(r#"{"region": "eu"}"#);
        let other = RecordBuilder::new().value("no JSON");
        let results = Call::new([order.clone(), other.clone()]).transform::<Plugin>(r#"{"field": "region"}"#);
        assert_eq!(results.unwrap(), [order.header("region", "eu"), other].map(Transformed::Record));
    }
}
