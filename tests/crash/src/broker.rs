//! The process that is killed.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How a broker says that it serves.
pub const READY: &str = "ready ";

/// A broker that isn't there after this time hangs.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// In every life, what is held is written down all the time: a life is too short for the checkpoint's own interval.
const ALWAYS: &str = "hold.checkpoint=skip";

/// The broker's program and where it keeps its data.
pub struct Program {
    exe: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    /// Fail-points that plant a bug, in every life.
    plant: Option<String>,
}

/// A broker that serves.
pub struct Broker {
    child: Child,
    address: SocketAddr,
    admin: SocketAddr,
}

/// What a start came to.
pub enum Started {
    /// It serves.
    Serves(Broker),
    /// It died before, by its fault.
    Died,
}

impl Program {
    /// A broker whose files are below `dir`.
    pub fn new(exe: &Path, dir: &Path, plant: Option<String>) -> Self {
        Self {
            exe: exe.to_owned(),
            data: dir.join("data"),
            log: dir.join("broker.log"),
            address: bed::node::ANY_PORT,
            plant,
        }
    }

    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the broker has written.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Starts it, with these fail-points armed and this generation of the plugin.
    pub async fn start(&mut self, armed: Option<&str>, generation: u64) -> anyhow::Result<Started> {
        let faults: Vec<&str> = [ALWAYS].into_iter().chain(armed).chain(self.plant.as_deref()).collect();
        let log = self.open_log()?;
        let mut child = Command::new(&self.exe)
            .arg("--data")
            .arg(&self.data)
            .args([
                "--listen",
                &self.address.to_string(),
                "--generation",
                &generation.to_string(),
            ])
            .env(corvid_env::fault::VARIABLE, faults.join(","))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.exe.display()))?;
        let stdout = child.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(STARTS_WITHIN, lines.next_line()).await;
        let line = line.with_context(|| format!("the broker does not start; see {}", self.log.display()))??;
        match line.as_deref().and_then(|line| line.strip_prefix(READY)) {
            Some(addresses) => {
                let (address, admin) = addresses.split_once(' ').context("two addresses")?;
                // The same port in every life, as clients know it.
                self.address = address.parse()?;
                Ok(Started::Serves(Broker {
                    child,
                    address: self.address,
                    admin: admin.parse()?,
                }))
            }
            None => {
                self.check_death(child.wait().await?)?;
                Ok(Started::Died)
            }
        }
    }

    /// Whether it died as it should, by SIGKILL and nothing else.
    pub fn check_death(&self, status: ExitStatus) -> anyhow::Result<()> {
        const SIGKILL: i32 = 9;
        if status.signal() != Some(SIGKILL) {
            bail!("the broker ended by itself, with {status}; see {}", self.log.display());
        }
        Ok(())
    }

    /// A panic in a task doesn't end the process; it is a bug all the same.
    pub fn check_log(&self) -> anyhow::Result<()> {
        let log = std::fs::read_to_string(&self.log)?;
        // A plugin's panic is told by the log, on a line of its kind.
        let panic = log
            .lines()
            .find(|line| line.starts_with("thread '") && line.contains("panicked at"));
        panic.map_or(Ok(()), |line| {
            bail!("the broker has panicked: {line}; see {}", self.log.display())
        })
    }

    fn open_log(&self) -> anyhow::Result<File> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        log.with_context(|| self.log.display().to_string())
    }
}

impl Broker {
    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its admin listener is.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// How it ended, if it did so within this time.
    pub async fn death(&mut self, within: Duration) -> anyhow::Result<Option<ExitStatus>> {
        match timeout(within, self.child.wait()).await {
            Ok(status) => Ok(Some(status?)),
            Err(_) => Ok(None),
        }
    }

    /// Ends it by SIGKILL.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
