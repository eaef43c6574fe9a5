//! The request header, versions 1 and 2.
//!
//! Version 0, without a client id, belonged to ControlledShutdown 0, which is gone since Kafka 4.0.
//! The client id keeps its two-byte length in version 2, so that a broker of any age can read the
//! header of an ApiVersions request (KIP-511).

use std::sync::Arc;

use super::FrameError;
use crate::guard::{Cursor, GuardError};
use crate::limits;
use crate::versions::{self, API_VERSIONS};

/// A request header, and how many bytes of the frame it took.
#[derive(Debug)]
pub(super) struct Header {
    pub api_key: i16,
    pub api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<Arc<str>>,
    pub bytes: usize,
}

/// Parses the header at the front of a frame. The last client id of the connection is used again
/// when this one is the same.
pub(super) fn parse(frame: &[u8], last_client_id: Option<&Arc<str>>) -> Result<Header, FrameError> {
    let mut cursor = Cursor::new(frame);
    let api_key = cursor.int16("RequestApiKey")?;
    let api_version = cursor.int16("RequestApiVersion")?;
    let correlation_id = cursor.int32("CorrelationId")?;
    let api = versions::api(api_key).ok_or(FrameError::UnknownApi { api_key })?;
    if !api.decodes(api_version) && api_key != API_VERSIONS {
        return Err(FrameError::UnsupportedVersion {
            api: api.name,
            version: api_version,
        });
    }
    let client_id = client_id(&mut cursor, last_client_id)?;
    if api.request_header_version(api_version) == 2 {
        cursor.skip_tagged_fields("the header's tagged fields")?;
    }
    Ok(Header {
        api_key,
        api_version,
        correlation_id,
        client_id,
        bytes: frame.len() - cursor.left(),
    })
}

fn client_id(cursor: &mut Cursor<'_>, last: Option<&Arc<str>>) -> Result<Option<Arc<str>>, FrameError> {
    const FIELD: &str = "ClientId";
    let length = cursor.int16(FIELD)?;
    if length == -1 {
        return Ok(None);
    }
    let left = cursor.left();
    let length = usize::try_from(length).map_err(|_| GuardError::Length {
        field: FIELD,
        length: i64::from(length),
        left,
    })?;
    if length > limits::CLIENT_ID_BYTES_MAX {
        return Err(FrameError::ClientIdTooLong { length });
    }
    let bytes = cursor.take(FIELD, length)?;
    if let Some(last) = last.filter(|last| last.as_bytes() == bytes) {
        return Ok(Some(Arc::clone(last)));
    }
    let text = str::from_utf8(bytes).map_err(|_| GuardError::NotUtf8 { field: FIELD })?;
    Ok(Some(Arc::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(api_key: i16, version: i16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(api_key.to_be_bytes());
        bytes.extend(version.to_be_bytes());
        bytes.extend(7_i32.to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn reads_both_versions() {
        let one = parse(&header(3, 8, b"\x00\x02mebody"), None).expect("version 1");
        assert_eq!(
            (one.api_key, one.api_version, one.correlation_id, one.bytes),
            (3, 8, 7, 12)
        );
        assert_eq!(one.client_id.as_deref(), Some("me"));
        let two = parse(&header(3, 9, b"\x00\x02me\x01\x05\x02xxbody"), one.client_id.as_ref()).expect("version 2");
        assert_eq!(two.bytes, 17);
        assert!(Arc::ptr_eq(
            &two.client_id.expect("an id"),
            &one.client_id.expect("an id")
        ));
        let null = parse(&header(3, 0, b"\xff\xff"), None).expect("a null client id");
        assert_eq!(null.client_id, None);
    }

    #[test]
    fn any_version_of_api_versions_passes_and_no_other() {
        assert!(parse(&header(18, 99, b"\xff\xff\x00"), None).is_ok());
        assert!(parse(&header(18, -1, b"\xff\xff"), None).is_ok());
        let refused = |key, version| parse(&header(key, version, b"\xff\xff\x00"), None).expect_err("refused");
        assert!(matches!(
            refused(0, 2),
            FrameError::UnsupportedVersion {
                api: "Produce",
                version: 2
            }
        ));
        assert!(matches!(refused(1, 19), FrameError::UnsupportedVersion { .. }));
        assert!(matches!(refused(999, 0), FrameError::UnknownApi { api_key: 999 }));
    }

    #[test]
    fn malformed_headers_are_errors() {
        let whole = header(3, 9, b"\x00\x02me\x01\x05\x02xx");
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut], None).is_err(), "cut at {cut}");
        }
        assert!(parse(&header(3, 8, b"\xff\xfeme"), None).is_err());
        assert!(parse(&header(3, 8, b"\x00\x02\xff\xff"), None).is_err());
        assert!(parse(&header(3, 9, b"\xff\xff\xff\xff\xff\xff\x0f"), None).is_err());
        let mut long = vec![0x04, 0x01];
        long.extend(vec![b'x'; 1025]);
        let refused = parse(&header(3, 8, &long), None);
        assert!(matches!(refused, Err(FrameError::ClientIdTooLong { length: 1025 })));
    }
}
