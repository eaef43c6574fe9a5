//! DescribeCluster (key 60), versions 0 to 2. v1: endpoint type (KIP-919): this listener speaks of brokers only. v2:
//! fenced brokers (KIP-1073): there are none.

use std::sync::Arc;

use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use corvid_wire::kafka::messages::{BrokerId, DescribeClusterRequest};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::reply::{HandlerResult, Head};

use super::operations;

const BROKERS: i8 = 1;

/// Answers a DescribeCluster.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: DescribeClusterRequest = decode(&frame)?;
    if head.version >= 1 && request.endpoint_type != BROKERS {
        let response = DescribeClusterResponse::default()
            .with_error_code(ResponseError::MismatchedEndpointType.code())
            .with_error_message(Some(text("this listener is the brokers': ask for brokers")));
        return head.now(&response);
    }
    let image = broker.image();
    let node = |node: &corvid_metadata::BrokerImage| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(node.node.0))
            .with_host(text(&node.host))
            .with_port(i32::from(node.port))
            .with_rack(node.rack.as_deref().map(text))
    };
    head.now(
        &DescribeClusterResponse::default()
            .with_endpoint_type(BROKERS)
            .with_cluster_id(text(&broker.cluster_id))
            .with_controller_id(BrokerId(broker.node.0))
            .with_cluster_authorized_operations(
                operations::CLUSTER.told_if(request.include_cluster_authorized_operations),
            )
            .with_brokers(image.brokers().map(node).collect()),
    )
}
