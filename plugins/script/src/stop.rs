//! How a call ends that does not answer.

use std::fmt;

use corvid_plugin_sdk::{Decision, Refusal};
use rhai::{Dynamic, EvalAltResult, ParseError, Position};

use crate::policy::Decided;

/// The code of a refusal that is the script's own failure: a slip in it, or a limit that it met.
pub const FAILED: u16 = u16::MAX;

/// Why there is no answer.
#[derive(Debug)]
pub enum Stop {
    /// The script said so, with `refuse` or `throw`.
    Refused(Refused),
    /// A policy has decided.
    Decided(Decision),
    /// The script failed; the text says where in it.
    Failed(String),
}

/// What `refuse` throws.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The script's own code; 0 if it gave none.
    pub code: u16,
    /// For people.
    pub reason: String,
}

impl Stop {
    /// A failure that no place in the script can be named for.
    pub fn failed(what: impl Into<String>) -> Self {
        Stop::Failed(what.into())
    }
}

impl From<Box<EvalAltResult>> for Stop {
    fn from(error: Box<EvalAltResult>) -> Self {
        let inner = error.unwrap_inner();
        let position = [inner.position(), error.position()]
            .into_iter()
            .find(|position| !position.is_none());
        if let EvalAltResult::ErrorRuntime(thrown, _) = inner {
            if let Some(refused) = refused(thrown) {
                return Stop::Refused(refused);
            }
            if let Some(decided) = thrown.read_lock::<Decided>() {
                return Stop::Decided(decided.0.clone());
            }
        }
        let (whole, mut inner) = (error.to_string(), error);
        while let EvalAltResult::ErrorInFunctionCall(_, _, cause, _) = *inner {
            inner = cause;
        }
        inner.clear_position();
        let text = match *inner {
            // The one that says neither what nor why.
            EvalAltResult::ErrorTooManyOperations(_) => {
                format!(
                    "more than {} steps for one record: does it loop for ever?",
                    crate::engine::STEPS_MAX
                )
            }
            ref other => other.to_string(),
        };
        let text = if text.is_empty() { whole } else { text };
        Stop::Failed(format!("{}{text}", place(position.unwrap_or(Position::NONE))))
    }
}

/// What is thrown on purpose: by `refuse`, or a text.
fn refused(thrown: &Dynamic) -> Option<Refused> {
    if let Some(refused) = thrown.read_lock::<Refused>() {
        return Some(refused.clone());
    }
    let reason = thrown.read_lock::<rhai::ImmutableString>()?.to_string();
    Some(Refused { code: 0, reason })
}

/// What is wrong with the text of a script.
pub fn syntax(error: &ParseError) -> String {
    format!("{}{}", place(error.position()), error.err_type())
}

/// `line 3, column 7: `, or nothing.
fn place(position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        (None, _) => String::new(),
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Refused(refused) => write!(f, "the script refused the record: {}", refused.reason),
            Stop::Decided(_) => write!(
                f,
                "the script failed: only `policy` decides what becomes of a record that failed"
            ),
            Stop::Failed(what) => write!(f, "the script failed: {what}"),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Refusal::new(refused.code, refused.reason)
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refused) => refused.into(),
            Stop::Decided(_) | Stop::Failed(_) => Refusal::new(FAILED, stop.to_string()),
        }
    }
}
