//! Which seeds a test runs.

use std::ops::Range;

/// The seeds of a test that wants `runs` of them: `0..runs`; `CORVID_SIM_RUNS` says another number, and
/// `CORVID_SIM_SEED` one seed only.
pub fn seeds(runs: u64) -> Range<u64> {
    match number("CORVID_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CORVID_SIM_RUNS").unwrap_or(runs),
    }
}

/// The seed of a test that wants one: 1, or what `CORVID_SIM_SEED` says.
pub fn seed() -> u64 {
    number("CORVID_SIM_SEED").unwrap_or(1)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text}: not a number")),
    )
}
