//! Random numbers: from the kernel, or from the seed of a simulated run.

/// A uniformly distributed 64-bit number.
pub fn u64() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A number in `0..bound`, without the bias of a plain remainder.
///
/// # Panics
///
/// When `bound` is zero: there is no such number.
pub fn below(bound: u64) -> u64 {
    assert!(bound > 0, "there is no number below zero");
    // Lemire's multiplication: the high word is the answer, the low word says whether to draw again.
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let wide = u128::from(u64()) * u128::from(bound);
        if wide as u64 >= threshold {
            return (wide >> 64) as u64;
        }
    }
}

/// Fills `bytes` with random bytes.
pub fn fill(bytes: &mut [u8]) {
    crate::imp::random::fill(bytes);
}

/// A random (version 4) UUID, as Kafka makes its ids: never one of Kafka's reserved ones, and never one whose
/// base64url text begins with `-`, which command lines would take for an option.
pub fn uuid() -> [u8; 16] {
    loop {
        let mut id = [0; 16];
        fill(&mut id);
        id[6] = (id[6] & 0x0f) | 0x40;
        id[8] = (id[8] & 0x3f) | 0x80;
        let first_symbol = id[0] >> 2;
        if first_symbol != BASE64URL_MINUS {
            return id;
        }
    }
}

/// The six bits that base64url writes as `-`.
const BASE64URL_MINUS: u8 = 62;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_a_bound_reach_all_of_it_and_nothing_else() {
        let mut seen = [false; 7];
        for _ in 0..2_000 {
            seen[usize::try_from(below(7)).unwrap()] = true;
        }
        assert!(seen.iter().all(|&drawn| drawn));
    }

    #[test]
    fn uuids_are_version_four_and_differ() {
        let (a, b) = (uuid(), uuid());
        assert_ne!(a, b);
        for id in [a, b] {
            assert_eq!(id[6] >> 4, 4);
            assert_eq!(id[8] >> 6, 0b10);
            assert_ne!(id[0] >> 2, BASE64URL_MINUS);
        }
    }
}
