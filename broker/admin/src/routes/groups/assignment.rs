//! What a member of type `consumer` was assigned: Kafka's ConsumerProtocolAssignment, versions 0 and up. It was written
//! by a client, and is only shown.

/// Topics and partitions; what does not parse is shown as nothing.
pub(super) fn partitions(mut bytes: &[u8]) -> Vec<(String, i32)> {
    let _version = i16(&mut bytes);
    read(&mut bytes).unwrap_or_default()
}

fn read(bytes: &mut &[u8]) -> Option<Vec<(String, i32)>> {
    let mut assigned = Vec::new();
    for _ in 0..i32(bytes)? {
        let length = usize::try_from(i16(bytes)?).ok()?;
        let (topic, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        let topic = std::str::from_utf8(topic).ok()?;
        for _ in 0..i32(bytes)? {
            assigned.push((topic.to_owned(), i32(bytes)?));
        }
    }
    Some(assigned)
}

fn i16(bytes: &mut &[u8]) -> Option<i16> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i16::from_be_bytes(*number))
}

fn i32(bytes: &mut &[u8]) -> Option<i32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::partitions;

    #[test]
    fn an_assignment_is_read_and_nonsense_is_nothing() {
        let bytes = b"\0\0\0\0\0\x01\0\x02ab\0\0\0\x02\0\0\0\0\0\0\0\x07\xff\xff\xff\xff";
        assert_eq!(partitions(bytes), [("ab".to_owned(), 0), ("ab".to_owned(), 7)]);
        for cut in 0..bytes.len() - 4 {
            assert_eq!(partitions(&bytes[..cut]), [], "{cut}");
        }
        // The bug: a count from a client that allocates.
        assert_eq!(partitions(b"\0\0\x7f\xff\xff\xff\0\x01a\x7f\xff\xff\xff"), []);
    }
}
