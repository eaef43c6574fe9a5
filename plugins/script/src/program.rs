//! A compiled script.

use std::cell::RefCell;
use std::rc::Rc;

use corvid_plugin_sdk::{Config, Json, Record, Route, Topic, Viewer};
use rhai::{AST, CallFnOptions, Dynamic, Engine, Map, Module, Scope};

use crate::engine::engine;
use crate::json;
use crate::record::{Access, ScriptRecord};
use crate::stop::{Refused, Stop, syntax};

/// A hook: a function of the script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hook {
    /// `fn partition(record)`
    Partition,
    /// `fn validate(record)`
    Validate,
    /// `fn transform(record)`
    Transform,
    /// `fn policy(record, failure)`
    Policy,
    /// `fn view(record, reader)`
    View,
}

impl Hook {
    const ALL: [Hook; 5] = [
        Hook::Partition,
        Hook::Validate,
        Hook::Transform,
        Hook::Policy,
        Hook::View,
    ];

    /// The function's name, which is the hook's in the contract, too.
    pub fn name(self) -> &'static str {
        match self {
            Hook::Partition => "partition",
            Hook::Validate => "validate",
            Hook::Transform => "transform",
            Hook::Policy => "policy",
            Hook::View => "view",
        }
    }

    /// What it is called with.
    fn parameters(self) -> &'static [&'static str] {
        match self {
            Hook::Partition | Hook::Validate | Hook::Transform => &["record"],
            Hook::Policy => &["record", "failure"],
            Hook::View => &["record", "reader"],
        }
    }

    fn access(self) -> Access {
        match self {
            Hook::Partition | Hook::Validate | Hook::Policy => Access::Read,
            Hook::Transform | Hook::View => Access::Write,
        }
    }

    fn signature(self) -> String {
        format!("fn {}({})", self.name(), self.parameters().join(", "))
    }
}

/// A script, its functions, and the record that they are called on.
pub struct Program {
    engine: Engine,
    ast: AST,
    hooks: Vec<Hook>,
    record: ScriptRecord,
}

thread_local! {
    /// The program that the hooks of this instance share, and the configuration that it was made of.
    static SHARED: RefCell<Option<(String, Rc<Program>)>> = const { RefCell::new(None) };
}

/// The names of the hooks that the script has.
pub fn hooks() -> Vec<&'static str> {
    SHARED.with_borrow(|shared| {
        let hooks = shared.iter().flat_map(|(_, program)| &program.hooks);
        hooks.map(|hook| hook.name()).collect()
    })
}

impl Program {
    /// The program of this configuration: made by the first hook that asks.
    pub fn shared(config: &Config<'_>) -> Result<Rc<Program>, String> {
        let text = config.json().text();
        SHARED.with_borrow_mut(|shared| match shared {
            Some((of, program)) if of == text => Ok(program.clone()),
            _ => {
                let program = Rc::new(Program::configured(config)?);
                *shared = Some((text.to_owned(), program.clone()));
                Ok(program)
            }
        })
    }

    fn configured(config: &Config<'_>) -> Result<Program, String> {
        config.only(&["script", "config"])?;
        let script = config
            .string("script")?
            .ok_or("`script` is missing: the text of the script")?;
        Program::compile(&script, config.get("config"))
    }

    fn compile(script: &str, config: Option<Json<'_>>) -> Result<Program, String> {
        let mut engine = engine();
        let ast = engine.compile(script).map_err(|error| syntax(&error))?;
        let hooks = functions(&ast)?;
        let mut globals = Module::new();
        let config = config.map(json::value).filter(|config| !config.is_unit());
        let config = config.unwrap_or_else(|| Dynamic::from_map(Map::new()));
        let mut scope = Scope::new();
        scope.push_constant_dynamic("config", config);
        scope.push_constant_dynamic("KEEP", Dynamic::UNIT);
        engine
            .run_ast_with_scope(&mut scope, &ast)
            .map_err(|error| match Stop::from(error) {
                Stop::Failed(what) => what,
                other @ (Stop::Refused(_) | Stop::Decided(_)) => other.to_string(),
            })?;
        for (name, _, value) in scope.iter() {
            globals.set_var(name, value);
        }
        engine.register_global_module(globals.into());
        Ok(Program {
            engine,
            ast,
            hooks,
            record: ScriptRecord::default(),
        })
    }

