//! Frames, and the guard in front of the decoder.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use corvid_wire::frame::FrameLimits;
use corvid_wire::kafka::messages::*;
use corvid_wire::kafka::protocol::{Decodable, Request};
use corvid_wire::{FrameReader, MemoryBudget, guard};

use crate::LIMIT;

/// Frames come out until the bytes end or are refused. None is larger than what there is, its
/// memory is given back, and its body may be anything for the guard.
pub fn frames_hold(bytes: &[u8]) {
    let budget = MemoryBudget::new(LIMIT);
    let mut reader = FrameReader::new(bytes, FrameLimits::default(), budget.clone());
    loop {
        let next = pin!(reader.next()).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(next) = next else {
            panic!("bytes that are there never keep anyone waiting")
        };
        let Ok(Some(frame)) = next else { break };
        assert!(frame.body.len() <= bytes.len());
        let _ = guard::check(frame.api_key, frame.api_version, &frame.body);
    }
    drop(reader);
    assert_eq!(budget.in_use(), 0);
}

/// What passes the guard is decoded without an error.
pub fn message_holds(api_key: i16, version: i16, is_response: bool, body: &[u8]) {
    let passes = if is_response {
        guard::check_response(api_key, version, body)
    } else {
        guard::check(api_key, version, body)
    };
    if passes.is_ok() {
        decoder(api_key, is_response)(version, Bytes::copy_from_slice(body));
    }
}

fn decode<T: Decodable>(version: i16, mut body: Bytes) {
    if let Err(error) = T::decode(&mut body, version) {
        panic!("what passes the guard is refused by the decoder: {error}");
    }
}

fn decoder(api_key: i16, is_response: bool) -> fn(i16, Bytes) {
    macro_rules! by_key {
        ($($request:ty),* $(,)?) => {
            match (api_key, is_response) {
                $(
                    (<$request>::KEY, false) => decode::<$request>,
                    (<$request>::KEY, true) => decode::<<$request as Request>::Response>,
                )*
                (other, _) => panic!("no decoder for {other}"),
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
