//! When two values are the same.

use super::check::DEPTH_MAX;
use super::{Json, JsonStr, Kind};

/// Equal as JSON means it: numbers by value, strings by their characters, objects whatever the
/// order of their members. What isn't JSON, or nested too deeply, equals nothing.
impl PartialEq for Json<'_> {
    fn eq(&self, other: &Json<'_>) -> bool {
        equal(*self, *other, DEPTH_MAX)
    }
}

fn equal(a: Json<'_>, b: Json<'_>, depth_left: u32) -> bool {
    let (Some(kind), Some(depth_left)) = (a.kind(), depth_left.checked_sub(1)) else {
        return false;
    };
    if b.kind() != Some(kind) {
        return false;
    }
    match kind {
        Kind::Null => a.is_null() && b.is_null(),
        Kind::Bool => a.as_bool().is_some() && a.as_bool() == b.as_bool(),
        Kind::Number => a.as_number().is_some() && a.as_number() == b.as_number(),
        Kind::String => a.as_str().is_some() && a.as_str() == b.as_str(),
        Kind::Array => {
            let mut others = b.items();
            a.items()
                .all(|item| others.next().is_some_and(|other| equal(item, other, depth_left)))
                && others.next().is_none()
        }
        Kind::Object => {
            names(a).all(|name| last(b, name).is_some())
                && b.members().all(|(name, value)| match (last(a, name), last(b, name)) {
                    // One that a later member of the same name replaces does not count. It must not
                    // be gone into either: twice at each level would be too often to ever end.
                    (Some(_), Some(theirs)) if theirs.text.len() != value.text.len() => true,
                    (Some(ours), Some(theirs)) => equal(ours, theirs, depth_left),
                    _ => false,
                })
        }
    }
}

fn names(object: Json<'_>) -> impl Iterator<Item = JsonStr<'_>> {
    object.members().map(|(name, _)| name)
}

/// The member of this name that counts.
fn last<'a>(object: Json<'a>, name: JsonStr<'_>) -> Option<Json<'a>> {
    object
        .members()
        .filter(|(member, _)| *member == name)
        .last()
        .map(|(_, value)| value)
}
