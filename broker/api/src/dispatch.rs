//! From a request's key to its handler.

use std::net::SocketAddr;
use std::sync::Arc;

use corvid_wire::Frame;

use crate::broker::Broker;
use crate::handlers as h;
use crate::reply::HandlerResult;

/// Who sent a request.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Where from.
    pub address: SocketAddr,
    /// The address of this machine that it has connected to.
    pub reached: SocketAddr,
}

/// Hands a request to its handler. The frame reader has refused keys and versions that are not served.
pub(crate) async fn dispatch(broker: &Arc<Broker>, client: &Client, frame: Frame) -> HandlerResult {
    match frame.api_key {
        0 => h::produce::handle(broker, frame).await,
        1 => h::fetch::handle(broker, frame).await,
        2 => h::list_offsets::handle(broker, &frame),
        3 => h::metadata::handle(broker, client, frame).await,
        8 => h::offset_commit::handle(broker, frame).await,
        9 => h::offset_fetch::handle(broker, &frame),
        10 => h::find_coordinator::handle(broker, frame).await,
        11 => h::join_group::handle(broker, client, frame).await,
        12 => h::heartbeat::handle(broker, frame).await,
        13 => h::leave_group::handle(broker, frame).await,
        14 => h::sync_group::handle(broker, frame).await,
        15 => h::describe_groups::handle(broker, &frame),
        16 => h::list_groups::handle(broker, &frame),
        18 => h::api_versions::handle(&frame),
        19 => h::create_topics::handle(broker, frame).await,
        20 => h::delete_topics::handle(broker, frame).await,
        21 => h::delete_records::handle(broker, frame).await,
        22 => h::init_producer_id::handle(broker, frame).await,
        23 => h::offset_for_leader_epoch::handle(broker, &frame),
        32 => h::describe_configs::handle(broker, frame).await,
        33 => h::alter_configs::handle(broker, frame).await,
        35 => h::describe_log_dirs::handle(broker, frame).await,
        37 => h::create_partitions::handle(broker, frame).await,
        42 => h::delete_groups::handle(broker, frame).await,
        44 => h::incremental_alter_configs::handle(broker, frame).await,
        47 => h::offset_delete::handle(broker, frame).await,
        60 => h::describe_cluster::handle(broker, frame).await,
        key => unreachable!("the frame reader let key {key} pass, which no handler serves"),
    }
}
