//! Times of RFC 3339: `2018-04-05T17:31:00.25Z`.

/// Whether a text is one.
pub fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((moment, zone)) = bytes.split_at_checked(19) else {
        return false;
    };
    let [year, month, day, hour, minute, second] =
        [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)].map(|(from, to)| number(&moment[from..to]));
    let separators = [(4, b"-"), (7, b"-"), (10, b"Tt"), (13, b":"), (16, b":")] as [(usize, &[u8]); 5];
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return false;
    };
    separators.iter().all(|(at, legal)| legal.contains(&moment[*at]))
        && (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour.is_some_and(|hour| hour < 24)
        && minute.is_some_and(|minute| minute < 60)
        // A leap second is a second.
        && second.is_some_and(|second| second <= 60)
        && is_zone(without_fraction(zone))
}

fn without_fraction(zone: &[u8]) -> &[u8] {
    let Some(digits) = zone.strip_prefix(b".") else {
        return zone;
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // A dot without digits is no fraction, and no zone either.
    if count == 0 { zone } else { &digits[count..] }
}

fn is_zone(zone: &[u8]) -> bool {
    match zone {
        b"Z" | b"z" => true,
        [b'+' | b'-', hours @ .., b':', a, b] => {
            hours.len() == 2
                && number(hours).is_some_and(|hours| hours < 24)
                && number(&[*a, *b]).is_some_and(|minutes| minutes < 60)
        }
        _ => false,
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let all = digits.iter().all(u8::is_ascii_digit);
    all.then(|| {
        digits
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    })
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
