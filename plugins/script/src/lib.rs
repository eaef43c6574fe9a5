//! Hooks as scripts: a text in Rhai, in TOML or in a file, instead of a module.
//!
//! The interpreter runs where every plugin runs: in the broker's sandbox, under the same contract, with the same limits.
//! A script is compiled once for each instance; its functions are its hooks: `partition(record)`, `validate(record)`,
//! `transform(record)`, `policy(record, failure)` and `view(record, reader)`. The README teaches the language's side.
//!
//! | module | |
//! |---|---|
//! | `program` | a compiled script: which hooks it has, how they are called |
//! | `engine` | the language: its limits, and the functions beyond Rhai's own |
//! | `record`, `headers` | a record as scripts see it |
//! | `json` | JSON to values and back |
//! | `policy` | failures, and what may be decided of them |
//! | `tables` | look-ups in what the binding grants |
//! | `stop` | how a call ends that does not answer: refused, or failed with line and column |

mod engine;
mod headers;
mod json;
mod policy;
mod program;
mod record;
mod stop;
mod tables;

use std::rc::Rc;

use corvid_plugin_sdk::{
    Config, Decision, Edit, Failure, Partitioner, Policy, Record, Route, Topic, Transform, Validator, Verdict, View,
    Viewer, export, export_hooks,
};
use program::{Hook, Program};
use stop::Stop;

/// The plugin: one program behind every hook that the script has.
pub struct Script {
    program: Rc<Program>,
}

impl Script {
    fn load(config: &Config<'_>) -> Result<Self, String> {
        #[cfg(target_arch = "wasm32")]
        std::panic::set_hook(Box::new(|panic| {
            // Where in the interpreter is nothing to whoever wrote the script.
            let text = panic.payload_as_str().unwrap_or("the interpreter failed");
            corvid_plugin_sdk::log(corvid_plugin_sdk::Level::Panic, text);
        }));
        Program::shared(config).map(|program| Script { program })
    }
}

impl Partitioner for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Script::load(config)
    }

    /// A partitioner has no refusals: what the script fails of is a fault, and its text says where in the script.
    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let program = &self.program;
        match program
            .call(Hook::Partition, record, topic, None)
            .and_then(|answer| program::route(&answer, topic))
        {
            Ok(route) => route,
            Err(stop) => panic!("{stop}"),
        }
    }
}

impl Validator for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Script::load(config)
    }

    fn validate(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Verdict {
        let answer = self.program.call(Hook::Validate, record, topic, None)?;
        Ok(program::verdict(&answer)?)
    }
}

impl Transform for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Script::load(config)
    }

    fn transform(&mut self, record: &Record<'_>, topic: &Topic<'_>, edit: &mut Edit) -> Verdict {
        // What the function's last line comes to is nobody's business: it has changed the record, or not.
        drop(self.program.call(Hook::Transform, record, topic, None)?);
        Ok(self.program.record().write(edit)?)
    }
}

impl Policy for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Script::load(config)
    }

    /// A policy that fails is a fault: the topic's own settings decide.
    fn decide(&mut self, record: &Record<'_>, failure: &Failure<'_>, topic: &Topic<'_>) -> Decision {
        let failure = policy::failure(failure);
        match self.program.call(Hook::Policy, record, topic, Some(failure)) {
            Ok(answer) if answer.is_unit() => Decision::AsConfigured,
            Err(Stop::Decided(decision)) => decision,
            Err(Stop::Refused(refused)) => Decision::Refuse(refused.into()),
            Err(stop @ Stop::Failed(_)) => panic!("{stop}"),
            Ok(answer) => panic!(
                "{}",
                Stop::failed(format!(
                    "`policy` answered a {}: call `retry_after`, `dead_letter`, `drop_it` or `refuse`",
                    answer.type_name()
                ))
            ),
        }
    }
}

impl View for Script {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        Script::load(config)
    }

    /// A view refuses nothing: what the script fails of is a fault.
    fn view(&mut self, record: &Record<'_>, topic: &Topic<'_>, viewer: &Viewer<'_>, edit: &mut Edit) {
        let reader = program::reader(viewer);
        let viewed = self.program.call(Hook::View, record, topic, Some(reader));
        if let Err(stop) = viewed.and_then(|_| self.program.record().write(edit)) {
            panic!("{stop}");
        }
    }
}

export!(
    partitioner = Script,
    validator = Script,
    transform = Script,
    policy = Script,
    view = Script
);
export_hooks!(program::hooks);

#[cfg(test)]
mod tests;
