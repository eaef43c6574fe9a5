//! Why there is no host, and why a module is not loaded.

use crate::fault::Fault;
use crate::sandbox::StartError;

/// Why the host could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The WebAssembly engine does not run on this machine.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
}

/// Why a module is refused. What is loaded already stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// More bytes than a module may have.
    #[error("the module has {size} bytes; the most is {max}")]
    ModuleTooLarge {
        /// Its size in bytes.
        size: usize,
        /// The ceiling in bytes.
        max: usize,
    },
    /// Not a WebAssembly module, or one that uses what the host does not have.
    #[error("the module does not compile: {0}")]
    Compile(String),
    /// The child that compiles ended without an answer: most often a limit of time or memory.
    #[error("the compiler ended early: {0}")]
    Compiler(String),
    /// It imports what is not offered.
    #[error("the module imports `{module}.{name}`, which a plugin is not offered: {why}")]
    Import {
        /// The import's module, such as `wasi_snapshot_preview1`.
        module: String,
        /// The import's name, such as `fd_write`.
        name: String,
        /// Why not, and what to do.
        why: String,
    },
    /// An export is missing or is not what the ABI says.
    #[error("the module's export `{name}` {problem}")]
    Export {
        /// The export's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It has no hook at all.
    #[error(
        "the module has no hook: it exports none of corvid_partition, corvid_validate, corvid_transform, corvid_view"
    )]
    NoHooks,
    /// It could not be started: its memory is above the ceiling, or its start function trapped.
    #[error("the plugin does not start: {0}")]
    Start(Fault),
    /// It does not accept its configuration, or trapped while it read it.
    #[error("the plugin refuses its configuration: {0}")]
    Init(String),
    /// A hook faulted on the records that every plugin is tried on.
    #[error("the self-test of `{hook}` failed: {fault}")]
    SelfTest {
        /// The hook's name.
        hook: &'static str,
        /// What happened.
        fault: Fault,
    },
}

impl From<StartError> for LoadError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Start(fault) => Self::Start(fault),
            StartError::Init(fault) => Self::Init(fault.to_string()),
            StartError::Objection(text) => Self::Init(text),
        }
    }
}

/// As much of what a module says as a person would read: its names may have 100,000 bytes each.
pub(crate) fn cut(text: impl Into<String>) -> String {
    const MAX: usize = 512;
    let mut text = text.into();
    if text.len() > MAX {
        text.truncate(text.floor_char_boundary(MAX));
        text.push('…');
    }
    text
}
