//! Masks, hashes or removes fields of JSON values: as they are written, or as they are read.

mod action;
mod rewrite;
mod rules;

use corvid_plugin_sdk::{Config, Edit, Record, Topic, Transform, Verdict, View, Viewer, export};
use rules::Rules;

/// The plugin.
pub struct FieldMask {
    rules: Rules,
    /// Whether a value that is not JSON is shown, and written, as it is.
    keeps_others: bool,
    /// The value that is being written anew.
    value: String,
}

/// What is to become of a record.
enum Outcome {
    /// It stays as it is.
    Same,
    /// Its value is what was written.
    Changed,
    /// It cannot be read, so nobody knows what is in it.
    Opaque,
}

impl FieldMask {
    fn configured(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["mask", "keep_last", "hash", "secret", "remove", "not_json"])?;
        let keeps_others = match config.string("not_json")?.as_deref() {
            None | Some("hide") => false,
            Some("keep") => true,
            Some(_) => return Err("`not_json` is \"hide\" or \"keep\"".to_owned()),
        };
        Ok(FieldMask {
            rules: Rules::configured(config)?,
            keeps_others,
            value: String::new(),
        })
    }

    fn apply(&mut self, record: &Record<'_>) -> Outcome {
        if record.is_tombstone() {
            return Outcome::Same;
        }
        let Ok(value) = record.json() else {
            return if self.keeps_others {
                Outcome::Same
            } else {
                Outcome::Opaque
            };
        };
        self.value.clear();
        if rewrite::rewrite(value, &self.rules, &mut self.value) {
            Outcome::Changed
        } else {
            Outcome::Same
        }
    }
}

impl View for FieldMask {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        FieldMask::configured(config)
    }

    fn view(&mut self, record: &Record<'_>, _topic: &Topic<'_>, _viewer: &Viewer<'_>, edit: &mut Edit) {
        match self.apply(record) {
            Outcome::Same => {}
            Outcome::Changed => edit.set_value(&self.value),
            Outcome::Opaque => edit.hide_record(),
        }
    }
}

impl Transform for FieldMask {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        FieldMask::configured(config)
    }

    fn transform(&mut self, record: &Record<'_>, _topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        match self.apply(record) {
            Outcome::Same => {}
            Outcome::Changed => edit.set_value(&self.value),
            Outcome::Opaque => Err("the value is not JSON, so its fields cannot be masked")?,
        }
        Ok(())
    }
}

export!(transform = FieldMask, view = FieldMask);

#[cfg(test)]
mod tests;
