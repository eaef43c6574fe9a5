//! A world of hosts, and what may happen to them.

#![allow(
    clippy::disallowed_types,
    reason = "turmoil wants its first day as a SystemTime; no real clock is read"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::{Duration, SystemTime};

use corvid_env::random::below;
use corvid_env::sim::{self, Survival};

/// How a host's or a client's software ends.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// 2026-01-01T00:00:00Z, when every world begins.
const EPOCH_SECONDS: u64 = 1_767_225_600;
/// A run that has not ended by then (of its own time) hangs.
const LONGEST_RUN: Duration = Duration::from_hours(1);
/// Segments in flight per connection; turmoil's default of 64 is less than a pipelining client sends.
const TCP_CAPACITY_SEGMENTS: usize = 4_096;

/// A fail-point that is armed at times is hit as often as this, at most, before it acts.
const HITS: u64 = 20;

/// Hosts, their disks and the network between them, from one seed.
///
/// A *host* is started by a closure, and again by it after each crash; its disk outlives it. A *client* runs once, and
/// the run ends when all clients have. Both are addressed by name.
pub struct World {
    seed: u64,
    sim: turmoil::Sim<'static>,
    names: BTreeSet<String>,
    survival: Survival,
    restart_after: Option<Duration>,
    /// Hosts without power that come back by themselves, and when.
    returning: BTreeMap<String, Duration>,
}

