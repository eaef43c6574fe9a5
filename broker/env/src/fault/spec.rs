//! The text that arms fail-points.

use std::collections::BTreeMap;

use super::Fault;

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The process ends.
    Kill,
    /// The caller does this.
    Do(Fault),
}

/// A point, when it acts, and how often it was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Armed {
    action: Action,
    first_hit: u64,
    once: bool,
    hits: u64,
}

impl Armed {
    /// Counts one more hit; the action, if this one is meant.
    pub(super) fn count_hit(&mut self) -> Option<Action> {
        self.hits += 1;
        let meant = if self.once {
            self.hits == self.first_hit
        } else {
            self.hits >= self.first_hit
        };
        meant.then_some(self.action)
    }
}

/// What is wrong with the text that arms fail-points.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{item}`: {reason}; expected point=kill|cut:BYTES|short:BYTES|error|full|skip[@HIT[+]]")]
pub struct FaultSpecError {
    /// The part that could not be read.
    pub item: String,
    /// Why.
    pub reason: &'static str,
}

pub(super) fn parse(spec: &str) -> Result<BTreeMap<String, Armed>, FaultSpecError> {
    let items = spec.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            parse_item(item).map_err(|reason| FaultSpecError {
                item: item.to_owned(),
                reason,
            })
        })
        .collect()
}

fn parse_item(item: &str) -> Result<(String, Armed), &'static str> {
    let (point, action) = item.split_once('=').ok_or("there is no `=`")?;
    let (action, hit) = match action.split_once('@') {
        Some((action, hit)) => (action, Some(hit)),
        None => (action, None),
    };
    let (first_hit, once) = match hit {
        None => (1, false),
        Some(hit) => (parse_hit(hit.strip_suffix('+').unwrap_or(hit))?, !hit.ends_with('+')),
    };
    if point.is_empty() {
        return Err("the point has no name");
    }
    Ok((
        point.to_owned(),
        Armed {
            action: parse_action(action)?,
            first_hit,
            once,
            hits: 0,
        },
    ))
}

fn parse_hit(hit: &str) -> Result<u64, &'static str> {
    match hit.parse() {
        Ok(0) => Err("hits are counted from 1"),
        Ok(hit) => Ok(hit),
        Err(_) => Err("the hit is not a number"),
    }
}

fn parse_action(action: &str) -> Result<Action, &'static str> {
    Ok(match action {
        "kill" => Action::Kill,
        "error" => Action::Do(Fault::Error),
        "full" => Action::Do(Fault::Full),
        "skip" => Action::Do(Fault::Skip),
        other => {
            let (action, bytes) = other.split_once(':').ok_or("there is no such action")?;
            let bytes = bytes.parse().map_err(|_| "the bytes to keep are not a number");
            Action::Do(match action {
                "cut" => Fault::Cut(bytes?),
                "short" => Fault::Short(bytes?),
                _ => return Err("there is no such action"),
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(spec: &str, point: &str, hits: usize) -> Vec<Option<Action>> {
        let mut points = parse(spec).unwrap();
        (0..hits).map(|_| points.get_mut(point).unwrap().count_hit()).collect()
    }

    #[test]
    fn a_point_acts_always_once_or_from_a_hit_on() {
        let full = Some(Action::Do(Fault::Full));
        assert_eq!(actions("a=full", "a", 3), [full, full, full]);
        assert_eq!(actions("a=full@2", "a", 3), [None, full, None]);
        assert_eq!(actions("b=kill, a=full@2+", "a", 3), [None, full, full]);
        assert_eq!(actions("a=cut:17@1", "a", 1), [Some(Action::Do(Fault::Cut(17)))]);
        assert_eq!(actions("a=short:3", "a", 1), [Some(Action::Do(Fault::Short(3)))]);
        assert_eq!(parse("").unwrap().len(), 0);
    }

    #[test]
    fn a_mistake_is_an_error_that_names_its_item() {
        for wrong in [
            "a",
            "=kill",
            "a=explode",
            "a=cut",
            "a=cut:x",
            "a=short",
            "a=long:3",
            "a=kill@0",
            "a=kill@x",
            "a=kill@",
        ] {
            assert_eq!(parse(&format!("ok=kill,{wrong}")).unwrap_err().item, wrong);
        }
    }
}
