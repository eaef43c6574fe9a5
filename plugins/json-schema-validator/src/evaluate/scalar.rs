//! Values on their own: equal to some, numbers, strings.

use super::{At, Evaluation, Stop, canonical};
use crate::schema::{Bound, Node, NumberRules, StringRules};
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::{JsonStr, Kind};
use std::borrow::Cow;
use std::cmp::Ordering;

/// How much of a value is shown, in characters.
const BRIEF_MAX: usize = 40;

impl Evaluation<'_> {
    pub(super) fn values(&mut self, node: &Node, at: At<'_>) -> Result<(), Stop> {
        let mut all = node.one_of_values.iter();
        all.try_for_each(|values| self.one_of_values(values, at))
    }

    fn one_of_values(&mut self, values: &[String], at: At<'_>) -> Result<(), Stop> {
        if is_one_of(at.value, values) {
            return Ok(());
        }
        let is = brief(at.value);
        match values {
            [value] => self.failed(at, format_args!("must be {}, is {is}", shortened(value))),
            values => {
                let all: Vec<Cow<'_, str>> = values.iter().take(10).map(|value| shortened(value)).collect();
                let more = if values.len() > all.len() { ", …" } else { "" };
                self.failed(at, format_args!("must be one of {}{more}, is {is}", all.join(", ")))
            }
        }
    }

    pub(super) fn number(&mut self, rules: &NumberRules, at: At<'_>) -> Result<(), Stop> {
        if rules.bounds.is_empty() {
            return Ok(());
        }
        let Some(number) = at.value.as_number() else {
            return Err(Stop);
        };
        for (bound, text) in &rules.bounds {
            let Some(other) = Json::lazy(text.as_bytes()).as_number() else {
                continue;
            };
            let order = number.cmp(&other);
            let (holds, what) = match bound {
                Bound::AtLeast => (order != Ordering::Less, "at least"),
                Bound::Above => (order == Ordering::Greater, "above"),
                Bound::AtMost => (order != Ordering::Greater, "at most"),
                Bound::Below => (order == Ordering::Less, "below"),
                Bound::MultipleOf => (number.is_multiple_of(&other), "a multiple of"),
            };
            if !holds {
                self.failed(at, format_args!("must be {what} {other}, is {}", brief(at.value)))?;
            }
        }
        Ok(())
    }

    pub(super) fn string(&mut self, rules: &StringRules, at: At<'_>) -> Result<(), Stop> {
        let Some(string) = at.value.as_str() else {
            return Err(Stop);
        };
        if !rules.length.is_any() {
            let length = string.chars().count() as u64;
            if !rules.length.holds(length) {
                self.failed(at, format_args!("must have {} characters, has {length}", rules.length))?;
            }
        }
        if let Some(pattern) = &rules.pattern
            && !pattern.is_match(&text_of(&string))
        {
            self.failed(at, format_args!("must match {pattern}, is {}", brief(at.value)))?;
        }
        Ok(())
    }
}

/// Arrays and objects are brought into one form, and compared then: one that somebody has given a thousand members of one
/// name takes no longer.
fn is_one_of(value: Json<'_>, values: &[String]) -> bool {
    let mut known = values.iter().map(|known| Json::lazy(known.as_bytes()));
    if !matches!(value.kind(), Some(Kind::Array | Kind::Object)) {
        return known.any(|known| known == value);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    known.filter(|known| known.kind() == value.kind()).any(|known| {
        if ours.is_empty() {
            canonical::write(value, &mut ours);
        }
        theirs.clear();
        canonical::write(known, &mut theirs);
        ours == theirs
    })
}

/// The characters of a string. Only one that is written with escapes has to be copied.
pub(super) fn text_of<'a>(string: &JsonStr<'a>) -> Cow<'a, str> {
    string
        .plain()
        .map_or_else(|| Cow::Owned(string.to_string()), Cow::Borrowed)
}

/// A value as it may be shown in a reason: itself, if it is small.
pub(super) fn brief(value: Json<'_>) -> Cow<'_, str> {
    match value.kind() {
        Some(Kind::Array) => Cow::Borrowed("an array"),
        Some(Kind::Object) => Cow::Borrowed("an object"),
        _ => shortened(value.text()),
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(BRIEF_MAX) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