impl World {
    /// An empty world. Everything in it is drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        sim::begin(seed);
        let mut builder = turmoil::Builder::new();
        builder
            .rng_seed(seed)
            .epoch(SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH_SECONDS))
            .simulation_duration(LONGEST_RUN)
            .tcp_capacity(TCP_CAPACITY_SEGMENTS)
            .min_message_latency(Duration::ZERO)
            .max_message_latency(Duration::from_millis(5))
            .enable_random_order();
        Self {
            seed,
            sim: builder.build(),
            names: BTreeSet::new(),
            survival: Survival::Random,
            restart_after: None,
            returning: BTreeMap::new(),
        }
    }

    /// The seed that it was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What power cuts leave of what was not synced, from now on; [`Survival::Random`] unless told.
    pub fn set_survival(&mut self, survival: Survival) {
        self.survival = survival;
    }

    /// Hosts that die at a fail-point (`kill`, `cut:N`) come back after `delay`; unless told, they stay down.
    pub fn restart_after(&mut self, delay: Duration) {
        self.restart_after = Some(delay);
    }

    /// Adds a host and starts its software. An error of the software fails the run; returning `Ok` is a process that
    /// has ended, which [`World::restart`] starts again.
    pub fn host<F, Fut>(&mut self, name: &str, software: F)
    where
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = Outcome> + 'static,
    {
        let host = name.to_owned();
        self.names.insert(host.clone());
        self.sim.host(name, move || {
            let (host, life) = (host.clone(), software());
            async move { sim::run_host(&host, life).await }
        });
    }

    /// Adds a client. The run ends when all clients have; an error fails it.
    pub fn client<F>(&mut self, name: &str, software: F)
    where
        F: Future<Output = Outcome> + 'static,
    {
        let host = name.to_owned();
        self.names.insert(host.clone());
        self.sim
            .client(name, async move { sim::run_host(&host, software).await });
    }

    /// Runs until all clients have ended.
    pub fn run(&mut self) {
        while !self.step() {}
    }

    /// Runs for `duration` of the world's time, whatever its clients do.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.sim.elapsed() + duration;
        while self.sim.elapsed() < end {
            self.step();
        }
    }

    /// Lets a millisecond pass; says whether all clients have ended.
    ///
    /// # Panics
    ///
    /// When software fails or panics, or the run takes too long: with the seed, by which the run can be repeated.
    pub fn step(&mut self) -> bool {
        let finished = self
            .sim
            .step()
            .unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        for name in sim::condemned() {
            self.power_cut(&name);
            if let Some(delay) = self.restart_after {
                self.returning.insert(name, self.sim.elapsed() + delay);
            }
        }
        let now = self.sim.elapsed();
        let due: Vec<String> = self
            .returning
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            self.restart(&name);
        }
        finished
    }

    /// How long it has run, in its own time.
    pub fn elapsed(&self) -> Duration {
        self.sim.elapsed()
    }

    /// Takes a host's power: its software stops where it is and its disk loses what was not synced (but for what
    /// [`World::set_survival`] grants). Its peers see a closed connection, or half of the time nothing at all.
    pub fn power_cut(&mut self, name: &str) {
        if below(2) == 0 {
            self.isolate(name);
        }
        self.sim.crash(name);
        sim::power_cut(name, self.survival);
    }

    /// Cuts a host's power `cuts` times: each life lasts up to `longest_life`, drawn anew, and each outage up to
    /// `longest_outage`. Before each life `prepare` may arm a fail-point, at which it may end earlier. The host runs afterwards.
    pub fn power_cuts(
        &mut self,
        name: &str,
        cuts: u32,
        longest_life: Duration,
        longest_outage: Duration,
        mut prepare: impl FnMut(&mut Self),
    ) {
        for _ in 0..cuts {
            prepare(self);
            self.run_for(up_to(longest_life));
            self.power_cut(name);
            self.run_for(up_to(longest_outage));
            self.restart(name);
        }
        self.arm("");
    }

    /// Kills a host's software as SIGKILL does: its disk keeps everything.
    pub fn kill(&mut self, name: &str) {
        self.sim.crash(name);
    }

    /// Starts a host's software again.
    pub fn restart(&mut self, name: &str) {
        self.returning.remove(name);
        for other in self.others(name) {
            self.sim.repair(name, other.as_str());
        }
        self.sim.bounce(name);
    }

    /// Whether a host's software runs.
    pub fn is_running(&mut self, name: &str) -> bool {
        self.sim.is_host_running(name)
    }

    /// Cuts a host off from all others, in both directions, until [`World::restart`] or [`World::repair`].
    pub fn isolate(&mut self, name: &str) {
        for other in self.others(name) {
            self.sim.partition(name, other.as_str());
        }
    }

    /// Lets nothing pass between two hosts until [`World::repair`].
    pub fn partition(&mut self, a: &str, b: &str) {
        self.sim.partition(a, b);
    }

    /// Ends a partition of two hosts.
    pub fn repair(&mut self, a: &str, b: &str) {
        self.sim.repair(a, b);
    }

    /// Sets a host's wall clock so many milliseconds ahead of the right time, or behind it.
    pub fn set_clock(&mut self, name: &str, offset_ms: i64) {
        sim::set_clock(name, offset_ms);
    }

    /// Asks a host's software to stop, as SIGTERM does.
    pub fn terminate(&mut self, name: &str) {
        sim::terminate(name);
    }

    /// Looks at a host's disk as if on it. Files opened in there must be dropped before it returns.
    pub fn on_host<R>(&self, name: &str, inspect: impl FnOnce() -> R) -> R {
        sim::on_host(name, inspect)
    }

    /// Arms fail-points for the rest of the run: `point=action` as `CORVID_FAULT`, or `host/point=action` for one host.
    pub fn arm(&mut self, faults: &str) {
        corvid_env::fault::arm(faults).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Arms `always`; and half of the time one of the points, too, at one of its next hits.
    pub fn arm_at_times(&mut self, always: &str, points: &[&str]) {
        let dies_at = match below(2) {
            0 => format!(",{}@{}", points[below(points.len() as u64) as usize], 1 + below(HITS)),
            _ => String::new(),
        };
        self.arm(&format!("{always}{dies_at}"));
    }

    /// Ends the world and returns all that happened in it.
    pub fn finish(self) -> Vec<u8> {
        drop(self.sim);
        sim::take_trace()
    }

    fn others(&self, name: &str) -> Vec<String> {
        self.names.iter().filter(|other| *other != name).cloned().collect()
    }
}

/// Some milliseconds, at least one.
fn up_to(longest: Duration) -> Duration {
    Duration::from_millis(1 + below(longest.as_millis() as u64))
}