    /// Calls a hook on a record, with what it is told besides.
    pub fn call(
        &self,
        hook: Hook,
        record: &Record<'_>,
        topic: &Topic<'_>,
        besides: Option<Dynamic>,
    ) -> Result<Dynamic, Stop> {
        self.record.fill(record, topic, hook.access());
        let options = CallFnOptions::new().eval_ast(false);
        let arguments: Vec<Dynamic> = std::iter::once(Dynamic::from(self.record.clone()))
            .chain(besides)
            .collect();
        let mut scope = Scope::new();
        let answer = self
            .engine
            .call_fn_with_options(options, &mut scope, &self.ast, hook.name(), arguments);
        answer.map_err(Stop::from)
    }

    /// The record of the last call.
    pub fn record(&self) -> &ScriptRecord {
        &self.record
    }
}

/// The hooks among a script's functions.
fn functions(ast: &AST) -> Result<Vec<Hook>, String> {
    let mut hooks = Vec::new();
    for hook in Hook::ALL {
        let mut named = ast
            .iter_functions()
            .filter(|function| function.name == hook.name())
            .peekable();
        if named.peek().is_none() {
            continue;
        }
        if !named.any(|function| function.params.len() == hook.parameters().len()) {
            return Err(format!(
                "`{}` has other parameters than a hook: write {}",
                hook.name(),
                hook.signature()
            ));
        }
        hooks.push(hook);
    }
    if hooks.is_empty() {
        let all: Vec<_> = Hook::ALL.into_iter().map(Hook::signature).collect();
        return Err(format!("the script has no hook: it needs one of {}", all.join(", ")));
    }
    Ok(hooks)
}

/// Who reads, as `view(record, reader)` sees it.
pub fn reader(viewer: &Viewer<'_>) -> Dynamic {
    let text = |text: Option<&str>| text.map_or(Dynamic::UNIT, Into::into);
    let members = [
        ("principal", text(Some(viewer.principal))),
        ("client_id", text(viewer.client_id)),
        ("group", text(viewer.group)),
    ];
    let members = members.into_iter().map(|(name, value)| (name.into(), value));
    Dynamic::from_map(members.collect::<Map>())
}

/// What `partition` answered: a partition, or `KEEP`.
pub fn route(answer: &Dynamic, topic: &Topic<'_>) -> Result<Route, Stop> {
    if answer.is_unit() {
        return Ok(Route::Keep);
    }
    let Ok(partition) = answer.as_int() else {
        return Err(Stop::failed(format!(
            "`partition` answered a {}, not a partition's number or KEEP",
            answer.type_name()
        )));
    };
    match i32::try_from(partition) {
        Ok(partition) if (0..topic.partitions).contains(&partition) => Ok(Route::To(partition)),
        _ => Err(Stop::failed(format!(
            "`partition` answered {partition}, and {} has partitions 0 to {}",
            topic.name,
            topic.partitions - 1
        ))),
    }
}

/// What `validate` answered: nothing or true, or false, or why not.
pub fn verdict(answer: &Dynamic) -> Result<(), Stop> {
    let refused = |reason: &str| {
        Err(Stop::Refused(Refused {
            code: 0,
            reason: reason.to_owned(),
        }))
    };
    if answer.is_unit() {
        return Ok(());
    }
    if let Some(reason) = answer.read_lock::<rhai::ImmutableString>() {
        return refused(&reason);
    }
    match answer.as_bool() {
        Ok(true) => Ok(()),
        Ok(false) => refused("the script refused the record"),
        Err(other) => Err(Stop::failed(format!(
            "`validate` answered a {other}, not true, false or a reason"
        ))),
    }
}
