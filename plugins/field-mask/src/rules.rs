//! Which fields, and what becomes of each.

use corvid_plugin_sdk::Config;
use corvid_plugin_sdk::json::{Kind, Path};

use crate::action::Action;

/// The rules, in the order in which they were written.
pub struct Rules {
    rules: Vec<Rule>,
}

/// A path and what becomes of the value at its end.
pub struct Rule {
    steps: Vec<String>,
    action: Action,
}

/// Rules under way: which one, and how many of its steps are behind it.
pub type Active = Vec<(usize, usize)>;

impl Rules {
    pub fn configured(config: &Config<'_>) -> Result<Self, String> {
        let keep_last = config.integer("keep_last")?.unwrap_or(0);
        let keep_last = usize::try_from(keep_last).map_err(|_| "`keep_last` is 0 or more")?;
        let secret = config.string("secret")?;
        let mut rules = Vec::new();
        for (key, action) in [
            ("remove", Action::Remove),
            ("mask", Action::Mask { keep_last }),
            ("hash", Action::hash(secret.as_deref().unwrap_or_default())),
        ] {
            for path in paths(config, key)? {
                let steps = path.steps().map(str::to_owned).collect();
                let action = action.clone();
                rules.push(Rule { steps, action });
            }
        }
        if config.get("hash").is_some() && secret.is_none_or(|secret| secret.is_empty()) {
            return Err("`hash` needs a `secret`: without one, trying all values would find the one".to_owned());
        }
        if rules.is_empty() {
            return Err("there is no field in `mask`, `hash` or `remove`".to_owned());
        }
        Ok(Rules { rules })
    }

    /// All of them, at their first step.
    pub fn start(&self) -> Active {
        (0..self.rules.len()).map(|rule| (rule, 0)).collect()
    }

    /// Those that go on with a step for which `is_step` holds.
    pub fn follow(&self, active: &[(usize, usize)], is_step: impl Fn(&str) -> bool) -> Active {
        let goes_on = |(rule, behind): &&(usize, usize)| {
            let step = self.rules[*rule].steps.get(*behind);
            step.is_some_and(|step| step == "*" || is_step(step))
        };
        active
            .iter()
            .filter(goes_on)
            .map(|(rule, behind)| (*rule, behind + 1))
            .collect()
    }

    /// What becomes of the value here: of several rules, the first one says.
    pub fn action(&self, active: &[(usize, usize)]) -> Option<&Action> {
        let ends = |(rule, behind): &&(usize, usize)| self.rules[*rule].steps.len() == *behind;
        active.iter().find(ends).map(|(rule, _)| &self.rules[*rule].action)
    }
}

fn paths(config: &Config<'_>, key: &str) -> Result<Vec<Path>, String> {
    let Some(list) = config.get(key) else {
        return Ok(Vec::new());
    };
    if list.kind() != Some(Kind::Array) {
        return Err(format!("`{key}` must be an array of paths"));
    }
    let path = |item: corvid_plugin_sdk::Json<'_>| {
        let text = item
            .as_str()
            .ok_or_else(|| format!("`{key}` must be an array of paths"))?;
        Path::parse(&text.to_string()).map_err(|error| format!("`{key}`: {error}"))
    };
    list.items().map(path).collect()
}
