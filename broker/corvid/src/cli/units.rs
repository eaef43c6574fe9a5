//! Times and sizes on the command line.

use std::time::Duration;

use corvid_env::clock;
use corvid_metadata::units::with_unit;

/// A time, such as 20ms or 15s.
pub fn duration(text: &str) -> Result<Duration, String> {
    with_unit::duration_ms(text)
        .map(Duration::from_millis)
        .map_err(|error| error.to_string())
}

/// A time before now, such as -1h.
pub fn before_now(text: &str) -> Result<Duration, String> {
    let text = text.strip_prefix('-').ok_or("expected a time ago, such as -1h")?;
    duration(text)
}

/// How long ago a time is, ms since the epoch: `3 min ago`.
pub fn ago(at_ms: i64) -> String {
    let seconds = clock::wall_clock().0.saturating_sub(at_ms).max(0) / 1000;
    match seconds {
        ..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// A size in bytes, such as 16MiB.
pub fn size(text: &str) -> Result<usize, String> {
    with_unit::bytes(text)
        .map(|bytes| bytes as usize)
        .map_err(|error| error.to_string())
}

/// A time in ms since the epoch, for people: `2026-11-21 09:41:20.123Z`.
pub fn moment(ms: i64) -> String {
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    // Days are counted in eras of 400 years, and years from March on, so that a leap day is a year's last one.
    let from_march_of_year_0 = days.saturating_add(719_468);
    let (era, of_era) = (
        from_march_of_year_0.div_euclid(146_097),
        from_march_of_year_0.rem_euclid(146_097),
    );
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 {
        months_from_march + 3
    } else {
        months_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (seconds, millis) = (of_day / 1000, of_day % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{:02}.{millis:03}Z",
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn times_are_dates() {
        assert_eq!(moment(0), "1970-01-01 00:00:00.000Z");
        assert_eq!(moment(951_782_399_999), "2000-02-28 23:59:59.999Z");
        assert_eq!(moment(951_782_400_000), "2000-02-29 00:00:00.000Z");
        assert_eq!(moment(1_795_253_680_123), "2026-11-21 09:34:40.123Z");
        assert_eq!(moment(-1), "1969-12-31 23:59:59.999Z");
        let _ = (moment(i64::MAX), moment(i64::MIN));
    }
}
