//! Why a node does not start or stop: said to a person, with what to do.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A node that could not be started, or stopped cleanly.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The data directory cannot be used.
    #[error("the data directory {path} cannot be used: {error}; choose another with --data, or `data` in [node]", path = path.display())]
    Data {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] corvid_env::fs::LockError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {error}; choose another with --listen, or `kafka` in [listeners]")]
    Bind {
        /// Which one.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The metadata quorum does not start.
    #[error("the metadata cannot be read: {0}")]
    Controller(#[from] corvid_controller::StartError),
    /// The log directory cannot be opened.
    #[error(transparent)]
    Logs(#[from] corvid_storage::OpenError),
    /// The logs could not be flushed at the end.
    #[error("the logs could not be closed cleanly, the next start will recover them: {0}")]
    Close(#[from] corvid_storage::ChangeError),
    /// WebAssembly is not to be had.
    #[error(transparent)]
    Plugins(#[from] corvid_plugin_host::HostError),
}

impl NodeError {
    pub(crate) fn data(path: &Path, error: io::Error) -> Self {
        Self::Data {
            path: path.to_owned(),
            error,
        }
    }

    pub(crate) fn bind(address: SocketAddr, error: io::Error) -> Self {
        Self::Bind { address, error }
    }
}
