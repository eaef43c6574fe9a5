//! Which members of an object, or items of an array, some schema has looked at.

/// The members or items of one value, by index.
#[derive(Debug, Default)]
pub struct Marks {
    /// The first 64; few values have more.
    low: u64,
    high: Vec<u64>,
}

impl Marks {
    pub fn set(&mut self, index: usize) {
        match index.checked_sub(64) {
            None => self.low |= 1 << index,
            Some(index) => {
                if self.high.len() <= index / 64 {
                    self.high.resize(index / 64 + 1, 0);
                }
                self.high[index / 64] |= 1 << (index % 64);
            }
        }
    }

    pub fn is_set(&self, index: usize) -> bool {
        let (word, bit) = match index.checked_sub(64) {
            None => (self.low, index),
            Some(index) => (self.high.get(index / 64).copied().unwrap_or(0), index % 64),
        };
        word >> bit & 1 == 1
    }

    /// Sets what is set in the other, too.
    pub fn merge(&mut self, other: &Marks) {
        self.low |= other.low;
        if self.high.len() < other.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        self.high
            .iter_mut()
            .zip(&other.high)
            .for_each(|(word, other)| *word |= other);
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn any_index() {
        let (mut odd, mut squares) = (Marks::default(), Marks::default());
        (1..300).step_by(2).for_each(|index| odd.set(index));
        (0..20).for_each(|root| squares.set(root * root));
        assert!((0..1000).all(|index| odd.is_set(index) == (index < 300 && index % 2 == 1)));
        odd.merge(&squares);
        assert!(odd.is_set(361) && odd.is_set(299) && odd.is_set(4) && !odd.is_set(360));
    }
}
