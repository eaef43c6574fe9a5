//! Where the quickstart's node lives: a folder of its own, and ports that are free.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use corvid::settings::{Address, Settings};
use corvid_env::fs::Dir;
use corvid_env::net::TcpListener;
use corvid_env::random;

use crate::cli::{Exit, Failure};

/// A folder and two addresses.
pub struct Place {
    folder: PathBuf,
    /// Whether the folder goes at the end.
    passing: bool,
    /// What is served where.
    pub kafka: Port,
    /// The same for the admin listener.
    pub admin: Port,
}

/// A port, and whether it is the usual one.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// The usual one, or 0 for any that is free.
    pub number: u16,
    /// The usual one.
    pub usual: u16,
}

/// What a node keeps, but for the compiled plugins: those are as good the next time.
const STATE: [&str; 3] = ["metadata", "logs", "plugins"];

/// Says that what lies in a folder may be made anew.
const MARK: &str = "quickstart";

impl Place {
    /// Finds one: nobody else's data is touched.
    pub async fn find(data: Option<PathBuf>, once: bool) -> Result<Self, Failure> {
        let passing = once && data.is_none();
        let folder = match data {
            Some(folder) => folder,
            None if once => std::env::temp_dir().join(format!("corvid-quickstart-{:016x}", random::u64())),
            None => PathBuf::from("corvid-quickstart"),
        };
        make_anew(&folder)?;
        Ok(Self {
            folder,
            passing,
            kafka: Port::find(9092).await,
            admin: Port::find(9099).await,
        })
    }

    /// Puts the node there.
    pub fn settle_into(&self, settings: &mut Settings) {
        settings.node.data.clone_from(&self.folder);
        settings.listeners.kafka = self.kafka.address();
        settings.admin.listen = self.admin.address();
        // A tour's consumer is alone in its group: nobody is waited for.
        settings
            .broker
            .insert("group.initial.rebalance.delay.ms".to_owned(), "0".to_owned());
    }

    /// Removes what was only for the tour.
    pub fn leave(&self, once: bool) {
        if !(once && self.passing) {
            return;
        }
        let parent = self.folder.parent().and_then(|parent| Dir::open(parent).ok());
        let name = self.folder.file_name().and_then(|name| name.to_str());
        if let (Some(parent), Some(name)) = (parent, name)
            && let Err(error) = parent.remove_dir_all(name)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "the quickstart's folder could not be removed");
        }
    }
}

impl Port {
    async fn find(usual: u16) -> Self {
        let free = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, usual)))
            .await
            .is_ok();
        Self {
            number: if free { usual } else { 0 },
            usual,
        }
    }

    /// Whether another one had to be taken.
    pub fn is_another(self) -> bool {
        self.number != self.usual
    }

    fn address(self) -> Address {
        Address {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: self.number,
        }
    }
}

/// Empties a folder that an earlier quickstart has left; any other that is not empty is somebody's.
fn make_anew(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", folder.display()));
    let dir = Dir::create_all(folder).map_err(failed)?;
    let ours = dir.exists(MARK) || dir.list().map_err(failed)?.is_empty();
    if !ours {
        let failure = Failure::new(
            Exit::Wrong,
            format!("{} is not empty, and no quickstart has made it", folder.display()),
        );
        return Err(failure.hint("choose another --data"));
    }
    // Taken for a moment: a quickstart that runs there still has it.
    let lock = dir.lock().map_err(|error| Failure::failed(error.to_string()))?;
    for name in STATE.iter().filter(|name| dir.exists(name)) {
        dir.remove_dir_all(name).map_err(failed)?;
    }
    if !dir.exists(MARK) {
        dir.create(MARK).map_err(failed)?;
    }
    drop(lock);
    Ok(())
}
