//! What else the machine did, and how much memory a process has: from /proc.

use std::fs;

use anyhow::Context;

/// The machine's CPU time up to a moment, seconds.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    busy: f64,
    stolen: f64,
    all: f64,
}

/// The unit of /proc/stat, in seconds: Linux tells programs so, whatever it uses itself.
const TICK: f64 = 0.01;

impl Spent {
    /// Up to now.
    pub fn now() -> anyhow::Result<Self> {
        let text = fs::read_to_string("/proc/stat")?;
        let line = text.lines().next().context("/proc/stat is empty")?;
        let ticks: Vec<f64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|tick| tick.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal, and guest times, which user has already.
        let [user, nice, system, idle, waiting, irq, softirq, stolen, ..] = ticks[..] else {
            anyhow::bail!("/proc/stat begins with {line:?}");
        };
        let busy = user + nice + system + irq + softirq;
        Ok(Self {
            busy: busy * TICK,
            stolen: stolen * TICK,
            all: (busy + idle + waiting + stolen) * TICK,
        })
    }

    /// The share of the machine since `before` that was neither idle nor `ours` (seconds), and the stolen share.
    pub fn strangers(self, before: Self, ours: f64) -> (f64, f64) {
        let all = (self.all - before.all).max(TICK);
        let others = (self.busy - before.busy - ours).max(0.0);
        (others / all, (self.stolen - before.stolen) / all)
    }
}

/// A process's memory, MiB: all that is resident, and what of it is no file's.
pub fn memory(pid: u32) -> anyhow::Result<(f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .context("no such line in /proc/PID/status")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        anyhow::Ok(kib / 1024.0)
    };
    Ok((field("VmRSS:")?, field("RssAnon:")?))
}
