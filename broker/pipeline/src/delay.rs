//! Records that ask to be delivered later, by a header.
//!
//! `corvid-deliver-at` says when, in ms since the epoch; `corvid-delay-ms` says how much later than now. Both are decimals. A record
//! whose time has come already goes on like any other; one that asks for what can't be is refused, with its batch.

use corvid_env::clock::WallTime;
use corvid_metadata::TopicSettings;
use corvid_record::{Record, Timestamp};

use crate::fates::{Fate, Fates, Held, Stage, Why};
use crate::section::Section;

/// When a record is to be delivered: ms since the epoch.
pub const DELIVER_AT_HEADER: &[u8] = b"corvid-deliver-at";
/// How much later than its arrival a record is to be delivered, in ms.
pub const DELAY_HEADER: &[u8] = b"corvid-delay-ms";
/// On a record that was held: the timestamp that it came with, in ms since the epoch.
pub const HELD_TIMESTAMP_HEADER: &[u8] = b"corvid-held-timestamp";

/// Decides which of the records that are left are held. A topic that allows no delay looks at nothing.
pub(crate) fn judge(settings: &TopicSettings, section: &Section, fates: &mut Fates, now: WallTime) {
    if settings.delay_max_ms == 0 {
        return;
    }
    let places: Vec<u32> = fates.staying().collect();
    for place in places {
        match due(settings.delay_max_ms, &section.record(place), now) {
            Ok(None) => {}
            Ok(Some(due)) => fates.decide(
                place,
                Fate::Hold(Box::new(Held {
                    due,
                    attempts: 0,
                    decision: Vec::new(),
                })),
            ),
            Err(reason) => fates.decide(place, Fate::Refuse(Box::new(why(reason)))),
        }
    }
}

/// When the record is due, if that is later than now.
fn due(max_ms: u64, record: &Record<'_>, now: WallTime) -> Result<Option<Timestamp>, String> {
    let mut asked = None;
    for (key, value) in record.headers {
        if key != DELIVER_AT_HEADER && key != DELAY_HEADER {
            continue;
        }
        let name = String::from_utf8_lossy(key);
        if asked.is_some() {
            return Err(format!("the header {name} is one too many: one says when"));
        }
        let ms = value.and_then(decimal).ok_or_else(|| {
            let shown: String = String::from_utf8_lossy(value.unwrap_or(b"null"))
                .chars()
                .take(40)
                .collect();
            format!("the header {name} is \"{shown}\", and has to be a whole number of milliseconds in decimal digits")
        })?;
        let due = if key == DELAY_HEADER {
            now.0.saturating_add(ms)
        } else {
            ms
        };
        asked = Some(due);
    }
    let Some(due) = asked.filter(|due| *due > now.0) else {
        return Ok(None);
    };
    if due.abs_diff(now.0) > max_ms {
        return Err(format!(
            "it asks to be delivered {} ms from now, the topic allows {max_ms} (corvid.delay.max.ms)",
            due.abs_diff(now.0)
        ));
    }
    Ok(Some(Timestamp(due)))
}

/// A whole number, not negative.
fn decimal(text: &[u8]) -> Option<i64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

fn why(reason: String) -> Why {
    Why {
        stage: Stage::Delay,
        plugin: "delay".to_owned(),
        generation: 0,
        code: "invalid_delay".to_owned(),
        reason,
        letters: 0,
        history: None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts};

    use super::*;
    use crate::section::Offsets;

    const NOW: WallTime = WallTime(1_000_000);

    fn judged(headers: &[Header<'_>], max_ms: u64) -> Fate {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(&RecordParts {
            headers,
            ..RecordParts::default()
        });
        let bytes: Bytes = builder.finish(None).unwrap();
        let section = Section::open(&bytes, &Batch::parse(&bytes).unwrap(), 1 << 20, Offsets::Dense).unwrap();
        let mut settings = TopicSettings::default_for("orders");
        settings.delay_max_ms = max_ms;
        let mut fates = Fates::all_stay(1);
        judge(&settings, &section, &mut fates, NOW);
        fates.of(0).clone()
    }

    fn at(text: &str) -> Fate {
        judged(&[(DELIVER_AT_HEADER, Some(text.as_bytes()))], 5_000)
    }

    fn held(due: i64) -> Fate {
        Fate::Hold(Box::new(Held {
            due: Timestamp(due),
            attempts: 0,
            decision: Vec::new(),
        }))
    }

    #[test]
    fn a_record_is_held_until_it_is_due_and_not_if_it_is() {
        assert_eq!(at("1000001"), held(1_000_001));
        assert_eq!(judged(&[(DELAY_HEADER, Some(b"5000"))], 5_000), held(1_005_000));
        assert_eq!(at("1000000"), Fate::Stay);
        assert_eq!(at("0"), Fate::Stay);
        assert_eq!(judged(&[], 5_000), Fate::Stay);
    }

    /// The bug: a number that nobody meant (negative, too large, in another notation) is taken for one that is past, and the record
    /// goes out at once.
    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "-1", "+5", "1e9", " 7", "99999999999999999999", "1005001"] {
            assert!(matches!(at(text), Fate::Refuse(_)), "{text:?}");
        }
        assert!(matches!(judged(&[(DELAY_HEADER, None)], 5_000), Fate::Refuse(_)));
        let both: [Header<'_>; 2] = [(DELAY_HEADER, Some(b"1")), (DELIVER_AT_HEADER, Some(b"1"))];
        assert!(matches!(judged(&both, 5_000), Fate::Refuse(_)));
    }

    #[test]
    fn a_topic_that_allows_none_looks_at_nothing() {
        assert_eq!(judged(&[(DELAY_HEADER, Some(b"junk"))], 0), Fate::Stay);
    }
}
