//! A broker that runs as a process of ours.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::answering;
use crate::shell::run;

/// How a broker is started, and where it will listen.
pub struct Launch {
    /// The command.
    pub command: Command,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

/// A running broker; dropping it ends it.
pub struct Broker {
    /// For people.
    pub name: &'static str,
    /// Where it listens.
    pub port: u16,
    /// From its start to its first answer.
    pub started_in: Duration,
    child: Child,
}

/// How long a start may take, on a busy machine.
const START_MAX: Duration = Duration::from_secs(120);
/// How long a stop may take before it is made quick.
const STOP_MAX: Duration = Duration::from_secs(30);

impl Broker {
    /// Starts it, and returns when it has answered.
    pub fn start(name: &'static str, mut launch: Launch) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let child = launch
            .command
            .spawn()
            .with_context(|| format!("{name}: {:?} cannot be started", launch.command))?;
        let mut broker = Self {
            name,
            port: launch.port,
            started_in: Duration::ZERO,
            child,
        };
        if !answering::wait(launch.port, START_MAX) {
            bail!("{name} did not answer on port {} within {START_MAX:?}", launch.port);
        }
        broker.started_in = begun.elapsed();
        Ok(broker)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        run(Command::new("kill").args(["-TERM", &self.pid().to_string()]))?;
        let begun = Instant::now();
        while begun.elapsed() < STOP_MAX {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("{} did not stop", self.name)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.stop().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A port of 127.0.0.1 that is free now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
