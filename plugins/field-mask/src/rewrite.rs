//! Writing a value anew, where rules say so; everything else is copied as it is written.

use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;

use crate::action::Action;
use crate::rules::Rules;

/// Writes the value as the rules have it. Whether they change anything; if not, what was written means nothing.
pub fn rewrite(value: Json<'_>, rules: &Rules, out: &mut String) -> bool {
    let mut writer = Writer {
        rules,
        out,
        changed: false,
    };
    writer.value(value, &rules.start());
    writer.changed
}

struct Writer<'a> {
    rules: &'a Rules,
    out: &'a mut String,
    changed: bool,
}

impl Writer<'_> {
    /// As deep as the longest path, and no deeper.
    fn value(&mut self, value: Json<'_>, active: &[(usize, usize)]) {
        if let Some(action) = self.rules.action(active) {
            action.write(value, self.out);
            self.changed = true;
            return;
        }
        match value.kind() {
            Some(Kind::Object) if !active.is_empty() => self.object(value, active),
            Some(Kind::Array) if !active.is_empty() => self.array(value, active),
            _ => self.out.push_str(value.text()),
        }
    }

    fn object(&mut self, value: Json<'_>, active: &[(usize, usize)]) {
        self.out.push('{');
        let mut first = true;
        for (name, member) in value.members() {
            let active = self.rules.follow(active, |step| name == *step);
            if matches!(self.rules.action(&active), Some(Action::Remove)) {
                self.changed = true;
                continue;
            }
            if !first {
                self.out.push(',');
            }
            first = false;
            self.out.push_str(name.as_json().text());
            self.out.push(':');
            self.value(member, &active);
        }
        self.out.push('}');
    }

    fn array(&mut self, value: Json<'_>, active: &[(usize, usize)]) {
        self.out.push('[');
        for (index, item) in value.items().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            let active = self.rules.follow(active, |step| step.parse() == Ok(index));
            self.value(item, &active);
        }
        self.out.push(']');
    }
}
