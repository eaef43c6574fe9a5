//! Every API that is listed, in every version that is listed: the answer to a request that has one with something in every
//! field decodes in that version, to its last byte.
//!
//! The bug that this is for: a handler fills a field that a version does not have, or leaves null one that may not be; the
//! protocol crate refuses to encode the answer, and a client of that age sees its connection close, again and again.

mod cluster;
mod configs;
mod groups;
mod offsets;
mod records;
mod topics;
mod world;

use std::sync::Arc;

use bed::pipe::{Pipe, frame_of};
use corvid_wire::kafka::messages::{ApiVersionsRequest, ApiVersionsResponse};
use corvid_wire::kafka::protocol::Decodable;
use world::World;

const PRODUCE: i16 = 0;
const API_VERSIONS: i16 = 18;

/// Asks in one version whatever fills the fields of the API's answer, and looks whether they are filled.
async fn ask(world: &World, pipe: &mut Pipe, api_key: i16, version: i16) {
    match api_key {
        0 => records::produce(world, pipe, version).await,
        1 => records::fetch(world, pipe, version).await,
        2 => records::list_offsets(pipe, version).await,
        3 => cluster::metadata(world, pipe, version).await,
        8 => offsets::commit(pipe, version).await,
        9 => offsets::fetch(pipe, version).await,
        10 => groups::find_coordinator(pipe, version).await,
        11 => groups::join(pipe, version).await,
        12 => groups::heartbeat(pipe, version).await,
        13 => groups::leave(pipe, version).await,
        14 => groups::sync(pipe, version).await,
        15 => groups::describe(pipe, version).await,
        16 => groups::list(pipe, version).await,
        18 => cluster::api_versions(pipe, version).await,
        19 => topics::create(pipe, version).await,
        20 => topics::delete(world, pipe, version).await,
        21 => records::delete(pipe, version).await,
        22 => records::init_producer_id(pipe, version).await,
        23 => records::offset_for_leader_epoch(pipe, version).await,
        32 => configs::describe(pipe, version).await,
        33 => configs::alter(pipe, version).await,
        35 => cluster::log_dirs(pipe, version).await,
        37 => topics::add_partitions(world, pipe, version).await,
        42 => groups::delete(pipe, version).await,
        44 => configs::alter_some(pipe, version).await,
        47 => offsets::delete(pipe, version).await,
        60 => cluster::describe(pipe, version).await,
        key => panic!("API {key} is listed; who asks it?"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_is_listed_is_answered_whole() {
    let world = Arc::new(World::new().await);
    let mut failed = Vec::new();
    for (api_key, versions) in listed(&world).await {
        for version in versions {
            if api_key == PRODUCE && version < 3 {
                // Listed for librdkafka's sake, as Kafka does, and not served.
                refused(&world, api_key, version).await;
                continue;
            }
            let world = world.clone();
            let asking = tokio::spawn(async move {
                let mut pipe = world.scene.pipe().await;
                ask(&world, &mut pipe, api_key, version).await;
            });
            if asking.await.is_err() {
                failed.push((api_key, version));
            }
        }
    }
    assert!(
        failed.is_empty(),
        "API key and version of what was not answered well: {failed:?}"
    );
}

/// KIP-511 for ApiVersions; any other connection ends, as Kafka's do.
#[tokio::test(flavor = "multi_thread")]
async fn that_is_not_listed_is_refused() {
    let world = World::new().await;
    for (api_key, versions) in listed(&world).await {
        for version in [-1, versions.start() - 1, versions.end() + 1, i16::MAX] {
            if api_key == API_VERSIONS {
                let mut pipe = world.scene.pipe().await;
                let request = frame_of(api_key, version, 9, &[]);
                pipe.send_bytes(&request).await.unwrap();
                let mut frame = pipe.receive_frame().await.unwrap().split_off(4);
                let answer = ApiVersionsResponse::decode(&mut frame, 0).unwrap();
                assert_eq!((answer.error_code, frame.len()), (35, 0), "version {version}");
            } else {
                refused(&world, api_key, version).await;
            }
        }
    }
}

async fn refused(world: &World, api_key: i16, version: i16) {
    let mut pipe = world.scene.pipe().await;
    let request = frame_of(api_key, version, 9, &[0; 32]);
    pipe.send_bytes(&request).await.unwrap();
    assert!(pipe.receive_frame().await.is_err(), "API {api_key}, version {version}");
}

async fn listed(world: &World) -> Vec<(i16, std::ops::RangeInclusive<i16>)> {
    let mut pipe = world.scene.pipe().await;
    let answer = pipe.call(0, &ApiVersionsRequest::default()).await.unwrap();
    let apis = answer.api_keys.iter();
    apis.map(|api| (api.api_key, api.min_version..=api.max_version))
        .collect()
}
