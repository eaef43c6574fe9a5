//! From the bytes of a module to code: compiled by a child process, kept in a cache, shared by plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_env::task;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::abi::MODULE_MAX;
use crate::error::{LoadError, cut};
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
    /// The modules that plugins use.
    used: Mutex<BTreeMap<[u8; 32], Weak<Module>>>,
    /// Held by whoever compiles: it takes a core and much memory, so there is one at a time.
    compiling: tokio::sync::Mutex<()>,
}

impl Modules {
    pub(crate) fn new(engine: Engine, compiler: Compiler, cache: Option<Dir>) -> Self {
        let cache = cache.map(Cache::new);
        Self {
            engine,
            compiler,
            cache,
            used: Mutex::default(),
            compiling: tokio::sync::Mutex::default(),
        }
    }

    /// The compiled module and its digest.
    pub(crate) async fn get(&self, wasm: &Bytes) -> Result<(Arc<Module>, [u8; 32]), LoadError> {
        check_bytes(wasm)?;
        let bytes = wasm.clone();
        let digest = task::offload(move || digest(&bytes)).await;
        if let Some(module) = self.used(&digest) {
            return Ok((module, digest));
        }
        let _compiling = self.compiling.lock().await;
        // Whoever compiled before may have been asked for the same.
        if let Some(module) = self.used(&digest) {
            return Ok((module, digest));
        }
        let module = Arc::new(self.load(wasm, digest).await?);
        let mut used = self.used.lock();
        used.retain(|_, module| module.strong_count() > 0);
        used.insert(digest, Arc::downgrade(&module));
        Ok((module, digest))
    }

    /// Removes artifacts from the cache that nobody is likely to ask for again. What plugins use now stays.
    pub(crate) async fn prune(&self) {
        let Some(cache) = self.cache.clone() else { return };
        let name = |digest: &[u8; 32]| Label::new(*digest, &self.engine).file_name();
        let used: BTreeSet<String> = {
            let used = self.used.lock();
            let in_use = used.iter().filter(|(_, module)| module.strong_count() > 0);
            in_use.map(|(digest, _)| name(digest)).collect()
        };
        let ending = Label::new([0; 32], &self.engine).ending();
        if let Err(error) = task::offload(move || cache.prune(&used, &ending)).await {
            tracing::warn!("the cache of compiled modules can't be tidied up: {error}");
        }
    }

    fn used(&self, digest: &[u8; 32]) -> Option<Arc<Module>> {
        self.used.lock().get(digest).and_then(Weak::upgrade)
    }

    async fn load(&self, wasm: &Bytes, digest: [u8; 32]) -> Result<Module, LoadError> {
        let label = Label::new(digest, &self.engine);
        if let Some(module) = self.cached(&label).await {
            return Ok(module);
        }
        match &self.compiler {
            Compiler::InProcess => self.compile_here(wasm, &label).await,
            Compiler::Child { exe, args } => {
                let (exe, args, bytes) = (exe.clone(), args.clone(), wasm.clone());
                let sealed = task::offload(move || child::compile(&exe, &args, &bytes)).await?;
                let module = trusted::load(&self.engine, &label, &sealed)
                    .map_err(|broken| LoadError::Compiler(format!("its code is not usable: {broken}")))?;
                self.store(&label, &sealed).await;
                Ok(module)
            }
        }
    }

    async fn cached(&self, label: &Label) -> Option<Module> {
        let (cache, engine, label) = (self.cache.clone()?, self.engine.clone(), label.clone());
        task::offload(move || cache.load(&engine, &label)).await
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

/// What can be said of a module at a glance, in words of our own.
pub(crate) fn check_bytes(wasm: &[u8]) -> Result<(), LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    match wasm.len() {
        size if size > MODULE_MAX => Err(LoadError::ModuleTooLarge { size, max: MODULE_MAX }),
        _ if !wasm.starts_with(MAGIC) => Err(LoadError::Compile("it is not WebAssembly".to_owned())),
        _ => Ok(()),
    }
}

pub(crate) fn compile_error(error: &wasmtime::Error) -> LoadError {
    LoadError::Compile(cut(format!("{error:#}")))
}

/// For the test of it.
#[cfg(test)]
pub(crate) const UNUSED_MAX: usize = cache::UNUSED_MAX;

/// Code under the label of a module, as the compiler's would be.
#[cfg(test)]
pub(crate) fn seal_for_test(engine: &Engine, wasm: &[u8], code: &[u8]) -> Vec<u8> {
    Label::new(digest(wasm), engine).seal(code)
}
