//! Newtypes for the numbers of a batch, so that two kinds cannot be mixed up.

use std::fmt;
use std::ops::Add;

/// Declares a number's newtype with the traits that all of them share.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

number! {
    /// The position of a record in its partition. A record keeps it for ever.
    Offset(i64)
}

number! {
    /// The term of a partition's leader; every restart of a leader starts a new one. −1 is "none".
    LeaderEpoch(i32)
}

number! {
    /// Who produced a batch: allotted by the controller, −1 for a plain producer, and from
    /// [`ProducerId::FIRST_RESERVED`] on a stamp of the broker's own.
    ProducerId(i64)
}

number! {
    /// The term of a producer id; a bump fences the producer's former self. −1 is "none".
    ProducerEpoch(i16)
}

number! {
    /// The number of a producer's record in a partition; wraps from `i32::MAX` to 0. −1 is "none".
    Sequence(i32)
}

number! {
    /// Milliseconds since the Unix epoch. −1 is "none".
    Timestamp(i64)
}

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);

    /// The offset behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Add<i64> for Offset {
    type Output = Self;

    fn add(self, delta: i64) -> Self {
        Self(self.0 + delta)
    }
}

impl LeaderEpoch {
    /// No epoch is known.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// A plain producer, without idempotence.
    pub const NONE: Self = Self(-1);

    /// From here on, producer ids are the broker's own (see [`crate::hidden::LinkStamp`]):
    /// refused when a client sends one, and never allotted.
    pub const FIRST_RESERVED: Self = Self(1 << 62);

    /// Whether the batch is an idempotent producer's (or carries a stamp of the broker's own).
    pub const fn is_some(self) -> bool {
        self.0 >= 0
    }

    /// Whether the id is the broker's own, which no client may use.
    pub const fn is_reserved(self) -> bool {
        self.0 >= Self::FIRST_RESERVED.0
    }
}

impl ProducerEpoch {
    /// A plain producer's.
    pub const NONE: Self = Self(-1);
}

impl Sequence {
    /// A plain producer's.
    pub const NONE: Self = Self(-1);

    /// The sequence `count` records later: from `i32::MAX` it goes on at 0, as in Kafka.
    ///
    /// `NONE` stays `NONE`. A negative count is taken as 0.
    #[must_use]
    pub fn advanced_by(self, count: i32) -> Self {
        if self.0 < 0 {
            return Self::NONE;
        }
        let wide = i64::from(self.0) + i64::from(count.max(0));
        Self((wide & i64::from(i32::MAX)) as i32)
    }
}

impl Timestamp {
    /// The batch or record has no time.
    pub const NONE: Self = Self(-1);
}

/// A batch's three producer fields, which always travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Producer {
    /// Who produced it.
    pub id: ProducerId,
    /// In which of its terms.
    pub epoch: ProducerEpoch,
    /// The sequence of the record at the base offset.
    pub base_sequence: Sequence,
}

impl Producer {
    /// A plain producer: no idempotence.
    pub const NONE: Self = Self {
        id: ProducerId::NONE,
        epoch: ProducerEpoch::NONE,
        base_sequence: Sequence::NONE,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_wrap_as_kafkas_do() {
        assert_eq!(Sequence(5).advanced_by(3), Sequence(8));
        assert_eq!(Sequence(i32::MAX).advanced_by(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 9).advanced_by(19), Sequence(9));
        assert_eq!(Sequence(i32::MAX).advanced_by(i32::MAX), Sequence(i32::MAX - 1));
        assert_eq!(Sequence::NONE.advanced_by(7), Sequence::NONE);
    }

    #[test]
    fn reserved_producer_ids_begin_at_two_to_the_62nd() {
        assert!(!ProducerId((1 << 62) - 1).is_reserved());
        assert!(ProducerId(1 << 62).is_reserved());
        assert!(!ProducerId::NONE.is_some());
    }
}
