//! Durations and sizes as people write them: "20ms", "2s", "16MiB". Bare numbers are milliseconds
//! and bytes, the units of Kafka's configs, but for [`with_unit`].

/// A text that is no duration or no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number with a known unit behind it.
    #[error("{text:?} is not a {what}; expected for example {example}")]
    Unknown {
        /// What was given.
        text: String,
        /// "duration" or "size".
        what: &'static str,
        /// How it is done.
        example: &'static str,
    },
    /// A number alone, where a person wrote it and may mean anything.
    #[error("{text:?} has no unit; expected for example {example}")]
    NoUnit {
        /// What was given.
        text: String,
        /// How it is done.
        example: &'static str,
    },
    /// More than 64 bits hold.
    #[error("{text:?} is too large")]
    TooLarge {
        /// What was given.
        text: String,
    },
}

const DURATION_EXAMPLE: &str = "\"20ms\", \"2s\", \"1m\", \"12h\" or \"7d\"";
const SIZE_EXAMPLE: &str = "\"64KiB\", \"16MiB\" or \"1GB\"";

const DURATIONS: &[(&str, u64)] = &[
    ("", 1),
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Milliseconds of "20ms", "2s", "1m", "12h", "7d" or "1500".
pub fn parse_duration_ms(text: &str) -> Result<u64, UnitError> {
    parse(text, DURATIONS, "duration", DURATION_EXAMPLE)
}

/// Bytes of "64KiB", "16MiB", "1GB" or "1500".
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    parse(text, SIZES, "size", SIZE_EXAMPLE)
}

/// The same for what a person writes: a number alone is refused, since 30 may well be meant as days.
pub mod with_unit {
    use super::{DURATION_EXAMPLE, SIZE_EXAMPLE, UnitError, parse_bytes, parse_duration_ms};

    /// Milliseconds of "20ms" or "7d".
    pub fn duration_ms(text: &str) -> Result<u64, UnitError> {
        not_alone(text, DURATION_EXAMPLE)?;
        parse_duration_ms(text)
    }

    /// Bytes of "64KiB" or "1GB".
    pub fn bytes(text: &str) -> Result<u64, UnitError> {
        not_alone(text, SIZE_EXAMPLE)?;
        parse_bytes(text)
    }

    /// None of anything needs no unit.
    fn not_alone(text: &str, example: &'static str) -> Result<(), UnitError> {
        match text.trim().parse::<u64>() {
            Ok(1..) => Err(UnitError::NoUnit {
                text: text.chars().take(64).collect(),
                example,
            }),
            Ok(0) | Err(_) => Ok(()),
        }
    }
}

fn parse(text: &str, units: &[(&str, u64)], what: &'static str, example: &'static str) -> Result<u64, UnitError> {
    let unknown = || UnitError::Unknown {
        text: text.chars().take(64).collect(),
        what,
        example,
    };
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = trimmed.split_at(digits);
    if number.is_empty() {
        return Err(unknown());
    }
    let scale = units
        .iter()
        .find(|(name, _)| *name == unit.trim())
        .ok_or_else(unknown)?
        .1;
    let too_large = || UnitError::TooLarge {
        text: text.chars().take(64).collect(),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(scale))
        .ok_or_else(too_large)
}

/// The largest unit that says it exactly: 20000 is "20s".
pub fn duration_text(ms: u64) -> String {
    let unit = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    match unit.into_iter().find(|(_, scale)| ms != 0 && ms.is_multiple_of(*scale)) {
        Some((name, scale)) => format!("{}{name}", ms / scale),
        None => format!("{ms}ms"),
    }
}

/// The largest unit that says it exactly: 16777216 is "16MiB".
pub fn bytes_text(bytes: u64) -> String {
    let unit = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1u64 << 10),
    ];
    match unit
        .into_iter()
        .find(|(_, scale)| bytes != 0 && bytes.is_multiple_of(*scale))
    {
        Some((name, scale)) => format!("{}{name}", bytes / scale),
        None => format!("{bytes}B"),
    }
}

macro_rules! serde_unit {
    ($(#[$doc:meta])* $module:ident, $parse:ident, $text:ident) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

            #[derive(Deserialize)]
            #[serde(untagged)]
            enum NumberOrText {
                Number(u64),
                Text(String),
            }

            #[expect(clippy::ref_option, reason = "serde's `with` hands out references")]
            pub fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => serializer.serialize_str(&super::$text(*value)),
                    None => serializer.serialize_none(),
                }
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
                match Option::<NumberOrText>::deserialize(deserializer)? {
                    None => Ok(None),
                    Some(NumberOrText::Number(value)) => Ok(Some(value)),
                    Some(NumberOrText::Text(text)) => super::$parse(&text).map(Some).map_err(D::Error::custom),
                }
            }
        }
    };
}

serde_unit!(
    /// `Option<u64>` of milliseconds, written "20ms".
    serde_duration_ms, parse_duration_ms, duration_text
);
serde_unit!(
    /// `Option<u64>` of bytes, written "16MiB".
    serde_bytes, parse_bytes, bytes_text
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_write_units() {
        assert_eq!(parse_duration_ms("20ms"), Ok(20));
        assert_eq!(parse_duration_ms(" 1 m "), Ok(60_000));
        assert_eq!(parse_duration_ms("1500"), Ok(1500));
        assert_eq!(parse_bytes("16MiB"), Ok(16 << 20));
        for wrong in [
            "",
            "ms",
            "-1s",
            "1.5s",
            "2 weeks",
            "99999999999999999999",
            "99999999999999999d",
        ] {
            assert!(parse_duration_ms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_alone_is_no_time_of_a_persons() {
        let no_unit = with_unit::duration_ms("30").unwrap_err().to_string();
        assert!(no_unit.starts_with("\"30\" has no unit"), "{no_unit}");
        assert!(with_unit::bytes(" 16 ").is_err());
        assert_eq!(with_unit::duration_ms("30d"), Ok(30 * 86_400_000));
        assert_eq!(with_unit::bytes("16MiB"), Ok(16 << 20));
        assert_eq!(with_unit::duration_ms("0"), Ok(0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64) {
            prop_assert_eq!(parse_duration_ms(&duration_text(value)), Ok(value));
            prop_assert_eq!(parse_bytes(&bytes_text(value)), Ok(value));
        }
    }
}
