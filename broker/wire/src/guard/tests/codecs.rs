//! The protocol crate's decoder and encoder of every request, by key.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

type Codec = fn(i16, Bytes, bool) -> Result<BytesMut, String>;

/// Decodes a request to its last byte.
pub fn decode_only(api_key: i16, version: i16, body: Bytes) -> Result<(), String> {
    codec(api_key)(version, body, false).map(drop)
}

/// Decodes a request to its last byte, and encodes it again.
pub fn recode(api_key: i16, version: i16, body: Bytes) -> Result<BytesMut, String> {
    codec(api_key)(version, body, true)
}

fn run<T: Request>(version: i16, mut body: Bytes, encode: bool) -> Result<BytesMut, String> {
    let request = T::decode(&mut body, version).map_err(|error| error.to_string())?;
    if !body.is_empty() {
        return Err(format!("{} bytes were not decoded", body.len()));
    }
    let mut again = BytesMut::new();
    if encode {
        request.encode(&mut again, version).map_err(|error| error.to_string())?;
    }
    Ok(again)
}

fn codec(api_key: i16) -> Codec {
    macro_rules! by_key {
        ($($request:ty),* $(,)?) => {
            match api_key {
                $(<$request>::KEY => run::<$request>,)*
                _ => panic!("no codec for {api_key}"),
            }
        };
    }
    by_key! {
        ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest,
        FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest,
        DescribeGroupsRequest, ListGroupsRequest, ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
        DeleteRecordsRequest, InitProducerIdRequest, OffsetForLeaderEpochRequest, DescribeConfigsRequest,
        AlterConfigsRequest, DescribeLogDirsRequest, CreatePartitionsRequest, DeleteGroupsRequest,
        IncrementalAlterConfigsRequest, OffsetDeleteRequest, DescribeClusterRequest,
    }
}
