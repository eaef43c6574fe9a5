//! Shows only the records whose field has a value: the others are hidden, and nothing of what is stored changes.

use corvid_plugin_sdk::{Config, Edit, Record, Topic, View, Viewer, export, json::Path};

pub struct Plugin {
    field: Path,
}

impl View for Plugin {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["field"])?;
        Ok(Plugin { field: config.path("field")?.ok_or("`field` is missing")? })
    }

    fn view(&mut self, record: &Record<'_>, _topic: &Topic<'_>, _viewer: &Viewer<'_>, edit: &mut Edit) {
        let shown = record.json().ok().is_some_and(|value| value.find(&self.field).is_some());
        if !shown {
            edit.hide_record();
        }
    }
}

export!(view = Plugin);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder, Shown};

    #[test]
    fn what_lacks_the_field_is_hidden() {
        let order = RecordBuilder::new().value(r#"{"region": "eu"}"#);
        let other = RecordBuilder::new().value("no JSON");
        let shown = Call::new([order.clone(), other]).view::<Plugin>(r#"{"field": "region"}"#);
        assert_eq!(shown.unwrap(), [Shown::Record(order), Shown::Hidden]);
    }
}
