//! Objects.

use super::marks::Marks;
use super::path::Path;
use super::scalar::text_of;
use super::{At, Evaluation, Stop};
use crate::schema::ObjectRules;
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::JsonStr;
use std::collections::BTreeSet;

impl Evaluation<'_> {
    pub(super) fn object(
        &mut self,
        rules: Option<&ObjectRules>,
        at: At<'_>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        let Some(rules) = rules else { return Ok(()) };
        let mut seen = Marks::default();
        for (index, (name, value)) in at.value.members().enumerate() {
            let is_evaluated = self.member(rules, name, value, at, &mut seen)?;
            if let (true, Some(marks)) = (is_evaluated, &mut marks) {
                marks.set(index);
            }
        }
        if !rules.size.is_any() {
            // A member that is there twice is one property.
            let names: BTreeSet<_> = at.value.members().map(|(name, _)| text_of(&name)).collect();
            let size = names.len() as u64;
            if !rules.size.holds(size) {
                self.failed(at, format_args!("must have {} properties, has {size}", rules.size))?;
            }
        }
        for (index, property) in rules.properties.iter().enumerate() {
            if property.required && !seen.is_set(index) {
                self.failed(at, format_args!("`{}` is missing", property.name))?;
            }
        }
        self.dependent(rules, at)
    }

    /// Asks all that there is to ask about one member; true if some schema was about its value.
    fn member(
        &mut self,
        rules: &ObjectRules,
        name: JsonStr<'_>,
        value: Json<'_>,
        at: At<'_>,
        seen: &mut Marks,
    ) -> Result<bool, Stop> {
        let at = At {
            value,
            path: &Path::Member { of: at.path, name },
            ..at
        };
        let text = text_of(&name);
        let mut is_evaluated = false;
        if let Some(names) = rules.names {
            self.check(
                names,
                At {
                    value: name.as_json(),
                    ..at
                },
                None,
            )?;
        }
        if let Ok(position) = rules.position(&text) {
            seen.set(position);
            if let Some(schema) = rules.properties[position].schema {
                is_evaluated = true;
                self.check(schema, at, None)?;
            }
        }
        for (pattern, schema) in &rules.patterns {
            if pattern.is_match(&text) {
                is_evaluated = true;
                self.check(*schema, at, None)?;
            }
        }
        if let (false, Some(additional)) = (is_evaluated, rules.additional) {
            is_evaluated = true;
            self.check(additional, at, None)?;
        }
        Ok(is_evaluated)
    }

    fn dependent(&mut self, rules: &ObjectRules, at: At<'_>) -> Result<(), Stop> {
        for (name, required) in &rules.dependent_required {
            if at.value.get(name).is_none() {
                continue;
            }
            for missing in required.iter().filter(|required| at.value.get(required).is_none()) {
                self.failed(at, format_args!("`{missing}` is missing, which `{name}` needs"))?;
            }
        }
        Ok(())
    }
}
