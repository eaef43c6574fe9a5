//! What the whole process has in memory.

/// The growth of resident memory since a moment.
pub struct Growth {
    before: usize,
}

/// A mebibyte.
pub const MIB: usize = 1 << 20;

impl Growth {
    /// From now on.
    pub fn begin() -> Self {
        // 5 sets the high-water mark back to what there is now.
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux has a high-water mark");
        Self {
            before: status("VmRSS:"),
        }
    }

    /// The most that there was at once, less what there was at the beginning.
    pub fn peak(&self) -> usize {
        status("VmHWM:").saturating_sub(self.before)
    }

    /// What there is now, less what there was at the beginning.
    pub fn now(&self) -> usize {
        status("VmRSS:").saturating_sub(self.before)
    }

    /// Asserts that the peak is below a bound.
    pub fn stays_below(&self, bound: usize) {
        let peak = self.peak();
        assert!(
            peak < bound,
            "memory grew by {} MiB, the bound is {}",
            peak / MIB,
            bound / MIB
        );
    }
}

fn status(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .expect("the field is there");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}
