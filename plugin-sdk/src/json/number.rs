//! Numbers, exact: compared digit by digit, whatever their size.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A number of a JSON text, with all its digits. Two numbers are equal if their values are: `1`,
/// `1.0` and `10e-1`.
#[derive(Clone, Copy)]
pub struct Number<'a> {
    text: &'a [u8],
    negative: bool,
    /// The digits before and behind the point.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// What stands behind the `e`. It stops at a magnitude of 10¹⁵, far beyond any digit.
    exponent: i64,
}

impl<'a> Number<'a> {
    /// Reads a number; `None` if this is none, or something follows it.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        if text.is_empty() || prefix_len(text) != text.len() {
            return None;
        }
        let negative = text[0] == b'-';
        let (whole, rest) = split_digits(&text[usize::from(negative)..]);
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => split_digits(rest),
            _ => (&[][..], rest),
        };
        let exponent = rest.split_first().map_or(0, |(_, exponent)| read_exponent(exponent));
        Some(Number {
            text,
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// As it is written.
    pub fn text(&self) -> &'a str {
        str::from_utf8(self.text).unwrap_or_default()
    }

    /// Whether it is a whole number, however it is written: `1.0` is one.
    pub fn is_integer(&self) -> bool {
        self.significant().is_none_or(|digits| digits.last_power >= 0)
    }

    /// The number, if it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        let Some(digits) = self.significant() else {
            return Some(0);
        };
        if digits.last_power < 0 || digits.first_power > 18 {
            return None;
        }
        // At most 19 digits, which 64 bits without a sign always hold.
        let digits_value = (digits.first..=digits.last).fold(0_u64, |sum, at| sum * 10 + u64::from(self.digit(at)));
        let magnitude = digits_value * 10_u64.pow(digits.last_power as u32);
        if self.negative {
            0_i64.checked_sub_unsigned(magnitude)
        } else {
            i64::try_from(magnitude).ok()
        }
    }

    /// The number of 64 bits that is nearest.
    pub fn as_f64(&self) -> f64 {
        self.text().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is a whole multiple of another number, of up to 36 significant digits.
    pub fn is_multiple_of(&self, of: &Number<'_>) -> bool {
        let Some(digits) = self.significant() else { return true };
        let Some(of_digits) = of.significant() else {
            return false;
        };
        // Its last significant digit isn't 0, so that no power of ten can be taken out of it.
        let zeros = digits.last_power - of_digits.last_power;
        if zeros < 0 || of_digits.last - of_digits.first >= 36 {
            return false;
        }
        let divisor = (of_digits.first..=of_digits.last).fold(0, |sum, at| sum * 10 + u128::from(of.digit(at)));
        let mut remainder =
            (digits.first..=digits.last).fold(0, |rest, at| (rest * 10 + u128::from(self.digit(at))) % divisor);
        // 2 and 5 are in the divisor fewer than 128 times: more zeros change nothing.
        for _ in 0..zeros.min(128) {
            remainder = remainder * 10 % divisor;
        }
        remainder == 0
    }

    /// Where its significant digits are; `None` for zero.
    fn significant(&self) -> Option<Significant> {
        let len = self.whole.len() + self.fraction.len();
        let first = (0..len).find(|at| self.digit(*at) != 0)?;
        let last = (first..len).rev().find(|at| self.digit(*at) != 0)?;
        let power = |at: usize| self.exponent + self.whole.len() as i64 - 1 - at as i64;
        Some(Significant {
            first,
            last,
            first_power: power(first),
            last_power: power(last),
        })
    }

    fn digit(&self, at: usize) -> u8 {
        let digit = match self.whole.get(at) {
            Some(digit) => *digit,
            None => self.fraction[at - self.whole.len()],
        };
        digit - b'0'
    }

    fn cmp_magnitude(&self, a: &Significant, other: &Number<'_>, b: &Significant) -> Ordering {
        a.first_power.cmp(&b.first_power).then_with(|| {
            let ours = (a.first..=a.last).map(|at| self.digit(at));
            let theirs = (b.first..=b.last).map(|at| other.digit(at));
            // No zeros follow the last significant digit: the longer one is larger.
            ours.cmp(theirs)
        })
    }
}

/// The digits of a number from the first to the last that isn't 0, by index, and the powers of ten
/// that these two stand for.
struct Significant {
    first: usize,
    last: usize,
    first_power: i64,
    last_power: i64,
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |negative: bool| if negative { Ordering::Less } else { Ordering::Greater };
        match (self.significant(), other.significant()) {
            (None, None) => Ordering::Equal,
            (Some(_), None) => sign(self.negative),
            (None, Some(_)) => sign(!other.negative),
            (Some(_), Some(_)) if self.negative != other.negative => sign(self.negative),
            (Some(a), Some(b)) if self.negative => other.cmp_magnitude(&b, self, &a),
            (Some(a), Some(b)) => self.cmp_magnitude(&a, other, &b),
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

impl Hash for Number<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Some(digits) = self.significant() else {
            return 0_u8.hash(state);
        };
        (self.negative, digits.first_power).hash(state);
        (digits.first..=digits.last).for_each(|at| self.digit(at).hash(state));
    }
}

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// How long the number is that this text begins with, by RFC 8259's grammar; 0 if there is none.
pub(super) fn prefix_len(text: &[u8]) -> usize {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, mut rest) = split_digits(rest);
    if whole.is_empty() || whole.len() > 1 && whole[0] == b'0' {
        return 0;
    }
    if let Some((b'.', fraction)) = rest.split_first() {
        let (digits, behind) = split_digits(fraction);
        if digits.is_empty() {
            return 0;
        }
        rest = behind;
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let (digits, behind) = split_digits(
            exponent
                .strip_prefix(b"+")
                .or(exponent.strip_prefix(b"-"))
                .unwrap_or(exponent),
        );
        if digits.is_empty() {
            return 0;
        }
        rest = behind;
    }
    text.len() - rest.len()
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(
        text.iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn read_exponent(text: &[u8]) -> i64 {
    const FAR: i64 = 1_000_000_000_000_000;
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let magnitude = digits.fold(0, |sum: i64, digit| (sum * 10 + i64::from(digit - b'0')).min(FAR));
    if text.first() == Some(&b'-') {
        -magnitude
    } else {
        magnitude
    }
}
