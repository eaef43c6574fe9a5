//! The protocol crate's decoder and encoder of every request, by key.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

type Codec = fn(i16, Bytes, bool) -> Result<(usize, BytesMut), String>;

/// Decodes a request, and says how many bytes are left over.
pub fn decode_only(api_key: i16, version: i16, body: Bytes) -> Result<usize, String> {
    codec(api_key)(version, body, false).map(|(left, _)| left)
}

/// Decodes a request, and encodes it again; says how many bytes were left over, too.
pub fn recode(api_key: i16, version: i16, body: Bytes) -> Result<(usize, BytesMut), String> {
    codec(api_key)(version, body, true)
}

fn run<T: Request>(version: i16, mut body: Bytes, encode: bool) -> Result<(usize, BytesMut), String> {
    let request = T::decode(&mut body, version).map_err(|error| error.to_string())?;
    let mut again = BytesMut::new();
    if encode {
        request.encode(&mut again, version).map_err(|error| error.to_string())?;
    }
    Ok((body.len(), again))
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
