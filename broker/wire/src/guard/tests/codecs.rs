//! The protocol crate's decoder and encoder of every message, by key.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, Request};

use super::Case;

type Codec = fn(i16, Bytes, bool) -> Result<(usize, BytesMut), String>;

/// Decodes a message, and says how many bytes are left over.
pub fn decode_only(case: &Case, body: Bytes) -> Result<usize, String> {
    codec(case)(case.version, body, false).map(|(left, _)| left)
}

/// Decodes a message, and encodes it again; says how many bytes were left over, too.
pub fn recode(case: &Case, body: Bytes) -> Result<(usize, BytesMut), String> {
    codec(case)(case.version, body, true)
}

fn run<T: Decodable + Encodable>(version: i16, mut body: Bytes, encode: bool) -> Result<(usize, BytesMut), String> {
    let message = T::decode(&mut body, version).map_err(|error| error.to_string())?;
    let mut again = BytesMut::new();
    if encode {
        message.encode(&mut again, version).map_err(|error| error.to_string())?;
    }
    Ok((body.len(), again))
}

fn codec(case: &Case) -> Codec {
    macro_rules! by_key {
        ($($request:ty),* $(,)?) => {
            match (case.api.key, case.is_response) {
                $(
                    (<$request>::KEY, false) => run::<$request>,
                    (<$request>::KEY, true) => run::<<$request as Request>::Response>,
                )*
                (other, _) => panic!("no codec for {other}"),
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
