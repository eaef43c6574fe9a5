//! Compiling in a child process: a compiler leaves its memory behind, and a module made to keep it busy
//! for hours or to eat all memory must not do so in the broker.
//!
//! The child reads the module from its standard input and writes a status byte and the sealed artifact, or the
//! compiler's complaint, to its standard output. It opens no file.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

use super::artifact::Label;
use super::{check_bytes, compile_error, digest};
use crate::abi::MODULE_MAX;
use crate::engine::engine;
use crate::error::LoadError;
use crate::meter::Metering;

/// The child's CPU time. A compiler that was itself compiled without optimisation is that much slower.
const CPU_SECONDS: u64 = if cfg!(debug_assertions) { 600 } else { 60 };
/// The child's address space.
const MEMORY_BYTES: u64 = 2 << 30;
/// The most bytes of the child's answer.
const ANSWER_MAX: u64 = 256 << 20;

const COMPILED: u8 = 0;
const REFUSED: u8 = 1;

/// Has a child compile `wasm`; answers the sealed artifact.
pub(super) fn compile(exe: &Path, args: &[String], wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let failed = |what: String| LoadError::Compiler(format!("{}: {what}", exe.display()));
    let mut child = Command::new(exe)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // The child reads everything before it answers, so that neither waits for the other. A child that ends
    // early shows in its status; that the rest could not be written adds nothing.
    if let Some(mut stdin) = stdin {
        drop(stdin.write_all(wasm));
    }
    let mut answer = Vec::new();
    let read = stdout.map(|stdout| stdout.take(ANSWER_MAX).read_to_end(&mut answer));
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if let Some(Err(error)) = read {
        return Err(failed(error.to_string()));
    }
    match answer.split_first() {
        Some((&COMPILED, sealed)) if status.success() => Ok(sealed.to_vec()),
        Some((&REFUSED, text)) if status.success() => {
            Err(LoadError::Compile(String::from_utf8_lossy(text).into_owned()))
        }
        _ => Err(failed(format!(
            "{status}; it may use {CPU_SECONDS} s of CPU time and {} MiB of memory",
            MEMORY_BYTES >> 20
        ))),
    }
}

/// The entry of the child process that compiles a module: see [`Compiler::Child`](crate::Compiler::Child).
///
/// Limits its own process, reads the module from standard input and writes to standard output, which must be a
/// pipe: the child may write no file.
pub fn compile_main() -> ExitCode {
    match limit_this_process().and_then(|()| answer()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn limit_this_process() -> io::Result<()> {
    // The broker's own threads come first. Where that may not be said, it is not worth an error.
    let _ = nice(10);
    let limits = [
        (Resource::Cpu, CPU_SECONDS),
        (Resource::As, MEMORY_BYTES),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        // A limit that is lower already stays: raising it is forbidden.
        let most = Some(getrlimit(resource).maximum.map_or(most, |there| there.min(most)));
        setrlimit(
            resource,
            Rlimit {
                current: most,
                maximum: most,
            },
        )?;
    }
    Ok(())
}

fn answer() -> io::Result<()> {
    let mut wasm = Vec::new();
    io::stdin().take(MODULE_MAX as u64 + 1).read_to_end(&mut wasm)?;
    let (status, bytes) = match seal(&wasm) {
        Ok(sealed) => (COMPILED, sealed),
        // The parent puts these words into the same error again.
        Err(LoadError::Compile(text)) => (REFUSED, text.into_bytes()),
        Err(error) => (REFUSED, error.to_string().into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[status])?;
    out.write_all(&bytes)?;
    out.flush()
}

fn seal(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    check_bytes(wasm)?;
    let engine = engine(Metering::of_this_build()).map_err(|error| LoadError::Compile(error.to_string()))?;
    let code = engine.precompile_module(wasm).map_err(|error| compile_error(&error))?;
    Ok(Label::new(digest(wasm), &engine).seal(&code))
}
