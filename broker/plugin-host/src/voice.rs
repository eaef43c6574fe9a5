//! What a plugin says: its log lines and its counters, both within limits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use parking_lot::Mutex;

/// The longest line, in bytes; what is beyond is cut.
pub(crate) const LINE_MAX: usize = 4 << 10;
/// So many lines may come at once.
const BURST: u32 = 50;
/// After that, one more may come in each of these.
const INTERVAL: Duration = Duration::from_millis(100);
/// How many counters a plugin may have.
const COUNTERS_MAX: usize = 64;
/// The longest name of a counter, in bytes.
const NAME_MAX: usize = 64;

/// A plugin's log and counters, shared by its instances.
pub(crate) struct Voice {
    plugin: String,
    lines: Mutex<Bucket>,
    complaints: Mutex<Bucket>,
    dropped: AtomicU64,
    counters: Mutex<BTreeMap<String, f64>>,
}

/// How loud a line is: the numbers of the `log` import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    /// The text of a panic that is about to end the call.
    Panic,
}

impl Level {
    pub(crate) fn of(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::Error),
            1 => Some(Self::Warn),
            2 => Some(Self::Info),
            3 => Some(Self::Debug),
            4 => Some(Self::Panic),
            _ => None,
        }
    }
}

impl Voice {
    pub(crate) fn new(plugin: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            lines: Mutex::new(Bucket::full(clock::now())),
            complaints: Mutex::new(Bucket::full(clock::now())),
            dropped: AtomicU64::new(0),
            counters: Mutex::default(),
        }
    }

    /// The plugin's name.
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Whether the broker may log one more line about the plugin. What the plugin logs itself does not count.
    pub(crate) fn may_complain(&self) -> bool {
        self.complaints.lock().take(clock::now())
    }

    /// Passes a line of the plugin's on to the broker's log.
    pub(crate) fn say(&self, level: Level, text: &str) {
        if !level.is_heard() {
            return;
        }
        if !self.lines.lock().take(clock::now()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (plugin, text) = (self.plugin.as_str(), one_line(text));
        match level {
            Level::Error => tracing::error!(target: "corvid::plugin", plugin, "{text}"),
            Level::Warn => tracing::warn!(target: "corvid::plugin", plugin, "{text}"),
            Level::Info => tracing::info!(target: "corvid::plugin", plugin, "{text}"),
            Level::Debug => tracing::debug!(target: "corvid::plugin", plugin, "{text}"),
            Level::Panic => tracing::error!(target: "corvid::plugin", plugin, "panic: {text}"),
        }
    }

    /// Adds to a counter. A name that is none, a value that would make it fall, and one counter too many are
    /// passed over: they are the plugin's mistake and no reason to fail a record.
    pub(crate) fn add(&self, name: &[u8], value: f64) {
        let is_name_byte = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let is_name = (1..=NAME_MAX).contains(&name.len()) && name.iter().all(is_name_byte);
        let Some(name) = str::from_utf8(name).ok().filter(|_| is_name) else {
            return;
        };
        if !value.is_finite() || value < 0.0 {
            return;
        }
        let mut counters = self.counters.lock();
        if let Some(counter) = counters.get_mut(name) {
            *counter += value;
        } else if counters.len() < COUNTERS_MAX {
            counters.insert(name.to_owned(), value);
        }
    }

    /// The plugin's counters by name.
    pub(crate) fn counters(&self) -> Vec<(String, f64)> {
        self.counters
            .lock()
            .iter()
            .map(|(name, value)| (name.clone(), *value))
            .collect()
    }

    /// How many lines were not passed on.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// What a plugin says, on one line: with a line break in it, as every panic of Rust has one, a record's text could pass for a line of the
/// broker's own.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let words: Vec<&str> = text.split(char::is_control).filter(|part| !part.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

impl Level {
    /// Whether anybody listens to plugins' lines of this level.
    fn is_heard(self) -> bool {
        match self {
            Self::Error | Self::Panic => tracing::enabled!(target: "corvid::plugin", tracing::Level::ERROR),
            Self::Warn => tracing::enabled!(target: "corvid::plugin", tracing::Level::WARN),
            Self::Info => tracing::enabled!(target: "corvid::plugin", tracing::Level::INFO),
            Self::Debug => tracing::enabled!(target: "corvid::plugin", tracing::Level::DEBUG),
        }
    }
}

/// A bucket of tokens, one a line, that fills up again over time.
#[derive(Debug)]
struct Bucket {
    tokens: u32,
    /// Up to when tokens were added.
    since: Instant,
}

impl Bucket {
    fn full(now: Instant) -> Self {
        Self {
            tokens: BURST,
            since: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        if self.tokens < BURST {
            let intervals = now.saturating_duration_since(self.since).as_millis() / INTERVAL.as_millis();
            let added = u32::try_from(intervals).unwrap_or(u32::MAX).min(BURST - self.tokens);
            self.tokens += added;
            self.since += INTERVAL * added;
        }
        if self.tokens == BURST {
            self.since = now;
        }
        let taken = self.tokens > 0;
        self.tokens -= u32::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a plugin that logs every record fills the broker's disk, or is never heard again.
    #[test]
    fn lines_are_limited_and_come_back() {
        let now = clock::now();
        let mut bucket = Bucket::full(now);
        let heard = |bucket: &mut Bucket, at| (0..1000).filter(|_| bucket.take(at)).count();
        assert_eq!(heard(&mut bucket, now), BURST as usize);
        assert_eq!(heard(&mut bucket, now + INTERVAL / 2), 0);
        assert_eq!(heard(&mut bucket, now + INTERVAL * 3), 3);
        assert_eq!(heard(&mut bucket, now + INTERVAL * 1000), BURST as usize);
    }

    /// The bug: counters without end, names that a scraper chokes on, or a counter that falls.
    #[test]
    fn counters_are_few_well_named_and_rising() {
        let voice = Voice::new("p");
        for at in 0..100 {
            voice.add(format!("n_{at:02}").as_bytes(), 1.5);
            voice.add(b"n_00", 1.0);
        }
        voice.add(b"n_00", -5.0);
        voice.add(b"n_00", f64::NAN);
        for name in [&b""[..], b"A", b"a b", b"\xff", &[b'a'; 65]] {
            voice.add(name, 1.0);
        }
        let counters = voice.counters();
        assert_eq!(counters.len(), COUNTERS_MAX);
        assert_eq!(counters[0], ("n_00".to_owned(), 101.5));
    }
}
