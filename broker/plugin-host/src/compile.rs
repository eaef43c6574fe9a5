//! From the bytes of a module to code: compiled by a child process, kept in a cache, shared by plugins.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_env::task;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::abi::MODULE_MAX;
use crate::error::LoadError;
use crate::host::Compiler;

mod artifact;
mod cache;
mod child;
mod trusted;

pub use child::compile_main;

use artifact::Label;
use cache::Cache;

/// Compiles modules, each once.
pub(crate) struct Modules {
    engine: Engine,
    compiler: Compiler,
    cache: Option<Cache>,
    /// The modules that plugins use. Locked while one is compiled: a compiler takes a core and much memory,
    /// so there is one at a time.
    used: tokio::sync::Mutex<BTreeMap<[u8; 32], Weak<Module>>>,
}

impl Modules {
    pub(crate) fn new(engine: Engine, compiler: Compiler, cache: Option<Dir>) -> Self {
        let (cache, used) = (cache.map(Cache::new), tokio::sync::Mutex::default());
        Self {
            engine,
            compiler,
            cache,
            used,
        }
    }

    /// The compiled module and its digest.
    pub(crate) async fn get(&self, wasm: &Bytes) -> Result<(Arc<Module>, [u8; 32]), LoadError> {
        check_size(wasm)?;
        let digest = digest(wasm);
        let mut used = self.used.lock().await;
        if let Some(module) = used.get(&digest).and_then(Weak::upgrade) {
            return Ok((module, digest));
        }
        let module = Arc::new(self.load(wasm, digest).await?);
        used.retain(|_, module| module.strong_count() > 0);
        used.insert(digest, Arc::downgrade(&module));
        Ok((module, digest))
    }

    async fn load(&self, wasm: &Bytes, digest: [u8; 32]) -> Result<Module, LoadError> {
        let label = Label::new(digest, &self.engine);
        if let Some(module) = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &label)) {
            return Ok(module);
        }
        match &self.compiler {
            Compiler::InProcess => self.compile_here(wasm, &label).await,
            Compiler::Child { exe, args } => {
                let (exe, args, bytes) = (exe.clone(), args.clone(), wasm.clone());
                let sealed = task::offload(move || child::compile(&exe, &args, &bytes)).await?;
                let module = trusted::load(&self.engine, &label, &sealed)
                    .map_err(|broken| LoadError::Compiler(broken.to_string()))?;
                self.store(&label, &sealed).await;
                Ok(module)
            }
        }
    }

    async fn compile_here(&self, wasm: &Bytes, label: &Label) -> Result<Module, LoadError> {
        let (engine, bytes) = (self.engine.clone(), wasm.clone());
        let module = task::offload(move || Module::from_binary(&engine, &bytes))
            .await
            .map_err(|error| compile_error(&error))?;
        if self.cache.is_some()
            && let Ok(code) = module.serialize()
        {
            self.store(label, &label.seal(&code)).await;
        }
        Ok(module)
    }

    async fn store(&self, label: &Label, sealed: &[u8]) {
        if let Some(cache) = &self.cache {
            cache.store(label, sealed).await;
        }
    }
}

/// The name of a module's bytes.
pub(crate) fn digest(wasm: &[u8]) -> [u8; 32] {
    Sha256::digest(wasm).into()
}

pub(crate) fn check_size(wasm: &[u8]) -> Result<(), LoadError> {
    match wasm.len() {
        size if size > MODULE_MAX => Err(LoadError::ModuleTooLarge { size, max: MODULE_MAX }),
        _ => Ok(()),
    }
}

pub(crate) fn compile_error(error: &wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
}

/// Code under the label of a module, as the compiler's would be.
#[cfg(test)]
pub(crate) fn seal_for_test(engine: &Engine, wasm: &[u8], code: &[u8]) -> Vec<u8> {
    Label::new(digest(wasm), engine).seal(code)
}
